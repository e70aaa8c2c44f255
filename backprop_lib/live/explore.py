"""One line that makes a live figure of any function of values."""

from math import ceil, floor, log10

from backprop_lib.graph import Value
from backprop_lib.live.curve_view import CurveView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.graph_view import GraphView

MOST_BOXES = 30


def explore(f, /, **start):
    """Return a live figure of a function: names, formulas, layout and sliders by themselves.

    ``explore(lambda x, y: graph.sin(x) * y + x**2, x=1.0, y=2.0)``. What the function names keeps
    its name; other intermediate values are called t1, t2, ... if all of them can be shown.

    Parameters
    ----------
    f : callable
        Takes a ``Value`` for each name in ``start`` and returns the result, a ``Value``.
    start : float
        The number at which each argument's slider starts. A slider reaches 3 to either side of
        zero, or twice as far as its start.

    Raises
    ------
    TypeError, ValueError
        f returns no Value, or one that depends on none of its arguments; a name is taken twice;
        more than 30 boxes would have to be drawn.
    """
    if not callable(f):
        raise TypeError(f"explore: f: expected a function of Values, got {type(f).__name__}")
    if not start:
        raise ValueError("explore: start: expected a number for each argument of f, got none")
    leaves = {name: Value(x, name) for name, x in start.items()}
    for leaf in leaves.values():
        if abs(leaf.data) > 1e99:
            raise ValueError(f"explore: {leaf.name}: expected at most 1e99, got {leaf.data}")
    result = f(**leaves)
    if not isinstance(result, Value):
        raise TypeError(f"explore: f: expected it to return a Value, got {type(result).__name__}")
    name = str(getattr(f, "__name__", ""))
    if not name.isidentifier():
        name = "f" if "f" not in start else "out"
    shown = _named(result, leaves, name)
    sliders = [
        Slider(leaf, *slider_range(leaf.data), group="arguments") for leaf in leaves.values()
    ]
    return Figure(
        result,
        title=f"{name}({', '.join(leaves)})",
        sliders=[slider for slider in sliders if slider.value in shown],
        views=[GraphView([value.name for value in shown]), CurveView()],
    )


def _named(result, leaves, name):
    """Name what has no name and can be shown; return the values that get a box, in order."""
    moving = set(leaves.values())
    for value in (order := result.ancestors()):
        if moving.intersection(value.inputs):
            moving.add(value)
    shown = [value for value in order if value in moving]
    if result not in moving or result in leaves.values():
        raise ValueError("explore: f: expected a result computed from its arguments")
    result.name = result.name or name
    if len(shown) > MOST_BOXES:
        shown = [value for value in shown if value.name]
    if len(shown) > MOST_BOXES:
        raise ValueError(
            f"explore: f: expected at most {MOST_BOXES} named values, got {len(shown)}"
        )
    taken = {value.name for value in shown}
    fresh = (k for k in range(1, 10**6) if f"t{k}" not in taken)
    for value in shown:
        value.name = value.name or f"t{next(fresh)}"
    return shown


def slider_range(x):
    """Return low, high and step of a slider: about 120 steps, each 1, 2 or 5 times a power of 10."""
    reach = max(3, ceil(2 * abs(x)))
    power = 10 ** floor(log10(reach / 60))
    step = max(m * power for m in (1, 2, 5) if m * power <= reach / 60)
    return -reach, reach, step
