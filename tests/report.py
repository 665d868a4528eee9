"""What report.html shows, held against the run directory that it is made of.

usage: report.py DIR

Exits 1 where the page is not well formed, fetches anything, or shows other numbers.
"""
import collections, html.parser, json, re, sys

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


def points_of(path):
    """The points of a line, as pairs."""
    numbers = [float(number) for number in re.findall(r'-?[\d.]+', path)]
    return list(zip(numbers[::2], numbers[1::2]))


def check_axis(drawn, true, what):
    """Whether coordinates lie as the numbers do, on a linear scale."""
    if len(true) < 2 or min(true) == max(true):
        return
    scale = (drawn[-1] - drawn[0]) / (true[-1] - true[0]) if true[-1] != true[0] else None
    low, high = true.index(min(true)), true.index(max(true))
    scale = (drawn[high] - drawn[low]) / (true[high] - true[low])
    for a, b in zip(drawn, true):
        assert abs(drawn[low] + scale * (b - true[low]) - a) < 0.11, (what, a, b)


directory = sys.argv[1]
text = open(directory + '/report.html', encoding='utf-8').read()
page = Page(text)
run = json.load(open(directory + '/run.json'))
loss = rows_of(directory + '/loss.tsv')

assert not page.elements['script'] and not page.elements['link'] and not page.elements['img']
for elements in page.elements.values():
    for element in elements:
        assert not any(name.startswith('on') or name in ('src', 'href') for name in element), element
assert not re.search(r'url\(|@import', page.elements['style'][0]['text'])
assert run['status'] in page.elements['strong'][0]['text']
pairs = dict(zip((dt['text'] for dt in page.elements['dt']), (dd['text'] for dd in page.elements['dd'])))
best = run['result']['best_valid_bits_per_base']
assert pairs['validation'].startswith('%.4f' % best if best else '-')
assert pairs['Markov model'].startswith('%.4f' % run['markov']['best_bits_per_base'] if run['markov'] else '-')
for name, value in run['options'].items():
    said = pairs[name]
    if isinstance(value, str):
        assert said == value.encode().decode('utf-8', 'replace'), (name, said, value)
    elif value is None:
        assert said == '-'
    else:
        assert abs(json.loads(said) - value) <= 1e-5 * abs(value), (name, said, value)
cells = [cell['text'] for cell in page.elements['td']]
for source in run['inputs']:
    assert source['file'] in cells and source['crc32'] in cells and format(source['bases'], ',') in cells

figures = {figure['text'].strip().split('\n')[0].split('What')[0]: i for i, figure in enumerate(page.elements['figure'])}
parts = text.split('<figure>')[1:]
assert len(parts) == 8
loss_part = next(part for part in parts if '<h2>Loss</h2>' in part)
validated = [row for row in loss if row['valid_bits_per_base'] is not None]
dots = re.findall(r'<circle class="c2" cx="([\d.]+)" cy="([\d.]+)" r="\S+"><title>(\S+), (\S+)</title>', loss_part)
assert len(dots) == len(validated)
for (_, _, tokens, bits), row in zip(dots, validated):
    assert abs(float(tokens) - row['tokens']) <= 1e-5 * row['tokens'] and float(bits) == row['valid_bits_per_base']
check_axis([float(dot[0]) for dot in dots], [row['tokens'] for row in validated], 'tokens')
check_axis([float(dot[1]) for dot in dots], [row['valid_bits_per_base'] for row in validated], 'bits')

rate_part = next(part for part in parts if '<h2>Learning rate</h2>' in part)
lines = re.findall(r'<path class="line c1" d="([^"]+)"', rate_part)
rated = [row for row in loss if row['learning_rate'] is not None]
if 1 < len(rated) <= 500:
    points = points_of(lines[0])
    assert len(points) == len(rated)
    check_axis([x for x, _ in points], [row['tokens'] for row in rated], 'tokens')
    check_axis([y for _, y in points], [row['learning_rate'] for row in rated], 'rate')

timesteps = rows_of(directory + '/timestep_loss.tsv')
steps_part = next(part for part in parts if '<h2>Loss by timestep</h2>' in part)
if timesteps:
    first = [row['loss'] for row in timesteps if row['step'] == timesteps[0]['step']]
    drawn = [y for _, y in points_of(re.findall(r'<path class="line c1" d="([^"]+)"', steps_part)[0])]
    assert len(drawn) == len(first) == run['options']['timesteps']
    check_axis(drawn, first, 'J(t)')

calibration = next(part for part in parts if '<h2>Calibration</h2>' in part)
flow = next(part for part in parts if '<h2>Gradient flow</h2>' in part)
if run['calibration']:
    dots = re.findall(r'<circle class="c1" cx="([\d.]+)" cy="([\d.]+)"', calibration)
    check_axis([float(dot[0]) for dot in dots], [point['probability'] for point in run['calibration']], 'p')
    check_axis([float(dot[1]) for dot in dots], [point['observed'] for point in run['calibration']], 'observed')
    assert len(points_of(re.findall(r'class="line c1" d="([^"]+)"', flow)[0])) == len(run['gradient_flow'])
else:
    assert '<svg' not in calibration and '<svg' not in flow and 'there was none yet' in calibration
