"""The live figure of lesson 2: the scalar toy model."""

from backprop_lib import toy, worked
from backprop_lib._validate import instance
from backprop_lib.live.curve_view import CurveView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.graph_view import GraphView
from backprop_lib.live.task import Task


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
        tasks=[
            Task(
                "toy-by-hand",
                "Bring ℓ below 0.001 by hand, with one weight.",
                goal="loss < 0.001 and updates == 0",
                why="f₃ = β₃ + ω₃h₃, so β₃ moves the prediction one for one: no other weight is as calm.",
                hint="The prediction f₃ is 0.372 too high. Which weight is simply added to it?",
                solution={"beta3": 0.03},
            ),
            Task(
                "toy-descend",
                "Bring ℓ below 0.001 with at most 5 updates.",
                goal="loss < 0.001 and 0 < updates <= 5",
                why="All eight weights moved at once, each against its own slope.",
                hint="With η = 0.0001 it takes 8 updates. Make η a little larger.",
                solution={"eta": 0.0003, "updates": 3},
            ),
            Task(
                "toy-overshoot",
                "Make an update after which the loss is higher than before.",
                goal="updates > 0 and loss > before",
                why="The slope promises a fall only nearby; a long step lands beyond the valley.",
                hint="Pull η to the right, then press Update ×1.",
                solution={"eta": 0.01, "updates": 1},
            ),
        ],
    )


FIGURES = {"toy model": toy_figure}
