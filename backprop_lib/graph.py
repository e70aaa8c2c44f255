"""The scalar computational graph: ordinary arithmetic records it, ``backward`` walks it back.

Every operation is one row of ``OPERATIONS``: its value directly above its local derivatives.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

from backprop_lib._validate import real_number


@dataclass(frozen=True)
class Operation:
    """One elementary operation: ``forward(*inputs)`` and ``local(out, *inputs)``.

    ``local`` returns one local derivative, d out / d input, for each input.
    """

    forward: Callable
    local: Callable


def _sigmoid(a):
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


OPERATIONS = {
    "add": Operation(
        lambda a, b: a + b,
        lambda out, a, b: (1.0, 1.0),
    ),
    "sub": Operation(
        lambda a, b: a - b,
        lambda out, a, b: (1.0, -1.0),
    ),
    "mul": Operation(
        lambda a, b: a * b,
        lambda out, a, b: (b, a),
    ),
    "div": Operation(
        lambda a, b: a / b,
        lambda out, a, b: (1 / b, -out / b),
    ),
    "neg": Operation(
        lambda a: -a,
        lambda out, a: (-1.0,),
    ),
    "square": Operation(
        lambda a: a * a,
        lambda out, a: (2 * a,),
    ),
    "sin": Operation(
        lambda a: math.sin(a),
        lambda out, a: (math.cos(a),),
    ),
    "cos": Operation(
        lambda a: math.cos(a),
        lambda out, a: (-math.sin(a),),
    ),
    "exp": Operation(
        lambda a: math.exp(a),
        lambda out, a: (out,),
    ),
    "log": Operation(
        lambda a: math.log(a),
        lambda out, a: (1 / a,),
    ),
    "tanh": Operation(
        lambda a: math.tanh(a),
        lambda out, a: (1 - out * out,),
    ),
    "sigmoid": Operation(
        lambda a: _sigmoid(a),
        lambda out, a: (out * _sigmoid(-a),),
    ),
    "relu": Operation(
        lambda a: a if a > 0 else 0.0,
        lambda out, a: (1.0 if a > 0 else 0.0,),
    ),
}

_serial = itertools.count()


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
    inputs : tuple of Value
        What the operation was applied to.

    Notes
    -----
    Chain rule along every path, summed where paths meet: Equation :eq:`eq-chain-paths`.
    """

    __slots__ = ("data", "grad", "inputs", "name", "operation", "serial")

    def __init__(self, data, name=""):
        self.data = real_number(data, f"Value {name}".strip())
        self.grad = 0.0
        self.operation = None
        self.inputs = ()
        self.name = name
        self.serial = next(_serial)

    @classmethod
    def record(cls, operation, *inputs):
        """Apply a row of ``OPERATIONS`` to values and remember that it was applied."""
        inputs = tuple(a if isinstance(a, Value) else cls(a) for a in inputs)
        result = cls(_compute(operation, inputs))
        result.operation = operation
        result.inputs = inputs
        return result

    def named(self, name):
        """Give the value its letter and return it."""
        self.name = name
        return self

    def ancestors(self):
        """Return every value this one depends on, itself last, inputs before results.

        An input is always created before the result that uses it, so the order of creation is
        a topological order. No recursion, hence no limit on the depth.
        """
        seen = {id(self): self}
        waiting = [self]
        while waiting:
            for a in waiting.pop().inputs:
                if id(a) not in seen:
                    seen[id(a)] = a
                    waiting.append(a)
        return sorted(seen.values(), key=lambda value: value.serial)

    def forward(self):
        """Recompute the recorded graph from its leaves and return the new value."""
        for value in self.ancestors():
            if value.operation is not None:
                value.data = _compute(value.operation, value.inputs)
        return self.data

    def backward(self):
        """Set ``grad`` of every ancestor to d self / d ancestor.

        Calling it twice gives the same gradients, not twice as much.
        """
        order = self.ancestors()
        for value in order:
            value.grad = 0.0
        self.grad = 1.0
        for value in reversed(order):
            for a, local in zip(value.inputs, value.local_derivatives(), strict=True):
                a.grad += value.grad * local  # upstream times local; paths that meet add

    def local_derivatives(self):
        """Return d self / d input for each input; empty for a leaf."""
        if self.operation is None:
            return ()
        numbers = (a.data for a in self.inputs)
        return OPERATIONS[self.operation].local(self.data, *numbers)

    def __repr__(self):
        name = f"{self.name} = " if self.name else ""
        return f"Value({name}{self.data:.6g}, grad {self.grad:.6g})"

    def __add__(self, other):
        return Value.record("add", self, other)

    def __radd__(self, other):
        return Value.record("add", other, self)

    def __sub__(self, other):
        return Value.record("sub", self, other)

    def __rsub__(self, other):
        return Value.record("sub", other, self)

    def __mul__(self, other):
        return Value.record("mul", self, other)

    def __rmul__(self, other):
        return Value.record("mul", other, self)

    def __truediv__(self, other):
        return Value.record("div", self, other)

    def __rtruediv__(self, other):
        return Value.record("div", other, self)

    def __neg__(self):
        return Value.record("neg", self)


def square(a):
    """Return a²."""
    return Value.record("square", a)


def sin(a):
    """Return sin a."""
    return Value.record("sin", a)


def cos(a):
    """Return cos a."""
    return Value.record("cos", a)


def exp(a):
    """Return e to the power a; ``OverflowError`` above about 709."""
    return Value.record("exp", a)


def log(a):
    """Return the natural logarithm of a; ``ValueError`` unless a > 0."""
    return Value.record("log", a)


def tanh(a):
    """Return the hyperbolic tangent of a."""
    return Value.record("tanh", a)


def sigmoid(a):
    """Return 1 / (1 + exp(-a)); Equation :eq:`eq-sigmoid`."""
    return Value.record("sigmoid", a)


def relu(a):
    """Return max(0, a), with derivative 0 at a = 0; Equation :eq:`eq-relu`."""
    return Value.record("relu", a)


def _compute(operation, inputs):
    numbers = [a.data for a in inputs]
    try:
        result = OPERATIONS[operation].forward(*numbers)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise type(error)(f"{operation} of {_listed(inputs)}: {error}") from None
    if not math.isfinite(result):
        raise OverflowError(f"{operation} of {_listed(inputs)}: the result is {result}")
    return result


def _listed(inputs):
    return ", ".join(f"{a.name or 'value'} = {a.data:.6g}" for a in inputs)
