#include "chart.h"

#include "alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The drawing, in its own units; the page scales it. */
enum { WIDTH = 440, HEIGHT = 270, LEFT = 50, RIGHT = 10, TOP = 24, BOTTOM = 42 };
enum { POINTS_MAX = 500, TICKS = 5, TICKS_MAX = 32, NAME = 32 };

typedef struct {
  double least, most;
  bool log;
} Axis;

typedef struct {
  FILE *out;
  Axis x, y;
} Frame;

/* ---- axes ----------------------------------------------------------------------------------- */

static bool is_there(const Axis *axis, double value) {
  return isfinite(value) && (!axis->log || value > 0);
}

static void include_value(Axis *axis, double value) {
  if (!is_there(axis, value)) return;
  axis->least = fmin(axis->least, value), axis->most = fmax(axis->most, value);
}

/* Some room at both ends; of a single value, too. */
static void pad(Axis *axis, double part) {
  if (axis->least > axis->most) axis->least = axis->log ? 0.1 : 0, axis->most = 1;
  const double range = axis->log ? log(axis->most / axis->least) : axis->most - axis->least;
  const double room = range > 0 ? part * range : axis->log ? 1 : fabs(axis->most) / 2 + 0.5;
  if (axis->log)
    axis->least /= exp(room), axis->most *= exp(room);
  else
    axis->least -= room, axis->most += room;
}

/* 0..1 along the axis. */
static double place(const Axis *axis, double value) {
  return axis->log ? log(value / axis->least) / log(axis->most / axis->least)
                   : (value - axis->least) / (axis->most - axis->least);
}

static double at_x(const Frame *frame, double x) {
  return LEFT + place(&frame->x, x) * (WIDTH - LEFT - RIGHT);
}

static double at_y(const Frame *frame, double y) {
  return HEIGHT - BOTTOM - place(&frame->y, y) * (HEIGHT - TOP - BOTTOM);
}

/* Round numbers, some five of them. */
static int linear_ticks(const Axis *axis, double ticks[TICKS_MAX]) {
  const double rough = (axis->most - axis->least) / TICKS, power = pow(10, floor(log10(rough)));
  const double times = rough / power;
  const double step = power * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
  int n = 0;
  for (double i = ceil(axis->least / step); i * step <= axis->most && n < TICKS_MAX; i++)
    ticks[n++] = i == 0 ? 0 : i * step;
  return n;
}

/* Powers of ten, with 2 and 5 times those where that is not too many. */
static int log_ticks(const Axis *axis, double ticks[TICKS_MAX]) {
  const double decades = log10(axis->most / axis->least);
  const int every = decades > 8 ? 3 : 1;
  int n = 0;
  for (int power = (int)floor(log10(axis->least)); pow(10, power) <= axis->most; power += every)
    for (int times = 1; times <= 5; times += times == 1 ? 1 : 3) {
      const double tick = times * pow(10, power);
      if ((times == 1 || decades < 2.5) && tick >= axis->least && tick <= axis->most &&
          n < TICKS_MAX)
        ticks[n++] = tick;
    }
  return n;
}

static int axis_ticks(const Axis *axis, double ticks[TICKS_MAX]) {
  return axis->log ? log_ticks(axis, ticks) : linear_ticks(axis, ticks);
}

/* "1.5M", "20k", "5000", "0.02" */
static void number_text(double value, char text[NAME]) {
  static const struct {
    double from, unit;
    const char *name;
  } units[] = {{1e12, 1e12, "T"}, {1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e4, 1e3, "k"}, {0, 1, ""}};
  int i = 0;
  while (fabs(value) < units[i].from) i++;
  snprintf(text, NAME, "%.4g%s", value / units[i].unit, units[i].name);
}

static void draw_axes(const Frame *frame, const char *x_name, const char *y_name) {
  const double bottom = HEIGHT - BOTTOM, right = WIDTH - RIGHT;
  double ticks[TICKS_MAX];
  char text[NAME];
  int n = axis_ticks(&frame->y, ticks);
  for (int i = 0; i < n; i++) {
    const double y = at_y(frame, ticks[i]);
    number_text(ticks[i], text);
    fprintf(frame->out,
            "<path class=\"grid\" d=\"M%d %.1fH%.1f\"/><text x=\"%d\" y=\"%.1f\" "
            "text-anchor=\"end\">%s</text>\n",
            LEFT, y, right, LEFT - 6, y + 4, text);
  }
  n = axis_ticks(&frame->x, ticks);
  for (int i = 0; i < n; i++) {
    const double x = at_x(frame, ticks[i]);
    number_text(ticks[i], text);
    fprintf(frame->out,
            "<path class=\"tick\" d=\"M%.1f %.1fv4\"/><text x=\"%.1f\" y=\"%.1f\" "
            "text-anchor=\"middle\">%s</text>\n",
            x, bottom, x, bottom + 17, text);
  }
  fprintf(frame->out,
          "<path class=\"axis\" d=\"M%d %.1fH%.1f\"/>\n"
          "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n"
          "<text x=\"2\" y=\"12\">%s</text>\n",
          LEFT, bottom, right, (LEFT + right) / 2, HEIGHT - 6, x_name, y_name);
}

static void begin(FILE *out, const char *title) {
  fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, HEIGHT,
          title);
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* The points that are there; of a line with many, means of neighbours. */
static size_t gather(const Frame *frame, const Series *series, double *x, double *y) {
  size_t n = 0, points = 0;
  for (size_t i = 0; i < series->n; i++) {
    if (!is_there(&frame->x, series->x[i]) || !is_there(&frame->y, series->y[i])) continue;
    x[n] = series->x[i], y[n++] = series->y[i];
  }
  const size_t group = series->style == CHART_LINE ? (n + POINTS_MAX - 1) / POINTS_MAX : 1;
  for (size_t from = 0; from < n && group > 1; from += group) {
    const size_t size = n - from < group ? n - from : group;
    double sum_x = 0, sum_y = 0;
    for (size_t i = from; i < from + size; i++) sum_x += x[i], sum_y += y[i];
    x[points] = sum_x / (double)size, y[points++] = sum_y / (double)size;
  }
  return group > 1 ? points : n;
}

static void draw_dots(const Frame *frame, const double *x, const double *y, size_t n, int colour) {
  for (size_t i = 0; i < n; i++)
    fprintf(frame->out,
            "<circle class=\"c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"><title>%.6g, %.6g"
            "</title></circle>\n",
            colour, at_x(frame, x[i]), at_y(frame, y[i]), n > 100 ? "1.5" : "3", x[i], y[i]);
}

static void draw_series(const Frame *frame, const Series *series, int colour) {
  double *x = alloc_new(series->n + 1, sizeof *x), *y = alloc_new(series->n + 1, sizeof *y);
  const size_t n = gather(frame, series, x, y);
  if (series->style != CHART_DOTS && n > 1) {
    fprintf(frame->out, "<path class=\"line c%d\" d=\"", colour);
    for (size_t i = 0; i < n; i++)
      fprintf(frame->out, "%s%.1f %.1f",
              i == 0   ? "M"
              : i == 1 ? "L"
                       : " ",
              at_x(frame, x[i]), at_y(frame, y[i]));
    fputs("\"/>\n", frame->out);
  }
  if (series->style != CHART_LINE || n == 1) draw_dots(frame, x, y, n, colour);
  free(x), free(y);
}

/* The name stands above the line, or below it where another's line is close above. */
static void draw_mark(const Frame *frame, const Chart *chart, int i) {
  const double y = at_y(frame, chart->mark[i].y), CLOSE = 16;
  double below = 0;
  for (int j = 0; j < CHART_MARKS; j++) {
    if (j == i || !is_there(&frame->y, chart->mark[j].y)) continue;
    const double above = y - at_y(frame, chart->mark[j].y);
    if (above >= 0 && above < CLOSE) below = 15;
  }
  fprintf(frame->out,
          "<path class=\"mark\" d=\"M%d %.1fH%d\"/><text class=\"name\" x=\"%d\" y=\"%.1f\" "
          "text-anchor=\"end\">%s</text>\n",
          LEFT, y, WIDTH - RIGHT, WIDTH - RIGHT - 2, y - 4 + below, chart->mark[i].name);
}

static void write_legend(FILE *out, const Chart *chart) {
  bool any = false;
  for (int i = 0; i < CHART_SERIES; i++) {
    if (!chart->series[i].name || chart->series[i].n == 0) continue;
    fprintf(out, "%s<span class=\"c%d\"></span>%s", any ? " " : "<p class=\"legend\">", i + 1,
            chart->series[i].name);
    any = true;
  }
  if (any) fputs("</p>\n", out);
}

void chart_write(FILE *out, const Chart *chart) {
  Frame frame = {out, {INFINITY, -INFINITY, false}, {INFINITY, -INFINITY, chart->y_log}};
  for (int i = 0; i < CHART_SERIES; i++)
    for (size_t j = 0; j < chart->series[i].n; j++) {
      if (!is_there(&frame.y, chart->series[i].y[j])) continue;
      include_value(&frame.x, chart->series[i].x[j]);
      include_value(&frame.y, chart->series[i].y[j]);
    }
  for (int i = 0; i < CHART_MARKS; i++)
    if (chart->mark[i].name) include_value(&frame.y, chart->mark[i].y);
  pad(&frame.x, 0), pad(&frame.y, 0.06);
  if (chart->diagonal) { /* both axes are the same */
    include_value(&frame.x, frame.y.least), include_value(&frame.x, frame.y.most);
    frame.y = frame.x;
  }
  write_legend(out, chart);
  begin(out, chart->title);
  draw_axes(&frame, chart->x_name, chart->y_name);
  if (chart->diagonal)
    fprintf(out, "<path class=\"mark\" d=\"M%d %dL%d %d\"/>\n", LEFT, HEIGHT - BOTTOM,
            WIDTH - RIGHT, TOP);
  for (int i = 0; i < CHART_MARKS; i++)
    if (chart->mark[i].name && is_there(&frame.y, chart->mark[i].y)) draw_mark(&frame, chart, i);
  for (int i = 0; i < CHART_SERIES; i++)
    if (chart->series[i].n > 0) draw_series(&frame, &chart->series[i], i + 1);
  fputs("</svg>\n", out);
}

/* ---- clouds --------------------------------------------------------------------------------- */

typedef struct {
  double left, top, right, bottom;
} Box;

static bool overlap(Box a, Box b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/* Names from the first on, where they cover neither a name nor a point. */
static void draw_names(const Frame *frame, const Cloud *cloud) {
  const double GLYPH = 6.6, SIZE = 9, DOT = 2.5;
  Box *taken = alloc_new(2 * cloud->n, sizeof *taken);
  size_t n = 0;
  char name[NAME];
  for (; n < cloud->n; n++) {
    const double x = at_x(frame, cloud->x[n]), y = at_y(frame, cloud->y[n]);
    taken[n] = (Box){x - DOT, y - DOT, x + DOT, y + DOT};
  }
  for (size_t i = 0; i < cloud->n; i++) {
    const double x = at_x(frame, cloud->x[i]) + 4.5, y = at_y(frame, cloud->y[i]);
    cloud->name(cloud->context, i, name);
    const Box box = {x, y - SIZE / 2, x + GLYPH * (double)strlen(name), y + SIZE / 2};
    bool room = box.right <= WIDTH;
    for (size_t j = 0; j < n && room; j++) room = !overlap(box, taken[j]);
    if (!room) continue;
    taken[n++] = box;
    fprintf(frame->out, "<text class=\"kmer\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x, y + 3, name);
  }
  free(taken);
}

void chart_cloud(FILE *out, const Cloud *cloud) {
  Frame frame = {out, {INFINITY, -INFINITY, false}, {INFINITY, -INFINITY, false}};
  char name[NAME];
  for (size_t i = 0; i < cloud->n; i++)
    include_value(&frame.x, cloud->x[i]), include_value(&frame.y, cloud->y[i]);
  pad(&frame.x, 0.05), pad(&frame.y, 0.05);
  begin(out, cloud->title);
  draw_axes(&frame, cloud->x_name, cloud->y_name);
  for (size_t i = 0; i < cloud->n; i++) {
    cloud->name(cloud->context, i, name);
    fprintf(out,
            "<circle class=\"g%.0f\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"><title>%s</title></circle>\n",
            10 * cloud->shade(cloud->context, i), at_x(&frame, cloud->x[i]),
            at_y(&frame, cloud->y[i]), cloud->n > 1024 ? "1.5" : "2.5", name);
  }
  draw_names(&frame, cloud);
  fputs("</svg>\n", out);
}
