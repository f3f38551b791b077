"""What the comments at the ends of a lesson's lines promise, and whether it is so.

There are two kinds. A print tells what it prints, and a statement tells shapes:

    print(x.grad)  # None
    x = x.view(x.shape[0], -1)  # [64, 1, 28, 28] -> [64, 784]
    z = torch.mm(features, W1)  # [1, 3] x [3, 2] -> [1, 2]
    y = torch.mm(a, b.view(5, 1))  # view: [1, 5] -> [5, 1]

The shape after the arrow is that of the whole statement's value, or that of the named
call. The shape before it is what it was made of: going down from there, the first
tensors with another shape. Around x (which stands for @), +, - and == are the shapes of
the two sides. Shapes elsewhere in such a comment must be those of some tensor in the
statement. A size may be a name, [n, classes], if it is the same number wherever that
name stands in the comment.
"""

import ast
import io
import re
import tokenize
from dataclasses import dataclass

SHAPE = re.compile(r'\[(\w+(?:, ?\w+)*)\]')
OPERATORS = {'x': ast.MatMult, '+': ast.Add, '-': ast.Sub, '==': ast.Eq}
VALUES = (
    ast.Name,
    ast.Attribute,
    ast.Call,
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
    ast.Subscript,
)


@dataclass
class Promise:
    """A comment about shapes, and the expression of its statement."""

    line: int
    comment: str
    root: ast.expr
    numbers: dict  # {expression: its number}, of all that can be noted


def end_comments(source):
    """{line: comment} of the comments that have code before them on their line."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        before = token.line[: token.start[1]]
        if token.type == tokenize.COMMENT and before.strip():
            found[token.start[0]] = token.string.lstrip('# ')
    return found


def is_print(node):
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == 'print'
    )


def of_prints(source):
    """{line: what the print in this line promises to print}."""
    comments = end_comments(source)
    return {
        node.lineno: comments[node.end_lineno]
        for node in ast.walk(ast.parse(source))
        if is_print(node) and node.end_lineno in comments
    }


def of_shapes(source):
    """The promises about shapes, in the order of their lines."""
    comments, found, count = end_comments(source), [], 0
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.Assign, ast.AugAssign, ast.Return, ast.Expr)):
            continue
        if node.value is None or is_print(node.value):
            continue
        for line in range(node.lineno, node.end_lineno + 1):
            if SHAPE.search(comments.get(line, '')):
                numbers = {}
                for value in noted_values(node.value):
                    numbers[value] = count
                    count += 1
                found.append(Promise(line, comments[line], node.value, numbers))
                break
    return sorted(found, key=lambda promise: promise.line)


def noted_values(node, called=False):
    """Yield the expressions in an expression that may be tensors, outermost first."""
    if isinstance(node, ast.JoinedStr):
        return
    loads = isinstance(getattr(node, 'ctx', ast.Load()), ast.Load)
    if isinstance(node, VALUES) and loads and not called:
        yield node
    for child in ast.iter_child_nodes(node):
        yield from noted_values(child, called=child is getattr(node, 'func', None))


def marked(source):
    """The source with note_shape(number, ...) around what is to be noted."""
    lines = source.splitlines()
    insertions = []
    for promise in of_shapes(source):
        for node, number in promise.numbers.items():
            insertions.append((node.lineno, node.col_offset, f'note_shape({number}, '))
            insertions.append((node.end_lineno, node.end_col_offset, ')'))
    insertions.sort(key=lambda insertion: insertion[:2])  # stable: outermost first
    for line, column, text in reversed(insertions):
        code = lines[line - 1].encode()
        code = code[:column] + text.encode() + code[column:]
        lines[line - 1] = code.decode()
    return '\n'.join(lines) + '\n'


def broken(promise, noted):
    """What is wrong with a promise, as the second half of a sentence, or ''.

    noted: {number of an expression: its shape}.
    """
    shapes = {
        node: noted[number]
        for node, number in promise.numbers.items()
        if number in noted
    }
    told = list(SHAPE.finditer(promise.comment))
    wanted = [
        [int(size) if size.isdigit() else size for size in re.split(', ?', found[1])]
        for found in told
    ]
    between = [
        promise.comment[one.end() : other.start()].strip()
        for one, other in zip(told, told[1:])
    ]
    label = re.search(r'(\w+): ?$', promise.comment[: told[0].start()])
    targets = named(promise.root, label[1]) if label else [promise.root]
    bound = {}

    def is_one_of(shape, found):
        return any(same(shape, other, bound) for other in found)

    results = [shapes[node] for node in targets if node in shapes]
    if '->' in between or len(told) == 1 or between[0] == ',':
        result = wanted[-1] if '->' in between else wanted[0]
        if not is_one_of(result, results):
            return f'makes {written(results)}, but its comment says {result}'
    for i, word in enumerate(between):
        if word in OPERATORS:
            sides = sides_of(promise.root, word, shapes)
            pair = wanted[i] + wanted[i + 1]
            if not is_one_of(pair, [left + right for left, right in sides]):
                pairs = [f'{left} {word} {right}' for left, right in sides]
                return (
                    f'computes {" and ".join(pairs) or "nothing like it"}, but its '
                    f'comment says {wanted[i]} {word} {wanted[i + 1]}'
                )
    if between == ['->']:
        sources = []
        for node in targets:
            if same(wanted[1], shapes.get(node, []), bound):
                sources += sources_of(node, shapes[node], shapes)
        if not is_one_of(wanted[0], sources or results):
            return (
                f'makes {wanted[1]} of {written(sources or results)}, but its '
                f'comment says of {wanted[0]}'
            )
    for shape in wanted:
        if not is_one_of(shape, shapes.values()):
            return (
                f'has tensors of {written(shapes.values())}, but none of {shape}, '
                f'which its comment says'
            )
    return ''


def same(told, shape, bound):
    """Is the told shape this one, if names stand for sizes?"""
    names = dict(bound)
    if len(told) != len(shape):
        return False
    for size, number in zip(told, shape):
        if isinstance(size, str):
            size = names.setdefault(size, number)
        if size != number:
            return False
    bound.update(names)
    return True


def named(root, label):
    """The calls of `label`, or the variables of this name, or the whole expression."""
    found = []
    for node in ast.walk(root):
        name = getattr(node, 'func', node)
        if label in (getattr(name, 'attr', ''), getattr(name, 'id', '')):
            found.append(node)
    calls = [node for node in found if isinstance(node, ast.Call)]
    if calls or found:
        return calls or found
    return [
        node
        for node in ast.walk(root)
        if any(word.arg == label for word in getattr(node, 'keywords', []))
    ]


def sources_of(node, result, shapes):
    """The shapes of the first tensors below a node that have another shape than it."""
    found = []
    for child in ast.iter_child_nodes(node):
        shape = shapes.get(child)
        if shape is None or shape == result:
            found += sources_of(child, result, shapes)
        else:
            found.append(shape)
    return found


def sides_of(root, word, shapes):
    """[(left, right)] of the shapes on both sides of an operation in an expression."""
    found = []
    for node in ast.walk(root):
        sides = ()
        if isinstance(node, ast.BinOp) and isinstance(node.op, OPERATORS[word]):
            sides = node.left, node.right
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], OPERATORS[word]):
            sides = node.left, node.comparators[0]
        elif isinstance(node, ast.Call) and word == 'x':
            name = getattr(node.func, 'attr', '')
            if name in ('mm', 'matmul') and len(node.args) == 2:
                sides = node.args
        if sides and all(side in shapes for side in sides):
            found.append(tuple(shapes[side] for side in sides))
    return found


def written(shapes):
    """'[64, 10] and [64, 1]', each once."""
    return ' and '.join(dict.fromkeys(map(str, shapes))) or 'no tensor'
