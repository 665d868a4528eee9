#include "prediction/sampler.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "sequence/tokenizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16, BLOCKS = 32, LANES = 128 }; /* lanes of a block at most, blocks, lanes */
enum { TEXT_MAX = 1 << 26 /* bases of all lanes */, ROUND = 1 << 16 /* of one that is alone */ };
enum { PROMPT_T = 64 };

typedef struct {
  double p;
  int i; /* of the followers, in order */
} Choice;

/* A record that is being drawn. */
typedef struct {
  Rng rng;
  int x;      /* its last k-mer */
  int skip;   /* steps to come that are not kept */
  int left;   /* its last bases, that were drawn but are not in a text yet */
  char *text; /* (n) of this round */
  uint64_t n;
  bool broken; /* the network gave no number */
} Lane;

typedef struct {
  Tape *tape;      /* of one step */
  float *q;        /* (4^s) */
  Choice *choices; /* (4^s) */
} Bench;

struct Sampler {
  const Model *model;
  const Kernels *kernels;
  Factors *factors;
  SamplerRule rule;
  int threads, followers; /* 4^s */
  uint64_t seed;          /* of the records: the rule's, and the prompt */
  float *h;               /* (D) before the prompt's last k-mer */
  int x;                  /* that k-mer, -1: there is no prompt */
  Lane lane[LANES];
  Bench bench[BLOCKS];
  int used, per_block; /* lanes of this batch, of a block */
  uint64_t round;      /* bases to draw now */
};

Sampler *sampler_new(const Model *model, SamplerRule rule, int threads, const Kernels *kernels) {
  Sampler *s = alloc_new(1, sizeof *s);
  s->model = model;
  s->kernels = kernels;
  s->rule = rule;
  s->threads = threads;
  s->x = -1;
  s->seed = rule.seed;
  s->followers = kmer_count(model->shape.s);
  s->h = alloc_floats((size_t)model->shape.D);
  s->factors = factors_forward(model->weights, &model->shape, 0, threads, kernels->products);
  return s;
}

void sampler_free(Sampler *s) {
  if (!s) return;
  for (int i = 0; i < LANES; i++) free(s->lane[i].text);
  for (int i = 0; i < BLOCKS; i++) {
    tape_free(s->bench[i].tape);
    free(s->bench[i].q);
    free(s->bench[i].choices);
  }
  factors_free(s->factors);
  free(s->h);
  free(s);
}

/* Runs the first n steps of a tape. */
static void run_prompt(const Sampler *s, Tape *tape, int n) {
  tape->T = n;
  rnn_forward(tape, s->factors, &s->model->shape, s->kernels);
  tape_carry(tape, &s->model->shape);
}

/* One seed for records after these bases (n), all of which count. */
static uint64_t seed_of_prompt(uint64_t seed, const char *bases, size_t n) {
  for (size_t i = 0; i < n; i++)
    seed = rng_next(&(Rng){seed ^ (uint64_t)kmer_base((unsigned char)bases[i])});
  return seed;
}

/* The last k-mer is left for the first draw. Where a prompt is not whole strides, no k-mer has the
 * bases at its beginning. */
void sampler_prompt(Sampler *s, const char *bases, size_t n) {
  const Shape *shape = &s->model->shape;
  Tape *tape = tape_new(shape, PROMPT_T, 1, s->factors);
  Tokenizer tokenizer = tokenizer_new(shape->k, shape->s, false);
  int t = 0;
  s->seed = seed_of_prompt(s->rule.seed, bases, n);
  for (size_t i = (n - (size_t)shape->k) % (size_t)shape->s; i < n; i++) {
    if (!tokenizer_base(&tokenizer, kmer_base((unsigned char)bases[i]))) continue;
    tape->x[t++] = tokenizer.x;
    if (t < PROMPT_T) continue;
    run_prompt(s, tape, t);
    t = 0;
  }
  if (t > 0) run_prompt(s, tape, t);
  s->x = tokenizer.next;
  memcpy(s->h, tape->h, (size_t)shape->D * sizeof *s->h);
  tape_free(tape);
}

/* ---- a draw --------------------------------------------------------------------------------- */

static int likelier_first(const void *a, const void *b) {
  const Choice *one = a, *other = b;
  return one->p != other->p ? (one->p < other->p) - (one->p > other->p)
                            : (one->i > other->i) - (one->i < other->i);
}

/* How many of the choices (n, the likeliest first) the rule leaves. */
static int limit(const Choice *choices, int n, const SamplerRule *rule) {
  if (rule->temperature == 0) return 1;
  if (rule->top_k > 0 && rule->top_k < n) n = rule->top_k;
  double all = 0, sum = 0;
  for (int i = 0; i < n; i++) all += choices[i].p;
  for (int i = 0; i < n; i++)
    if ((sum += choices[i].p) >= rule->top_p * all) return i + 1;
  return n;
}

/* Which of the logits' (n) k-mers comes next; -1 where they are no numbers. */
static int draw(Lane *lane, Choice *choices, const float *q, const float *b2, int n,
                const SamplerRule *rule) {
  const double temperature = rule->temperature > 0 ? rule->temperature : 1;
  double max = -INFINITY, sum = 0;
  for (int i = 0; i < n; i++) max = fmax(max, (double)q[i] + (double)b2[i]);
  for (int i = 0; i < n; i++) {
    choices[i] = (Choice){exp(((double)q[i] + (double)b2[i] - max) / temperature), i};
    sum += choices[i].p;
  }
  if (!isfinite(sum)) return -1;
  if (rule->temperature == 0 || rule->top_k > 0 || rule->top_p < 1) {
    qsort(choices, (size_t)n, sizeof *choices, likelier_first);
    n = limit(choices, n, rule);
    sum = 0;
    for (int i = 0; i < n; i++) sum += choices[i].p;
  }
  double left = rng_uniform(&lane->rng) * sum;
  int i = 0;
  while (i < n - 1 && left >= choices[i].p) left -= choices[i++].p;
  return choices[i].i;
}

/* ---- rounds --------------------------------------------------------------------------------- */

/* As many of the bases that are left of a k-mer as there is room for. */
static void put_bases(Lane *lane, uint64_t round) {
  while (lane->left > 0 && lane->n < round)
    lane->text[lane->n++] = "ACGT"[lane->x >> 2 * --lane->left & 3];
}

/* The next k-mer of a lane whose state is h. */
static void step_lane(const Sampler *s, const Bench *bench, Lane *lane, const float *h) {
  const Shape *shape = &s->model->shape;
  const Weights *w = s->model->weights;
  const int first = kmer_followers(lane->x, shape->k, shape->s);
  s->kernels->dot_rows(bench->q, w->U + (size_t)first * (size_t)shape->D, h, s->followers,
                       shape->D);
  const int i = draw(lane, bench->choices, bench->q, w->b2 + first, s->followers, &s->rule);
  if (i < 0) lane->broken = true;
  lane->x = first + (i < 0 ? 0 : i);
  if (lane->skip > 0) {
    lane->skip--;
    return;
  }
  lane->left = shape->s;
  put_bases(lane, s->round);
}

/* All lanes of a block have equally many bases. */
static void block_job(void *context, int block) {
  Sampler *s = context;
  const Bench *bench = &s->bench[block];
  Tape *tape = bench->tape;
  Lane *const lanes = s->lane + block * s->per_block;
  const int left = s->used - block * s->per_block;
  const size_t D = (size_t)s->model->shape.D;
  tape->B = left < s->per_block ? left : s->per_block;
  while (lanes->n < s->round) {
    for (int b = 0; b < tape->B; b++) tape->x[b] = lanes[b].x;
    rnn_forward(tape, s->factors, &s->model->shape, s->kernels);
    for (int b = 0; b < tape->B; b++)
      step_lane(s, bench, &lanes[b], tape->h + (size_t)(tape->B + b) * D);
    tape_carry(tape, &s->model->shape);
  }
}

static Bench new_bench(const Sampler *s) {
  return (Bench){.tape = tape_new(&s->model->shape, 1, BLOCK, s->factors),
                 .q = alloc_floats((size_t)s->followers),
                 .choices = alloc_new((size_t)s->followers, sizeof(Choice))};
}

/* Readies lanes for the records from `first` on. */
static void begin_batch(Sampler *s, uint64_t first) {
  const size_t D = (size_t)s->model->shape.D;
  s->per_block = (s->used + s->threads - 1) / s->threads;
  if (s->per_block > BLOCK) s->per_block = BLOCK;
  if (s->per_block * BLOCKS < s->used) s->per_block = (s->used + BLOCKS - 1) / BLOCKS;
  for (int i = 0; i < s->used; i++) {
    Lane *lane = &s->lane[i];
    Bench *bench = &s->bench[i / s->per_block];
    if (!bench->tape) *bench = new_bench(s);
    lane->rng = rng_new(s->seed, first + (uint64_t)i);
    lane->x = s->x >= 0 ? s->x : (int)(rng_uniform(&lane->rng) * s->model->shape.V);
    lane->skip = s->x >= 0 ? 0 : SAMPLER_WARMUP;
    lane->left = 0;
    memcpy(bench->tape->h + (size_t)(i % s->per_block) * D, s->h, D * sizeof *s->h);
  }
}

/* The next n bases of each lane, those left over from the last round first. */
static void run_round(Sampler *s, uint64_t n) {
  s->round = n;
  for (int i = 0; i < s->used; i++) {
    s->lane[i].n = 0;
    put_bases(&s->lane[i], n);
  }
  parallel_run(s->threads, (s->used + s->per_block - 1) / s->per_block, block_job, s);
}

int sampler_run(Sampler *s, uint64_t count, uint64_t length, SamplerTake *take, void *context,
                Why *why) {
  const uint64_t lanes = TEXT_MAX / length < 1       ? 1
                         : TEXT_MAX / length > LANES ? LANES
                                                     : TEXT_MAX / length;
  const uint64_t round = lanes > 1 || length < ROUND ? length : ROUND;
  for (uint64_t first = 0; first < count; first += (uint64_t)s->used) {
    s->used = (int)(count - first < lanes ? count - first : lanes);
    for (int i = 0; i < s->used; i++) s->lane[i].text = alloc_resize(s->lane[i].text, round, 1);
    begin_batch(s, first);
    for (uint64_t done = 0, n; done < length; done += n) {
      n = length - done < round ? length - done : round;
      run_round(s, n);
      for (int i = 0; i < s->used; i++) {
        if (s->lane[i].broken)
          return fail(why, "the model gives no finite numbers; train it again with a smaller "
                           "--learning-rate");
        if (take(context, first + (uint64_t)i, s->lane[i].text, n, done + n == length, why) != 0)
          return -1;
      }
    }
  }
  return 0;
}
