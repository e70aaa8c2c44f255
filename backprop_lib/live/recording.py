"""A recorded scalar graph as a figure needs it: numbered, in formulas, differentiable by names."""

import math
import re
from functools import cache

import numpy as np

from backprop_lib._validate import instance, sequence
from backprop_lib.formulas import BOOK, IN_BOOK, Formula, written
from backprop_lib.graph import Value, rules_on

NO_VALUE = (ArithmeticError, ValueError)  # overflow, division by zero; the logarithm of -1
SWITCHES = ("relu", "absolute", "maximum")  # their slopes jump
LONGEST_FORMULA = 9  # names and numbers; a longer one would explain nothing

# The rules on arrays, where what has no value becomes infinity or NaN, as in the page
ON_ARRAYS = rules_on(
    {
        "math": np,
        "abs": np.abs,
        "max": np.maximum,
        "_power": np.power,
        "_power_slope": lambda a, b: np.where(b == 0, 0.0, b * np.power(a, b - 1)),
        "_log_or_0": lambda a: np.where(a > 0, np.log(a), 0.0),
        "_sigmoid": lambda a: np.where(a >= 0, 1.0, np.exp(a)) / (1 + np.exp(-np.abs(a))),
        "_step": lambda a: np.where(a > 0, 1.0, 0.0),
        "_sign": np.sign,
        "_is_first": lambda a, b: np.where(a >= b, 1.0, 0.0),
    }
)


class Recording:
    """The ancestors of one value, numbered in the order of computation.

    Parameters
    ----------
    loss : Value
        The graph's result.

    Attributes
    ----------
    values : list of Value
        Inputs before results, the loss last.
    by_name : dict of str to Value
        The named values: what the figure shows.
    """

    def __init__(self, loss):
        if not isinstance(loss, Value):
            raise TypeError(f"Recording: loss: expected a Value, got {type(loss).__name__}")
        if not loss.name:
            raise ValueError("Recording: loss: expected a value with a name, got one without")
        self.loss = loss
        self.values = loss.ancestors()
        self.index = {value: i for i, value in enumerate(self.values)}
        self.by_name = {}
        for value in self.values:
            if value.name in self.by_name:
                raise ValueError(f"Recording: two values are called {value.name}")
            if value.name:
                if not value.name.isidentifier():  # formulas and addresses hold names
                    raise ValueError(
                        f"Recording: expected a Python identifier as name, got {value.name!r}"
                    )
                self.by_name[value.name] = value
        self.inner = {name: self._walk_back(value) for name, value in self.by_name.items()}
        self.users = {name: [] for name in self.by_name}
        for name, (_, sources) in self.inner.items():
            for value in sources:
                self.users[value.name].append(name)
        self.unreached = set(), set()  # names whose value, whose gradient the walk has not reached
        self._formulas = cache(self._written)
        self._swept_last = None, None
        self.run()

    def _walk_back(self, target):
        """Return the unnamed values between a name and the names it was computed from, last first.

        The named value itself comes first, the names that end the paths are returned apart.
        """
        inner, sources = [target], []
        for value in inner:  # grows while it is walked
            for a in value.inputs:
                found = sources if a.name else inner
                if a not in found:
                    found.append(a)
        place = self.index.get
        return sorted(inner, key=place, reverse=True), sorted(sources, key=place)

    def run(self):
        """Forward from the leaves, then backward from the loss.

        Where that is refused, the numbers are those of the page: infinity, and NaN behind it.
        """
        try:
            self.loss.forward()
            self.loss.backward()
        except NO_VALUE:
            self._run_past_the_end()

    def _run_past_the_end(self):
        with np.errstate(all="ignore"):
            for value in self.values:
                value.grad = 0.0
                if value.operation:
                    inputs = [np.float64(a.data) for a in value.inputs]
                    out, *slopes = map(float, ON_ARRAYS[value.operation](*inputs))
                    value.data, value.edges = out, tuple(zip(value.inputs, slopes, strict=True))
        self.loss.grad = 1.0
        for value in reversed(self.values):
            for a, local in value.edges:
                a.grad += value.grad * local

    def number_of(self, name):
        """Return the position of a named value."""
        return self.index[self.by_name[name]]

    def consumers(self, name):
        """Return the named values that use this one directly."""
        return self.users[name]

    def local_derivatives(self, name):
        """Return d value / d each named value that it was computed from directly.

        The walk back stops at names, so the unnamed values in between are multiplied through
        and paths between the same two names are summed.
        """
        inner, sources = self.inner[name]
        slopes = dict.fromkeys([*inner, *sources], 0.0)
        slopes[inner[0]] = 1.0
        for value in inner:
            for a, local in value.edges:
                slopes[a] += slopes[value] * local
        return {value.name: slopes[value] for value in sources}

    def read(self, of, at):
        """Return a number that is shown, and the attribute that tells the script which it is.

        NaN for what the walk has not reached yet.

        Parameters
        ----------
        of : {"value", "grad", "local"}
        at : str or (str, str)
            A name; for a local derivative the names of result and input.
        """
        if of == "local":
            name, source = at
            slope = self.local_derivatives(name)[source]
            slope = math.nan if source in self.unreached[1] else slope
            return slope, f'data-local="{self.number_of(name)} {self.number_of(source)}"'
        value, mark = self.by_name[at], f"data-{of}={self.number_of(at)}"
        if at in self.unreached[of == "grad"]:
            return math.nan, mark
        return (value.data if of == "value" else value.grad), mark

    def formula(self, name, source=None):
        """Return a value's formula, or its derivative by a source, with names in braces.

        ``"{beta0} + {omega0}·{x}"``; empty for a leaf and for what would be too long.
        """
        return self._formulas(name, source)

    def _written(self, name, source):
        inner, sources = self.inner[name]
        if not inner[0].operation:
            return ""
        symbol = {value: Formula(value.name) for value in sources}
        rules = {}
        for value in reversed(inner):
            symbol[value] = value.data
            if value.operation:
                rules[value] = IN_BOOK[value.operation](*(symbol[a] for a in value.inputs))
                symbol[value] = rules[value][0]
        wanted = symbol[inner[0]]
        if source:
            wanted = self._slope(name, rules, inner, self.by_name[source])
        return _in_book(wanted)

    def _slope(self, name, rules, inner, source):
        """Walk back from a name to a source in symbols, as ``local_derivatives`` in numbers."""
        slopes = {inner[0]: 1.0}
        for value in inner:
            out, *locals_ = rules.get(value, (None,))
            for a, local in zip(value.inputs, locals_, strict=True):
                if value is inner[0] and isinstance(local, Formula) and local != out:
                    local = local.replaced(out, name)  # a(1 − a), but exp f and not h
                slopes[a] = slopes.get(a, 0.0) + slopes[value] * local
        return slopes[source]

    def as_json(self):
        """Return the nodes: a number for a leaf, [operation, input, ...] for a result."""
        return [
            [value.operation, *(self.index[a] for a in value.inputs)]
            if value.operation
            else value.data
            for value in self.values
        ]

    def sweep(self, name, points):
        """Return the loss at each setting of one named leaf; NaN or infinity where it has none.

        While this leaf alone moves the answer stays the same, so the last one is kept.
        """
        leaf = self.by_name[name]
        others = [v.data for v in self.values if not v.operation and v is not leaf]
        asked = name, list(points), others
        if asked != self._swept_last[0]:
            losses = self._moved(leaf, points)[0].get(self.loss)
            losses = [self.loss.data] * len(points) if losses is None else losses.tolist()
            self._swept_last = asked, losses
        return list(self._swept_last[1])

    def difference(self, name, h):
        """Return (J(w + h) − J(w − h)) / 2h by one leaf, whether w is at a kink, and the rounding.

        At a kink a switch turns over, and the slopes on either side differ by more than a smooth
        curve bends within h. What rounding alone may do to the difference comes last.
        """
        leaf, loss = self.by_name[name], self.loss.data
        moved, switches = self._moved(leaf, [leaf.data + h, leaf.data - h])
        after, before = map(float, moved.get(self.loss, (loss, loss)))
        right, left = (after - loss) / h, (loss - before) / h
        rounding = 8 * 2**-52 * abs(loss) / h
        bend = 0.01 * max(abs(right), abs(left)) + 100 * h + rounding
        kink = any(a != b for a, b in switches) and abs(right - left) > bend
        return (after - before) / (2 * h), kink, rounding

    def _moved(self, leaf, points):
        """Return what follows from a leaf at several settings, and the slopes of the switches."""
        moved, switches = {leaf: np.array(points, dtype=float)}, []
        with np.errstate(all="ignore"):
            for value in self.values:
                if any(a in moved for a in value.inputs):
                    inputs = [moved.get(a, np.float64(a.data)) for a in value.inputs]
                    moved[value], slope, *_ = ON_ARRAYS[value.operation](*inputs)
                    if value.operation in SWITCHES:
                        switches.append(slope)
        return moved, switches


def check_kind(of, at, owner):
    """Refuse what ``Recording.read`` can't read."""
    if of not in ("value", "grad", "local"):
        raise ValueError(f"{owner}: expected value, grad or local, got {of!r}")
    for part in at:
        if of == "local":
            sequence(part, f"{owner}: a pair (result, input)", str, 2)
        else:
            instance(part, str, f"{owner}: a name")


def _in_book(formula):
    """Write a formula in the book's notation; empty if it is too long or a number is not exact."""
    exact = True

    def written_number(x):
        nonlocal exact
        exact &= float(f"{x:.4g}") == x
        return "½" if x == 0.5 else f"{x:.4g}".replace("-", "−")

    if isinstance(formula, Formula) and formula.size() > LONGEST_FORMULA:
        return ""
    text = written(formula, BOOK, "{{{}}}".format, written_number)
    text = re.sub(r"^(−?)(sin|cos|exp|log|tanh)\((\{\w+\})\)$", r"\1\2 \3", text)
    text = re.sub(r"\^(\d)(?![\d.])", lambda match: "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(match[1])], text)
    text = re.sub(r"(½|\d)·\(", r"\1(", text)
    return text if exact else ""
