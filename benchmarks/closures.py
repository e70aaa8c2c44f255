"""A scalar engine in the style of micrograd: every operation leaves a closure behind.

It is a peer to be timed, written the way that style is usually taught: a set of children, a
closure that adds to their gradients, a recursive depth-first sort before the walk back.
"""

import math


class Value:
    """A number, where it came from, and a closure that hands its gradient on."""

    def __init__(self, data, children=()):
        self.data = data
        self.grad = 0.0
        self._prev = set(children)
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __sub__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data - other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad -= out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def backward(self):
        """Add d self / d v to the gradient of every v that self depends on."""
        order, seen = [], set()

        def visit(value):
            if value not in seen:
                seen.add(value)
                for child in value._prev:
                    visit(child)
                order.append(value)

        visit(self)
        self.grad = 1.0
        for value in reversed(order):
            value._backward()


def sin(a):
    """Return sin a."""
    return _unary(a, math.sin(a.data), math.cos(a.data))


def cos(a):
    """Return cos a."""
    return _unary(a, math.cos(a.data), -math.sin(a.data))


def exp(a):
    """Return e to the power a."""
    out = math.exp(a.data)
    return _unary(a, out, out)


def sigmoid(a):
    """Return 1 / (1 + exp(−a))."""
    out = 1 / (1 + math.exp(-a.data))
    return _unary(a, out, out * (1 - out))


def relu(a):
    """Return max(0, a)."""
    return _unary(a, max(a.data, 0.0), float(a.data > 0))


def _unary(a, data, local):
    out = Value(data, (a,))

    def _backward():
        a.grad += local * out.grad

    out._backward = _backward
    return out
