"""Finds checks in bats tests whose failure bash would ignore.

usage: style_bats.py FILE...

bats runs a test under `set -e`, which ignores a command that fails to the left of && or ||, after !, in an unnamed job
or inside "$(...)". Prints each place as FILE:LINE: PROBLEM. Exit code 1 if there is one.
"""
import re, sys

OPEN = {'(': ')', '{': '}'}


def skip_quotes(text, i):
    """The end of the quoted string, or of the $(...), <(...), ${...}, that begins at i."""
    if text[i] == "'":
        return text.index("'", i + 1) + 1
    if text[i] == '"':
        i += 1
        while text[i] != '"':
            i = skip_quotes(text, i) if text[i] == '$' and text[i + 1] in OPEN else i + 1 + (text[i] == '\\')
        return i + 1
    close, i = OPEN[text[i + 1]], i + 2
    while text[i] != close:
        if text[i] in '\'"' or text[i] == '$' and text[i + 1] in OPEN or text[i] == '(':
            i = skip_quotes(text, i - (text[i] == '('))
        else:
            i += 1 + (text[i] == '\\')
    return i + 1


def masked(text):
    """The text with _ for each letter of strings, substitutions, tests, here-documents and comments."""
    out, i, here = [], 0, []
    while i < len(text):
        rest, end = text[i:], i + 1
        if rest[0] == '\n' and here:
            end = i + 1 + re.search(rf'^{re.escape(here.pop(0))}$\n?', rest[1:], re.M).end()
            out.append('\n' + '_' * (end - i - 2) + '\n')
            i = end
            continue
        word = re.match(r"<<-? ?['\"]?(\w+)['\"]?", rest)
        if word and not rest.startswith('<<<'):
            here.append(word[1])
            end = i + word.end()
        elif rest[0] == '#' and (i == 0 or text[i - 1] in ' \n'):
            end = text.index('\n', i)
        elif rest[0] == '\\':
            end = i + 2
        elif rest.startswith('[[ '):
            end = i + rest.index(' ]]') + 3
        elif rest[0] in '\'"' or rest[:2] in ('$(', '${', '<(', '>('):
            end = skip_quotes(text, i)
        out.append(rest[0] if end == i + 1 else ' ' * 2 if rest[:2] == '\\\n' else '_' * (end - i))
        i = end
    return ''.join(out)


def statements(text):
    """(where it begins, where it ends) of each statement; a list A && B || C is one, a (subshell) of one command too."""
    hidden = masked(text)
    hidden = re.sub(r'(&&|\|\||\|)( *)\n', lambda m: m[1] + m[2] + ' ', hidden)
    hidden = re.sub(r'\([^();\n]*\)', lambda m: '_' * len(m[0]) if len(m[0]) > 2 else m[0], hidden)
    for part in re.finditer(r'(?:&&|[<>]&|&>|[^;\n(){}&])+', hidden):
        word = re.match(r'\s*(?:(?:do|then|else|time)\s+)*', part[0])
        yield part.start() + word.end(), part.end(), hidden


def faults(text):
    for begin, end, hidden in statements(text):
        code, shown = hidden[begin:end].strip(), text[begin:end].strip()
        if not code or re.match(r'(if|elif|while|until|@test|for|case)\b', code):
            continue
        joints = re.findall(r'&&|\|\|', code)
        if joints and joints[-1] == '&&':
            yield begin, 'the left side of && may fail; write two lines, or if'
        whole_function = re.search(r'\w\(\) \{ $', text[:begin]) and text[end:].startswith('; }\n')
        if re.match(r'!\s', code) and '||' not in joints and not whole_function:
            yield begin, '! never fails a test; write run !'
        if re.match(r'(local|export|declare|readonly)\b.*=', code) and re.match(r'\w+ (-\w+ )?\w+="?\$\((?!\()', shown):
            yield begin, 'the $(...) may fail; declare on one line, set on another'
        if re.fullmatch(r'(.*\|\|\s*)?wait', code):
            yield begin, 'wait without a process number succeeds always; name it'
        if re.match(r'run\s', code) and not re.match(r'run\s+(--\S+\s+)*(-\d+\b|!|_)', code):
            if '$status' not in text[end:].split('\n}\n')[0]:
                yield begin, 'run without an exit code checks none; write run -0'
        if re.search(r'(?<!\|)\|\s*(grep\s+-\w*q|head\s+(?!-[cn] -))', code) or re.match(r'\w+=\$\(.*\|\s*head\b', shown):
            yield begin, 'grep -q and head can close the pipe early, so that the command before them fails; let them read a file'
        if re.search(r'''\[ -z "\$\(|\[ "\$\(.*\)" (= ""|-eq 0) \]''', shown):
            yield begin, 'the $(...) may fail and print nothing; put its output into a variable first'
        if re.search(r'\b(cmp|diff)\b.*<\(.*<\(', shown):
            yield begin, 'both <(...) may fail and be equal; put one into a file first'
        script = re.search(r'''\b(?:ba)?sh -([a-z]*c)\s+(['"])(.*)''', shown, re.S)
        if script and 'e' not in script[1] and re.search(r'[;\n]', script[3]):
            yield begin, 'the script may fail before its last command; write bash -ec'


found = 0
for path in sys.argv[1:]:
    text = open(path).read()
    for at, problem in faults(text):
        print(f'{path}:{text.count(chr(10), 0, at) + 1}: {problem}')
        found += 1
sys.exit(found > 0)
