#include "scoring/alleles.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "net/softmax.h"
#include "sequence/tokenizer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { T = 64 };                               /* steps per window */
enum { CHAIN_LANES = 4, LANES = 16 };          /* lanes of a window, at most */
enum { PART = 1 << 16, STATES_MAX = 1 << 24 }; /* alleles at a time; floats of their states */
enum { LOGITS_MAX = 1 << 26 };                 /* floats of all workers */

/* The workspace of a job. */
typedef struct {
  Tape *tape;
  float *q;  /* logits */
  double *J; /* (T,LANES) */
} Workspace;

/* An allele and its tokens. */
typedef struct {
  Allele *allele;
  GenomeStrand strand;
  uint64_t at;   /* the first replaced base, on its strand */
  uint64_t step; /* its first token, counted from the first of the strand */
  size_t state;  /* the index of the state before it */
} Branch;

/* The chain of a tile with alleles. */
typedef struct {
  const Branch *branch; /* (n) the alleles of the tile, in the order of their steps */
  size_t n;
  uint64_t first; /* its first token */
  int steps;      /* up to the last needed state */
} Chain;

struct Alleles {
  const Model *model;
  const Kernels *kernels;
  uint32_t window;
  Factors *factors;
  int workers;
  Workspace *work; /* (workers) */
  size_t most;     /* alleles in a part */
  Branch *branch;  /* (most) the alleles of the part that have tokens */
  size_t n;
  Chain *chain; /* (most) */
  size_t chains;
  float *state;           /* (most,D) */
  const Branch **longest; /* (most) the branches, the longest first */
  atomic_size_t next;     /* the chain or branch with which the next job begins */
};

/* ---- memory --------------------------------------------------------------------------------- */

static int count_workers(const Shape *shape, int threads) {
  const size_t most = LOGITS_MAX / softmax_logits(shape, T * LANES, false);
  if ((size_t)threads > most) threads = (int)most;
  return threads > 0 ? threads : 1;
}

static Workspace new_workspace(const Shape *shape, const Factors *factors) {
  return (Workspace){.tape = tape_new(shape, T, LANES, factors),
                     .q = alloc_floats(softmax_logits(shape, T * LANES, false)),
                     .J = alloc_new((size_t)T * LANES, sizeof(double))};
}

Alleles *alleles_new(const Model *model, uint32_t window, int threads, const Kernels *kernels) {
  const Shape *shape = &model->shape;
  Alleles *a = alloc_new(1, sizeof *a);
  a->model = model;
  a->kernels = kernels;
  a->window = window;
  a->factors = factors_forward(model->weights, shape, true, threads, kernels->products);
  a->workers = count_workers(shape, threads);
  a->work = alloc_new((size_t)a->workers, sizeof *a->work);
  for (int i = 0; i < a->workers; i++) a->work[i] = new_workspace(shape, a->factors);
  a->most = STATES_MAX / (size_t)shape->D;
  if (a->most > PART) a->most = PART;
  if (a->most == 0) a->most = 1;
  a->branch = alloc_new(a->most, sizeof *a->branch);
  a->chain = alloc_new(a->most, sizeof *a->chain);
  a->state = alloc_floats(a->most * (size_t)shape->D);
  a->longest = alloc_new(a->most, sizeof *a->longest);
  return a;
}

void alleles_free(Alleles *a) {
  if (!a) return;
  for (int i = 0; i < a->workers; i++) {
    tape_free(a->work[i].tape);
    free(a->work[i].q);
    free(a->work[i].J);
  }
  free(a->work);
  factors_free(a->factors);
  free(a->branch);
  free(a->chain);
  free(a->state);
  free(a->longest);
  free(a);
}

/* ---- branches and their chains -------------------------------------------------------------- */

/* Finds the tokens of an allele; false: none. Token i of a strand adds the s bases from base k + i
 * s on. */
static bool set_branch(const Alleles *a, Branch *branch, const Corpus *corpus, Allele *allele) {
  const RecordSegment *segment = allele->segment;
  const uint64_t k = (uint64_t)a->model->shape.k, s = (uint64_t)a->model->shape.s;
  const uint64_t behind = segment->length - allele->at - allele->replaced;
  allele->tokens = 0;
  allele->nats = 0;
  branch->allele = allele;
  branch->strand = (GenomeStrand){corpus, segment->start, segment->length, allele->reversed};
  branch->at = allele->reversed ? behind : allele->at;
  if (branch->at < k) return false;
  branch->step = (branch->at - k) / s;
  const uint64_t own = branch->at - (k + branch->step * s) + allele->n;
  const uint64_t left = allele->reversed ? allele->at : behind;
  const uint64_t wanted = (own + a->window + s - 1) / s, most = (own + left) / s;
  const uint64_t tokens = wanted < most ? wanted : most;
  if (tokens * s < own) return false;
  allele->tokens = (uint32_t)tokens;
  return true;
}

static int order(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

/* Order by strand and step. */
static int by_place(const void *a, const void *b) {
  const Branch *x = a, *y = b;
  if (x->strand.reversed != y->strand.reversed) return x->strand.reversed ? 1 : -1;
  if (x->strand.start != y->strand.start) return order(x->strand.start, y->strand.start);
  return order(x->step, y->step);
}

static bool same_strand(const Branch *a, const Branch *b) {
  return a->strand.reversed == b->strand.reversed && a->strand.start == b->strand.start;
}

static bool same_tile(const Branch *a, const Branch *b) {
  return same_strand(a, b) && a->step / ALLELES_TILE == b->step / ALLELES_TILE;
}

/* Adds a branch, the next in the order of places, to the chain of its tile. */
static void join_chain(Alleles *a, const Branch *branch) {
  if (a->chains == 0 || !same_tile(a->chain[a->chains - 1].branch, branch)) {
    const uint64_t tile = branch->step / ALLELES_TILE;
    const uint64_t first = tile > 0 ? (tile - 1) * ALLELES_TILE : 0;
    a->chain[a->chains++] = (Chain){.branch = branch, .first = first};
  }
  Chain *chain = &a->chain[a->chains - 1];
  chain->steps = (int)(branch->step - chain->first);
  chain->n++;
}

static int longer_chain(const void *a, const void *b) {
  return ((const Chain *)b)->steps - ((const Chain *)a)->steps;
}

/* Plans the chains. Branches with the same place share a state. */
static void plan_chains(Alleles *a) {
  size_t state = 0;
  a->chains = 0;
  qsort(a->branch, a->n, sizeof *a->branch, by_place);
  for (size_t i = 0; i < a->n; i++) {
    Branch *branch = &a->branch[i];
    if (i > 0 && by_place(branch - 1, branch) != 0) state++;
    branch->state = state;
    join_chain(a, branch);
  }
  qsort(a->chain, a->chains, sizeof *a->chain, longer_chain);
}

/* ---- windows -------------------------------------------------------------------------------- */

/* A reader of the tokens of a chain or a branch. */
typedef struct {
  const GenomeStrand *strand;
  const Branch *branch; /* NULL: the unchanged sequence */
  Tokenizer tokenizer;
  uint64_t next; /* the next base, counted from the strand's beginning */
  int left;      /* tokens */
} Lane;

/* Base i of a strand with the allele applied. */
static int branch_base(const Branch *branch, uint64_t i) {
  const Allele *allele = branch->allele;
  if (i < branch->at) return genome_strand_base(&branch->strand, i);
  const uint64_t own = i - branch->at;
  if (own >= allele->n)
    return genome_strand_base(&branch->strand, i - allele->n + allele->replaced);
  return allele->reversed ? 3 - allele->bases[allele->n - 1 - own] : allele->bases[own];
}

static void next_token(Lane *lane) {
  bool whole = false;
  while (!whole) {
    const uint64_t i = lane->next++;
    whole = tokenizer_base(&lane->tokenizer, lane->branch ? branch_base(lane->branch, i)
                                                          : genome_strand_base(lane->strand, i));
  }
  lane->left--;
}

static Lane new_lane(const Alleles *a, const GenomeStrand *strand, const Branch *branch,
                     uint64_t step, int tokens) {
  const Shape *shape = &a->model->shape;
  return (Lane){.strand = strand,
                .branch = branch,
                .tokenizer = tokenizer_new(shape->k, shape->s, false),
                .next = step * (uint64_t)shape->s,
                .left = tokens};
}

/* Reads the next tokens of the lanes and computes their states. The first lane has the most tokens
 * left; a lane without tokens is idle. */
static void run_window(const Alleles *a, Tape *tape, Lane *lanes) {
  tape->T = lanes->left < T ? lanes->left : T;
  for (int b = 0; b < tape->B; b++) {
    for (int t = 0; t < tape->T; t++) {
      const size_t at = (size_t)(t * tape->B + b);
      const bool idle = lanes[b].left == 0;
      if (!idle) next_token(&lanes[b]);
      tape->x[at] = lanes[b].tokenizer.x;
      tape->y[at] = idle ? -1 : lanes[b].tokenizer.y;
      tape->restart[at] = false;
    }
  }
  rnn_forward(tape, a->factors, &a->model->shape, a->kernels);
}

static float *state_of(const Alleles *a, const Branch *branch) {
  return a->state + branch->state * (size_t)a->model->shape.D;
}

/* ---- jobs ----------------------------------------------------------------------------------- */

/* Copies the states after steps from+1..from+T of a chain to its branches, and moves *at past these
 * branches. */
static void take_states(const Alleles *a, const Chain *chain, size_t *at, const Tape *tape, int b,
                        int from) {
  const size_t D = (size_t)a->model->shape.D;
  for (; *at < chain->n; ++*at) {
    const Branch *branch = &chain->branch[*at];
    const int step = (int)(branch->step - chain->first);
    if (step > from + tape->T) break;
    memcpy(state_of(a, branch), tape->h + (size_t)((step - from) * tape->B + b) * D,
           D * sizeof *tape->h);
  }
}

/* Runs chains (n), the longest first, and stores the states before their branches. */
static void run_chains(const Alleles *a, const Workspace *work, const Chain *chains, int n) {
  Lane lanes[CHAIN_LANES];
  size_t at[CHAIN_LANES] = {0};
  Tape *tape = work->tape;
  tape->B = n;
  tape->T = 0;
  memset(tape->h, 0, (size_t)n * (size_t)a->model->shape.D * sizeof *tape->h);
  for (int b = 0; b < n; b++) {
    lanes[b] = new_lane(a, &chains[b].branch->strand, NULL, chains[b].first, chains[b].steps);
    take_states(a, &chains[b], &at[b], tape, b, 0);
  }
  for (int from = 0; from < chains->steps; from += T) {
    run_window(a, tape, lanes);
    for (int b = 0; b < n; b++) take_states(a, &chains[b], &at[b], tape, b, from);
    tape_carry(tape, &a->model->shape);
  }
}

/* Runs branches (n), the longest first, and sums their losses. */
static void run_branches(const Alleles *a, const Workspace *work, const Branch *const *branches,
                         int n) {
  const Shape *shape = &a->model->shape;
  const size_t D = (size_t)shape->D;
  Lane lanes[LANES] = {0};
  Tape *tape = work->tape;
  tape->B = n;
  for (int b = 0; b < n; b++) {
    const Branch *branch = branches[b];
    lanes[b] = new_lane(a, &branch->strand, branch, branch->step, (int)branch->allele->tokens);
    memcpy(tape->h + (size_t)b * D, state_of(a, branch), D * sizeof *tape->h);
  }
  while (lanes->left > 0) {
    run_window(a, tape, lanes);
    const SoftmaxRows rows = {.rows = tape->T * n,
                              .x = tape->x,
                              .y = tape->y,
                              .h = tape->h + (size_t)n * D,
                              .J = work->J,
                              .q = work->q};
    softmax_loss(&rows, a->factors, shape, a->kernels);
    for (int i = 0; i < rows.rows; i++) branches[i % n]->allele->nats += work->J[i];
    tape_carry(tape, shape);
  }
}

/* Takes the next `lanes` of n things: returns the first and sets *some to their number; n: none
 * left. */
static size_t take_next(Alleles *a, size_t lanes, size_t n, int *some) {
  const size_t first = atomic_fetch_add(&a->next, lanes);
  if (first >= n) return n;
  *some = (int)(n - first < lanes ? n - first : lanes);
  return first;
}

static void chains_job(void *context, int i) {
  Alleles *a = context;
  size_t first;
  int some = 0;
  while ((first = take_next(a, CHAIN_LANES, a->chains, &some)) < a->chains)
    run_chains(a, &a->work[i], a->chain + first, some);
}

static void branches_job(void *context, int i) {
  Alleles *a = context;
  size_t first;
  int some = 0;
  while ((first = take_next(a, LANES, a->n, &some)) < a->n)
    run_branches(a, &a->work[i], a->longest + first, some);
}

static int longer_branch(const void *a, const void *b) {
  const Branch *x = *(const Branch *const *)a, *y = *(const Branch *const *)b;
  if (x->allele->tokens != y->allele->tokens) return x->allele->tokens < y->allele->tokens ? 1 : -1;
  return order(x->state, y->state);
}

static void run_part(Alleles *a, const Corpus *corpus, Allele *allele, size_t n) {
  a->n = 0;
  for (size_t i = 0; i < n; i++) a->n += set_branch(a, &a->branch[a->n], corpus, &allele[i]);
  plan_chains(a);
  atomic_store(&a->next, 0);
  parallel_run(a->workers, a->workers, chains_job, a);
  for (size_t i = 0; i < a->n; i++) a->longest[i] = &a->branch[i];
  qsort(a->longest, a->n, sizeof *a->longest, longer_branch);
  atomic_store(&a->next, 0);
  parallel_run(a->workers, a->workers, branches_job, a);
}

void alleles_run(Alleles *a, const Corpus *corpus, Allele *allele, size_t n) {
  for (size_t some; n > 0; allele += some, n -= some) {
    some = n < a->most ? n : a->most;
    run_part(a, corpus, allele, some);
  }
}

uint64_t alleles_bases(const Alleles *a, const Allele *allele) {
  return (uint64_t)allele->tokens * (uint64_t)a->model->shape.s;
}
