"""Compares report.html with the run directory from which it was made.

usage: report.py DIR

Exits with 1 if the page is not well formed, fetches anything, or shows other numbers.
"""
import collections, html, html.parser, itertools, json, math, re, sys

DEFAULTS = {'kmer': 4, 'stride': 1, 'strands': 'both', 'embedding': 32, 'hidden': 96, 'activation': 'sigmoid',
            'softmax': 'followers', 'timesteps': 48, 'optimizer': 'adam', 'schedule': 'linear', 'warmup': 100,
            'clip': 1.0, 'valid': None, 'valid-fraction': 0.1, 'patience': 0, 'max-time': None, 'seed': 1,
            'circular': False, 'force': False, 'log-every': 50, 'checkpoint-every': 600.0, 'init': None}
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
    """Returns the function from places to numbers, given ticks (place, label), and checks that it fits all ticks."""
    points = [(float(place), math.log(number(label)) if log else number(label)) for place, label in ticks]
    assert len(points) >= 2, ticks
    (a, x), (b, y) = points[0], points[-1]

    def value(place):
        found = x + (place - a) * (y - x) / (b - a)
        return math.exp(found) if log else found
    for (place, _), (_, true) in zip(ticks, points):
        found = value(float(place))
        assert abs((math.log(found) if log else found) - true) <= 0.004 * abs(y - x), (ticks, place)
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
        self.colours = re.findall(r'<circle class="c(\d)"', part)
        self.dots = [(self.x(float(x)), self.y(float(y)), float(title_x), float(title_y)) for x, y, title_x, title_y in
                     re.findall(r'<circle class="c\d" cx="([\d.]+)" cy="([\d.]+)" r="\S+"><title>([^<,]+), ([^<]+)</title>', part)]
        self.marks = {name: self.y(float(y)) for y, name in
                      re.findall(r'class="mark" d="M\d+ ([\d.]+)H\d+"/><text class="name"[^>]*>([^<]+)<', part)}
        self.legend = re.findall(r'<span class="c\d"></span>([^<]+?) ?(?=<)', part)

    def points(self, d):
        numbers = [float(n) for n in re.findall(r'[\d.]+', d)]
        return [(self.x(x), self.y(y)) for x, y in zip(numbers[::2], numbers[1::2])]

    def series(self, colour):
        """The points of a line, or points without a line."""
        alone = [dot[:2] for dot, of in zip(self.dots, self.colours) if of == colour]
        return self.lines.get(colour, alone)

    def same(self, drawn, true):
        """Checks that the drawn points are the true ones. The page has one decimal of a pixel."""
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
parts = {re.search('<h2>(.*?)</h2>', part)[1]: part.split('</figure>')[0] for part in re.split('<figure class="\\w+">', text)[1:]}
examined = {'A passage of validation': 'passage', 'The next base': 'next_base', 'Calibration': 'calibration',
            'Gradient flow': 'gradient_flow'}
titles = ['Loss', 'Loss by timestep', *examined, 'Learning rate', 'Gradient', 'Speed']
missing = [title for title, key in examined.items() if not run[key]]
assert list(parts) == [title for title in titles if title not in missing]
assert len(text) < 300000

# The page fetches nothing.
assert not page.elements['script'] and not page.elements['link'] and not page.elements['img']
for elements in page.elements.values():
    for element in elements:
        assert not any(name.startswith('on') or name == 'src' for name in element), element
        assert element.get('href', '#').startswith('#'), element
style = page.elements['style'][0]['text']
assert not re.search(r'url\(|@import', style) and '@media(prefers-color-scheme:dark){:root{' in style
assert style.count('{') == style.count('}')

# Words and tables.
shown = {'out of time': 'done', 'stopped early': 'done'}
assert shown.get(run['status'], run['status']) == page.elements['strong'][0]['text']
assert ('http-equiv="refresh"' in text) == (run['status'] == 'running')
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
verdicts = [p['text'] for p in page.elements['p'] if 'verdict' in p.get('class', '')]
compared = run['result'].get('memory_frozen_bits_per_base', best)
assert len(verdicts) == (1 if compared else 0)
if compared:
    gain = 100 * (1 - compared / markov)
    assert verdicts[0].endswith(': %.4f against %.4f bits per base.' % (compared, markov))
    if '%.4f' % compared == '%.4f' % markov:
        assert 'is as good as the best Markov model' in verdicts[0]
    else:
        word = 'beats' if gain > 0 else 'loses to'
        assert '%s the best Markov model by %.2f %%' % (word, abs(gain)) in verdicts[0], verdicts[0]
    assert ('verdict good' in text, 'verdict bad' in text) == (gain > 0 and 'beats' in verdicts[0], 'loses' in verdicts[0])
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

for name in ('bases', 'lowercase', 'masked', 'low_quality', 'short_bases'):  # a column of zeros is left out
    assert ('<th>%s</th>' % name in text) == any(source[name] for source in run['inputs'] if name in source), name

# The course of the run.
steps = [row['step'] - before['step'] for row, before in zip(loss, [{'step': 0}, *loss])]
few = sorted(steps)[len(steps) // 2] / 2
chart = Chart(parts['Loss'])
if len(loss) <= 500:
    chart.same(chart.series('1'),
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

# J(t): the mean of the first tenth of the steps, or of the first rows, and that of the last tenth; around each timestep.
T, all_steps = run['options']['timesteps'], loss[-1]['step'] if loss else 0
first_step = timesteps[0]['step'] if timesteps else 0
first = [row for row in timesteps if row['step'] == first_step or row['step'] <= all_steps / 10]
last = [row for row in timesteps if row['step'] > 0.9 * all_steps and row not in first]


def bits_by_timestep(rows):
    sums, tokens = [0] * (T + 1), [0] * (T + 1)
    for row in rows:
        if row['loss'] is not None:
            sums[int(row['timestep'])] += row['loss'] * row['tokens']
            tokens[int(row['timestep'])] += row['tokens']
    for t in range(1, T + 1):
        near = range(t - min(t - 1, T // 16), min(t + min(t - 1, T // 16), T) + 1)
        n = sum(tokens[i] for i in near)
        yield t, sum(sums[i] for i in near) / n / math.log(2) / run['options']['stride'] if n else None


if timesteps:
    chart = Chart(parts['Loss by timestep'])
    chart.same(chart.lines['1'], bits_by_timestep(first))
    assert chart.legend == ['first tenth of the run'] + ['last tenth'] * bool(last)
    if last:
        chart.same(chart.lines['2'], bits_by_timestep(last))

# Calibration and gradient flow.
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
if missing:
    why = 'no validation' if not run['valid_tokens'] else 'diverged' if run['status'] == 'diverged' else 'when the run ends'
    assert re.search('missing">[^<]*%s: %s.</p>' % (why, ', '.join(missing)), text)
assert ('"dim missing"' in text) == bool(missing)


def cells(part, shape):
    """Yields the level, -10..10, and the place (x, y) of each cell."""
    for kind, level, inner in re.findall(r'<(?:g|path) class="(lo|hi|none) m(\d+)"([^\n]*)', part):
        for x, y, width, height in re.findall(r'M(\d+) (\d+)h(\d+)v(\d+)h-', inner):
            assert (int(width), int(height)) == shape
            yield int(level) * (-1 if kind == 'lo' else 1), kind, int(x), int(y)


# The next base: a panel for each, with the first bases of a k-mer in rows and the last ones in columns.
following = run['next_base']
if following:
    k, part = following['k'], parts['The next base']
    kmers = [''.join(kmer) for kmer in itertools.product('ACGT', repeat=k)]
    values = [p for base in 'ACGT' for p in following[base] if p is not None]
    spread = max(0.1, max(abs(p - 0.25) for p in values))
    panels = part.split('<svg class="map"')[1:]
    columns = 4 ** (k - k // 2)
    shape = (192 // columns, 192 // columns if columns > 4 else 24)
    assert len(panels) == 4 and '>%.2f ' % max(0, 0.25 - spread) in part and ' %.2f</p>' % (0.25 + spread) in part
    for base, panel in zip('ACGT', panels):
        titled = dict(re.findall('<title>%s after (\\w+): ([^<]+)</title>' % base, panel))
        assert titled == {kmer: 'never seen' if p is None else '%.3f' % p for kmer, p in zip(kmers, following[base])}
        n = [n if p is not None else 0 for n, p in zip(following['predictions'], following[base])]
        mean = sum(n * p for n, p in zip(n, following[base]) if n) / sum(n)
        assert '>%s</b>, on average %.3f<' % (base, mean) in part
        levels = {((x - 24) // shape[0], (y - 13) // shape[1]): (level, kind) for level, kind, x, y in cells(panel, shape)}
        assert len(levels) == len(kmers)
        for i, p in enumerate(following[base]):
            level, kind = levels[i % columns, i // columns]
            assert kind == 'none' if p is None else abs(level - 10 * (p - 0.25) / spread) < 0.501, (base, kmers[i])
        labels = re.findall(r'<text class="([xy])" [^>]*>(\w+)</text>', panel)
        assert [label for axis, label in labels if axis == 'x'] == [kmer[k // 2:] for kmer in kmers[:columns]]
        assert [label for axis, label in labels if axis == 'y'] == [kmer[:k // 2] for kmer in kmers[::columns]] * (k > 1)

# The passage: letters as high as probabilities, the likeliest on top, that of the sequence in full colour; hidden states below.
passage = run['passage']
if passage:
    part, n = parts['A passage of validation'], len(passage['bases'])
    bits = sum(-math.log2(passage[base][i]) for i, base in enumerate(passage['bases'])) / n if all(
        passage[base][i] for i, base in enumerate(passage['bases'])) else None
    assert bits is None or ': %.2f bits per base<' % bits in part
    assert passage['from'] is None or ', from letter %d' % passage['from'] in html.unescape(part)
    assert 'h %.2f ' % passage['h_least'] in part and ' %.2f</p>' % passage['h_most'] in part
    pieces = part.split('<svg class="strip"')[1:]
    assert len(pieces) == (n + 31) // 32
    came, digits = '', [[0] * n for _ in passage['units']]
    for number_of_piece, piece in enumerate(pieces):
        start = 32 * number_of_piece
        letters = re.findall(r'<use class="(\w)( faint)?" href="#(\w)" transform="matrix\(.12 0 0 ([\d.]+) (\d+) ([\d.]+)\)"/>', piece)
        stacks = collections.defaultdict(list)
        for base, faint, glyph, height, x, y in letters:
            i = start + (int(x) - 37) // 14
            assert base == glyph and bool(faint) == (base != passage['bases'][i])
            stacks[i].append((float(height), base, float(y)))
        assert sorted(stacks) == list(range(start, min(start + 32, n)))
        for i, stack in stacks.items():
            assert {base for _, base, _ in stack} == {base for base in 'ACGT' if passage[base][i] > 0.002}
            assert all(abs(height - passage[base][i]) < 1e-4 for height, base, _ in stack)
            assert [height for height, *_ in stack] == sorted(height for height, *_ in stack)
            bottom = 124 - 100 * sum(passage[base][i] for base in 'ACGT' if passage[base][i] <= 0.002)
            for height, base, y in stack:
                bottom -= 100 * height
                assert abs(y - bottom) < 0.05
        positions = [(passage['from'] or 1) + run['options']['stride'] * i for i in range(start, min(start + 32, n))]
        labels = [int(label) for label in re.findall(r'<text class="x" x="\d+" y="\d+">(\d+)</text>', piece)]
        assert set(labels) <= set(positions) and len(labels) in (3, 4) or len(positions) < 32, (labels, positions)
        came += ''.join(re.findall('<text class="x came (\\w)" x="\\d+" y="\\d+">\\1</text>', piece))
        for level, kind, x, y in cells(piece, (14, 5)):
            digits[(y - 142) // 5][start + (x - 36) // 14] = -level - 1
        assert re.findall('<title>unit (\\d+)</title>', piece) == [str(unit) for unit in passage['units']]
    assert came == passage['bases'] and [''.join(map(str, row)) for row in digits] == passage['h']

# Options: those with their default values are folded.
folded = text.split('<details>')[1].split('</details>')[0]
for name, value in run['options'].items():
    is_folded = '<dt>%s</dt>' % name in folded
    if name in DEFAULTS:
        assert is_folded == (value == DEFAULTS[name]), name
assert '<dt>output</dt>' not in folded and '<dt>threads</dt>' not in folded
