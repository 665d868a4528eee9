#include "base/alloc.h"
#include "prediction/modes.h"
#include "prediction/sampler.h"
#include "sequence/seqfile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 60 }; /* bases per line */

/* ---- the prompt ----------------------------------------------------------------------------- */

/* Reads the *n bases at the end of the only record of a file; the caller frees them, also after an
 * error. */
static int read_prompt(char **bases, size_t *n, const Task *task, const char *path, Why *why) {
  size_t room = 0;
  if (strcmp(path, "-") != 0 && access(path, F_OK) != 0)
    return fail(
        why,
        "--prompt %.100s: is neither bases (only A, C, G, T, U) nor an existing file; correct it",
        path);
  advance_open(task->advance, path);
  SeqFile *file = seqfile_open(path, why);
  int more = file ? seqfile_next(file, why) : -1;
  if (more > 0) {
    const ptrdiff_t run = seqfile_last_run(file, bases, &room, why);
    *n = run < 0 ? 0 : (size_t)run;
    more = run < 0 ? -1 : seqfile_next(file, why);
  }
  if (more > 0) more = fail(why, "--prompt %s: holds more than one record; choose one", path);
  if (more == 0) task_say_notes(task, path, seqfile_notes(file), false);
  seqfile_close(file);
  return more;
}

static int set_prompt(Sampler *sampler, const Task *task, Why *why) {
  const char *text = task->options->prompt;
  const int k = task->models->shape.k;
  const bool literal = text[strspn(text, "ACGTUacgtu")] == 0;
  char *bases = literal ? alloc_text(text) : NULL;
  size_t n = literal ? strlen(text) : 0;
  int rc = literal ? 0 : read_prompt(&bases, &n, task, text, why);
  if (rc == 0 && n < (size_t)k)
    rc = fail(why,
              "--prompt %.100s: ends with a run of %zu bases, but the model needs at least %d; "
              "give more bases",
              text, n, k);
  if (rc == 0) sampler_prompt(sampler, bases, n);
  free(bases);
  return rc;
}

/* ---- FASTA ---------------------------------------------------------------------------------- */

typedef struct {
  const Task *task;
  size_t column; /* bases on this line so far */
  bool begun;
} Fasta;

static int take_bases(void *context, uint64_t record, const char *bases, size_t n, bool last,
                      Why *why) {
  Fasta *fasta = context;
  FILE *out = output_stream(fasta->task->output);
  Advance *advance = fasta->task->advance;
  advance->bases += n;
  if (!fasta->begun) fprintf(out, ">sample%" PRIu64 "\n", record + 1);
  for (size_t some; n > 0; bases += some, n -= some) {
    if (fasta->column == WIDTH) {
      fputc('\n', out);
      fasta->column = 0;
    }
    some = n < WIDTH - fasta->column ? n : WIDTH - fasta->column;
    fwrite(bases, 1, some, out);
    fasta->column += some;
  }
  fasta->begun = !last;
  if (last) {
    fputc('\n', out);
    fasta->column = 0;
  }
  advance->records += last;
  advance_show(advance, 0, (double)advance->bases / advance->parts.total);
  return output_check(fasta->task->output, why);
}

int mode_sample(const Task *task, Why *why) {
  const PredictOptions *o = task->options;
  const SamplerRule rule = {o->temperature, o->top_p, o->top_k, o->seed};
  Sampler *sampler = sampler_new(task->models, rule, o->threads, kernels_best());
  Fasta fasta = {task, 0, false};
  if (task->models->memory && task_memory(task) != EVIDENCE_OFF) sampler_recall(sampler);
  int rc = o->prompt ? set_prompt(sampler, task, why) : 0;
  const double all = (double)o->count * (double)o->length;
  task->advance->parts = (Parts){.total = all, .now = all};
  if (rc == 0) rc = sampler_run(sampler, o->count, o->length, take_bases, &fasta, why);
  sampler_free(sampler);
  return rc;
}
