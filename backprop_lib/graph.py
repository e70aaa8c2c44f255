"""The scalar computational graph: ordinary arithmetic records it, ``backward`` walks it back.

Every operation is one row of ``OPERATIONS``: its value directly above its local derivatives, as
formulas. The operators of ``Value`` and the straight-line programs of ``compile`` are both
written from these rows: no rule exists twice.
"""

import itertools
import math
from operator import attrgetter
from typing import NamedTuple

from backprop_lib._validate import real_number


class Operation(NamedTuple):
    """One elementary operation on the numbers ``a`` and ``b``, with ``out`` for its result.

    ``forward`` and each of ``local`` is a formula in these letters and in ``FUNCTIONS``;
    ``local`` holds one local derivative, d out / d input, for each input.
    """

    forward: str
    local: tuple
    doc: str


OPERATIONS = {
    "add": Operation(
        "a + b",
        ("1.0", "1.0"),
        "Return a + b.",
    ),
    "sub": Operation(
        "a - b",
        ("1.0", "-1.0"),
        "Return a - b.",
    ),
    "mul": Operation(
        "a * b",
        ("b", "a"),
        "Return a b.",
    ),
    "div": Operation(
        "a / b",
        ("1 / b", "-out / b"),
        "Return a / b; ``ZeroDivisionError`` for b = 0.",
    ),
    "pow": Operation(
        "pow(a, b)",
        ("pow_slope(a, b)", "out * log(a) if a > 0 else 0.0"),
        "Return a to the power b; ``ValueError`` if a < 0 and b is not whole.",
    ),
    "neg": Operation(
        "-a",
        ("-1.0",),
        "Return -a.",
    ),
    "square": Operation(
        "a ** 2",
        ("2 * a",),
        "Return a².",
    ),
    "sin": Operation(
        "sin(a)",
        ("cos(a)",),
        "Return sin a.",
    ),
    "cos": Operation(
        "cos(a)",
        ("-sin(a)",),
        "Return cos a.",
    ),
    "exp": Operation(
        "exp(a)",
        ("out",),
        "Return e to the power a; ``OverflowError`` above about 709.",
    ),
    "log": Operation(
        "log(a)",
        ("1 / a",),
        "Return the natural logarithm of a; ``ValueError`` unless a > 0.",
    ),
    "tanh": Operation(
        "tanh(a)",
        ("1 - out * out",),
        "Return the hyperbolic tangent of a.",
    ),
    "sigmoid": Operation(
        "sigmoid(a)",
        ("out * sigmoid(-a)",),
        "Return 1 / (1 + exp(-a)); Equation :eq:`eq-sigmoid`.",
    ),
    "relu": Operation(
        "max(a, 0.0)",
        ("1.0 if a > 0 else 0.0",),
        "Return max(0, a), with derivative 0 at a = 0; Equation :eq:`eq-relu`.",
    ),
    "abs": Operation(
        "abs(a)",
        ("1.0 if a > 0 else -1.0 if a < 0 else 0.0",),
        "Return the absolute value of a, with derivative 0 at a = 0.",
    ),
    "maximum": Operation(
        "max(a, b)",
        ("1.0 if a >= b else 0.0", "0.0 if a >= b else 1.0"),
        "Return the greater of a and b; where they tie, a has the whole derivative.",
    ),
}


def _pow(a, b):
    if a == 0 and b < 0:
        raise ZeroDivisionError("0 has no negative power")
    if a < 0 and b % 1 != 0:
        raise ValueError("a negative base has whole powers only")
    return math.pow(a, b)


def _pow_slope(a, b):
    """Return b·a^(b-1); infinite where the power stands upright, as the square root at 0."""
    try:
        return b * math.pow(a, b - 1) if b else 0.0
    except (ValueError, OverflowError):
        return math.inf


def _sigmoid(a):
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


FUNCTIONS = {name: getattr(math, name) for name in ("sin", "cos", "exp", "log", "tanh")}
FUNCTIONS |= {"abs": abs, "max": max, "pow": _pow, "pow_slope": _pow_slope, "sigmoid": _sigmoid}

# The function on Values that records one operation. Its locals are plain numbers but for A, B.
_RECORDER = """
def {name}({letters}):
    {as_values}
    {as_numbers}
    try:
        out = {forward}
        edges = ({edges},)
        if out - out:  # 0 for a finite number, else NaN, which counts as true
            raise OverflowError(f"the result is {{out}}")
    except (ArithmeticError, ValueError) as error:
        raise refusal("{name}", ({values},), error) from None
    result = new(Value)
    result.data = out
    result.grad = 0.0
    result.edges = edges
    result.operation = "{name}"
    result.name = ""
    result.serial = next(serial)
    return result
"""


def _recorder(name, rule):
    letters = "ab"[: len(rule.local)]
    source = _RECORDER.format(
        name=name,
        letters=", ".join(letters),
        values=", ".join(letters.upper()),
        as_values="; ".join(
            f"{a.upper()} = {a} if isinstance({a}, Value) else Value({a})" for a in letters
        ),
        as_numbers="; ".join(f"{a} = {a.upper()}.data" for a in letters),
        forward=rule.forward,
        edges=", ".join(
            f"({a.upper()}, {local})" for a, local in zip(letters, rule.local, strict=True)
        ),
    )
    made = {}
    exec(source, _NAMES, made)
    made[name].__doc__ = rule.doc
    return made[name]


def _refusal(operation, inputs, error):
    listed = ", ".join(f"{a.name or 'value'} = {a.data:.6g}" for a in inputs)
    reason = "beyond the largest float" if "range" in str(error) else error
    return type(error)(f"{operation} of {listed}: {reason}")


_serial, _by_serial = itertools.count(), attrgetter("serial")
_NAMES = FUNCTIONS | {"new": object.__new__, "serial": _serial, "refusal": _refusal}
_NAMES["__name__"] = __name__
_RECORDERS = {name: _recorder(name, rule) for name, rule in OPERATIONS.items()}


class Value:
    """A number that remembers how it was computed.

    Parameters
    ----------
    data : float
        The number; finite.
    name : str, optional
        The letter the book uses for it, shown in figures and messages.

    Attributes
    ----------
    data : float
        The value, set by the forward pass.
    grad : float
        d out / d self, where ``out`` is the value whose ``backward`` ran last.
    operation : str or None
        A key of ``OPERATIONS``; ``None`` for a leaf (a weight, an input, a constant).
    edges : tuple of (Value, float)
        What the operation was applied to, each with d self / d input.

    Notes
    -----
    Chain rule along every path, summed where paths meet: Equation :eq:`eq-chain-paths`.

    ``+ - * / **``, ``-a`` and ``abs(a)`` record, with plain numbers on either side too. At a
    kink the derivative is one of the slopes beside it, or 0 for ``abs``. For a base <= 0 the
    derivative of ``a ** b`` for b counts as 0: powers of 0 stay 0, and a negative base has
    powers at whole exponents only, between which b cannot move.
    """

    __slots__ = ("data", "edges", "grad", "name", "operation", "serial")

    def __init__(self, data, name=""):
        if type(data) is not float or data - data:  # most leaves are spared the slow check
            data = real_number(data, f"Value {name}".strip())
        self.data = data
        self.grad = 0.0
        self.edges = ()
        self.operation = None
        self.name = name
        self.serial = next(_serial)

    @staticmethod
    def record(operation, *inputs):
        """Apply a row of ``OPERATIONS`` to values and remember that it was applied."""
        if operation not in OPERATIONS:
            known = ", ".join(OPERATIONS)
            raise ValueError(f"Value: operation: expected one of {known}, got {operation!r}")
        return _RECORDERS[operation](*inputs)

    def named(self, name):
        """Give the value its letter and return it."""
        self.name = name
        return self

    @property
    def inputs(self):
        """What the operation was applied to; empty for a leaf."""
        return tuple([a for a, _ in self.edges])

    def local_derivatives(self):
        """Return d self / d input for each input; empty for a leaf."""
        return tuple([local for _, local in self.edges])

    def ancestors(self):
        """Return every value this one depends on, itself last, inputs before results.

        An input is always created before the result that uses it, so the order of creation is
        a topological order. No recursion, hence no limit on the depth.
        """
        found, order = {self}, [self]
        for value in order:  # grows while it is walked
            for a, _ in value.edges:
                if a not in found:
                    found.add(a)
                    order.append(a)
        order.sort(key=_by_serial)
        return order

    def forward(self):
        """Recompute the recorded graph from its leaves and return the new value.

        If that is refused, every result stays as it was.
        """
        order = self.ancestors()
        before = [(value, value.data, value.edges) for value in order]
        try:
            for value in order:
                value._recompute()
        except (ArithmeticError, TypeError, ValueError):
            for value, data, edges in before:
                value.data, value.edges = data, edges
            raise
        return self.data

    def _recompute(self):
        if self.operation:
            again = _RECORDERS[self.operation](*self.inputs)
            self.data, self.edges = again.data, again.edges
        elif not math.isfinite(self.data):
            raise OverflowError(f"forward: {self.name or 'a leaf'} is {self.data}")

    def backward(self):
        """Set ``grad`` of every ancestor to d self / d ancestor.

        Calling it twice gives the same gradients, not twice as much. ``OverflowError``, and no
        gradient changed, if one of them is not finite.
        """
        before, order = {self: self.grad}, [self]
        for value in order:  # grows while it is walked
            for a, _ in value.edges:
                if a not in before:
                    before[a] = a.grad
                    a.grad = 0.0
                    if a.edges:  # a leaf has nothing to hand on
                        order.append(a)
        order.sort(key=_by_serial, reverse=True)  # results before inputs
        self.grad = 1.0
        for value in order:
            upstream = value.grad
            for a, local in value.edges:
                a.grad += upstream * local  # paths that meet add
        if not math.isfinite(sum([value.grad for value in before])):
            _refuse_infinite_gradients(before)

    def __repr__(self):
        name = f"{self.name} = " if self.name else ""
        return f"Value({name}{self.data:.6g}, grad {self.grad:.6g})"

    __add__, __sub__ = _RECORDERS["add"], _RECORDERS["sub"]
    __mul__, __truediv__ = _RECORDERS["mul"], _RECORDERS["div"]
    __pow__, __neg__, __abs__ = _RECORDERS["pow"], _RECORDERS["neg"], _RECORDERS["abs"]

    def __radd__(self, other):
        return _RECORDERS["add"](other, self)

    def __rsub__(self, other):
        return _RECORDERS["sub"](other, self)

    def __rmul__(self, other):
        return _RECORDERS["mul"](other, self)

    def __rtruediv__(self, other):
        return _RECORDERS["div"](other, self)

    def __rpow__(self, other):
        return _RECORDERS["pow"](other, self)


_NAMES["Value"] = Value  # the recorders were written before it

square, maximum = _RECORDERS["square"], _RECORDERS["maximum"]
sin, cos, exp, log = (_RECORDERS[name] for name in ("sin", "cos", "exp", "log"))
tanh, sigmoid, relu = (_RECORDERS[name] for name in ("tanh", "sigmoid", "relu"))


def compile(loss):
    """Return the recorded graph of ``loss`` as a straight-line program.

    ``print`` shows it; its methods ``value`` and ``gradient`` are the fast way to curves and
    sweeps. Equations :eq:`eq-toy-forward` and :eq:`eq-toy-backward` are such a program.

    Parameters
    ----------
    loss : Value
        Its leaves with a name become the arguments; those without are constants.

    Returns
    -------
    program.Program

    Raises
    ------
    ValueError
        No leaf has a name, or a name can't stand in a Python program.
    """
    from backprop_lib.program import Program  # it imports this module in its turn

    return Program(loss)


def _refuse_infinite_gradients(before):
    """Put the gradients back and name one that is not finite; only their sum may have been."""
    infinite = [(value.name or repr(value), value.grad) for value in before]
    infinite = [(name, grad) for name, grad in infinite if not math.isfinite(grad)]
    if infinite:
        for value, grad in before.items():
            value.grad = grad
        name, grad = infinite[0]
        raise OverflowError(f"backward: the gradient of {name} is {grad}")
