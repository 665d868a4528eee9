#include "report/strip.h"

#include "base/escape.h"

#include <math.h>
#include <stdbool.h>

/* The sizes of a piece, in its own units: the logo, the actual bases, the states, an axis. */
enum { STEPS = 32, LEFT = 36, RIGHT = 4, TOP = 24, STEP = 14, LOGO = 100, LETTER = 18 };
enum { UNIT = 5, AXIS = 20, LEVELS = 10 };
static const double TENTH = 10;

static const char *const bases[] = {"A", "C", "G", "T"};

/* Outlines of the letters, 100 by 100. */
static const char *const glyphs[] = {
    "M0 100L38 0H62L100 100H78L70 76H30L22 100ZM36 58H64L50 17Z",
    "M100 66C95 88 77 100 52 100C20 100 0 80 0 50C0 20 20 0 52 0C77 0 95 12 100 34L78 38C74 25 66 "
    "18 52 18C34 18 22 30 22 50C22 70 34 82 52 82C66 82 74 75 78 62Z",
    "M100 34C95 12 77 0 52 0C20 0 0 20 0 50C0 80 20 100 52 100C72 100 88 94 100 84V46H54V64H79V75"
    "C72 80 64 82 54 82C34 82 22 70 22 50C22 30 34 18 52 18C66 18 74 25 78 38Z",
    "M0 0H100V18H61V100H39V18H0Z"};

/* Steps from..to-1 of a passage. */
typedef struct {
  FILE *out;
  const PassageData *passage;
  int from, to;
} Piece;

static int left_of(const Piece *piece, int t) { return LEFT + (t - piece->from) * STEP; }

double strip_bits(const PassageData *passage) {
  double bits = 0;
  for (int t = 0; t < passage->steps; t++)
    bits -= log2(passage->p[passage->base[t]][t]) / passage->steps;
  return bits;
}

/* ---- the logo ------------------------------------------------------------------------------- */

static void put_letter(const Piece *piece, int t, int base, double top, double height) {
  const bool came = piece->passage->base[t] == base;
  fprintf(piece->out,
          "<use class=\"%s%s\" href=\"#%s\" transform=\"matrix(.12 0 0 %.4f %d %.2f)\"/>",
          bases[base], came ? "" : " faint", bases[base], height / 100, left_of(piece, t) + 1, top);
}

/* Writes the stack of a step, with the most likely base at the top. */
static void put_stack(const Piece *piece, int t) {
  const PassageData *passage = piece->passage;
  const double TINY = 0.2;
  bool done[4] = {false};
  double bottom = TOP + LOGO;
  for (int i = 0; i < 4; i++) {
    int least = -1;
    for (int base = 0; base < 4; base++)
      if (!done[base] && (least < 0 || passage->p[base][t] < passage->p[least][t])) least = base;
    const double height = LOGO * passage->p[least][t];
    done[least] = true;
    bottom -= height > 0 ? height : 0;
    if (height > TINY) put_letter(piece, t, least, bottom, height);
  }
}

static void put_scale(const Piece *piece) {
  const int right = left_of(piece, piece->to);
  for (int half = 0; half <= 2; half++) {
    const int y = TOP + LOGO - half * LOGO / 2;
    fprintf(piece->out,
            "<path class=\"grid\" d=\"M%d %dH%d\"/><text class=\"y\" x=\"%d\" y=\"%d\">%g</text>",
            LEFT, y, right, LEFT - 5, y + 4, half / 2.0);
  }
  fputs("<text x=\"2\" y=\"10\">probability</text>\n", piece->out);
}

static void put_logo(const Piece *piece) {
  put_scale(piece);
  for (int t = piece->from; t < piece->to; t++) put_stack(piece, t);
  fputc('\n', piece->out);
  for (int t = piece->from; t < piece->to; t++) {
    const char *base = bases[piece->passage->base[t]];
    fprintf(piece->out, "<text class=\"x came %s\" x=\"%d\" y=\"%d\">%s</text>", base,
            left_of(piece, t) + STEP / 2, TOP + LOGO + LETTER - 4, base);
  }
  fputc('\n', piece->out);
}

/* ---- the states ----------------------------------------------------------------------------- */

static void put_level(const Piece *piece, int level) {
  const int top = TOP + LOGO + LETTER;
  int n = 0;
  for (int i = 0; i < piece->passage->units; i++)
    for (int t = piece->from; t < piece->to; t++) {
      if (piece->passage->h[i][t] != level) continue;
      if (n++ == 0) fprintf(piece->out, "<path class=\"lo m%d\" d=\"", level + 1);
      fprintf(piece->out, "M%d %dh%dv%dh-%dz", left_of(piece, t), top + i * UNIT, STEP, UNIT, STEP);
    }
  if (n > 0) fputs("\"/>\n", piece->out);
}

/* Writes the number of each unit as a tooltip. */
static void put_units(const Piece *piece) {
  const int top = TOP + LOGO + LETTER, n = piece->passage->units;
  fputs("<g class=\"clear\">", piece->out);
  for (int i = 0; i < n; i++)
    fprintf(piece->out, "<path d=\"M%d %dh%dv%dH%dz\"><title>unit %.0f</title></path>", LEFT,
            top + i * UNIT, (piece->to - piece->from) * STEP, UNIT, LEFT, piece->passage->unit[i]);
  fputs("</g>\n", piece->out);
  fprintf(piece->out,
          "<text class=\"y\" x=\"%d\" y=\"%d\">slow</text><text class=\"y\" x=\"%d\" y=\"%d\">fast"
          "</text>\n",
          LEFT - 5, top + 10, LEFT - 5, top + n * UNIT - 1);
}

static void put_states(const Piece *piece) {
  for (int level = 1; level < LEVELS; level++) put_level(piece, level);
  if (piece->passage->units > 0) put_units(piece);
}

/* ---- pieces --------------------------------------------------------------------------------- */

static int height_of(const PassageData *passage) {
  return TOP + LOGO + LETTER + passage->units * UNIT + AXIS;
}

/* Writes the position of every tenth step. */
static void put_axis(const Piece *piece, double stride) {
  const double from = isfinite(piece->passage->from) ? piece->passage->from : 1;
  for (int t = piece->from; t < piece->to; t++) {
    const double position = from + t * stride;
    if (fmod(position, TENTH * stride) >= stride) continue;
    fprintf(piece->out, "<text class=\"x\" x=\"%d\" y=\"%d\">%.0f</text>",
            left_of(piece, t) + STEP / 2, height_of(piece->passage) - 5, position);
  }
  fputc('\n', piece->out);
}

static void put_piece(const Piece *piece, double stride) {
  fprintf(
      piece->out,
      "<svg class=\"strip\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Predicted bases and "
      "hidden states, step by step\">\n",
      LEFT + STEPS * STEP + RIGHT, height_of(piece->passage));
  if (piece->from == 0) {
    fputs("<defs>", piece->out);
    for (int base = 0; base < 4; base++)
      fprintf(piece->out, "<path id=\"%s\" fill-rule=\"evenodd\" d=\"%s\"/>", bases[base],
              glyphs[base]);
    fputs("</defs>\n", piece->out);
  }
  put_logo(piece);
  put_states(piece);
  put_axis(piece, stride);
  fputs("</svg>\n", piece->out);
}

/* Writes the place, the bits, and the scale of h. */
static void put_legend(FILE *out, const PassageData *passage) {
  const double bits = strip_bits(passage);
  fputs("<p class=\"legend\">", out);
  if (*passage->record && isfinite(passage->from)) {
    escape_put(out, passage->record, escape_html);
    fprintf(out, ", from letter %.0f", passage->from);
  }
  if (isfinite(bits)) fprintf(out, ": %.2f bits per base", bits);
  fputs("</p>\n", out);
  if (!isfinite(passage->h_most - passage->h_least)) return;
  fprintf(out, "<p class=\"legend scale\">h %.2f ", passage->h_least);
  for (int level = 0; level < LEVELS; level++)
    fprintf(out, "<span class=\"lo m%d\"></span>", level > 0 ? level + 1 : 0);
  fprintf(out, " %.2f</p>\n", passage->h_most);
}

void strip_write(FILE *out, const PassageData *passage, double stride) {
  put_legend(out, passage);
  fputs("<div class=\"pieces\">\n", out);
  for (int from = 0; from < passage->steps; from += STEPS) {
    const int left = passage->steps - from;
    put_piece(&(Piece){.out = out,
                       .passage = passage,
                       .from = from,
                       .to = from + (left < STEPS ? left : STEPS)},
              stride);
  }
  fputs("</div>\n", out);
}
