#include "report/report.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"
#include "io/input.h"
#include "report/figure.h"
#include "report/report_text.h"
#include "report/usual.h"
#include "sequence/bits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 100 };
static const double PART_MAX = 1000; /* per cent; larger differences are not printed */
static const double REFRESH_LEAST = 2, REFRESH_MOST = 20; /* seconds between reloads of the page */

/* The page and its data. */
typedef struct {
  FILE *out;
  const RunData *data;
  bool *usual; /* (n_options) whether an option has its default value */
} Page;

/* ---- text and numbers: "-" for "" or a number that is not finite or too large -----------------
 */

static void put_text(const Page *page, const char *before, const char *text) {
  fputs(before, page->out);
  if (!*text) fputs("-", page->out);
  escape_put(page->out, text, escape_html);
}

static void put_real(const Page *page, double value, int decimals, const char *unit) {
  if (isfinite(value))
    fprintf(page->out, "%.*f%s", decimals, value, unit);
  else
    fputs("-", page->out);
}

/* Writes 4639675 as "4,639,675". */
static void put_whole(const Page *page, double value) {
  char digits[32] = "-";
  if (fabs(value) < 1e18) snprintf(digits, sizeof digits, "%.0f", value);
  const int n = (int)strlen(digits);
  for (int i = 0; i < n; i++)
    fprintf(page->out, "%s%c", i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-' ? "," : "",
            digits[i]);
}

/* ---- the head ------------------------------------------------------------------------------- */

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}

/* Writes the names of the training files, without directories. */
static void put_names(const Page *page) {
  const SummaryList *inputs = &page->data->run.inputs;
  size_t trained = inputs->all - inputs->n;
  for (size_t i = 0; i < inputs->n; i++) {
    const char *file = inputs->text[0][i], *use = inputs->text[1][i];
    if (strcmp(use, "validation") == 0 || trained++ >= 3) continue;
    put_text(page, trained == 1 ? "" : ", ", base_name(input_title(file)));
  }
  if (trained > 3) fprintf(page->out, " and %zu more", trained - 3);
}

static void put_card(const Page *page, const char *name, double value, int decimals,
                     const char *unit, const char *note) {
  fprintf(page->out, "<div><dt>%s</dt><dd>", name);
  put_real(page, value, decimals, unit);
  fprintf(page->out, "<small>%s</small></dd></div>\n", note);
}

static void put_cards(const Page *page) {
  const Summary *run = &page->data->run;
  const double bits = run->best_bits, whole = run->whole_bits, markov = run->markov_bits;
  const bool remembers = isfinite(run->frozen_bits);
  char note[64], time[32] = "-";
  fputs("<dl class=\"cards\">\n", page->out);
  put_card(page, remembers ? "network alone" : "best validation", bits, 4, "", "bits per base");
  if (bits_differ(bits, whole)) put_card(page, "over all bases", whole, 4, "", "bits per base");
  if (remembers) {
    put_card(page, "with memory", run->frozen_bits, 4, "", "bits per base");
    put_card(page, "adapting", run->adapting_bits, 4, "", "bits per base");
  }
  snprintf(note, sizeof note, "bits, order %.0f", run->markov_order);
  put_card(page, "Markov model", markov, 4, "", isfinite(markov) ? note : "no validation");
  put_card(page, "epochs", run->tokens / run->train_tokens, 2, "", "of training");
  put_card(page, "speed", figure_mean_speed(page->data) / 1000, 0, "k", "k-mers a second");
  if (fabs(run->seconds) < 1e9) clock_text(run->seconds, time);
  put_text(page, "<div><dt>time</dt><dd>", time);
  fputs("<small>in all</small></dd></div>\n<div><dt>parameters</dt><dd>", page->out);
  put_whole(page, run->parameters);
  fputs("<small>of the network</small></dd></div>\n</dl>\n", page->out);
}

/* Compares the network with the best Markov model. */
static void put_verdict(const Page *page) {
  const Summary *run = &page->data->run;
  const bool remembers = isfinite(run->frozen_bits);
  const double bits = remembers ? run->frozen_bits : run->best_bits, markov = run->markov_bits;
  const double part = 100 * (1 - bits / markov);
  const char *const name = remembers ? "The network with its memory" : "The network";
  if (!isfinite(part) || fabs(part) > PART_MAX) return;
  if (!bits_differ(bits, markov))
    fprintf(page->out, "<p class=\"verdict\">%s is as good as the best Markov model", name);
  else if (part > 0)
    fprintf(page->out,
            "<p class=\"verdict good\"><strong>%s beats the best Markov model</strong> by %.2f %%",
            name, part);
  else
    fprintf(
        page->out,
        "<p class=\"verdict bad\"><strong>%s loses to the best Markov model</strong> by %.2f %%",
        name, -part);
  fprintf(page->out, ": %.4f against %.4f bits per base.</p>\n", bits, markov);
}

/* Writes the state of the run. */
static void put_status(const Page *page) {
  static const struct {
    const char *status, *shown, *note;
  } states[] = {
      {"running", "running", ": this page follows it"},
      {"out of time", "done", ": all of <span class=\"word\">--max-time</span> is used"},
      {"stopped early", "done",
       ": validation improved no further (<span class=\"word\">--patience</span>)"},
      {"interrupted", "interrupted", ": <span class=\"word\">--resume</span> continues it"},
  };
  const char *status = page->data->run.status, *note = "";
  for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
    if (strcmp(page->data->run.status, states[i].status) != 0) continue;
    status = states[i].shown;
    note = states[i].note;
  }
  put_text(page, "; <strong>", status);
  fprintf(page->out, "</strong>%s.</p>\n", note);
}

static void put_size(const Page *page, const char *before, double value) {
  fputs(before, page->out);
  put_real(page, value, 0, "");
}

static void put_head(const Page *page) {
  const Summary *run = &page->data->run;
  fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n",
        page->out);
  if (strcmp(run->status, "running") == 0)
    fprintf(page->out, "<meta http-equiv=\"refresh\" content=\"%.0f\">\n",
            fmin(fmax(run->seconds, REFRESH_LEAST), REFRESH_MOST));
  fputs("<title>rnntrain: ", page->out);
  put_names(page);
  fprintf(page->out, "</title>\n<style>\n%s\n%s\n</style>\n</head>\n<body>\n<main>\n<h1>",
          text_style, text_figure_style);
  put_names(page);
  put_size(page, "</h1>\n<p class=\"dim\">A recurrent network on its ", run->k);
  put_size(page, "-mers, d = ", run->d);
  put_size(page, ", D = ", run->D);
  put_text(page, ", in ", run->output);
  put_text(page, "; trained by rnntrain ", run->version);
  put_text(page, "; begun <time>", run->started);
  put_text(page, "</time>, written <time>", run->written);
  fputs("</time>", page->out);
  put_status(page);
  if (strcmp(run->status, "diverged") == 0) fprintf(page->out, "<p>%s</p>\n", text_diverged);
  put_verdict(page);
  put_cards(page);
}

/* ---- tables --------------------------------------------------------------------------------- */

/* The number of entries to list, of n; writes a sentence if these are not all. */
static size_t put_most(const Page *page, size_t n, const char *things) {
  if (n > LIST_MAX) fprintf(page->out, "<p>The first %d of %zu %s:</p>\n", LIST_MAX, n, things);
  return n > LIST_MAX ? LIST_MAX : n;
}

/* Whether a column of numbers has a value other than 0. */
static bool counts(const SummaryList *list, int column) {
  if (column < list->texts) return true;
  for (size_t i = 0; i < list->n; i++)
    if (list->number[column][i] != 0 && !isnan(list->number[column][i])) return true;
  return false;
}

static void put_cell(const Page *page, const SummaryList *list, int column, size_t row) {
  fputs("<td>", page->out);
  if (column < list->texts)
    put_text(page, "", list->text[column][row]);
  else
    put_whole(page, list->number[column][row]);
  fputs("</td>", page->out);
}

/* Writes the first n rows of a list, without columns of zeros or columns that an older run
 * lacks. */
static void put_list(const Page *page, const SummaryList *list, size_t n) {
  fputs("<table>\n<tr>", page->out);
  for (int j = 0; list->name[j]; j++)
    if (counts(list, j)) fprintf(page->out, "<th>%s</th>", list->name[j]);
  fputs("</tr>\n", page->out);
  for (size_t i = 0; i < n; i++) {
    fputs("<tr>", page->out);
    for (int j = 0; list->name[j]; j++)
      if (counts(list, j)) put_cell(page, list, j, i);
    fputs("</tr>\n", page->out);
  }
  fputs("</table>\n", page->out);
}

static void put_inputs(const Page *page) {
  const Summary *run = &page->data->run;
  fputs("<section>\n<h2>Input</h2>\n", page->out);
  put_list(page, &run->inputs, put_most(page, run->inputs.all, "files"));
  if (run->valid_fraction > 0 && !*run->valid)
    fprintf(page->out, "<p>The last %g %% of the bases of each file are the validation.</p>\n",
            100 * run->valid_fraction);
  fputs("</section>\n", page->out);
}

/* Writes the table of validation ranges. */
static void put_validation(const Page *page) {
  const SummaryList *ranges = &page->data->run.validation;
  if (ranges->n == 0) return;
  fputs("<section>\n<h2>Validation</h2>\n", page->out);
  put_list(page, ranges, put_most(page, ranges->all, "files"));
  fprintf(page->out, "<p>%s</p>\n</section>\n", text_validation);
}

static void put_pair(const Page *page, const char *name, const char *value) {
  put_text(page, "<div><dt>", name);
  put_text(page, "</dt><dd>", value);
  fputs("</dd></div>\n", page->out);
}

static void put_number(const Page *page, const char *name, double value) {
  fprintf(page->out, "<div><dt>%s</dt><dd>", name);
  put_whole(page, value);
  fputs("</dd></div>\n", page->out);
}

/* Writes the options with their default values, or the other options. */
static void put_some_options(const Page *page, bool usual) {
  const Summary *run = &page->data->run;
  fputs("<dl class=\"options\">\n", page->out);
  for (size_t i = 0; i < run->n_options; i++) {
    if (page->usual[i] == usual) put_pair(page, run->options[i].name, run->options[i].value);
  }
  fputs("</dl>\n", page->out);
}

static void put_options(const Page *page) {
  fputs("<section>\n<h2>Options</h2>\n", page->out);
  put_some_options(page, false);
  fputs("<details>\n<summary>Options with default values</summary>\n", page->out);
  put_some_options(page, true);
  fputs("</details>\n</section>\n", page->out);
}

/* Writes a command line. */
static void put_words(const Page *page, const SummaryWords *command) {
  const size_t n = put_most(page, command->n, "words");
  fputs("<p><code>", page->out);
  for (size_t i = 0; i < n; i++) put_text(page, i > 0 ? " " : "", command->word[i]);
  fputs("</code></p>\n", page->out);
}

/* Writes the first command line of the run, and those that resumed it. */
static void put_commands(const Page *page) {
  const Summary *run = &page->data->run;
  fputs("<section>\n<h2>Made by</h2>\n", page->out);
  put_words(page, &run->commands[0]);
  const size_t n = put_most(page, run->n_commands, "command lines");
  for (size_t i = 1; i < n; i++) put_words(page, &run->commands[i]);
  fputs("<dl class=\"options\">\n", page->out);
  put_pair(page, "rnntrain", run->version);
  put_pair(page, "OpenBLAS", run->openblas);
  put_pair(page, "loops for", run->cpu_level);
  put_number(page, "training k-mers", run->train_tokens);
  put_number(page, "validation k-mers", run->valid_tokens);
  put_number(page, "steps", run->steps);
  put_number(page, "steps skipped, gradient not finite", run->skipped_steps);
  put_number(page, "best at step", run->best_step);
  put_number(page, "peak memory, bytes", run->peak_memory);
  fputs("</dl>\n</section>\n", page->out);
}

/* ---- the page ------------------------------------------------------------------------------- */

static void put_page(const Page *page) {
  put_head(page);
  fputs("<div class=\"charts\">\n", page->out);
  figure_all(page->out, page->data);
  fputs("</div>\n", page->out);
  put_inputs(page);
  put_validation(page);
  put_options(page);
  put_commands(page);
  fputs("</main>\n</body>\n</html>\n", page->out);
}

int report_write(const RunData *data, AtomicFile *file, Why *why) {
  if (!file) return -1;
  const Summary *run = &data->run;
  bool *usual = alloc_new(run->n_options + 1, sizeof *usual);
  for (size_t i = 0; i < run->n_options; i++) usual[i] = usual_option(run, &run->options[i]);
  put_page(&(Page){file->out, data, usual}); /* the errno of a failed write stays */
  free(usual);
  return atomicfile_commit(file, why);
}
