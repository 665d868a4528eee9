"""Checks C sources for rules that clang-format does not check.

usage: style_c.py FILE...

Prints comma operators (except in the head of a for loop), conditional operators inside conditional operators, lines
over 100 columns, and names of C files with other characters than a-z, 0-9 and _. In other files, such as
CMakeLists.txt, it checks only the length of lines. Exit code 1 if something is printed.
"""
import pathlib, re, sys

COLUMNS = 100
TOKEN = re.compile(r'''(?P<blank>\s+ | //[^\n]* | /\*.*?\*/ | ^\s*\#(?: \\\n | /\*.*?\*/ | [^\n])*)
    | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | \w+ | (?:<<|>>|[-+*/%&|^=!<>])= | .''', re.S | re.M | re.X)
ASSIGNMENTS = set('= += -= *= /= %= &= |= ^= <<= >>='.split())
HEADS = set('if while for switch'.split())
TYPES = set('void bool char short int long float double signed unsigned struct union enum const static extern typedef '
            'register volatile'.split())
wrong = 0


class Node:
    """A token or, where it is a bracket, all that it encloses; the root is a file."""

    def __init__(self, text, line):
        self.text, self.line, self.inner = text, line, []
        self.is_type = False  # struct {...} or union {...}

    def is_block(self):
        """Whether it is braces around statements or fields, and not around values."""
        return self.text == '{' and (not self.inner or any(n.text == ';' or n.is_block() for n in self.inner))

    def has_condition(self):
        return any(n.text == '?' or n.has_condition() for n in self.inner)


def parse(text):
    stack, line = [Node('', 1)], 1
    for match in TOKEN.finditer(text):
        token = match.group()
        if token in (')', ']', '}'):
            stack.pop()
        elif not match.group('blank'):
            siblings = stack[-1].inner
            siblings.append(Node(token, line))
            siblings[-1].is_type = any(node.text in ('struct', 'union') for node in siblings[-3:-1])
            if token in ('(', '[', '{'):
                stack.append(siblings[-1])
        line += token.count('\n')
    return stack[0]


def split(nodes, separates):
    """The runs of nodes between those that separate."""
    runs = [[]]
    for node in nodes:
        if separates(node):
            runs.append([])
        else:
            runs[-1].append(node)
    return [run for run in runs if run]


def without_head(statement):
    """The rest of a statement after if (...), else, case ...: and so on."""
    while statement:
        texts = [node.text for node in statement]
        if texts[0] in HEADS:
            statement = statement[2:]
        elif texts[0] in ('else', 'do'):
            statement = statement[1:]
        elif texts[0] in ('case', 'default') and ':' in texts:
            statement = statement[texts.index(':') + 1:]
        else:
            break
    return statement


def is_declaration(statement):
    """Whether it begins with a type: one of C, or a name that another name follows."""
    names = [node.text for node in statement if node.text != '*'][:2]
    return names[0] in TYPES or names[0] != 'return' and len(names) == 2 and names[1][0].isidentifier()


def comma_operators(group, before):
    """The commas of a group that are operators; `before` is the node on its left, if there is one."""
    commas = lambda nodes: [node for node in nodes if node.text == ',']
    if group.is_block():
        statements = split(group.inner, lambda node: node.text == ';' or node.is_block() and not node.is_type)
        statements = [rest for rest in map(without_head, statements) if rest and not is_declaration(rest)]
        return [comma for statement in statements for comma in commas(statement)]
    is_call = before and (before.text in (')', '(', '[') or before.text[0].isidentifier())
    if group.text == '(' and (not is_call or before.text in HEADS - {'for'} | {'return'}):
        return commas(group.inner)
    return []


def nested_conditions(group):
    separators = ASSIGNMENTS | HEADS | {',', ';', 'return'}
    for run in split(group.inner, lambda node: node.text in separators or node.is_block()):
        marks = [node for node in run if node.text == '?']
        if len(marks) > 1 or marks and any(node.has_condition() for node in run):
            yield marks[0]


def check(path, group, before=None):
    for comma in comma_operators(group, before):
        complain(path, comma.line, 'a comma operator; write two statements')
    for mark in nested_conditions(group):
        complain(path, mark.line, 'a conditional operator inside another one; write an if or a function')
    for left, node in zip([None, *group.inner], group.inner):
        if node.inner and not (left and left.text == '__attribute__'):
            check(path, node, left)


def complain(path, line, problem):
    global wrong
    print(f'{path}:{line}: {problem}')
    wrong = 1


for name in sys.argv[1:]:
    path = pathlib.Path(name)
    text = path.read_text()
    for number, line in enumerate(text.split('\n'), 1):
        if len(line) > COLUMNS:
            complain(path, number, f'{len(line)} columns, more than {COLUMNS}')
    if path.suffix not in ('.c', '.h'):
        continue
    if not re.fullmatch('[a-z0-9_]+', path.stem):
        complain(path, 1, 'a name of other characters than a-z, 0-9 and _')
    check(path, parse(text))
sys.exit(wrong)
