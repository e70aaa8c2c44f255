"""The live figure of the lesson on automatic differentiation: a program on its tape."""

from itertools import count

from backprop_lib import graph
from backprop_lib._validate import function
from backprop_lib.graph import Value
from backprop_lib.live.tape_view import TapeFigure


def three_to_one(x1, x2, x3):
    """Return (x1·x2 + sin x1)·x3, line by line."""
    a = (x1 * x2).named("a")
    b = graph.sin(x1).named("b")
    c = (a + b).named("c")
    return (c * x3).named("y")


def tape_figure(f=three_to_one, /, **start):
    """Return the tape of a function of values: its lines one by one, then both modes.

    ``tape_figure(lambda t: (graph.cos(t), graph.sin(t)), t=1.0)``. What the function names keeps
    its name; its outputs are called y, or y1, y2, ... (out if a y is there), other lines t1, t2, ...

    Parameters
    ----------
    f : callable
        Takes a ``Value`` for each name in ``start`` and returns one, or a tuple of several.
    start : float
        Where each input starts; 1.5, 2 and −1 for the x1, x2 and x3 of the example.
    """
    function(f, "tape_figure: f", "lambda x1, x2: x1 * x2")
    if f is three_to_one and not start:
        start = {"x1": 1.5, "x2": 2.0, "x3": -1.0}
    if not start:
        raise ValueError("tape_figure: start: expected a number for each input of f, got none")
    leaves = [Value(x, name) for name, x in start.items()]
    for leaf in leaves:
        if abs(leaf.data) > 1e99:  # its slider reaches twice as far
            raise ValueError(f"tape_figure: {leaf.name}: expected at most 1e99, got {leaf.data}")
    outputs = f(**{leaf.name: leaf for leaf in leaves})
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if not outputs:
        raise ValueError("tape_figure: f: expected it to return Values, got none")
    for value in outputs:
        if not isinstance(value, Value):
            found = type(value).__name__
            raise TypeError(f"tape_figure: f: expected it to return Values, got {found}")
    _name(outputs, leaves)
    results = ", ".join(value.name for value in outputs)
    return TapeFigure(outputs, f"A program on its tape: {results} from {', '.join(start)}")


def _name(outputs, leaves):
    """Give every line a name."""
    values = {value: None for output in outputs for value in output.ancestors()}
    for leaf in leaves:
        if leaf not in values:
            raise ValueError(f"tape_figure: f: expected it to use every input, {leaf.name} is not")
    taken = {value.name for value in values}
    letter = "out" if any(name.startswith("y") for name in taken) else "y"
    for k, value in enumerate(outputs, 1):
        value.name = value.name or (letter if len(outputs) == 1 else f"{letter}{k}")
    fresh = (name for k in count(1) if (name := f"t{k}") not in taken)
    for value in values:
        if value.operation and not value.name:
            value.name = next(fresh)


FIGURES = {"tape": tape_figure}
