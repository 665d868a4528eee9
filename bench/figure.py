"""Small multiples as an SVG file: blocks side by side. The panels of a block stand one below the
other and share an x axis. The background is opaque; fonts are those of the viewer."""

import math
import textwrap
from collections import namedtuple
from xml.sax.saxutils import escape

# The points (x,y) of a line; label may be "".
Curve = namedtuple("Curve", "label points")

# An axis of a panel: ticks are pairs of a value and its text.
Axis = namedtuple("Axis", "label log low high ticks")

# Curves, and whether a line proportional to x is drawn beside the first curve.
Panel = namedtuple("Panel", "y curves proportional")

# A title over panels; marked is the x of a vertical line, or None.
Block = namedtuple("Block", "title x marked panels")

COLUMNS = 4
HEIGHTS = [140, 80, 80]  # of the panels of a block, from above
WIDTH = 186
LEFT, RIGHT, TOP, BOTTOM, GAP = 60, 8, 30, 46, 16  # around panels, and between them
BLOCK_WIDTH = LEFT + WIDTH + RIGHT
BLOCK_HEIGHT = TOP + sum(HEIGHTS) + GAP * (len(HEIGHTS) - 1) + BOTTOM
MARGIN = 12

INK, PALE, GRID, COLOURS = "#222222", "#666666", "#e4e4e4", ["#1b5e9e", "#c2541b"]
STYLE = f"""text {{ font: 11px Helvetica, Arial, 'DejaVu Sans', sans-serif; fill: {INK} }}
.title {{ font-size: 12px; font-weight: bold }}
.note {{ fill: {PALE} }}
.grid {{ stroke: {GRID} }}
.frame {{ stroke: {PALE}; fill: none }}
.marked {{ stroke: {PALE}; stroke-dasharray: 2 3 }}
.curve {{ fill: none; stroke-width: 1.8; stroke-linejoin: round }}"""

# ---- axes ---------------------------------------------------------------------------------------


def power_of_ten(exponent):
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def decades(label, values):
    """A logarithmic axis between the powers of ten around all values; if these are at most two
    decades, between the nearest of 1, 2, 5, 10, 20, ..."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    if high - low > 2:
        ticks = [(10.0**e, power_of_ten(e)) for e in range(low, high + 1)]
    else:
        round_ones = [m * 10.0**e for e in range(low, high + 1) for m in (1, 2, 5)]
        least = max(v for v in round_ones if v <= min(values))
        most = min(v for v in round_ones if v >= max(values) and v > least)
        ticks = [(v, f"{v:g}") for v in round_ones if least <= v <= most]
    return Axis(label, True, ticks[0][0], ticks[-1][0], ticks)


def from_zero(label, values):
    """A linear axis with three or four round steps, the last not below any value."""
    raw = max(values) / 4
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * m for m in (1, 2, 2.5, 5, 10) if size * m >= raw)
    steps = math.ceil(max(values) / step - 1e-9)
    ticks = [(i * step, f"{i * step:g}") for i in range(steps + 1)]
    return Axis(label, False, 0, steps * step, ticks)


def at_values(label, values, log):
    """An axis with a tick at each value, or at every other one if there are many, and a margin at
    both ends."""
    values = sorted(values)
    if log:
        room = (values[-1] / values[0]) ** 0.05 if len(values) > 1 else 2
        low, high = values[0] / room, values[-1] * room
    else:
        room = (values[-1] - values[0]) * 0.05 or 1
        low, high = values[0] - room, values[-1] + room
    every = 1 + (len(values) > 8)
    return Axis(label, log, low, high, [(v, f"{v:g}") for v in values[::-every]])


def place(axis, value):
    """0 at the low end of the axis, 1 at its high end."""
    if axis.log:
        return math.log(value / axis.low) / math.log(axis.high / axis.low)
    return (value - axis.low) / (axis.high - axis.low)


# ---- drawing ------------------------------------------------------------------------------------


def text(x, y, words, anchor="start", kind="", more=""):
    kind = kind and f' class="{kind}"'
    place_of = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text {place_of}{kind}{more}>{escape(words)}</text>"


def line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


class Frame:
    """The position of a panel, and its axes."""

    def __init__(self, x, y, left, top, height):
        self.x, self.y, self.left, self.top, self.height = x, y, left, top, height
        self.bottom = top + height

    def at(self, point):
        return (self.left + WIDTH * place(self.x, point[0]),
                self.bottom - self.height * place(self.y, point[1]))

    def grid(self):
        for value, words in self.y.ticks:
            y = self.at((self.x.high, value))[1]
            yield line(self.left, y, self.left + WIDTH, y, "grid")
            yield text(self.left - 6, y + 4, words, "end")
        middle = (self.top + self.bottom) / 2
        turned = f' transform="rotate(-90 {self.left - 42:.1f} {middle:.1f})"'
        yield text(self.left - 42, middle, self.y.label, "middle", more=turned)
        yield (f'<rect x="{self.left}" y="{self.top}" width="{WIDTH}" height="{self.height}" '
               'class="frame"/>')

    def mark(self, value):
        x = self.at((value, self.y.high))[0]
        yield line(x, self.top, x, self.bottom, "marked")

    def proportional(self, points):
        """Draws a line from the first point to the last x, within the frame, and its key."""
        (x, y), last = points[0], points[-1][0]
        last = min(last, x * self.y.high / y)
        yield line(*self.at((x, y)), *self.at((last, y * last / x)), "marked")
        right, low = self.left + WIDTH - 8, self.bottom - 10
        yield text(right, low, "proportional", "end", "note")
        yield line(right - 98, low - 4, right - 72, low - 4, "marked")

    def curve(self, curve, colour):
        places = [self.at(point) for point in curve.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{path}" class="curve" stroke="{colour}"/>'
        for x, y in places:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.8" fill="{colour}"/>'
        if curve.label:
            x, y = places[len(places) // 2]
            yield text(x + 4, y - 9, curve.label, more=f' style="fill: {colour}"')


def draw_panel(panel, frame, marked):
    yield from frame.grid()
    if marked is not None:
        yield from frame.mark(marked)
    if panel.proportional:
        yield from frame.proportional(panel.curves[0].points)
    for curve, colour in zip(panel.curves, COLOURS):
        if curve.points:
            yield from frame.curve(curve, colour)


def draw_block(block, left, top):
    left, y = left + LEFT, top + TOP
    yield text(left, y - 9, block.title, kind="title")
    for panel, height in zip(block.panels, HEIGHTS):
        yield from draw_panel(panel, Frame(block.x, panel.y, left, y, height), block.marked)
        y += height + GAP
    for value, words in block.x.ticks:
        yield text(left + WIDTH * place(block.x, value), y - GAP + 15, words, "middle")
    yield text(left + WIDTH / 2, y - GAP + 32, block.x.label, "middle")


def draw_note(note, left, top):
    """Draws paragraphs of text at the position of a block."""
    y = top + TOP + 8
    for paragraph in note:
        for words in textwrap.wrap(paragraph, 36):
            yield text(left + LEFT - 20, y, words, kind="note")
            y += 15
        y += 8


def corner(i):
    return MARGIN + i % COLUMNS * BLOCK_WIDTH, MARGIN + i // COLUMNS * BLOCK_HEIGHT


def write(path, blocks, note):
    """The blocks in rows, then the note's paragraphs."""
    width = 2 * MARGIN + COLUMNS * BLOCK_WIDTH
    height = 2 * MARGIN + -(-(len(blocks) + 1) // COLUMNS) * BLOCK_HEIGHT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}">', f"<style>{STYLE}</style>",
             '<rect width="100%" height="100%" fill="#ffffff"/>']
    for i, block in enumerate(blocks):
        parts += draw_block(block, *corner(i))
    parts += draw_note(note, *corner(len(blocks)))
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join([*parts, "</svg>", ""]))
