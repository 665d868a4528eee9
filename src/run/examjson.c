#include "run/examjson.h"

#include <math.h>
#include <string.h>

enum { LEVELS = 10 }; /* of h, one digit each */

static json_t *whole(uint64_t value) { return json_integer((json_int_t)value); }

static json_t *real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

/* A probability with three decimals. */
static json_t *probability(double value) {
  return isfinite(value) ? json_real(round(1000 * value) / 1000) : json_null();
}

/* ---- calibration and gradient flow ---------------------------------------------------------- */

/* Makes the calibration, without empty bins. */
static json_t *calibration_json(const Exam *exam) {
  json_t *json = json_array();
  for (int i = 0; i < EXAM_BINS; i++) {
    const ExamBin *bin = &exam->bin[i];
    if (bin->n == 0) continue;
    json_t *point = json_object();
    json_object_set_new(point, "probability", real(bin->sum / (double)bin->n));
    json_object_set_new(point, "observed", real((double)bin->came_true / (double)bin->n));
    json_object_set_new(point, "predictions", whole(bin->n));
    json_array_append_new(json, point);
  }
  return json;
}

static json_t *flow_json(const Exam *exam) {
  json_t *json = json_array();
  for (int i = 0; i < exam->steps; i++) {
    json_t *point = json_object();
    json_object_set_new(point, "steps_back", whole((uint64_t)i));
    json_object_set_new(point, "lower_quartile", real(exam->flow_lower[i]));
    json_object_set_new(point, "median", real(exam->flow_median[i]));
    json_object_set_new(point, "upper_quartile", real(exam->flow_upper[i]));
    json_array_append_new(json, point);
  }
  return json;
}

/* ---- the next base -------------------------------------------------------------------------- */

static const char *const bases[] = {"A", "C", "G", "T"};

/* Makes the mean predictions after each k-mer, in alphabetical order; null for a k-mer that did not
 * occur. */
static json_t *next_json(const Exam *exam) {
  json_t *json = json_object(), *predictions = json_array();
  json_object_set_new(json, "k", whole((uint64_t)exam->k));
  json_object_set_new(json, "predictions", predictions);
  for (int i = 0; i < kmer_count(exam->k); i++)
    json_array_append_new(predictions, whole(exam->next[i].n));
  for (int base = 0; base < 4; base++) {
    json_t *list = json_array();
    for (int i = 0; i < kmer_count(exam->k); i++)
      json_array_append_new(list, probability(exam->next[i].sum[base] / (double)exam->next[i].n));
    json_object_set_new(json, bases[base], list);
  }
  return json;
}

/* ---- a passage of validation ---------------------------------------------------------------- */

/* Sets the place of the passage, or null: the record in which the validation begins, and the letter
 * of the first base of the passage there. */
static void add_place(json_t *json, const Passage *passage, const Dataset *dataset) {
  const TailPart *part = NULL;
  for (int i = 0; i < dataset->n && !part; i++)
    if (dataset->shares[i].valid.records > 0) part = &dataset->shares[i].valid;
  const bool known = part && part->first_name && passage->offset >= 0;
  json_t *name = known ? json_string(part->first_name) : NULL;
  json_object_set_new(json, "record", name ? name : json_null());
  json_object_set_new(json, "from",
                      name ? whole(part->from + (uint64_t)passage->offset) : json_null());
}

/* The least and the most of h; both are 0 for states that are not finite. */
static void find_range(const Passage *passage, double *least, double *most) {
  *least = INFINITY;
  *most = -INFINITY;
  for (int i = 0; i < passage->units; i++)
    for (int t = 0; t < passage->steps; t++) {
      *least = fmin(*least, passage->h[i][t]);
      *most = fmax(*most, passage->h[i][t]);
    }
  if (!isfinite(*most - *least)) *least = *most = 0;
}

static char level(double h, double least, double most) {
  const double part = most > least && isfinite(h) ? (h - least) / (most - least) : 0;
  return (char)('0' + (int)round(part * (LEVELS - 1)));
}

/* Adds h of each unit, one digit per step: 0 is the least and 9 the most. */
static void add_states(json_t *json, const Passage *passage) {
  json_t *units = json_array(), *list = json_array();
  char digits[PASSAGE_STEPS + 1] = "";
  double least, most;
  find_range(passage, &least, &most);
  for (int i = 0; i < passage->units; i++) {
    for (int t = 0; t < passage->steps; t++) digits[t] = level(passage->h[i][t], least, most);
    json_array_append_new(units, whole((uint64_t)passage->unit[i] + 1));
    json_array_append_new(list, json_string(digits));
  }
  json_object_set_new(json, "h_least", real(least));
  json_object_set_new(json, "h_most", real(most));
  json_object_set_new(json, "units", units);
  json_object_set_new(json, "h", list);
}

static json_t *passage_json(const Passage *passage, const Dataset *dataset) {
  char text[PASSAGE_STEPS + 1] = "";
  if (passage->steps == 0) return json_null();
  json_t *json = json_object();
  add_place(json, passage, dataset);
  for (int t = 0; t < passage->steps; t++) text[t] = *bases[passage->base[t]];
  json_object_set_new(json, "bases", json_string(text));
  for (int base = 0; base < 4; base++) {
    json_t *list = json_array();
    for (int t = 0; t < passage->steps; t++)
      json_array_append_new(list, probability(passage->p[t][base]));
    json_object_set_new(json, bases[base], list);
  }
  add_states(json, passage);
  return json;
}

/* ---- all of it ------------------------------------------------------------------------------ */

bool examjson_is_wide(const char *member) {
  return strcmp(member, "next_base") == 0 || strcmp(member, "passage") == 0;
}

static void add_nulls(json_t *json) {
  static const char *const members[] = {"examination",   "calibration",
                                        "gradient_flow", "gradient_flow_stretches",
                                        "next_base",     "passage"};
  for (size_t i = 0; i < sizeof members / sizeof *members; i++)
    json_object_set_new(json, members[i], json_null());
}

void examjson_add(json_t *json, const Exam *exam, const Dataset *dataset) {
  add_nulls(json);
  if (!exam) return;
  const char *const extent = exam->shortened ? "shortened" : "whole";
  json_object_set_new(json, "examination", json_string(extent));
  json_object_set_new(json, "calibration", calibration_json(exam));
  json_object_set_new(json, "gradient_flow", flow_json(exam));
  json_object_set_new(json, "gradient_flow_stretches", whole((uint64_t)exam->stretches));
  json_object_set_new(json, "next_base", next_json(exam));
  json_object_set_new(json, "passage", passage_json(&exam->passage, dataset));
}
