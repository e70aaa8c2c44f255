"""A recorded scalar graph as a figure needs it: numbered, and differentiable between names."""

import math

from backprop_lib import graph
from backprop_lib.graph import Value


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
        self.loss = loss
        self.values = loss.ancestors()
        self.index = {id(value): i for i, value in enumerate(self.values)}
        self.by_name = {}
        for value in self.values:
            if value.name in self.by_name:
                raise ValueError(f"Recording: two values are called {value.name}")
            if value.name:
                self.by_name[value.name] = value
        self.inner = {name: self._walk_back(name) for name in self.by_name}
        self.users = {name: [] for name in self.by_name}
        for name, (_, sources) in self.inner.items():
            for value in sources:
                self.users[value.name].append(name)
        self.program, self._asked = graph.compile(loss), None
        self.run()

    def _walk_back(self, name):
        """Return the unnamed values between a name and the names it was computed from, last first.

        The named value itself comes first, the names that end the paths are returned apart.
        """
        target = self.by_name[name]
        inner, sources = {id(target): target}, {}
        for value in reversed(self.values[: self.index[id(target)] + 1]):
            if id(value) in inner:
                for a in value.inputs:
                    (sources if a.name else inner)[id(a)] = a
        inner = sorted(inner.values(), key=lambda value: -self.index[id(value)])
        return inner, list(sources.values())

    def run(self):
        """Forward from the leaves, then backward from the loss."""
        self.loss.forward()
        self.loss.backward()

    def number_of(self, name):
        """Return the position of a named value."""
        return self.index[id(self.by_name[name])]

    def sources(self, name):
        """Return the names that a named value was computed from directly; none for a leaf."""
        return [value.name for value in self.inner[name][1]]

    def consumers(self, name):
        """Return the named values that use this one directly."""
        return self.users[name]

    def local_derivatives(self, name):
        """Return d value / d each named value that it was computed from directly.

        The walk back stops at names, so the unnamed values in between are multiplied through
        and paths between the same two names are summed.
        """
        inner, sources = self.inner[name]
        slopes = dict.fromkeys((id(value) for value in [*inner, *sources]), 0.0)
        slopes[id(inner[0])] = 1.0
        for value in inner:
            for a, local in value.edges:
                slopes[id(a)] += slopes[id(value)] * local
        return {value.name: slopes[id(value)] for value in sources}

    def as_json(self):
        """Return the nodes: a number for a leaf, [operation, input, ...] for a result."""
        return [
            [value.operation, *(self.index[id(a)] for a in value.inputs)]
            if value.operation
            else value.data
            for value in self.values
        ]

    def sweep(self, name, points):
        """Return the loss at each setting of one named leaf; NaN where it can't be computed.

        While this leaf alone moves the answer stays the same, so the last one is kept.
        """
        leaves = {leaf: self.by_name[leaf].data for leaf in self.program.leaves}
        asked = name, list(points), {**leaves, name: None}
        if asked != self._asked:
            self._asked, self._swept = asked, [self._loss_at(leaves | {name: x}) for x in points]
        return list(self._swept)

    def _loss_at(self, leaves):
        try:
            return self.program.value(*leaves.values())
        except (ArithmeticError, ValueError):
            return math.nan
