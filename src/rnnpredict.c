/* rnnpredict: ask a trained network about sequences. */
#include "kernels.h"
#include "lanes.h"
#include "manual.h"
#include "matrix.h"
#include "output.h"
#include "parallel.h"
#include "predict_options.h"
#include "start.h"
#include "tables.h"

#include <stdio.h>
#include <string.h>

enum { DONE = 0, FAILED = 1, USAGE = 2 };

static int complain(int code, const Why *why) {
  fprintf(stderr, "rnnpredict: %s\n", why->text);
  return code;
}

static int run(const PredictOptions *o, char **operands, int n_operands, Why *why) {
  Model model;
  if (model_read(&model, operands[0], why) != 0) return -1;
  Output *output = output_open(o->output, why);
  int rc = output ? 0 : -1;
  if (rc == 0 && o->mode == MODE_INFO)
    tables_info(output_stream(output), &model);
  else if (rc == 0)
    rc = tables_predict(o, &model, operands + 1, n_operands - 1, output, why);
  if (rc == 0)
    rc = output_close(output, why);
  else if (output)
    output_abandon(output);
  model_free(&model);
  return rc;
}

static int check_usage(const PredictOptions *o, char **operands, int n_operands, Why *why) {
  if (n_operands == 0) return fail(why, "no model; name a run directory or a .safetensors file");
  if (o->mode == MODE_INFO && n_operands > 1)
    return fail(why, "'%s': --mode info takes no sequence", operands[1]);
  if (o->top > 0 && o->mode != MODE_NEXT) return fail(why, "--top: goes with --mode next");
  if (o->circular && o->mode != MODE_SCORE && o->mode != MODE_TRACK)
    return fail(why, "--circular: goes with --mode score and --mode track");
  if (o->strands == BOTH && o->mode != MODE_SCORE)
    return fail(why, "--strands both: goes with --mode score");
  int standard_inputs = 0;
  for (int i = 1; i < n_operands; i++) standard_inputs += strcmp(operands[i], "-") == 0;
  if (standard_inputs > 1) return fail(why, "-: standard input can be named only once");
  return 0;
}

int main(int argc, char **argv) {
  int available = start_program(argv);
  Why why = {""};
  PredictOptions options = {0};
  int operands;
  const char *topic;
  options_default(&predict_program, &options);
  OptionsWish wish = options_parse(&predict_program, &options, argc, argv, &operands, &topic, &why);
  if (wish == OPTIONS_HELP || wish == OPTIONS_VERSION) {
    int code =
        manual_answer(&predict_program, wish, topic, matrix_library(), kernels_best()->level, &why);
    return code == DONE ? DONE : complain(code, &why);
  }
  if (wish == OPTIONS_ERROR || check_usage(&options, argv + operands, argc - operands, &why) != 0)
    return complain(USAGE, &why);
  if (options.threads == 0) options.threads = available;
  int rc = parallel_check(options.threads, &why);
  if (rc == 0) rc = run(&options, argv + operands, argc - operands, &why);
  return rc == 0 ? DONE : complain(FAILED, &why);
}
