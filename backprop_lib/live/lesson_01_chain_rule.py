"""The live figures of lesson 1: a chain, the secant that becomes the tangent, two paths."""

from backprop_lib import graph
from backprop_lib.live.curve_view import CurveView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.graph_view import GraphView
from backprop_lib.live.matrix_view import Block, MatrixView
from backprop_lib.live.plane_view import PlaneView
from backprop_lib.record import named


def chain_figure(x=1.0, y=2.0):
    """Return z = (x + y)² as a chain: x and y make t, t makes z."""
    v = {"x": graph.Value(x), "y": graph.Value(y)}
    v["t"] = v["x"] + v["y"]
    v["z"] = graph.square(v["t"])
    return Figure(
        named(v)["z"],
        title="z = (x + y)² as a chain",
        sliders=[Slider(v[name], -4, 4, group="inputs") for name in ("x", "y")],
        views=[GraphView(v), CurveView()],
    )


def secant_figure(x=0.7, n=1):
    """Return the secant of x² over a step h = 2⁻ⁿ: it turns into the tangent, then rounding wins.

    Powers of two, so that h and the division by it are exact: all the error is in x + h and in
    the difference. Products, not ``square``: they round the same way everywhere.
    """
    v = {"x": graph.Value(x), "n": graph.Value(n)}
    v["h"] = 2 ** (-v["n"])
    v["y"], v["u"] = v["x"] * v["x"], v["x"] + v["h"]
    v["v"] = v["u"] * v["u"]
    v["s"], v["d"] = (v["v"] - v["y"]) / v["h"], 2 * v["x"]
    v["E"] = graph.log(abs(v["s"] - v["d"]) + 1e-17) / graph.log(10.0).data
    lines = [("x", "y", "d", "back"), ("x", "y", "s", "ahead")]
    plane = PlaneView(lambda x: x * x, (-2.5, 2.5), (-2, 6), lines, [("x", "y"), ("u", "v")])
    numbers = [  # each alone, without a colour: a step and a slope are not to be compared
        Block("step h", [["h"]], cell=(80, 30)),
        Block("secant slope", [["s"]], digits=9, cell=(110, 30)),
        Block("tangent slope", [["d"]], digits=9, cell=(110, 30)),
    ]
    return Figure(
        named(v)["E"],
        title="The secant becomes the tangent",
        legend=("secant", "tangent", "E = log₁₀ of the distance between their slopes"),
        formulas={"E": "log₁₀(|{s} − {d}| + 10⁻¹⁷)"},
        sliders=[
            Slider(v["n"], 0, 52, 1, group="step", parameter=False),
            Slider(v["x"], -2, 2, group="point", parameter=False),
        ],
        views=[plane, MatrixView([numbers]), CurveView()],
    )


def paths_figure(s=2.0, t=3.0):
    """Return z = x·y with x = s·t and y = s + t: two paths from each input to the result."""
    v = {"s": graph.Value(s), "t": graph.Value(t)}
    v["x"] = v["s"] * v["t"]
    v["y"] = v["s"] + v["t"]
    v["z"] = v["x"] * v["y"]
    return Figure(
        named(v)["z"],
        title="Two paths from each input to z",
        sliders=[Slider(v[name], -4, 4, group="inputs", parameter=False) for name in ("s", "t")],
        views=[GraphView(v), CurveView()],
    )


FIGURES = {"chain": chain_figure, "secant": secant_figure, "two paths": paths_figure}
