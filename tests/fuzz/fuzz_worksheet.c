/* A libFuzzer target that reads any bytes as a worksheet and as a run.json. Either the error is one
 * printable sentence, or the worksheet's weights are finite and the network computes with them. */
#include "model/worksheet.h"
#include "net/trace.h"
#include "report/summary.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int file;
static char path[64];

static void must(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "\nfuzz_worksheet: this must hold: %s\n", what);
  abort();
}

static void check_sentence(const Why *why) {
  must(strncmp(why->text, path, strlen(path)) == 0, "an error names the file");
  must(strstr(why->text, "; ") != NULL, "an error has a remedy");
  for (const char *c = why->text; *c; c++)
    must(!iscntrl((unsigned char)*c), "an error is one line, printable");
}

/* A step of the network, from its first k-mer. */
static void check_network(const Model *model) {
  const Shape *shape = &model->shape;
  const int x = 0, y = 0; /* which follows that one for each stride */
  for (size_t i = 0; i < model->weights->size; i++)
    must(isfinite(model->weights->L[i]), "weights are finite");
  Trace *trace = trace_new(shape, 1, true);
  trace_set(trace, &x, &y, 1);
  trace_forward(trace, model->weights, shape);
  trace_output(trace, 1, model->weights, shape);
  trace_backward(trace, 1, model->weights, shape);
  trace_part(trace, 1, shape);
  trace_free(trace);
}

static void read_list(const SummaryList *list) {
  for (int column = 0; column < list->texts; column++)
    for (size_t i = 0; i < list->n; i++) (void)strlen(list->text[column][i]);
  must(list->n <= list->all, "no more rows are held than there are");
}

static void read_run(const Summary *run) {
  read_list(&run->inputs);
  read_list(&run->validation);
  read_list(&run->calibration);
  read_list(&run->flow);
  for (size_t i = 0; i < run->commands[0].n; i++) (void)strlen(run->commands[0].word[i]);
  for (size_t i = 0; i < run->n_options; i++) (void)strlen(run->options[i].value);
  (void)strlen(run->status);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  file = memfd_create("worksheet", 0);
  must(file >= 0, "there is a file to read from");
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  char seed[1024];
  Model model;
  Why why;
  snprintf(seed, sizeof seed, "%s/tiny", SEEDS);
  must(worksheet_read(&model, seed, &why) == 0, "a worksheet is read");
  model_free(&model);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Why why = {""};
  Model model;
  must(ftruncate(file, 0) == 0, "a file can be emptied");
  must(pwrite(file, data, size, 0) == (ssize_t)size, "a file can be filled");
  if (worksheet_read(&model, path, &why) == 0) {
    check_network(&model);
    model_free(&model);
  } else
    check_sentence(&why);
  Summary run;
  if (summary_read(&run, path, &why) == 0) {
    read_run(&run);
    summary_free(&run);
  } else {
    check_sentence(&why);
  }
  return 0;
}
