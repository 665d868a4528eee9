#include "report/examined.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static const char *const bases[] = {"A", "C", "G", "T"};
static const double LETTER_MAX = 0x1p53, UNIT_MAX = 65536;
static const char letters[] = "ACGT";

static double number_of(const json_t *value) {
  return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Reads a list of n numbers, with NAN for other values; false: the list is something else. */
static bool take_numbers(double *numbers, const json_t *list, int n) {
  if (json_array_size(list) != (size_t)n) return false;
  for (int i = 0; i < n; i++) numbers[i] = number_of(json_array_get(list, (size_t)i));
  return true;
}

/* The same for probabilities. */
static bool take_probabilities(double *p, const json_t *list, int n) {
  if (!take_numbers(p, list, n)) return false;
  for (int i = 0; i < n; i++)
    if (!(p[i] >= 0 && p[i] <= 1)) p[i] = NAN;
  return true;
}

void examined_next(NextBases *next, const json_t *root) {
  const json_t *json = json_object_get(root, "next_base");
  const double k = number_of(json_object_get(json, "k"));
  *next = (NextBases){.k = 0};
  if (!(k >= 1 && k <= 4)) return;
  const int n = 1 << 2 * (int)k;
  bool whole = take_numbers(next->n, json_object_get(json, "predictions"), n);
  for (int base = 0; base < 4; base++)
    whole &= take_probabilities(next->p[base], json_object_get(json, bases[base]), n);
  if (whole) next->k = (int)k;
}

/* Reads the states: for each unit a text of n digits. */
static bool take_states(PassageData *passage, const json_t *json, int n) {
  const json_t *list = json_object_get(json, "h");
  const size_t units = json_array_size(list);
  if (units > EXAMINED_UNITS) return false;
  if (!take_numbers(passage->unit, json_object_get(json, "units"), (int)units)) return false;
  for (size_t i = 0; i < units; i++) {
    if (!(passage->unit[i] >= 1 && passage->unit[i] <= UNIT_MAX)) return false;
    const char *digits = json_string_value(json_array_get(list, i));
    if (!digits || strspn(digits, "0123456789") != (size_t)n || digits[n]) return false;
    for (int t = 0; t < n; t++) passage->h[i][t] = digits[t] - '0';
  }
  passage->units = (int)units;
  passage->h_least = number_of(json_object_get(json, "h_least"));
  passage->h_most = number_of(json_object_get(json, "h_most"));
  return true;
}

void examined_passage(PassageData *passage, const json_t *root) {
  const json_t *json = json_object_get(root, "passage");
  const char *text = json_string_value(json_object_get(json, "bases"));
  const char *record = json_string_value(json_object_get(json, "record"));
  const size_t n = text ? strspn(text, letters) : 0;
  *passage = (PassageData){.record = record ? record : ""};
  passage->from = number_of(json_object_get(json, "from"));
  if (!(passage->from >= 1 && passage->from <= LETTER_MAX)) passage->from = NAN;
  if (n == 0 || n > EXAMINED_STEPS || text[n]) return;
  for (size_t i = 0; i < n; i++) passage->base[i] = (int)(strcspn("ACGT", (char[]){text[i], 0}));
  bool whole = take_states(passage, json, (int)n);
  for (int base = 0; base < 4; base++)
    whole &= take_probabilities(passage->p[base], json_object_get(json, bases[base]), (int)n);
  if (whole) passage->steps = (int)n;
}
