"""The live figure of lesson 2: the scalar toy model."""

from backprop_lib import toy, worked
from backprop_lib._validate import instance
from backprop_lib.live.curve_view import CurveView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.graph_view import GraphView


def toy_figure(example=worked.TOY):
    """Return the toy model's figure: eight weights, x and y, every value and derivative."""
    instance(example, worked.WorkedToy, "toy_figure: example")
    v = toy.record(example.beta, example.omega, example.x, example.y)
    weights = [name for k in (3, 2, 1, 0) for name in (f"beta{k}", f"omega{k}")]  # calm ones first
    sliders = [Slider(v[name], -3, 3, group="weights") for name in weights]
    sliders += [Slider(v[name], -3, 3, group="data", parameter=False) for name in ("x", "y")]
    return Figure(
        v["loss"],
        title="The toy model",
        sliders=sliders,
        views=[GraphView(["f0", "h1", "f1", "h2", "f2", "h3", "f3", "loss"]), CurveView()],
        learning_rate=0.0001,  # the gradient is steep at the start: 0.001 overshoots
    )


FIGURES = {"toy model": toy_figure}
