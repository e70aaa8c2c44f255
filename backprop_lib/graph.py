"""The scalar computational graph: ordinary arithmetic records it, ``backward`` walks it back.

Every operation is one rule, a function of plain numbers: its value directly above its local
derivatives. A decorator lets it work on ``Value`` and record itself.
"""

import math
from functools import wraps
from operator import attrgetter
from types import FunctionType

from backprop_lib._validate import real_number

OPERATIONS = {}  # by name: the functions on Values that record
DEEPEST_PICKLE = 100


def _unary(rule):
    """Turn a rule ``a -> out, d out / d a`` into a function on Values that records itself."""
    name, new = rule.__name__, object.__new__

    @wraps(rule)
    def recorded(a):
        if not isinstance(a, Value):
            a = Value(a)
        try:
            out, local = rule(a.data)
            if out - out:  # 0 for a finite number, else NaN, which counts as true
                raise OverflowError(f"the result is {out}")
        except (ArithmeticError, ValueError) as error:
            raise _refusal(name, (a,), error) from None
        result = new(Value)
        result.data = out
        result.grad = 0.0
        result.edges = ((a, local),)
        result.operation = name
        result.name = ""
        result.rank = a.rank + 1
        return result

    OPERATIONS[name] = recorded
    return recorded


def _binary(rule):
    """Turn a rule ``a, b -> out, d out / d a, d out / d b`` into a function on Values."""
    name, new = rule.__name__, object.__new__

    @wraps(rule)
    def recorded(a, b):
        if not isinstance(a, Value):
            a = Value(a)
        if not isinstance(b, Value):
            b = Value(b)
        try:
            out, local_a, local_b = rule(a.data, b.data)
            if out - out:
                raise OverflowError(f"the result is {out}")
        except (ArithmeticError, ValueError) as error:
            raise _refusal(name, (a, b), error) from None
        result = new(Value)
        result.data = out
        result.grad = 0.0
        result.edges = ((a, local_a), (b, local_b))
        result.operation = name
        result.name = ""
        rank, other = a.rank, b.rank
        result.rank = (rank if rank > other else other) + 1
        return result

    OPERATIONS[name] = recorded
    return recorded


def _refusal(operation, inputs, error):
    listed = ", ".join(f"{a.name or 'value'} = {a.data:.6g}" for a in inputs)
    reason = "beyond the largest float" if "range" in str(error) else error
    return type(error)(f"{operation} of {listed}: {reason}")


def rules_on(functions):
    """Return the rules by name for another kind of number: formulas, say, or arrays.

    ``functions`` is a dict of what stands in for ``math`` and for the other names that the rules
    call: ``abs``, ``max``, ``_power``, ``_power_slope``, ``_log_or_0``, ``_sigmoid``, ``_step``,
    ``_sign`` and ``_is_first``.
    """
    return {
        name: FunctionType(recorded.__wrapped__.__code__, functions)
        for name, recorded in OPERATIONS.items()
    }


@_binary
def add(a, b):
    """Return a + b."""
    out = a + b
    return out, 1.0, 1.0


@_binary
def sub(a, b):
    """Return a - b."""
    out = a - b
    return out, 1.0, -1.0


@_binary
def mul(a, b):
    """Return a b."""
    out = a * b
    return out, b, a


@_binary
def div(a, b):
    """Return a / b; ``ZeroDivisionError`` for b = 0."""
    out = a / b
    return out, 1 / b, -out / b


@_binary
def power(a, b):
    """Return a to the power b; ``ValueError`` if a < 0 and b is not whole."""
    out = _power(a, b)
    return out, _power_slope(a, b), out * _log_or_0(a)


@_unary
def neg(a):
    """Return -a."""
    out = -a
    return out, -1.0


@_unary
def square(a):
    """Return a²."""
    out = a**2
    return out, 2 * a


@_unary
def sin(a):
    """Return sin a."""
    out = math.sin(a)
    return out, math.cos(a)


@_unary
def cos(a):
    """Return cos a."""
    out = math.cos(a)
    return out, -math.sin(a)


@_unary
def exp(a):
    """Return e to the power a; ``OverflowError`` above about 709."""
    out = math.exp(a)
    return out, out


@_unary
def log(a):
    """Return the natural logarithm of a; ``ValueError`` unless a > 0."""
    out = math.log(a)
    return out, 1 / a


@_unary
def tanh(a):
    """Return the hyperbolic tangent of a."""
    out = math.tanh(a)
    return out, 1 - out**2


@_unary
def sigmoid(a):
    """Return 1 / (1 + exp(-a)); Equation :eq:`eq-sigmoid`."""
    out = _sigmoid(a)
    return out, out * _sigmoid(-a)


@_unary
def relu(a):
    """Return max(0, a), with derivative 0 at a = 0; Equation :eq:`eq-relu`."""
    out = max(a, 0.0)
    return out, _step(a)


@_unary
def absolute(a):
    """Return the absolute value of a, with derivative 0 at a = 0."""
    out = abs(a)
    return out, _sign(a)


@_binary
def maximum(a, b):
    """Return the greater of a and b; where they tie, a has the whole derivative."""
    out = max(a, b)
    return out, _is_first(a, b), 1 - _is_first(a, b)


def _power(a, b):
    if a == 0 and b < 0:
        raise ZeroDivisionError("0 has no negative power")
    if a < 0 and b % 1 != 0:
        raise ValueError("a negative base has whole powers only")
    return math.pow(a, b)


def _power_slope(a, b):
    """Return b·a^(b-1); infinite where the power stands upright, as the square root at 0."""
    try:
        return b * math.pow(a, b - 1) if b else 0.0
    except (ValueError, OverflowError):
        return math.inf


def _log_or_0(a):
    return math.log(a) if a > 0 else 0.0


def _sigmoid(a):
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


def _step(a):
    return 1.0 if a > 0 else 0.0


def _sign(a):
    return 1.0 if a > 0 else -1.0 if a < 0 else 0.0


def _is_first(a, b):
    return 1.0 if a >= b else 0.0


_by_rank = attrgetter("rank")


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
    rank : int
        The number of operations on the longest way here from a leaf: inputs have smaller ranks
        than their results, so that sorting by rank is a topological sort.

    Notes
    -----
    Chain rule along every path, summed where paths meet: Equation :eq:`eq-chain-paths`.

    ``+ - * / **``, ``-a`` and ``abs(a)`` record, with plain numbers on either side too. At a
    kink the derivative is one of the slopes beside it, or 0 for ``abs``. For a base <= 0 the
    derivative of ``a ** b`` for b counts as 0: powers of 0 stay 0, and a negative base has
    powers at whole exponents only, between which b cannot move.
    """

    __slots__ = ("data", "edges", "grad", "name", "operation", "rank")

    def __init__(self, data, name=""):
        if not isinstance(name, str):
            raise _not_a_name(name)
        if type(data) is not float or data - data:  # most leaves are spared the slow check
            data = real_number(data, f"Value {name}".strip())
        self.data = data
        self.grad = 0.0
        self.edges = ()
        self.operation = None
        self.name = name
        self.rank = 0

    @staticmethod
    def record(operation, *inputs):
        """Apply a row of ``OPERATIONS`` to values and remember that it was applied."""
        if operation not in OPERATIONS:
            known = ", ".join(OPERATIONS)
            raise ValueError(f"Value: operation: expected one of {known}, got {operation!r}")
        return OPERATIONS[operation](*inputs)

    def named(self, name):
        """Give the value its letter and return it."""
        if not isinstance(name, str):
            raise _not_a_name(name)
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

        No recursion, hence no limit on the depth.
        """
        found, order = {self}, [self]
        for value in order:  # grows while it is walked
            for a, _ in reversed(value.edges):
                if a not in found:
                    found.add(a)
                    order.append(a)
        order.reverse()  # of equal ranks, what the others wait for comes first
        order.sort(key=_by_rank)
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
            again = OPERATIONS[self.operation](*self.inputs)
            self.data, self.edges = again.data, again.edges
        elif type(self.data) is not float:
            self.data = real_number(self.data, f"forward: {self.name or 'a leaf'}")
        elif not math.isfinite(self.data):
            raise OverflowError(f"forward: {self.name or 'a leaf'} is {self.data}")

    def backward(self):
        """Set ``grad`` of every ancestor to d self / d ancestor.

        Calling it twice gives the same gradients, not twice as much. ``OverflowError``, and no
        gradient changed, if one of them is not finite.
        """
        before, order = {self: self.grad}, [self]
        for value in order:  # grows while it is walked
            for a, _ in reversed(value.edges):
                if a not in before:
                    before[a] = a.grad
                    a.grad = 0.0
                    if a.edges:  # a leaf has nothing to hand on
                        order.append(a)
        order.sort(key=_by_rank, reverse=True)  # results before inputs
        self.grad = 1.0
        for value in order:
            upstream = value.grad
            for a, local in value.edges:
                a.grad += upstream * local  # paths that meet add
        if not math.isfinite(sum([value.grad for value in before])):
            _refuse_infinite_gradients(before)

    def __deepcopy__(self, memo):
        for value in self.ancestors():
            if id(value) not in memo:
                memo[id(value)] = twin = object.__new__(Value)
                for slot in Value.__slots__:
                    setattr(twin, slot, getattr(value, slot))
                twin.edges = tuple([(memo[id(a)], local) for a, local in value.edges])
        return memo[id(self)]

    def __getstate__(self):
        if self.rank > DEEPEST_PICKLE:  # pickle follows the edges by recursion
            raise ValueError(
                f"Value: expected a graph of rank {DEEPEST_PICKLE} or less to pickle, got "
                f"{self.rank}: keep the numbers of its leaves, and record it again"
            )
        return super().__getstate__()

    def __repr__(self):
        name = f"{self.name} = " if self.name else ""
        return f"Value({name}{self.data:.6g}, grad {self.grad:.6g})"

    __add__, __sub__, __mul__, __truediv__ = add, sub, mul, div
    __pow__, __neg__, __abs__ = power, neg, absolute

    def __radd__(self, other):
        return add(other, self)

    def __rsub__(self, other):
        return sub(other, self)

    def __rmul__(self, other):
        return mul(other, self)

    def __rtruediv__(self, other):
        return div(other, self)

    def __rpow__(self, other):
        return power(other, self)


def _not_a_name(name):
    return TypeError(f"Value: name: expected a str, got {type(name).__name__}")


def _refuse_infinite_gradients(before):
    """Put the gradients back and name one that is not finite; only their sum may have been."""
    infinite = [(value.name or repr(value), value.grad) for value in before]
    infinite = [(name, grad) for name, grad in infinite if not math.isfinite(grad)]
    if infinite:
        for value, grad in before.items():
            value.grad = grad
        name, grad = infinite[0]
        raise OverflowError(f"backward: the gradient of {name} is {grad}")
