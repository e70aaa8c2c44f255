"""Source transformation: a recorded graph as the lines a person would write, forward and back.

The other form of reverse mode. ``print(program.compile(loss))`` shows one line for each recorded
value and, in reverse, one for its twin: the prefix d means "derivative of the result by".
"""

import copy
import keyword
import math
import unicodedata
from itertools import count

from backprop_lib import graph
from backprop_lib._validate import real_number
from backprop_lib.formulas import IN_PROGRAM, PYTHON, Formula, written

# What a line may call: the functions that the rules call, and those of the check at the end
FUNCTIONS = {name: getattr(math, name) for name in ("sin", "cos", "exp", "log", "tanh")}
FUNCTIONS |= {name: getattr(graph, f"_{name}") for name in ("power", "power_slope", "log_or_0")}
FUNCTIONS |= {name: getattr(graph, f"_{name}") for name in ("sigmoid", "step", "sign", "is_first")}
FUNCTIONS |= {"abs": abs, "max": max, "sum": sum, "isfinite": math.isfinite}


def compile(loss):
    """Return the recorded graph of ``loss`` as a ``Program``.

    Leaves with a name become its arguments, those without are constants. A result with a name
    keeps it, the others become ``t1``, ``t2``, ... ``ValueError`` if a name occurs twice or can't
    stand in a program, or if no leaf has one.
    """
    if not isinstance(loss, graph.Value):
        raise TypeError(f"compile: loss: expected a Value, got {type(loss).__name__}")
    order = loss.ancestors()
    if all(v.operation or not v.name for v in order):
        raise ValueError("compile: loss: expected at least one leaf with a name, got none")
    given = _checked([v.name for v in order if v.name])
    fresh = (f"t{k}" for k in count(1) if not given & {f"t{k}", f"dt{k}"})
    name = {v: v.name or next(fresh) for v in order if v.name or v.operation}
    symbol = {v: Formula(name[v]) if v in name else v.data for v in order}
    lines, edges, paths = [], {v: [] for v in order}, {v: [] for v in order}
    for v in order:
        if v.operation:
            formula, *slopes = IN_PROGRAM[v.operation](*(symbol[a] for a in v.inputs))
            lines.append(f"{name[v]} = {written(formula, PYTHON)}")
            for a, slope in zip(v.inputs, slopes, strict=True):
                slope = slope.replaced(formula, name[v]) if isinstance(slope, Formula) else slope
                edges[v].append((a, "" if slope == 1 else f" * {written(slope, PYTHON, least=4)}"))
    paths[loss] = ["1.0"]
    for v in reversed(order):
        if v in name:
            lines.append(f"d{name[v]} = {_total(paths[v])}")
            for a, times in edges[v]:
                paths[a].append(f"d{name[v]}{times}")
    everything = [*name.values(), *(f"d{x}" for x in name.values())]
    lines += [f"if not isfinite({_total(everything)}):", "    raise OverflowError"]
    return Program(loss, lines, name[loss])


class Program:
    """The value and the gradient of a recorded graph as straight-line Python.

    ``source`` is its text, which ``print`` shows, ``leaves`` the names of its arguments.
    """

    def __init__(self, loss, lines, result):
        self._loss = copy.deepcopy(loss)  # what happens to the graph later is its own affair
        self._leaves = [v for v in self._loss.ancestors() if v.name and not v.operation]
        self.leaves = tuple(leaf.name for leaf in self._leaves)
        lines = [*lines, f"return {', '.join([result, *(f'd{leaf}' for leaf in self.leaves)])}"]
        head, made = f"def gradient({', '.join(self.leaves)}):", dict(FUNCTIONS)
        self.source = "\n    ".join([head, *lines]) + "\n"
        exec(self.source, made)
        self._gradient = made["gradient"]

    def __str__(self):
        return self.source

    def gradient(self, *numbers):
        """Return the value and its derivative for each of ``leaves``, as one flat tuple.

        The graph itself computes, and names, what the program can't.
        """
        if len(numbers) != len(self.leaves):
            expected = f"{len(self.leaves)} numbers ({', '.join(self.leaves)})"
            raise TypeError(f"Program: expected {expected}, got {len(numbers)}")
        try:
            if {*map(type, numbers)} == {float}:  # other kinds would hand on their own
                return self._gradient(*numbers)
        except (ArithmeticError, ValueError):
            pass
        for leaf, number in zip(self._leaves, numbers, strict=True):
            leaf.data = real_number(number, f"Program: {leaf.name}")
        self._loss.forward()
        self._loss.backward()
        return self._loss.data, *(leaf.grad for leaf in self._leaves)


def _total(terms):  # a long sum would be nested too deeply for Python's parser
    return " + ".join(terms) if len(terms) < 100 else f"sum([{', '.join(terms)}])"


def _checked(names):
    """Return the names with those of their twins, or say which one can't stand in a program."""
    taken, given = {*FUNCTIONS, *keyword.kwlist, "OverflowError", "__debug__"}, set()
    for name in names:
        if not name.isidentifier() or unicodedata.normalize("NFKC", name) != name:
            raise ValueError(f"compile: expected a Python identifier as name, got {name!r}")
        for new in (name, f"d{name}"):
            if new in taken:
                raise ValueError(f"compile: the name {new} is taken by Python or by a function")
            if new in given:
                raise ValueError(f"compile: two values, or value and twin, are called {new}")
            given.add(new)
    return given
