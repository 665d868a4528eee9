#include "training/plan.h"

#include "base/quota.h"
#include "base/ranks.h"
#include "memory/calibrate.h"
#include "model/exam.h"
#include "net/matrix.h"
#include "sequence/markov.h"
#include "sequence/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRAM = 5 << 20 };                        /* bytes: code, libraries, buffers */
enum { STRETCHES_MAX = 3 * 128, STEP_BYTES = 64 }; /* of a predictor (predict.h), approximately */

/* The bytes after `label` in a file of the kernel; UINT64_MAX if there are none. */
static uint64_t kernel_bytes(const char *path, const char *label) {
  FILE *in = fopen(path, "r");
  char line[256], *end;
  uint64_t found = UINT64_MAX;
  size_t n = strlen(label);
  while (in && found == UINT64_MAX && fgets(line, sizeof line, in)) {
    if (strncmp(line, label, n) != 0) continue;
    const uint64_t kilobytes = strtoull(line + n, &end, 10);
    if (end > line + n) found = kilobytes * 1024;
  }
  if (in) fclose(in);
  return found;
}

/* The rest of the address space under ulimit -v, in bytes. */
static uint64_t address_space(void) {
  const uint64_t limit = quota_address_space();
  const uint64_t used = kernel_bytes("/proc/self/status", "VmSize:");
  if (limit == UINT64_MAX || used == UINT64_MAX) return limit;
  return used < limit ? limit - used : 0;
}

/* The present memory of the process; an estimate if the kernel does not report it. */
static uint64_t present(uint64_t corpus) {
  const uint64_t there = kernel_bytes("/proc/self/status", "VmRSS:");
  const uint64_t least = PROGRAM + corpus;
  return there == UINT64_MAX || there < least ? least : there;
}

/* Sets the available memory. The other ranks of the node share the machine and control group, and
 * need as much. */
static void find_available(Plan *plan) {
  const uint64_t near = (uint64_t)ranks_near();
  uint64_t machine = kernel_bytes("/proc/meminfo", "MemAvailable:");
  uint64_t group = quota_of_groups("").memory;
  uint64_t space = address_space();
  if (machine == UINT64_MAX)
    machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
  if (space != UINT64_MAX) space += plan->present;
  plan->available = machine / near + plan->present;
  plan->limit = near > 1 ? "a rank's share of the machine is" : "the machine has";
  if (group / near < plan->available) {
    plan->available = group / near;
    plan->limit = near > 1 ? "its share of the control group is" : "the control group may have";
  }
  if (space < plan->available) {
    plan->available = space;
    plan->limit = "ulimit -v leaves";
  }
}

/* The most bytes for measuring the validation with a memory: the memory of the sequence read so
 * far, which doubles when it grows, and the stretches read ahead. */
static uint64_t measuring(const RunConfig *run) {
  const uint64_t bases = span_bases(&run->dataset->valid);
  uint64_t stretches = bases / STEPS_STRETCH + 1;
  if (stretches > STRETCHES_MAX) stretches = STRETCHES_MAX;
  return 3 * memory_bytes(bases, run->repeats.m, 1) + stretches * STEPS_MAX * STEP_BYTES;
}

/* Bytes after training: the memory of repeats, plus the largest of its calibration, its measurement
 * and the examination. */
static uint64_t after_training(const RunConfig *run) {
  const bool validates = run->dataset->valid.n > 0;
  uint64_t most = validates ? exam_memory(&run->shape, run->options->T, run->kernels) : 0;
  if (!run->options->memory) return most;
  const uint64_t calibration = calibrate_memory(&run->shape, run->kernels);
  if (calibration > most) most = calibration;
  if (validates && measuring(run) > most) most = measuring(run);
  return run->repeats.bytes + most;
}

Plan plan_make(const RunConfig *run) {
  const Dataset *dataset = run->dataset;
  Plan plan = {.corpus = dataset_memory(dataset)};
  plan.present = present(plan.corpus);
  find_available(&plan);
  trainer_memory(run, &plan.weights, &plan.windows);
  plan.markov = dataset->valid.n > 0 ? markov_memory() : 0;
  /* The Markov counts are freed before the network is made, and the buffer of a checkpoint before
   * the work after training. */
  const uint64_t after = after_training(run);
  const uint64_t save = safetensors_memory((size_t)run->shape.V, run->origin);
  const uint64_t buffers = (uint64_t)run->options->threads * MATRIX_BUFFER;
  const uint64_t training = plan.weights + plan.windows + buffers + (after > save ? after : save);
  plan.total = plan.present + (training > plan.markov ? training : plan.markov);
  return plan;
}

void plan_text(uint64_t bytes, char text[32]) {
  static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
  double value = (double)bytes / 1000;
  int unit = 0;
  for (; value >= 999.5 && unit < 4; unit++) value /= 1000;
  snprintf(text, 32, "%.3g %s", value, units[unit]);
}

void plan_threads(int threads, char text[48]) {
  char ranks[32] = "";
  if (ranks_count() > 1) snprintf(ranks, sizeof ranks, " on each of %d ranks", ranks_count());
  snprintf(text, 48, "%d thread%s%s", threads, threads > 1 ? "s" : "", ranks);
}

int plan_check(const Plan *plan, const Shape *shape, Why *why) {
  char needed[32], there[32];
  if (plan->total <= plan->available) return 0;
  plan_text(plan->total, needed);
  plan_text(plan->available, there);
  return fail(why,
              "-k %d with d=%d, D=%d and a softmax over %d k-mers: the run would need %s of memory "
              "and %s %s; choose a smaller -k, -D, -d, -B or -T",
              shape->k, shape->d, shape->D, shape->n, needed, plan->limit, there);
}
