"""The paragraphs of the course's texts, and the numbers in them.

A paragraph is one of prose, a list item, a table's cell, a heading, the description of
a picture, or a line of a program's output. In a Python file it is a part of a
docstring, a block of comments, or a string that a reader may get to see. A comment
behind code is one if it has words; what it shows without words is compared with a run
by other tests. The code of a snippet in a page is a paragraph too, but only for claims
that are said to be told in code.
"""

import ast
import io
import re
import tokenize
from dataclasses import dataclass

from course import LESSONS, ROOT

LESSON_NUMBERS = '|'.join(
    re.match(r'\d+(?:_\d+)?(?=_)', path.name)[0] for path in reversed(LESSONS)
)
LESSON = rf'(?:{LESSON_NUMBERS})(?!\w|[.,]\d|\s?%)'
SEED = r'[789](?!\w|[.,]\d|\s?%)'
BETWEEN = r'(?:,?\s+(?:and|to|or)\s+|,\s*)'
NAMES = re.compile(  # "lessons 19 to 21", "seeds 7, 8 and 9", and "line 41" are names
    rf'(?i)\b(?:lessons?\s+{LESSON}(?:{BETWEEN}{LESSON})*'
    rf'|seeds?(?:\s+(?:are|were|of))?:?\s+{SEED}(?:{BETWEEN}{SEED})*'
    r'|lines?\s+\d+(?![\w.]))'
)
UNITS = {
    '%': r'%|per ?cent',
    'points': r'(?:percentage )?points?',
    'ms': r'ms|milliseconds?',
    's': r's|sec|seconds?',
    'minutes': r'min|minutes?',
    'times': r'times',
    'MB': r'MB|megabytes?',
    'GB': r'GB|gigabytes?',
}
UNIT = '|'.join(f'(?:{pattern})' for pattern in UNITS.values())
NUMBER = re.compile(
    rf'(?<![\w.])(\d+(?:,\d{{3}})*(?:\.\d+)?)(?:[\s-]?({UNIT})(?!\w)|(?!\w|\.\d))'
)
LIST_GOES_ON = re.compile(  # in "37 to 46 %" both numbers have the unit
    r'\s*(?:,|,?\s?and|to|or|against|versus|vs\.?|in place of|instead of|[-–/])\s*'
)
ITEM = re.compile(r'\s*(?:[*+-]|\d+\.)\s+')
EXPONENT = re.compile('[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+')  # small, raised


@dataclass
class Number:
    """A number as it is written, without commas for thousands, and its unit or None."""

    digits: str
    unit: str

    def looks_measured(self):
        _, _, decimals = self.digits.partition('.')
        return self.unit is not None or len(decimals) >= 3

    def __str__(self):
        return f'{self.digits} {self.unit}' if self.unit else self.digits


class Paragraph:
    """Words that belong together.

    line: where they begin in their file. context: these words with the headings above
    them, or the whole row of a table. numbers: those in the words, in their order.
    code: whether it's a snippet.
    """

    def __init__(self, line, words, context, code=False):
        self.line = line
        self.code = code
        self.text = ' '.join(words.split())
        self.context = f'{context} {self.text}'.lower()
        self.numbers = numbers(self.text)


def canonical(unit):
    """'percent' -> '%', 'seconds' -> 's'."""
    for name, pattern in UNITS.items():
        if unit and re.fullmatch(pattern, unit):
            return name
    return None


def numbers(text):
    """The numbers of a text, without those that name a lesson, a seed, or a line."""
    text = NAMES.sub('...', EXPONENT.sub(' ', text))
    found = []
    matches = list(NUMBER.finditer(text))
    for match in matches:
        digits = match[1].replace(',', '')
        found.append(Number(digits, canonical(match[2])))
    for i in reversed(range(len(found) - 1)):
        between = text[matches[i].end() : matches[i + 1].start()]
        if found[i].unit is None and LIST_GOES_ON.fullmatch(between):
            found[i].unit = found[i + 1].unit
    return found


def without_code(text):
    """Words without code, targets of links, and marks of emphasis."""
    text = re.sub(r'(`+)(?:(?!`).)+?\1', ' ... ', text, flags=re.S)
    text = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', text)
    text = re.sub(r'<[^<>]*>', ' ', text)
    return text.replace('&nbsp;', ' ').replace('*', '')


def has_words(comment):
    """Does a comment say something, or does it only show a value, as `# [64, 784]`?"""
    return bool(re.search(r'[A-Za-z]{2,} [A-Za-z]{2,}', comment))


def snippet_paragraphs(kind, rows, start, context):
    """Those of a fenced block: lines of output, or remarks and the code itself."""
    found, code = [], []
    for number, row in enumerate(rows, start):
        if kind == 'text':
            found.append(Paragraph(number, row, context))
        elif kind == 'python':
            parts = re.split(r'(?:^|\s)#\s', row, maxsplit=1)
            code.append(parts[0])
            if has_words(parts[-1]) and len(parts) == 2:
                found.append(Paragraph(number, parts[1], context))
    return [*found, Paragraph(start, '\n'.join(code), context, code=True)]


def describes_a_lesson(line):
    """Is this a row of the outline, which has a test of its own?"""
    return bool(re.match(r'\s*\|[^|]*\(codes/\w+\.py\)', line))


def markdown_paragraphs(text):
    found, headings, words = [], {}, []
    code, item, blank, start = False, False, True, 0
    fence, kind, rows = '', '', []

    def end():
        whole = '\n'.join(words)
        context = ' '.join(headings.values())
        for description in re.findall(r'!\[([^\]]*)\]', whole):
            found.append(Paragraph(start, description, context))
        whole = re.sub(r'!\[[^\]]*\]\([^)]*\)', ' ', whole)
        if whole.strip():
            found.append(Paragraph(start, without_code(whole), context))
        words.clear()

    text = re.sub(
        r'<!--.*?-->', lambda match: '\n' * match[0].count('\n'), text, flags=re.S
    )
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if fence:
            if stripped.startswith(fence):
                context = ' '.join(headings.values())
                found += snippet_paragraphs(kind, rows, start, context)
                fence = ''
            rows.append(line)
            continue
        if stripped.startswith(('```', '~~~')):
            end()
            fence, kind = stripped[:3], stripped[3:]
            rows, start = [], number + 1
            continue
        indented = line.startswith(('    ', '\t'))
        if stripped and indented and not item and (blank or code):
            code = True
            blank = False
            continue
        heading = re.match(r'(#+)\s+(.*)', line)
        new_item = ITEM.match(line)
        table = stripped.startswith('|')
        if not stripped or heading or new_item or table:
            end()
        blank = not stripped
        if blank:
            continue
        code = False
        if new_item:
            item = True
        elif not line.startswith((' ', '\t')) and not words:
            item = False
        if heading:
            level = len(heading[1])
            headings = {
                above: title for above, title in headings.items() if above < level
            }
            headings[level] = heading[2]
        if table:
            if not describes_a_lesson(line):
                row = without_code(line)
                for cell in re.split(r'(?<!\\)\|', row.strip('|')):
                    found.append(Paragraph(number, cell, row))
            continue
        if not words:
            start = number
        words.append(line[new_item.end() :] if new_item else stripped.lstrip('>#'))
    end()
    return found


def split_prose(text, line, context):
    """The paragraphs and list items of a docstring or a block of comments."""
    found, words, start = [], [], line
    for number, row in enumerate([*text.splitlines(), ''], line):
        new_item = ITEM.match(row)
        if words and (new_item or not row.strip()):
            found.append(Paragraph(start, without_code('\n'.join(words)), context))
            words = []
        if not words:
            start = number
        if row.strip():
            words.append(row[new_item.end() :] if new_item else row)
    return found


def strings(tree):
    """(line, words) of the strings in a program, ... for what an f-string puts in."""
    inside = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside.update(id(child) for child in ast.walk(node) if child is not node)
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [
                part.value if isinstance(part, ast.Constant) else '...'
                for part in node.values
            ]
            yield node.lineno, ''.join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def python_paragraphs(text):
    tree = ast.parse(text)
    title = (ast.get_docstring(tree) or '').partition('\n')[0]
    found = []
    for line, words in strings(tree):
        if ' ' in words.strip():
            found += split_prose(words, line, title)
    block, start, last = [], 0, -1
    comments = [
        token
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    ]
    for token in comments:
        line = token.start[0]
        words = token.string.lstrip('#').strip()
        if not token.line.lstrip().startswith('#'):  # it is behind code
            if has_words(words):
                found.append(Paragraph(line, without_code(words), title))
            continue
        if line != last + 1 or not words or words.startswith('%%'):
            found += split_prose('\n'.join(block), start, title)
            block, start = [], line
        block.append(words.removeprefix('%%'))
        last = line
    return found + split_prose('\n'.join(block), start, title)


def paragraphs(file):
    """All paragraphs of a file, which is named as seen from the course's folder."""
    text = (ROOT / file).read_text(encoding='utf-8')
    if file.endswith('.py'):
        return python_paragraphs(text)
    return markdown_paragraphs(text)
