#include "report/report.h"

#include "io/atomicfile.h"
#include "report/figure.h"
#include "sequence/bits.h"

#include <math.h>
#include <string.h>

enum { LIST_MAX = 100 };

static const char style[] =
    ":root{--paper:#fff;--card:#f6f7f9;--line:#d9dde3;--ink:#1d2329;--dim:#5b6570;"
    "--c1:#2468b2;--c2:#c8501e}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1d2125;--line:#3a4149;"
    "--ink:#e6e9ec;--dim:#9aa4ae;--c1:#6fabec;--c2:#f08c5c}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
    "main{max-width:1120px;margin:auto;padding:1.5rem 1rem 3rem}\n"
    "h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}\n"
    "h2{font-size:1.05rem;margin:0 0 .25rem}\n"
    "p{margin:.25rem 0 .75rem}\n"
    "time{white-space:nowrap}\n"
    ".dim,figcaption p{color:var(--dim)}\n"
    "figcaption p{font-size:.9rem;max-width:70ch}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.25rem,1fr));"
    "gap:.75rem;margin:1.25rem 0}\n"
    ".cards div,figure,section{background:var(--card);border:1px solid var(--line);"
    "border-radius:8px;padding:.75rem 1rem}\n"
    ".cards dt{color:var(--dim);font-size:.85rem}\n"
    ".cards dd{margin:0;font-size:1.25rem;font-weight:600;overflow-wrap:normal}\n"
    ".cards small{display:block;font-size:.8rem;font-weight:400;color:var(--dim)}\n"
    ".charts{display:grid;grid-template-columns:1fr;gap:.75rem}\n"
    "@media(min-width:720px){.charts{grid-template-columns:1fr 1fr}}\n"
    "figure{margin:0;display:flex;flex-direction:column}\n"
    "figure svg{margin-top:auto}\n"
    "section{margin-top:.75rem;overflow-x:auto}\n"
    "table{border-collapse:collapse;font-size:.9rem}\n"
    "th,td{text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0;"
    "border-bottom:1px solid var(--line)}\n"
    "th,td{overflow-wrap:normal;white-space:nowrap}\n"
    "td:first-child{white-space:normal;overflow-wrap:anywhere;min-width:12rem}\n"
    "th,.options dt{font-weight:500;color:var(--dim)}\n"
    ".options{columns:18rem;column-gap:2rem}\n"
    ".options div{display:flex;justify-content:space-between;gap:1rem;break-inside:avoid}\n"
    ".options div{border-bottom:1px solid var(--line);padding:.15rem 0;font-size:.9rem}\n"
    ".options dt{white-space:nowrap}\n"
    ".options dd{margin:0;text-align:right}\n"
    ".legend{font-size:.85rem;margin:0}\n"
    ".legend span{display:inline-block;width:1.1em;height:.25em;border-radius:2px}\n"
    ".legend span{vertical-align:.2em;margin:0 .4em 0 .6em}\n"
    "svg{display:block;width:100%;height:auto}\n"
    "svg text{font:12px system-ui,sans-serif;fill:var(--dim)}\n"
    "@media(max-width:520px){svg text{font-size:14px}}\n"
    "svg .x{text-anchor:middle}svg .y,svg .name{text-anchor:end}\n"
    "svg .kmer{font-size:9px;fill:var(--ink)}\n"
    "svg .name{fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:4px}\n"
    ".grid,.tick,.axis,.mark{fill:none;stroke:var(--line)}\n"
    ".axis,.tick{stroke:var(--dim)}\n"
    ".mark{stroke:var(--ink);stroke-dasharray:4 3}\n"
    ".line{fill:none;stroke-width:1.8;stroke-linejoin:round}\n"
    ".line.c1{stroke:var(--c1)}\n"
    ".line.c2{stroke:var(--c2)}\n"
    "circle.c1{fill:var(--c1)}\n"
    "circle.c2{fill:var(--c2)}\n"
    "span.c1{background:var(--c1)}\n"
    "span.c2{background:var(--c2)}\n"
    ".band{fill:var(--c1);fill-opacity:.18}\n"
    "circle[class^=g]{fill:var(--g)}\n"
    "figcaption "
    "span{background:var(--g);display:inline-block;width:.7em;height:.7em;border-radius:50%}\n"
    "td+td+td+td,th+th+th+th{text-align:right;font-variant-numeric:tabular-nums}\n"
    "@media print{body{font-size:11px}figure,section{break-inside:avoid;overflow:visible}"
    ".charts{grid-template-columns:1fr 1fr}th,td{white-space:normal}"
    ".line.c2{stroke-dasharray:5 2}}\n";

/* From few G and C to many: blue, grey, orange. */
static void put_ramp(const Page *page, const int colours[3][3]) {
  for (int i = 0; i <= 10; i++) {
    const int *from = colours[i < 5 ? 0 : 1], *to = colours[i < 5 ? 1 : 2],
              part = i < 5 ? i : i - 5;
    int mixed[3];
    for (int j = 0; j < 3; j++) mixed[j] = (from[j] * (5 - part) + to[j] * part) / 5;
    fprintf(page->out, ".g%d{--g:rgb(%d,%d,%d)}\n", i, mixed[0], mixed[1], mixed[2]);
  }
}

/* ---- the head ------------------------------------------------------------------------------- */

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}

/* The files that it was trained on, without their directories. */
static void put_names(const Page *page) {
  const SummaryList *inputs = &page->data->run.inputs;
  size_t trained = inputs->all - inputs->n;
  for (size_t i = 0; i < inputs->n; i++) {
    const char *file = inputs->text[0][i], *use = inputs->text[1][i];
    if (strcmp(use, "validation") == 0 || trained++ >= 3) continue;
    fputs(trained == 1 ? "" : ", ", page->out);
    page_text(page, strcmp(file, "-") == 0 ? "standard input" : base_name(file));
  }
  if (trained > 3) fprintf(page->out, " and %zu more", trained - 3);
}

static void put_card(const Page *page, const char *name, double value, int decimals,
                     const char *unit, const char *note) {
  fprintf(page->out, "<div><dt>%s</dt><dd>", name);
  page_real(page, value, decimals, unit);
  fprintf(page->out, "<small>%s</small></dd></div>\n", note);
}

static void put_cards(const Page *page) {
  const Summary *run = &page->data->run;
  const double bits = run->best_bits, whole = run->whole_bits, markov = run->markov_bits;
  const char *comparison = bits <= markov ? "fewer bits" : "more bits";
  char note[64];
  fputs("<dl class=\"cards\">\n", page->out);
  put_card(page, "best validation", bits, 4, "", "bits per base");
  if (bits_differ(bits, whole)) put_card(page, "over all bases", whole, 4, "", "bits per base");
  snprintf(note, sizeof note, "bits per base, order %.0f", run->markov_order);
  put_card(page, "Markov model", markov, 4, "", isfinite(markov) ? note : "no validation");
  put_card(page, "beside Markov", 100 * fabs(1 - bits / markov), 2, " %",
           isnan(bits / markov) ? "" : comparison);
  put_card(page, "epochs", run->tokens / run->train_tokens, 2, "", "of training");
  put_card(page, "speed", figure_mean_speed(page) / 1000, 0, "k", "k-mers a second");
  fputs("<div><dt>time</dt><dd>", page->out);
  page_time(page, run->seconds);
  fputs("<small>in all</small></dd></div>\n<div><dt>parameters</dt><dd>", page->out);
  page_whole(page, run->parameters);
  fputs("<small>of the network</small></dd></div>\n</dl>\n", page->out);
}

static void put_head(const Page *page) {
  static const int light[3][3] = {{26, 86, 160}, {140, 146, 152}, {190, 70, 20}},
                   dark[3][3] = {{96, 160, 240}, {140, 148, 156}, {240, 140, 90}};
  const Summary *run = &page->data->run;
  fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>rnntrain: ",
        page->out);
  put_names(page);
  fprintf(page->out, "</title>\n<style>\n%s", style);
  put_ramp(page, light);
  fputs("@media(prefers-color-scheme:dark){\n", page->out);
  put_ramp(page, dark);
  fputs("}\n", page->out);
  fputs("</style>\n</head>\n<body>\n<main>\n<h1>", page->out);
  put_names(page);
  fputs("</h1>\n<p class=\"dim\">A recurrent network on its ", page->out);
  page_real(page, run->k, 0, "-mers, d = ");
  page_real(page, run->d, 0, ", D = ");
  page_real(page, run->D, 0, ", in ");
  page_text(page, run->output);
  fputs("; trained by rnntrain ", page->out);
  page_text(page, run->version);
  fputs("; begun <time>", page->out);
  page_text(page, run->started);
  fputs("</time>, written <time>", page->out);
  page_text(page, run->written);
  fputs("</time>, status: <strong>", page->out);
  page_text(page, run->status);
  fputs("</strong></p>\n", page->out);
  if (strcmp(run->status, "diverged") == 0)
    fputs(
        "<p>The run diverged: its numbers grew without end. The best model before that is kept, if "
        "there was one; a smaller --learning-rate, or --clip, goes further.</p>\n",
        page->out);
  put_cards(page);
}

/* ---- tables --------------------------------------------------------------------------------- */

/* How many of n are told, and a sentence on the others. */
static size_t put_most(const Page *page, size_t n, const char *what) {
  if (n > LIST_MAX) fprintf(page->out, "<p>The first %d of %zu %s:</p>\n", LIST_MAX, n, what);
  return n > LIST_MAX ? LIST_MAX : n;
}

/* The first n rows of a list. */
static void put_list(const Page *page, const SummaryList *list, size_t n) {
  fputs("<table>\n<tr>", page->out);
  for (int j = 0; list->name[j]; j++) fprintf(page->out, "<th>%s</th>", list->name[j]);
  fputs("</tr>\n", page->out);
  for (size_t i = 0; i < n; i++) {
    fputs("<tr>", page->out);
    for (int j = 0; list->name[j]; j++) {
      fputs("<td>", page->out);
      if (j < list->texts)
        page_text(page, list->text[j][i]);
      else
        page_whole(page, list->number[j][i]);
      fputs("</td>", page->out);
    }
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

/* The table of validation ranges. */
static void put_validation(const Page *page) {
  const SummaryList *ranges = &page->data->run.validation;
  if (ranges->n == 0) return;
  fputs("<section>\n<h2>Validation</h2>\n", page->out);
  put_list(page, ranges, put_most(page, ranges->all, "files"));
  fputs("<p>Validation begins at letter <em>from</em> of the first record and ends at "
        "letter "
        "<em>to</em> of the last one, counted from 1. Whole records are for validation only.</p>\n"
        "</section>\n",
        page->out);
}

static void put_pair(const Page *page, const char *name, const char *value) {
  fputs("<div><dt>", page->out);
  page_text(page, name);
  fputs("</dt><dd>", page->out);
  page_text(page, value);
  fputs("</dd></div>\n", page->out);
}

static void put_number(const Page *page, const char *name, double value) {
  fprintf(page->out, "<div><dt>%s</dt><dd>", name);
  page_whole(page, value);
  fputs("</dd></div>\n", page->out);
}

static void put_options(const Page *page) {
  const Summary *run = &page->data->run;
  fputs("<section>\n<h2>Options</h2>\n<dl class=\"options\">\n", page->out);
  for (size_t i = 0; i < run->n_options; i++)
    put_pair(page, run->options[i].name, run->options[i].value);
  fputs("</dl>\n</section>\n", page->out);
}

/* A command line. */
static void put_words(const Page *page, const SummaryWords *command) {
  const size_t n = put_most(page, command->n, "words");
  fputs("<p><code>", page->out);
  for (size_t i = 0; i < n; i++) {
    fputs(i > 0 ? " " : "", page->out);
    page_text(page, command->word[i]);
  }
  fputs("</code></p>\n", page->out);
}

/* The command line that the run began with, and those that resumed it. */
static void put_commands(const Page *page) {
  const Summary *run = &page->data->run;
  fputs("<section>\n<h2>Made by</h2>\n", page->out);
  put_words(page, &run->command);
  const size_t n = put_most(page, run->n_commands, "command lines");
  for (size_t i = 1; i < n; i++) put_words(page, &run->commands[i]);
  fputs("<dl class=\"options\">\n", page->out);
  put_pair(page, "rnntrain", run->version);
  put_pair(page, "OpenBLAS", run->openblas);
  put_pair(page, "loops for", run->cpu_level);
  put_number(page, "k-mers to learn from", run->train_tokens);
  put_number(page, "k-mers to validate on", run->valid_tokens);
  put_number(page, "steps", run->steps);
  put_number(page, "steps left out, not finite", run->skipped_steps);
  put_number(page, "best at step", run->best_step);
  put_number(page, "peak memory, bytes", run->peak_memory);
  fputs("</dl>\n</section>\n", page->out);
}

/* ---- the page ------------------------------------------------------------------------------- */

static void put_page(const Page *page) {
  put_head(page);
  fputs("<div class=\"charts\">\n", page->out);
  figure_loss(page);
  figure_timesteps(page);
  figure_calibration(page);
  figure_flow(page);
  figure_embedding(page);
  figure_rate(page);
  figure_norm(page);
  figure_speed(page);
  fputs("</div>\n", page->out);
  put_inputs(page);
  put_validation(page);
  put_options(page);
  put_commands(page);
  fputs("</main>\n</body>\n</html>\n", page->out);
}

int report_write(const RunData *data, AtomicFile *file, Why *why) {
  if (!file) return -1;
  put_page(&(Page){file->out, data});
  return atomicfile_commit(file, why);
}
