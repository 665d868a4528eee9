/* A libFuzzer target: any bytes are read as a worksheet and as a run.json. They are refused in one
 * printable sentence, or the worksheet's weights are finite, and the network computes with them. */
#include "model/worksheet.h"
#include "net/trace.h"
#include "run/runjson.h"

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
  must(strstr(why->text, "; ") != NULL, "an error says what to do");
  for (const char *c = why->text; *c; c++)
    must(!iscntrl((unsigned char)*c), "an error is one line, printable");
}

/* A step of the network, from its first k-mer. */
static void check_network(const Model *model) {
  const Shape *shape = &model->shape;
  const int x = 0, y = 0; /* which follows it under each stride */
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

static void read_run(const RunDocument *document) {
  static const char *const places[] = {"",        "status",        "options",
                                       "options", "inputs.0.file", "calibration.1.observed"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    const size_t n = runjson_size(document, places[i]);
    for (size_t j = 0; j <= n && j < 8; j++) (void)strlen(runjson_member(document, places[i], j));
    free(runjson_text(document, places[i]));
    (void)runjson_number(document, places[i]);
  }
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
  RunDocument *document = runjson_read(path, &why);
  if (document)
    read_run(document);
  else
    check_sentence(&why);
  runjson_free(document);
  return 0;
}
