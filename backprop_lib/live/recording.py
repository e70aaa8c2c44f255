"""A recorded scalar graph as a figure needs it: numbered, and differentiable between names."""

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
        self.run()

    def run(self):
        """Forward from the leaves, then backward from the loss."""
        self.loss.forward()
        self.loss.backward()

    def number_of(self, name):
        """Return the position of a named value."""
        return self.index[id(self.by_name[name])]

    def local_derivatives(self, name):
        """Return d value / d each named value that it was computed from directly.

        The walk back stops at names, so the unnamed values in between are multiplied through
        and paths between the same two names are summed.
        """
        target = self.by_name[name]
        slopes = {id(target): 1.0}
        result = {}
        for value in reversed(target.ancestors()):
            slope = slopes.get(id(value), 0.0)
            if id(value) not in slopes:
                continue
            if value.name and value is not target:
                result[value.name] = slope
                continue  # a name ends the path
            for a, local in zip(value.inputs, value.local_derivatives(), strict=True):
                slopes[id(a)] = slopes.get(id(a), 0.0) + slope * local
        return result

    def as_json(self):
        """Return the nodes: a number for a leaf, [operation, input, ...] for a result."""
        return [
            [value.operation, *(self.index[id(a)] for a in value.inputs)]
            if value.operation
            else value.data
            for value in self.values
        ]

    def sweep(self, name, points):
        """Return the loss at each setting of one named leaf; NaN where it can't be computed."""
        leaf, kept, losses = self.by_name[name], self.by_name[name].data, []
        for point in points:
            leaf.data = point
            try:
                losses.append(self.loss.forward())
            except (ArithmeticError, ValueError):
                losses.append(float("nan"))
        leaf.data = kept
        self.loss.forward()
        return losses
