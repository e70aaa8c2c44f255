"""The live figures of lesson 1: a chain, the secant that becomes the tangent, two paths."""

from backprop_lib import graph
from backprop_lib.live.curve_view import CurveView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.graph_view import GraphView
from backprop_lib.live.matrix_view import Block, MatrixView
from backprop_lib.live.plane_view import PlaneView
from backprop_lib.live.task import Task
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
        tasks=[
            Task(
                "chain-ten",
                "Let z rise ten times as fast as x: make ∂z/∂x = 10.",
                goal="abs(grad.x - 10) < 0.05",
                why="∂z/∂x = 2t × 1, so t has to be 5; y helps as well as x does.",
                hint="Which value does the local derivative 2t wait for?",
                solution={"x": 3, "y": 2},
            ),
            Task(
                "chain-flat",
                "Find a place where neither x nor y changes z.",
                goal="steepest < 0.01 and updates == 0",
                why="Both slopes are 2t, and t = x + y is 0 on a whole line: the floor of a valley.",
                hint="One factor stands in both products. Make it 0.",
                solution={"x": 1, "y": -1},
            ),
            Task(
                "chain-down",
                "Bring z below 0.01 with at most 10 updates.",
                goal="z < 0.01 and 0 < updates <= 10",
                why="Each update shrinks t by the factor 1 − 4η; at η = 0.25 one is enough.",
                hint="With η at 0.01 the steps are short. Try a larger one.",
                solution={"eta": 0.25, "updates": 1},
            ),
        ],
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
        tasks=[
            Task(
                "secant-close",
                "Bring the secant's slope within a millionth of the tangent's.",
                goal="abs(s - d) < 0.000001",
                why="The two slopes differ by h, to the last bit: halve h and you halve the error.",
                hint="Pull n to the right and read the two slopes.",
                solution={"n": 24},
            ),
            Task(
                "secant-rounding",
                "Make h smaller still, until the slopes differ by more than a thousandth again.",
                goal="n > 30 and abs(s - d) > 0.001",
                why="(x + h)² and x² now agree in nearly all their digits; what is left of the "
                "difference is rounding, and the division by h blows it up.",
                hint="Go on to the right, far beyond the best place.",
                solution={"n": 48},
            ),
        ],
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
        tasks=[
            Task(
                "paths-cancel",
                "Make the two paths from z back to s cancel, with x not 0.",
                goal="abs(grad.s) < 0.01 and abs(x) > 0.1",
                why="Gradients of paths add. One brings y·t, the other x: here they are opposite.",
                hint="∂z/∂s = 2st + t². For which s, if t = −2?",
                solution={"s": 1, "t": -2},
            ),
            Task(
                "paths-equal",
                "Let z rise equally fast by s and by t, although s and t are different.",
                goal="abs(grad.s - grad.t) < 0.01 and abs(s - t) > 1",
                why="∂z/∂s − ∂z/∂t = t² − s², which is 0 for t = −s as well.",
                hint="∂z/∂s = 2st + t² and ∂z/∂t = 2st + s². What is their difference?",
                solution={"s": 2, "t": -2},
            ),
        ],
    )


FIGURES = {"chain": chain_figure, "secant": secant_figure, "two paths": paths_figure}
