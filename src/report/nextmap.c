#include "report/nextmap.h"

#include "sequence/kmer.h"

#include <math.h>
#include <stdlib.h>

/* The sizes of a panel, in its own units. */
enum { WIDTH = 192, LEFT = 24, TOP = 13, NAME = 8 };
enum { LEVELS = 10 };
static const double GUESS = 0.25, LEAST_RANGE = 0.1;

static const char *const bases[] = {"A", "C", "G", "T"};

/* The k-mers of a panel: the first bases in rows, the last ones in columns. */
typedef struct {
  int row_bases, column_bases;
  int rows, columns;
  int width, height; /* of a cell */
} Grid;

static Grid grid_of(int k) {
  const int row_bases = k / 2, column_bases = k - row_bases;
  const int columns = kmer_count(column_bases);
  return (Grid){.row_bases = row_bases,
                .column_bases = column_bases,
                .rows = kmer_count(row_bases),
                .columns = columns,
                .width = WIDTH / columns,
                .height = columns > 4 ? WIDTH / columns : WIDTH / 8};
}

/* The mean of all measured predictions. */
static double mean_of(const NextBases *next, int base) {
  double sum = 0, n = 0;
  for (int i = 0; i < kmer_count(next->k); i++) {
    if (isnan(next->p[base][i]) || !(next->n[i] > 0)) continue;
    sum += next->n[i] * next->p[base][i];
    n += next->n[i];
  }
  return n > 0 ? sum / n : 0;
}

/* The largest distance of the probabilities from 1/4, at least LEAST_RANGE. */
static double find_range(const NextBases *next) {
  double range = LEAST_RANGE;
  for (int base = 0; base < 4; base++)
    for (int i = 0; i < kmer_count(next->k); i++)
      range = fmax(range, fabs(next->p[base][i] - GUESS));
  return range;
}

/* The level of a probability, -LEVELS..LEVELS; LEVELS + 1: no prediction. */
static int level_of(double p, double range) {
  return isnan(p) ? LEVELS + 1 : (int)round(LEVELS * (p - GUESS) / range);
}

/* The style class of a level below, at or above 1/4. */
static const char *class_of(int level) {
  if (level > LEVELS) return "none";
  return level < 0 ? "lo" : "hi";
}

static int opacity_of(int level) { return level > LEVELS ? 0 : abs(level); }

/* ---- panels --------------------------------------------------------------------------------- */

static void put_labels(FILE *out, const Grid *grid) {
  char name[NAME];
  for (int i = 0; i < grid->columns; i++) {
    kmer_text(name, i, grid->column_bases);
    fprintf(out, "<text class=\"x\" x=\"%.1f\" y=\"9\">%s</text>",
            LEFT + (i + 0.5) * (double)grid->width, name);
  }
  for (int i = 0; i < grid->rows && grid->row_bases > 0; i++) {
    kmer_text(name, i, grid->row_bases);
    fprintf(out, "<text class=\"y\" x=\"%d\" y=\"%.1f\">%s</text>", LEFT - 4,
            TOP + (i + 0.5) * (double)grid->height + 3, name);
  }
  fputc('\n', out);
}

static void put_cell(FILE *out, const NextBases *next, const Grid *grid, int base, int kmer) {
  const double p = next->p[base][kmer];
  char name[NAME];
  kmer_text(name, kmer, next->k);
  fprintf(out, "<path d=\"M%d %dh%dv%dh-%dz\"><title>%s after %s: ",
          LEFT + kmer % grid->columns * grid->width, TOP + kmer / grid->columns * grid->height,
          grid->width, grid->height, grid->width, bases[base], name);
  if (isnan(p))
    fputs("never seen</title></path>", out);
  else
    fprintf(out, "%.3f</title></path>", p);
}

/* Writes the cells of one level. */
static void put_level(FILE *out, const NextBases *next, const Grid *grid, int base, int level,
                      double range) {
  int n = 0;
  for (int i = 0; i < kmer_count(next->k); i++) {
    if (level_of(next->p[base][i], range) != level) continue;
    if (n++ == 0) fprintf(out, "<g class=\"%s m%d\">", class_of(level), opacity_of(level));
    put_cell(out, next, grid, base, i);
  }
  if (n > 0) fputs("</g>\n", out);
}

static void put_panel(FILE *out, const NextBases *next, const Grid *grid, int base, double range) {
  fprintf(out,
          "<div><p class=\"legend\">next base <b class=\"%s\">%s</b>, on average %.3f</p>\n"
          "<svg class=\"map\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Probability of %s "
          "after each k-mer\">\n",
          bases[base], bases[base], mean_of(next, base), LEFT + WIDTH,
          TOP + grid->rows * grid->height, bases[base]);
  put_labels(out, grid);
  for (int level = -LEVELS; level <= LEVELS + 1; level++)
    put_level(out, next, grid, base, level, range);
  fputs("</svg></div>\n", out);
}

/* ---- the scale ------------------------------------------------------------------------------ */

static void put_scale(FILE *out, double range) {
  fprintf(out, "<p class=\"legend scale\">%.2f ", fmax(0, GUESS - range));
  for (int level = -LEVELS; level <= LEVELS; level++)
    if (GUESS + level * range / LEVELS > -range / LEVELS)
      fprintf(out, "<span class=\"%s m%d\"></span>%s", class_of(level), opacity_of(level),
              level == 0 ? " 0.25 " : "");
  fprintf(out, " %.2f</p>\n", GUESS + range);
}

void nextmap_write(FILE *out, const NextBases *next) {
  const Grid grid = grid_of(next->k);
  const double range = find_range(next);
  put_scale(out, range);
  fputs("<div class=\"panels\">\n", out);
  for (int base = 0; base < 4; base++) put_panel(out, next, &grid, base, range);
  fputs("</div>\n", out);
}
