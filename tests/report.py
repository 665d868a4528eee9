"""What report.html shows, held against the run directory that it is made of.

usage: report.py DIR

Exits 1 where the page is not well formed, fetches anything, or shows other numbers.
"""
import collections, html.parser, json, math, os, re, sys

VOID = {'meta', 'link', 'br', 'hr', 'img', 'input'}


class Page(html.parser.HTMLParser):
    """The text of each kind of element, and the attributes of all."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements = [], collections.defaultdict(list)
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        element = {'text': '', **dict(attributes)}
        self.elements[tag].append(element)
        if tag not in VOID and not self.get_starttag_text().endswith('/>'):
            self.open.append((tag, element))

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        assert self.open and self.open.pop()[0] == tag, tag

    def handle_data(self, data):
        for _, element in self.open:
            element['text'] += data


def rows_of(path):
    names, *rows = [line.rstrip('\n').split('\t') for line in open(path)]
    return [{name: None if cell == 'NA' else float(cell) for name, cell in zip(names, row)} for row in rows]


def number(label):
    unit = {'k': 1e3, 'M': 1e6, 'G': 1e9, 'T': 1e12}.get(label[-1], 1)
    return float(label.rstrip('kMGT')) * unit


def axis(ticks, log):
    """From ticks, as (place, label), the function that makes a place a number; all ticks must be on it."""
    points = [(float(place), math.log(number(label)) if log else number(label)) for place, label in ticks]
    assert len(points) >= 2, ticks
    (a, x), (b, y) = points[0], points[-1]

    def value(place):
        found = x + (place - a) * (y - x) / (b - a)
        return math.exp(found) if log else found
    for (place, _), (_, true) in zip(ticks, points):
        said = value(float(place))
        assert abs((math.log(said) if log else said) - true) <= 0.004 * abs(y - x), (ticks, place)
    return value


class Chart:
    """A diagram's legend, lines, dots, band and marks, in the units of its axes."""

    def __init__(self, part, log=False):
        self.log, self.text = log, part
        ys = re.findall(r'<path class="grid" d="M\d+ ([\d.]+)H\d+"/><text class="y"[^>]*>([^<]+)<', part)
        xs = re.findall(r'<path class="tick" d="M([\d.]+) \d+v4"/><text class="x"[^>]*>([^<]+)<', part)
        self.y, self.x = axis(ys, log), axis(xs, False)
        self.y_pixel = abs(self.y(101) - self.y(100)) if not log else abs(math.log(self.y(101) / self.y(100)))
        self.x_pixel = abs(self.x(101) - self.x(100))
        self.lines = {c: self.points(d) for c, d in re.findall(r'<path class="line c(\d)" d="([^"]+)"', part)}
        self.bands = {c: self.points(d) for c, d in re.findall(r'<path class="band c(\d)" d="([^"]+)Z"', part)}
        self.dots = [(self.x(float(x)), self.y(float(y)), float(said_x), float(said_y)) for x, y, said_x, said_y in
                     re.findall(r'<circle class="c\d" cx="([\d.]+)" cy="([\d.]+)" r="\S+"><title>([^<,]+), ([^<]+)</title>', part)]
        self.marks = {name: self.y(float(y)) for y, name in
                      re.findall(r'class="mark" d="M\d+ ([\d.]+)H\d+"/><text class="name"[^>]*>([^<]+)<', part)}
        self.legend = re.findall(r'<span class="c\d"></span>([^<]+?) ?(?=<)', part)

    def points(self, d):
        numbers = [float(n) for n in re.findall(r'[\d.]+', d)]
        return [(self.x(x), self.y(y)) for x, y in zip(numbers[::2], numbers[1::2])]

    def same(self, drawn, true):
        """Whether points are drawn where those are that are there: within the tenth that is written of a unit."""
        true = [(x, y) for x, y in true if x is not None and y is not None]
        assert len(drawn) == len(true), (len(drawn), len(true))
        for (x, y), (true_x, true_y) in zip(drawn, true):
            apart = abs(math.log(y / true_y)) if self.log else abs(y - true_y)
            assert abs(x - true_x) <= 0.3 * self.x_pixel and apart <= 0.3 * self.y_pixel, ((x, y), (true_x, true_y))


directory = sys.argv[1]
text = open(directory + '/report.html', encoding='utf-8').read()
page = Page(text)
run = json.load(open(directory + '/run.json'))
loss = rows_of(directory + '/loss.tsv')
timesteps = rows_of(directory + '/timestep_loss.tsv')
parts = {re.search('<h2>(.*?)</h2>', part)[1]: part.split('</figure>')[0] for part in text.split('<figure>')[1:]}
assert list(parts) == ['Loss', 'Loss by timestep', 'Calibration', 'Gradient flow', 'Embedding', 'Learning rate',
                       'Gradient', 'Speed']

# It stands alone.
assert not page.elements['script'] and not page.elements['link'] and not page.elements['img']
for elements in page.elements.values():
    for element in elements:
        assert not any(name.startswith('on') or name in ('src', 'href') for name in element), element
style = page.elements['style'][0]['text']
assert not re.search(r'url\(|@import', style) and '@media(prefers-color-scheme:dark){:root{' in style
assert style.count('{') == style.count('}')

# Words and tables.
assert run['status'] in page.elements['strong'][0]['text']
items = list(zip((dt['text'] for dt in page.elements['dt']), (dd['text'] for dd in page.elements['dd'])))
n_cards = [name for name, text in items].index('parameters') + 1
cards, pairs = dict(items[:n_cards]), dict(items[n_cards:])
best, markov = run['result']['best_valid_bits_per_base'], (run['markov'] or {}).get('best_bits_per_base')
assert cards['best validation'].startswith('%.4f' % best if best else '-')
whole = run['result']['whole_bits_per_base']
if best and '%.4f' % whole != '%.4f' % best:
    assert cards['over all bases'].startswith('%.4f' % whole)
else:
    assert 'over all bases' not in cards
assert cards['Markov model'].startswith('%.4f' % markov if markov else '-')
if best:
    gain = 100 * (1 - best / markov)
    assert cards['beside Markov'] == '%.2f %%%s bits' % (abs(gain), 'fewer' if gain >= 0 else 'more')
assert cards['epochs'].startswith('%.2f' % (run['result']['tokens'] / run['train_tokens']))
assert cards['parameters'].startswith(format(run['parameters'], ','))
assert pairs['peak memory, bytes'] == format(run['result']['peak_memory_bytes'], ',')
for name, value in run['options'].items():
    if isinstance(value, str):
        assert pairs[name] == ' '.join(value.split('\n')) or pairs[name].startswith(value[:3]), name
    elif value is None:
        assert pairs[name] == '-'
    else:
        assert abs(json.loads(pairs[name]) - value) <= 1e-5 * abs(value), (name, pairs[name], value)
cells = [cell['text'] for cell in page.elements['td']]
for source in run['inputs']:
    assert source['file'] in cells and source['crc32'] in cells and format(source['bases'], ',') in cells

# The course of the run.
steps = [row['step'] - before['step'] for row, before in zip(loss, [{'step': 0}, *loss])]
few = sorted(steps)[len(steps) // 2] / 2
chart = Chart(parts['Loss'])
if len(loss) <= 500:
    chart.same(chart.lines.get('1', []) or [dot[:2] for dot in chart.dots if not best],
               [(row['tokens'], row['train_bits_per_base'] if n >= few else None) for row, n in zip(loss, steps)])
validated = [(row['tokens'], row['valid_bits_per_base']) for row in loss if row['valid_bits_per_base'] is not None]
if 1 < len(validated) <= 200:
    chart.same(chart.lines['2'], validated)
    chart.same([dot[:2] for dot in chart.dots], validated)
    assert all(abs(dot[3] - bits) < 1e-9 for dot, (_, bits) in zip(chart.dots, validated))
assert chart.legend == ['training'] + ['validation'] * bool(validated)
assert abs(chart.marks['2.0: guessing'] - 2) < 0.3 * chart.y_pixel
assert ('best Markov model' in chart.marks) == bool(markov)
assert not markov or abs(chart.marks['best Markov model'] - markov) < 0.3 * chart.y_pixel
if 1 < len(loss) <= 500:
    for title, column, log in (('Learning rate', 'learning_rate', False), ('Gradient', 'gradient_norm', True)):
        chart = Chart(parts[title], log)
        chart.same(chart.lines['1'], [(row['tokens'], row[column]) for row in loss])
    clip = run['options']['clip']
    assert ('clip' in chart.marks) == (clip > 0)
    assert not clip or abs(math.log(chart.marks['clip'] / clip)) < 0.3 * chart.y_pixel
spans = [(row['tokens'] - before['tokens'], row['seconds'] - before['seconds'])
         for before, row in zip(loss, loss[1:]) if row['valid_loss'] is None]
tokens, seconds = sum(span[0] for span in spans), sum(span[1] for span in spans)
assert cards['speed'].startswith('%.0fk' % (tokens / seconds / 1000) if seconds else '-')
if seconds > 1:
    chart = Chart(parts['Speed'])
    speeds = [y for _, y in chart.lines['1']]
    assert 0.9 * min(speeds) < tokens / seconds < 1.1 * max(speeds), speeds

# J(t): the first rows, and the last that have at least half as many tokens.
T = run['options']['timesteps']
first = timesteps[:T]
last = {row['timestep']: row for row in timesteps if row['tokens'] >= first[0]['tokens'] / 2}
chart = Chart(parts['Loss by timestep'])
chart.same(chart.lines['1'], [(row['timestep'], row['loss']) for row in first])
if last[1]['step'] > first[0]['step']:
    chart.same(chart.lines['2'], [(t, last[t]['loss']) for t in range(1, T + 1)])
    assert chart.legend == ['up to step %d' % first[0]['step'], 'up to step %d' % last[1]['step']]

# What the network shows.
if run['calibration']:
    chart = Chart(parts['Calibration'])
    points = [point for point in run['calibration'] if point['predictions'] >= 20]
    chart.same([dot[:2] for dot in chart.dots], [(point['probability'], point['observed']) for point in points])
    upper = [point for point in chart.bands['1']][:len(points)]
    for (x, y), point in zip(upper, points):
        p, n, z = point['observed'], point['predictions'], 1.96
        true = (p + z * z / (2 * n) + z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)
        assert abs(y - true) < 0.3 * chart.y_pixel, (y, true)
    (x1, y1), (x2, y2) = chart.points(re.search(r'class="mark" d="M([^"]+)"', chart.text)[1])
    assert abs(x1 - y1) < chart.y_pixel and abs(x2 - y2) < chart.y_pixel and x2 > x1
    chart = Chart(parts['Gradient flow'], log=True)
    chart.same(chart.lines['1'], [(point['steps_back'], point['median']) for point in run['gradient_flow']])
    n = len(run['gradient_flow'])
    chart.same(chart.bands['1'], [(point['steps_back'], point['upper_quartile']) for point in run['gradient_flow']] +
               [(point['steps_back'], point['lower_quartile']) for point in run['gradient_flow'][::-1]])
else:
    why = 'no validation' if not run['valid_tokens'] else 'diverged' if run['status'] == 'diverged' else 'when the run ends'
    for title in ('Calibration', 'Gradient flow'):
        assert '<svg' not in parts[title] and why in parts[title]

# Names of k-mers cover neither each other nor a point.
labels = [(float(x), float(y) - 3, len(name)) for x, y, name in
          re.findall(r'<text class="kmer" x="([\d.]+)" y="([\d.]+)">(\w+)</text>', parts['Embedding'])]
assert labels or not os.path.exists(directory + '/model.safetensors')
for i, (x, y, n) in enumerate(labels):
    for other_x, other_y, m in labels[:i]:
        assert abs(y - other_y) >= 9 or x + 6 * n <= other_x or other_x + 6 * m <= x, (x, y, other_x, other_y)
