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

/* Whether the name can be a word and a part of a column name in a table. */
static bool is_name(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!isalnum((unsigned char)text[i]) && !strchr("_.-", text[i])) return false;
  return n > 0 && n <= CANDIDATES_NAME;
}

static int add_model(Candidates *c, const char *text, Why *why) {
  const char *equals = strchr(text, '=');
  const size_t n = equals ? (size_t)(equals - text) : 0;
  if (!equals || !equals[1] || !is_name(text, n))
    return fail(why, "--model '%s': must be NAME=MODEL, with a NAME of letters, digits and _ . -",
                text);
  if (find(c, text, n) >= 0)
    return fail(why, "--model '%s': an earlier model has this NAME; choose another", text);
  if (n == strlen(CANDIDATES_NULL) && strncmp(text, CANDIDATES_NULL, n) == 0)
    return fail(why,
                "--model '%s': '" CANDIDATES_NULL
                "' is reserved for records of no model; choose another NAME",
                text);
  c->path[c->n] = equals + 1;
  memcpy(c->name[c->n++], text, n);
  return 0;
}

/* The number of the model that a --prior names, or of the null model; -1: none. */
static int find_prior(const Candidates *c, const char *name, size_t n) {
  if (n == strlen(CANDIDATES_NULL) && strncmp(name, CANDIDATES_NULL, n) == 0) return c->n;
  return find(c, name, n);
}

/* Stores P in p[NAME]. */
static int add_prior(const Candidates *c, double *p, const char *text, Why *why) {
  const char *equals = strchr(text, '=');
  const int i = equals ? find_prior(c, text, (size_t)(equals - text)) : -1;
  char *end;
  if (i < 0) return fail(why, "--prior '%s': must be NAME=P, with the NAME of a --model", text);
  const double value = strtod(equals + 1, &end);
  if (!(value > 0 && value <= 1e100) || *end)
    return fail(why, "--prior '%s': P must be a number above 0, at most 1e100", text);
  if (p[i] > 0)
    return fail(why, "--prior '%s': '%s' has a prior already; give one", text, c->name[i]);
  p[i] = value;
  return 0;
}

/* Sets the priors. The null model gets the mean prior of the models, unless it has one of its
 * own. */
static int set_priors(Candidates *c, double *p, Why *why) {
  double sum = 0;
  for (int i = 0; i < c->n; i++) {
    if (p[i] == 0)
      return fail(why, "--prior: '%s' has no prior; give one for each model, or none", c->name[i]);
    sum += p[i];
  }
  if (p[c->n] == 0) p[c->n] = sum / c->n;
  for (int i = 0; i <= c->n; i++) c->ln_prior[i] = log(p[i]);
  return 0;
}

int candidates_parse(Candidates *c, const PredictOptions *options, Why *why) {
  double p[OPTION_TEXTS_MAX + 1] = {0};
  *c = (Candidates){0};
  if (options->model.n < 2)
    return fail(why, "--mode classify: name at least two models, each with --model NAME=MODEL; "
                     "other arguments are sequence files");
  for (int i = 0; i < options->model.n; i++)
    if (add_model(c, options->model.text[i], why) != 0) return -1;
  strcpy(c->name[c->n], CANDIDATES_NULL);
  for (int i = 0; i < options->prior.n; i++)
    if (add_prior(c, p, options->prior.text[i], why) != 0) return -1;
  return options->prior.n > 0 ? set_priors(c, p, why) : 0;
}
