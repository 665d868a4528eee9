#include "prediction/candidates.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int find(const Candidates *c, const char *name, size_t n) {
  for (int i = 0; i < c->n; i++)
    if (strlen(c->name[i]) == n && strncmp(c->name[i], name, n) == 0) return i;
  return -1;
}

/* Names become words and parts of column names in a table. */
static bool is_name(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!isalnum((unsigned char)text[i]) && !strchr("_.-", text[i])) return false;
  return n > 0 && n <= CANDIDATES_NAME;
}

static int add_model(Candidates *c, const char *text, Why *why) {
  const char *equals = strchr(text, '=');
  const size_t n = equals ? (size_t)(equals - text) : 0;
  if (!equals || !equals[1] || !is_name(text, n))
    return fail(why, "--model '%s': must be NAME=MODEL, NAME of letters, digits and _ . -", text);
  if (find(c, text, n) >= 0)
    return fail(why, "--model '%s': there is one of that name before it", text);
  c->path[c->n] = equals + 1;
  memcpy(c->name[c->n++], text, n);
  return 0;
}

/* Stores P in ln_prior; candidates_parse takes the logarithm. */
static int add_prior(Candidates *c, const char *text, Why *why) {
  const char *equals = strchr(text, '=');
  const int i = equals ? find(c, text, (size_t)(equals - text)) : -1;
  char *end;
  if (i < 0) return fail(why, "--prior '%s': must be NAME=P, NAME that of a --model", text);
  const double p = strtod(equals + 1, &end);
  if (!(p > 0 && p <= 1e100) || *end)
    return fail(why, "--prior '%s': P must be a number above 0", text);
  if (c->ln_prior[i] > 0) return fail(why, "--prior '%s': '%s' has one", text, c->name[i]);
  c->ln_prior[i] = p;
  return 0;
}

int candidates_parse(Candidates *c, const PredictOptions *options, Why *why) {
  *c = (Candidates){0};
  if (options->model.n < 2)
    return fail(why,
                "--mode classify: name two models at least, --model NAME=MODEL each; what stands "
                "alone is sequence");
  for (int i = 0; i < options->model.n; i++)
    if (add_model(c, options->model.text[i], why) != 0) return -1;
  if (options->prior.n == 0) return 0;
  for (int i = 0; i < options->prior.n; i++)
    if (add_prior(c, options->prior.text[i], why) != 0) return -1;
  for (int i = 0; i < c->n; i++) {
    if (c->ln_prior[i] == 0)
      return fail(why, "--prior: there is none of '%s'; give it for each or for none", c->name[i]);
    c->ln_prior[i] = log(c->ln_prior[i]);
  }
  return 0;
}
