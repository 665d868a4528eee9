#include "prediction/sampler.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "memory/pool.h"
#include "sequence/tokenizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16, BLOCKS = 32, DRAFTS = 128 }; /* most drafts per block, blocks, drafts */
enum { TEXT_MAX = 1 << 26 };                    /* bases of all drafts */
enum { ROUND = 1 << 16 };                       /* bases per round of a single draft */
enum { PROMPT_T = 64 };

typedef struct {
  double p;
  int i; /* index of the follower */
} Choice;

/* A record being drawn. */
typedef struct {
  Rng rng;
  int x;       /* its last k-mer */
  Pool *pool;  /* has not read x yet; NULL: no memory */
  bool begins; /* x is its first k-mer */
  int skip;    /* next steps to drop (warm-up) */
  char *text;  /* (n) of this round, with up to s-1 more bases */
  uint64_t n;  /* bases */
  bool broken; /* the logits were not finite */
} Draft;

/* The workspace of a job for the drafts of a block. */
typedef struct {
  Tape *tape;      /* one step */
  float *q;        /* (4^s) */
  Choice *choices; /* (4^s) */
} BlockMemory;

struct Sampler {
  const Model *model;
  const Kernels *kernels;
  Factors *factors;
  SamplerRule rule;       /* its seed depends on the prompt too */
  int threads, followers; /* 4^s */
  float *h;               /* (D) before the prompt's last k-mer */
  Pool *pool;             /* before that k-mer, too; NULL: no memory */
  int x;                  /* that k-mer; -1: no prompt */
  bool begins;            /* that k-mer is the first one */
  Draft draft[DRAFTS];
  BlockMemory block[BLOCKS];
  int used, per_block; /* drafts in this batch, in a block */
  uint64_t round;      /* bases to draw in this round */
};

Sampler *sampler_new(const Model *model, SamplerRule rule, int threads, const Kernels *kernels) {
  Sampler *s = alloc_new(1, sizeof *s);
  s->model = model;
  s->kernels = kernels;
  s->rule = rule;
  s->threads = threads;
  s->x = -1;
  s->begins = true;
  s->followers = kmer_count(model->shape.s);
  s->h = alloc_floats((size_t)model->shape.D);
  s->factors = factors_forward(model->weights, &model->shape, false, threads, kernels->products);
  return s;
}

void sampler_free(Sampler *s) {
  if (!s) return;
  for (int i = 0; i < DRAFTS; i++) {
    free(s->draft[i].text);
    pool_free(s->draft[i].pool);
  }
  pool_free(s->pool);
  for (int i = 0; i < BLOCKS; i++) {
    tape_free(s->block[i].tape);
    free(s->block[i].q);
    free(s->block[i].choices);
  }
  factors_free(s->factors);
  free(s->h);
  free(s);
}

/* Makes a pool over the memory, with followers under both softmaxes. */
static Pool *new_pool(const Sampler *s) {
  const Model *model = s->model;
  const Shape *shape = &model->shape;
  const Shape followers =
      shape_new(shape->k, shape->s, shape->d, shape->D, shape->activation, SOFTMAX_FOLLOWERS);
  return pool_new(model->memory, NULL, &model->recall, &followers);
}

void sampler_recall(Sampler *s) { s->pool = new_pool(s); }

/* Runs the first n steps of a tape. */
static void run_prompt(const Sampler *s, Tape *tape, int n) {
  tape->T = n;
  rnn_forward(tape, s->factors, &s->model->shape, s->kernels);
  tape_carry(tape, &s->model->shape);
}

/* Leaves the last k-mer for the first draw. If a prompt is not a multiple of the stride, its first
 * bases are in no k-mer. */
void sampler_prompt(Sampler *s, const char *bases, size_t n) {
  const Shape *shape = &s->model->shape;
  Tape *tape = tape_new(shape, PROMPT_T, 1, s->factors);
  Tokenizer tokenizer = tokenizer_new(shape->k, shape->s, false);
  int t = 0;
  for (size_t i = 0; i < n; i++)
    s->rule.seed = rng_next(&(Rng){s->rule.seed ^ (uint64_t)kmer_base((unsigned char)bases[i])});
  for (size_t i = (n - (size_t)shape->k) % (size_t)shape->s; i < n; i++) {
    if (!tokenizer_base(&tokenizer, kmer_base((unsigned char)bases[i]))) continue;
    if (s->pool) pool_read(s->pool, tokenizer.x, tokenizer.restart);
    tape->x[t++] = tokenizer.x;
    if (t < PROMPT_T) continue;
    run_prompt(s, tape, t);
    t = 0;
  }
  if (t > 0) run_prompt(s, tape, t);
  s->x = tokenizer.next;
  s->begins = tokenizer.first;
  memcpy(s->h, tape->h, (size_t)shape->D * sizeof *s->h);
  tape_free(tape);
}

/* ---- a draw --------------------------------------------------------------------------------- */

static int likelier_first(const void *a, const void *b) {
  const Choice *one = a, *other = b;
  return one->p != other->p ? (one->p < other->p) - (one->p > other->p)
                            : (one->i > other->i) - (one->i < other->i);
}

/* The number of choices (n, the most likely first) that the rule keeps. */
static int limit(const Choice *choices, int n, const SamplerRule *rule) {
  if (rule->temperature == 0) return 1;
  if (rule->top_k > 0 && rule->top_k < n) n = rule->top_k;
  double all = 0, sum = 0;
  for (int i = 0; i < n; i++) all += choices[i].p;
  for (int i = 0; i < n; i++) {
    sum += choices[i].p;
    if (sum >= rule->top_p * all) return i + 1;
  }
  return n;
}

/* Draws one of n k-mers from the softmax of their logits q + b2; -1 if these are not finite. */
static int draw(Rng *rng, Choice *choices, const float *q, const float *b2, int n,
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
  double left = rng_uniform(rng) * sum;
  int i = 0;
  while (i < n - 1 && left >= choices[i].p) left -= choices[i++].p;
  return choices[i].i;
}

/* ---- rounds --------------------------------------------------------------------------------- */

/* Adds the evidence of the draft's pool to q. */
static void add_evidence(const Sampler *s, Draft *draft, float *q, const float *b2) {
  Vote votes[POOL_POINTERS];
  pool_read(draft->pool, draft->x, draft->begins);
  draft->begins = false;
  const Evidence evidence = pool_weighted(draft->pool, votes);
  softmax_add_evidence(q, b2, (size_t)s->followers, &evidence);
}

/* Draws the next k-mer of a draft with state h. */
static void step_draft(const Sampler *s, const BlockMemory *block, Draft *draft, const float *h) {
  const Shape *shape = &s->model->shape;
  const Weights *w = s->model->weights;
  const int first = kmer_followers(draft->x, shape->k, shape->s);
  s->kernels->dot_rows(block->q, w->U + (size_t)first * (size_t)shape->D, h, s->followers,
                       shape->D);
  if (draft->pool) add_evidence(s, draft, block->q, w->b2 + first);
  const int i = draw(&draft->rng, block->choices, block->q, w->b2 + first, s->followers, &s->rule);
  if (i < 0) draft->broken = true;
  draft->x = first + (i < 0 ? 0 : i);
  if (draft->skip > 0) {
    draft->skip--;
    return;
  }
  kmer_text(draft->text + draft->n, draft->x, shape->s); /* only the new bases stay */
  draft->n += (uint64_t)shape->s;
}

/* Draws for the drafts of a block, which all have the same number of bases. */
static void block_job(void *context, int i) {
  Sampler *s = context;
  const BlockMemory *block = &s->block[i];
  Tape *tape = block->tape;
  Draft *const drafts = s->draft + i * s->per_block;
  const int left = s->used - i * s->per_block;
  const size_t D = (size_t)s->model->shape.D;
  tape->B = left < s->per_block ? left : s->per_block;
  while (drafts->n < s->round) {
    for (int b = 0; b < tape->B; b++) tape->x[b] = drafts[b].x;
    rnn_forward(tape, s->factors, &s->model->shape, s->kernels);
    for (int b = 0; b < tape->B; b++)
      step_draft(s, block, &drafts[b], tape->h + (size_t)(tape->B + b) * D);
    tape_carry(tape, &s->model->shape);
  }
}

static BlockMemory new_block(const Sampler *s) {
  return (BlockMemory){.tape = tape_new(&s->model->shape, 1, BLOCK, s->factors),
                       .q = alloc_floats((size_t)s->followers),
                       .choices = alloc_new((size_t)s->followers, sizeof(Choice))};
}

/* Prepares drafts for the records from `first` on, with room for this many bases. */
static void begin_batch(Sampler *s, uint64_t first, uint64_t bases) {
  const size_t D = (size_t)s->model->shape.D;
  s->per_block = (s->used + s->threads - 1) / s->threads;
  if (s->per_block > BLOCK) s->per_block = BLOCK;
  if (s->per_block * BLOCKS < s->used) s->per_block = (s->used + BLOCKS - 1) / BLOCKS;
  for (int i = 0; i < s->used; i++) {
    Draft *draft = &s->draft[i];
    BlockMemory *block = &s->block[i / s->per_block];
    if (!block->tape) *block = new_block(s);
    draft->rng = rng_new(s->rule.seed, first + (uint64_t)i);
    draft->x = s->x >= 0 ? s->x : (int)(rng_uniform(&draft->rng) * s->model->shape.V);
    draft->begins = s->begins;
    if (s->pool && !draft->pool) draft->pool = new_pool(s);
    if (s->pool) pool_copy(draft->pool, s->pool);
    draft->skip = s->x >= 0 ? 0 : SAMPLER_WARMUP;
    draft->text = alloc_resize(draft->text, bases + KMER_MAX + 1, 1);
    memcpy(block->tape->h + (size_t)(i % s->per_block) * D, s->h, D * sizeof *s->h);
  }
}

/* Draws n bases of each draft, rounded up to whole strides. */
static void run_round(Sampler *s, uint64_t n) {
  s->round = n;
  for (int i = 0; i < s->used; i++) s->draft[i].n = 0;
  parallel_run(s->threads, (s->used + s->per_block - 1) / s->per_block, block_job, s);
}

/* Passes the n bases of each draft to take. */
static int take_round(const Sampler *s, uint64_t first, uint64_t n, bool last, SamplerTake *take,
                      void *context, Why *why) {
  for (int i = 0; i < s->used; i++) {
    if (s->draft[i].broken)
      return fail(why, "the model computes numbers that are not finite; train it again with a "
                       "smaller --learning-rate");
    if (take(context, first + (uint64_t)i, s->draft[i].text, n, last, why) != 0) return -1;
  }
  return 0;
}

/* Records too long to be in memory side by side are drawn one by one, in rounds of
 * whole strides. */
int sampler_run(Sampler *s, uint64_t count, uint64_t length, SamplerTake *take, void *context,
                Why *why) {
  uint64_t drafts = TEXT_MAX / length, round = length;
  if (drafts > DRAFTS) drafts = DRAFTS;
  if (drafts <= 1) {
    drafts = 1;
    round = (uint64_t)(ROUND - ROUND % s->model->shape.s);
  }
  for (uint64_t first = 0; first < count; first += (uint64_t)s->used) {
    s->used = (int)(count - first < drafts ? count - first : drafts);
    begin_batch(s, first, round);
    for (uint64_t left = length, n; left > 0; left -= n) {
      n = left < round ? left : round;
      run_round(s, n);
      if (take_round(s, first, n, n == left, take, context, why) != 0) return -1;
    }
  }
  return 0;
}
