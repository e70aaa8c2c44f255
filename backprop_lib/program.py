"""A recorded graph as a straight-line program: the lines a person would write, forward and back.

``graph.compile`` makes it. The formulas are those of ``graph.OPERATIONS``, filled with the
reader's own names; the prefix d means "derivative of the result with respect to".
"""

import ast
import keyword
import unicodedata
from itertools import count
from math import isfinite

from backprop_lib._validate import real_number
from backprop_lib.graph import FUNCTIONS, OPERATIONS, Value

# An unnamed result of these may stand inside another line of these: it is cheap to write twice,
# and infinity in it becomes infinity or NaN in that line, where it is noticed.
POLYNOMIAL = {"add", "sub", "mul", "neg", "square"}
LONGEST = 40  # characters of a formula inside another one
TERMS = 10  # of a sum on one line

_RESERVED = {*FUNCTIONS, *keyword.kwlist, "isfinite", "OverflowError", "__debug__"}


class Program:
    """The value and the gradient of a recorded graph, as straight-line Python.

    Parameters
    ----------
    result : Value
        The end of the graph. A leaf with a name becomes an argument, one without a name is a
        constant. A result with a name keeps it; the others become ``t1``, ``t2``, ... or stand
        inside the one line that uses them.

    Attributes
    ----------
    source : str
        The text of ``gradient``, which ``print(program)`` shows.
    leaves : tuple of str
        The arguments, in the order in which the leaves were created.

    Raises
    ------
    ValueError
        A name occurs twice, is no Python identifier, or is needed for something else.
    """

    def __init__(self, result):
        if not isinstance(result, Value):
            raise TypeError(f"compile: loss: expected a Value, got {type(result).__name__}")
        order = result.ancestors()
        place = {value: k for k, value in enumerate(order)}
        self._tape = [(v.operation, [place[a] for a in v.inputs], v.name, v.data) for v in order]
        self.leaves = tuple(v.name for v in order if v.name and not v.operation)
        if not self.leaves:
            raise ValueError("compile: loss: expected at least one leaf with a name, got none")
        writer = _Writer(order)
        forward, backward = writer.forward(), writer.backward()
        value, twins = writer.written(result), [f"d{name}" for name in self.leaves]
        forward += _check(writer.doubtful())
        backward += _check(twins)
        self.source = self._function("gradient", [*forward, *backward], [value, *twins])
        names = FUNCTIONS | {"isfinite": isfinite}
        exec(self.source, names)
        exec(self._function("value", forward, [value]), names)
        self._gradient, self._value = names["gradient"], names["value"]

    def _function(self, name, lines, returned):
        lines = [*lines, f"return {', '.join(returned)}"]
        return f"def {name}({', '.join(self.leaves)}):\n    " + "\n    ".join(lines) + "\n"

    def __str__(self):
        return self.source

    def __call__(self, **leaves):
        """Return the value and the gradient, a dict, at leaves given by name."""
        if leaves.keys() != set(self.leaves):
            expected, got = ", ".join(self.leaves), ", ".join(leaves) or "none"
            raise TypeError(f"Program: expected the leaves {expected}, got {got}")
        value, *gradient = self.gradient(*(leaves[name] for name in self.leaves))
        return value, dict(zip(self.leaves, gradient, strict=True))

    def value(self, *numbers):
        """Return the value at one number for each of ``leaves``; Python floats are fastest."""
        numbers = self._floats(numbers)
        try:
            return self._value(*numbers)
        except (ArithmeticError, ValueError):
            return self._recorded(numbers)[-1].data

    def gradient(self, *numbers):
        """Return the value and its derivative for each of ``leaves``, as one flat tuple.

        Errors are those of ``Value``: what the program can't compute is recorded to name it.
        """
        numbers = self._floats(numbers)
        try:
            return self._gradient(*numbers)
        except (ArithmeticError, ValueError):
            values = self._recorded(numbers)
            values[-1].backward()
            grads = {v.name: v.grad for v in values}
            return values[-1].data, *(grads[name] for name in self.leaves)

    def _floats(self, numbers):
        if len(numbers) != len(self.leaves):
            expected = f"{len(self.leaves)} numbers ({', '.join(self.leaves)})"
            raise TypeError(f"Program: expected {expected}, got {len(numbers)}")
        for number in numbers:
            if type(number) is not float:
                pairs = zip(numbers, self.leaves, strict=True)
                return [real_number(number, f"Program: {name}") for number, name in pairs]
        return numbers  # NaN and infinity among them are noticed in what follows

    def _recorded(self, numbers):
        """Return the graph recorded afresh at these leaves."""
        given, values = dict(zip(self.leaves, numbers, strict=True)), []
        for operation, inputs, name, data in self._tape:
            if operation:
                value = Value.record(operation, *(values[k] for k in inputs)).named(name)
            else:
                value = Value(given.get(name, data), name)
            values.append(value)
        return values


class _Writer:
    """Writes the lines of a graph; ``text`` is the expression that stands for each value."""

    def __init__(self, order):
        self.order = order
        self.names = _checked_names([value.name for value in order if value.name])
        self.fresh = (f"t{k}" for k in count(1) if f"dt{k}" not in self.names)  # has the twins
        self.users = {value: [] for value in order}
        for value in order:
            for a in value.inputs:
                self.users[a].append(value)
        self.constant, self.text = set(), {}

    def written(self, value):
        return ast.unparse(self.text[value])

    def forward(self):
        lines = []
        for value in self.order:
            if not value.name and self.constant.issuperset(value.inputs):
                self.constant.add(value)
                self.text[value] = _parsed(repr(value.data))
            elif not value.operation:
                self.text[value] = _parsed(value.name)
            else:
                formula = self._filled(value, OPERATIONS[value.operation].forward)
                if not self._stands_inside(value, formula):
                    name = value.name or next(self.fresh)
                    lines.append(f"{name} = {ast.unparse(formula)}")
                    formula = _parsed(name)
                self.text[value] = formula
        return lines

    def backward(self):
        lines, paths = [], {value: [] for value in self.order}
        paths[self.order[-1]] = [_parsed("1.0")]
        for value in reversed(self.order):
            if value in self.constant:
                continue
            upstream, twin = paths[value][0], self._twin(value, paths[value])
            if twin:
                lines += _sum_lines(twin, paths[value])
                upstream = _parsed(twin)
            for a, local in self._edges(value):
                paths[a].append(_product(upstream, self._filled(value, local)))
        return lines

    def doubtful(self):
        """Return what must be finite for all to be: the functions refuse infinity by themselves."""
        return [
            self.text[value].id
            for value in self.order
            if isinstance(self.text[value], ast.Name)
            and (
                value.operation in POLYNOMIAL | {"div"}
                if value.operation
                else any(user.operation not in POLYNOMIAL for user in self.users[value])
            )
        ]

    def _edges(self, value):
        """Return the inputs that are not constant, each with its local derivative's formula."""
        locals_ = OPERATIONS[value.operation].local if value.operation else ()
        pairs = zip(value.inputs, locals_, strict=True)
        return [(a, local) for a, local in pairs if a not in self.constant]

    def _twin(self, value, paths):
        """Return the name for the derivative of a value, or "" if it needs no line."""
        if isinstance(self.text[value], ast.Name):
            end = value is self.order[-1] and value.operation
            return "" if end else "d" + self.text[value].id
        edges = self._edges(value)
        if len(edges) == 1 or _short(paths[0]):
            return ""
        for a, local in edges:  # a sum hands its derivative on: the twin of an operand will do
            if local == "1.0" and self.users[a] == [value] and isinstance(self.text[a], ast.Name):
                return "d" + self.text[a].id
        return "d" + next(self.fresh)

    def _stands_inside(self, value, formula):
        if value.name or value.operation not in POLYNOMIAL or len(self.users[value]) != 1:
            return False
        return self.users[value][0].operation in POLYNOMIAL and len(ast.unparse(formula)) <= LONGEST

    def _filled(self, value, formula):
        """Return a rule's formula with the expressions of this value and its inputs in it."""
        letters = dict(zip("ab", (self.text[a] for a in value.inputs), strict=False))
        return _Fill(letters | {"out": self.text.get(value)}).visit(_parsed(formula))


class _Fill(ast.NodeTransformer):
    def __init__(self, expressions):
        self.expressions = expressions

    def visit_Name(self, node):
        return self.expressions.get(node.id, node)


def _parsed(expression):
    return ast.parse(expression, mode="eval").body


def _short(expression):
    if isinstance(expression, ast.UnaryOp):
        expression = expression.operand
    return isinstance(expression, (ast.Name, ast.Constant))


def _product(upstream, local):
    """Return upstream times local; a factor of 1 or -1 is not written."""
    if ast.unparse(upstream) == "1.0":
        return local
    if ast.unparse(local) == "1.0":
        return upstream
    if ast.unparse(local) != "-1.0":
        return ast.BinOp(upstream, ast.Mult(), local)
    negative = isinstance(upstream, ast.UnaryOp)
    return upstream.operand if negative else ast.UnaryOp(ast.USub(), upstream)


def _sum_lines(name, terms):
    """Return ``name = term + term + ...``, a few terms a line; none if it is ``name = name``."""
    lines, total = [], terms[0]
    for k, term in enumerate(terms[1:], 1):
        if k % TERMS == 0:
            lines.append(f"{name} = {ast.unparse(total)}")
            total = _parsed(name)
        total = ast.BinOp(total, ast.Add(), term)
    last = ast.unparse(total)
    return lines if last == name else [*lines, f"{name} = {last}"]


def _check(names):
    """Return the lines that refuse infinity and NaN: no finite numbers add up to them in vain."""
    sums = [" + ".join(names[k : k + TERMS]) for k in range(0, len(names), TERMS)]
    return [line for s in sums for line in (f"if not isfinite({s}):", "    raise OverflowError")]


def _checked_names(names):
    """Return the names and those of their twins, or say which one can't stand in a program."""
    taken = set()
    for name in names:
        if not name.isidentifier() or unicodedata.normalize("NFKC", name) != name:
            raise ValueError(f"compile: expected a Python identifier as name, got {name!r}")
    for name in [*names, *(f"d{name}" for name in names)]:
        if name in _RESERVED:
            raise ValueError(f"compile: the name {name} is taken by Python or by a function")
        if name in taken:
            raise ValueError(f"compile: two values, or a value and a derivative, are called {name}")
        taken.add(name)
    return taken
