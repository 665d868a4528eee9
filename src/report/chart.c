#include "report/chart.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The sizes of the drawing, in its own units; the page scales it. */
enum { WIDTH = 450, HEIGHT = 270, LEFT = 54, RIGHT = 18, TOP = 24, BOTTOM = 42 };
enum { POINTS_MAX = 500, DOTS_MAX = 200, TICKS = 5, TICKS_MAX = 16, NAME = 32 };
static const double HUGE_NUMBER = 1e100; /* larger numbers are not drawn */

typedef struct {
  double least, most;
  bool log;
} Axis;

typedef struct {
  FILE *out;
  Axis x, y;
} Frame;

/* The drawn points of a series. */
typedef struct {
  double *x, *y, *low, *high; /* (n) */
  size_t n;
} Points;

/* ---- axes ----------------------------------------------------------------------------------- */

static const Axis empty = {INFINITY, -INFINITY, false};

static bool is_there(const Axis *axis, double value) {
  return fabs(value) < HUGE_NUMBER && (!axis->log || value > 1 / HUGE_NUMBER);
}

static void include_value(Axis *axis, double value) {
  if (!is_there(axis, value)) return;
  axis->least = fmin(axis->least, value);
  axis->most = fmax(axis->most, value);
}

/* Adds some room at both ends, also if there is a single value. */
static void pad(Axis *axis, double part) {
  const double range = axis->log ? log(axis->most / axis->least) : axis->most - axis->least;
  double room = part * range;
  if (range == 0) room = axis->log || axis->most == 0 ? 1 : fabs(axis->most) / 2;
  if (axis->log) {
    axis->least /= exp(room);
    axis->most *= exp(room);
  } else {
    axis->least -= room;
    axis->most += room;
  }
}

/* The place of a value along the axis, 0..1. */
static double place(const Axis *axis, double value) {
  return axis->log ? log(value / axis->least) / log(axis->most / axis->least)
                   : (value - axis->least) / (axis->most - axis->least);
}

static double at_x(const Frame *frame, double x) {
  return (double)LEFT + place(&frame->x, x) * (double)(WIDTH - LEFT - RIGHT);
}

static double at_y(const Frame *frame, double y) {
  return (double)(HEIGHT - BOTTOM) - place(&frame->y, y) * (double)(HEIGHT - TOP - BOTTOM);
}

/* Sets about five ticks at round numbers, and the distance between them. */
static int linear_ticks(const Axis *axis, double ticks[TICKS_MAX], double *step) {
  const double rough = (axis->most - axis->least) / (double)TICKS;
  const double power = pow(10, floor(log10(rough)));
  static const double times[] = {1, 2, 5, 10}, limits[] = {1.5, 3.5, 7.5};
  int n = 0, i = 0;
  while (i < 3 && rough / power >= limits[i]) i++;
  *step = power * times[i];
  for (double at = ceil(axis->least / *step); at * *step <= axis->most && n < TICKS_MAX; at++)
    ticks[n++] = at == 0 ? 0 : at * *step;
  return n;
}

/* Sets ticks at powers of ten: also at 2 and 5 times these if they are few, only at some if
 * many. */
static int log_ticks(const Axis *axis, double ticks[TICKS_MAX]) {
  const double decades = log10(axis->most / axis->least);
  const int every = (int)(decades / 6) + 1;
  int n = 0;
  for (int power = (int)floor(log10(axis->least)); power <= log10(axis->most); power += every)
    for (int times = 1; times <= 5; times += times == 1 ? 1 : 3) {
      const double tick = times * pow(10, power);
      const bool wanted = times == 1 || decades < 2.5;
      if (wanted && tick >= axis->least && tick <= axis->most && n < TICKS_MAX) ticks[n++] = tick;
    }
  return n;
}

/* "1.5M", "20k", "5000", "0.02", "3e-5"; with enough digits to distinguish it from its neighbours,
 * `step` away. */
static void number_text(double value, double step, char text[NAME]) {
  static const struct {
    double from, unit;
    const char *name;
  } units[] = {{1e15, 1, ""},   {1e12, 1e12, "T"}, {1e9, 1e9, "G"},
               {1e6, 1e6, "M"}, {1e4, 1e3, "k"},   {0, 1, ""}};
  const double size = fabs(value);
  int digits = size > step ? (int)ceil(log10(size / step) - 1e-9) + 1 : 1;
  int i = 0, power = 0;
  if (size > 0 && size < 1e-4) {
    power = (int)floor(log10(size) + 1e-9);
    snprintf(text, NAME, "%.*ge%d", digits, value / pow(10, power), power);
    return;
  }
  while (size < units[i].from) i++;
  const int whole = size > 0 ? (int)floor(log10(size / units[i].unit) + 1e-9) + 1 : 1;
  if (digits < whole) digits = whole;
  snprintf(text, NAME, "%.*g%s", digits > 15 ? 15 : digits, value / units[i].unit, units[i].name);
}

static void draw_y_axis(const Frame *frame, const char *name) {
  double ticks[TICKS_MAX], step = 0;
  char text[NAME];
  const int n = frame->y.log ? log_ticks(&frame->y, ticks) : linear_ticks(&frame->y, ticks, &step);
  for (int i = 0; i < n; i++) {
    const double y = at_y(frame, ticks[i]);
    number_text(ticks[i], frame->y.log ? ticks[i] : step, text);
    fprintf(frame->out,
            "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"y\" x=\"%d\" y=\"%.1f\">%s"
            "</text>\n",
            LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, text);
  }
  fprintf(frame->out, "<text x=\"2\" y=\"12\">%s</text>\n", name);
}

static void draw_x_axis(const Frame *frame, const char *name) {
  const int bottom = HEIGHT - BOTTOM;
  double ticks[TICKS_MAX], step;
  char text[NAME];
  const int n = linear_ticks(&frame->x, ticks, &step);
  for (int i = 0; i < n; i++) {
    const double x = at_x(frame, ticks[i]);
    number_text(ticks[i], step, text);
    fprintf(frame->out,
            "<path class=\"tick\" d=\"M%.1f %dv4\"/><text class=\"x\" x=\"%.1f\" y=\"%d\">%s"
            "</text>\n",
            x, bottom, x, bottom + 17, text);
  }
  fprintf(frame->out,
          "<path class=\"axis\" d=\"M%d %dH%d\"/>\n<text class=\"x\" x=\"%d\" y=\"%d\">%s</text>\n",
          LEFT, bottom, WIDTH - RIGHT, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, name);
}

static void begin(const Frame *frame, const char *title, const char *x_name, const char *y_name) {
  fprintf(frame->out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, HEIGHT,
          title);
  draw_y_axis(frame, y_name);
  draw_x_axis(frame, x_name);
}

/* ---- series --------------------------------------------------------------------------------- */

static Points points_new(size_t n) {
  double *block = alloc_new(4 * n + 1, sizeof *block);
  return (Points){block, block + n, block + 2 * n, block + 3 * n, n};
}

/* Replaces each `group` neighbours by their mean. */
static void join(Points *points, size_t group) {
  size_t n = 0;
  for (size_t from = 0; from < points->n; from += group, n++) {
    const size_t size = points->n - from < group ? points->n - from : group;
    double x = 0, y = 0, low = INFINITY, high = -INFINITY;
    for (size_t i = from; i < from + size; i++) {
      x += points->x[i] / (double)size;
      y += points->y[i] / (double)size;
      low = fmin(low, points->low[i]);
      high = fmax(high, points->high[i]);
    }
    points->x[n] = x;
    points->y[n] = y;
    points->low[n] = low;
    points->high[n] = high;
  }
  points->n = n;
}

/* The points to draw: finite ones, averaged if there are too many. */
static Points gather(const Frame *frame, const Series *series) {
  Points points = points_new(series->n);
  size_t n = 0;
  for (size_t i = 0; i < series->n; i++) {
    if (!is_there(&frame->x, series->x[i]) || !is_there(&frame->y, series->y[i])) continue;
    points.x[n] = series->x[i];
    points.y[n] = series->y[i];
    points.low[n] =
        series->low && is_there(&frame->y, series->low[i]) ? series->low[i] : points.y[n];
    points.high[n] =
        series->high && is_there(&frame->y, series->high[i]) ? series->high[i] : points.y[n];
    n++;
  }
  points.n = n;
  if (n > POINTS_MAX) join(&points, (n + POINTS_MAX - 1) / POINTS_MAX);
  return points;
}

/* Draws point i of a path. */
static void draw_point(const Frame *frame, size_t i, double x, double y) {
  static const char *const commands[] = {"M", "L", " "}; /* move, line, further lines */
  fprintf(frame->out, "%s%.1f %.1f", commands[i < 2 ? i : 2], at_x(frame, x), at_y(frame, y));
}

static void draw_line(const Frame *frame, const Points *points, int colour) {
  fprintf(frame->out, "<path class=\"line c%d\" d=\"", colour);
  for (size_t i = 0; i < points->n; i++) draw_point(frame, i, points->x[i], points->y[i]);
  fputs("\"/>\n", frame->out);
}

/* Draws the band: along its upper edge, and back along the lower. */
static void draw_band(const Frame *frame, const Points *points, int colour) {
  fprintf(frame->out, "<path class=\"band c%d\" d=\"", colour);
  for (size_t i = 0; i < 2 * points->n; i++) {
    const size_t at = i < points->n ? i : 2 * points->n - 1 - i;
    draw_point(frame, i, points->x[at], i < points->n ? points->high[at] : points->low[at]);
  }
  fputs("Z\"/>\n", frame->out);
}

static void draw_dots(const Frame *frame, const Points *points, int colour) {
  for (size_t i = 0; i < points->n; i++)
    fprintf(frame->out,
            "<circle class=\"c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"><title>%.6g, %.6g</title>"
            "</circle>\n",
            colour, at_x(frame, points->x[i]), at_y(frame, points->y[i]),
            points->n > 30 ? "1.7" : "3", points->x[i], points->y[i]);
}

static void draw_series(const Frame *frame, const Series *series, const Points *points,
                        int colour) {
  if (series->band && points->n > 1) draw_band(frame, points, colour);
  if (points->n > 1) draw_line(frame, points, colour);
  if ((series->style == CHART_DOTS && points->n <= DOTS_MAX) || points->n == 1)
    draw_dots(frame, points, colour);
}

/* Draws a mark. Its name is above the line, or below it if another line is close above. */
static void draw_mark(const Frame *frame, const Chart *chart, int i) {
  const double y = at_y(frame, chart->mark[i].y), CLOSE = 16;
  double below = 0;
  for (int j = 0; j < CHART_MARKS; j++) {
    if (j == i || !chart->mark[j].name || !is_there(&frame->y, chart->mark[j].y)) continue;
    const double above = y - at_y(frame, chart->mark[j].y);
    if (above >= 0 && above < CLOSE) below = 16;
  }
  fprintf(frame->out,
          "<path class=\"mark\" d=\"M%d %.1fH%d\"/><text class=\"name\" x=\"%d\" y=\"%.1f\">%s"
          "</text>\n",
          LEFT, y, WIDTH - RIGHT, WIDTH - RIGHT - 2, y - 4 + below, chart->mark[i].name);
}

static void write_legend(FILE *out, const Chart *chart, const Points *points) {
  bool any = false;
  for (int i = 0; i < CHART_SERIES; i++) {
    if (!chart->series[i].name || points[i].n == 0) continue;
    fprintf(out, "%s<span class=\"c%d\"></span>%s", any ? " " : "<p class=\"legend\">", i + 1,
            chart->series[i].name);
    any = true;
  }
  if (any) fputs("</p>\n", out);
}

/* ---- charts --------------------------------------------------------------------------------- */

static void set_axes(Frame *frame, const Chart *chart, const Points *points) {
  for (int i = 0; i < CHART_SERIES; i++)
    for (size_t j = 0; j < points[i].n; j++) {
      include_value(&frame->x, points[i].x[j]);
      include_value(&frame->y, points[i].y[j]);
      if (!chart->series[i].band) continue;
      include_value(&frame->y, points[i].low[j]);
      include_value(&frame->y, points[i].high[j]);
    }
  for (int i = 0; i < CHART_MARKS; i++)
    if (chart->mark[i].name) include_value(&frame->y, chart->mark[i].y);
  if (chart->x_from_0 || chart->diagonal) include_value(&frame->x, 0);
  if (chart->y_from_0 || chart->diagonal) include_value(&frame->y, 0);
  pad(&frame->x, 0);
  pad(&frame->y, 0.06);
  if (chart->y_from_0) frame->y.least = 0;
  if (!chart->diagonal) return;
  frame->x.least = 0;
  frame->x.most = fmax(frame->x.most, frame->y.most);
  frame->y = frame->x;
}

static void draw_chart(const Frame *frame, const Chart *chart, const Points *points) {
  begin(frame, chart->title, chart->x_name, chart->y_name);
  if (chart->diagonal)
    fprintf(frame->out, "<path class=\"mark\" d=\"M%d %dL%d %d\"/>\n", LEFT, HEIGHT - BOTTOM,
            WIDTH - RIGHT, TOP);
  for (int i = 0; i < CHART_SERIES; i++) draw_series(frame, &chart->series[i], &points[i], i + 1);
  for (int i = 0; i < CHART_MARKS; i++)
    if (chart->mark[i].name && is_there(&frame->y, chart->mark[i].y)) draw_mark(frame, chart, i);
  fputs("</svg>\n", frame->out);
}

void chart_write(FILE *out, const Chart *chart) {
  Frame frame = {out, empty, empty};
  Points points[CHART_SERIES];
  size_t all = 0;
  frame.y.log = chart->y_log;
  for (int i = 0; i < CHART_SERIES; i++) {
    points[i] = gather(&frame, &chart->series[i]);
    all += points[i].n;
  }
  if (all == 0) {
    fputs("<p><em>No measurements to draw.</em></p>\n", out);
  } else {
    set_axes(&frame, chart, points);
    write_legend(out, chart, points);
    draw_chart(&frame, chart, points);
  }
  for (int i = 0; i < CHART_SERIES; i++) free(points[i].x);
}
