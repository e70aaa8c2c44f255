"""The live figures of lesson 5: δ and σ′ as bars under two losses, and the 2-2-2 network."""

from backprop_lib import graph
from backprop_lib._validate import real_array, real_number
from backprop_lib.live.bars_view import BarsView
from backprop_lib.live.curve_view import CurveView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.lesson_04_matrix_form import network_figure
from backprop_lib.live.task import Task
from backprop_lib.record import named


def delta_figure(weights=((0.8, -0.6), (0.5, 0.9)), z_out=4.0):
    """Return δ and σ′ of a 2-2-1 sigmoid network as bars, with a choice between two losses.

    It starts with an output that is wrong and saturated: with the squared error it hardly learns,
    with the cross-entropy it does.
    """
    weights = real_array(weights, "delta_figure: weights", (2, 2)).tolist()
    v = _recorded(weights, real_number(z_out, "delta_figure: z_out"))
    neurons = ["2_1", "1_1", "1_2"]
    layers = [(2, ["w2_11", "w2_12", "b2_1"])]
    layers += [(1, ["w1_11", "w1_12", "w1_21", "w1_22", "b1_1", "b1_2"])]
    sliders = [Slider(v[name], -6, 6, group=f"layer {k}") for k, names in layers for name in names]
    sliders += [
        Slider(v[name], low, 1, group="data", parameter=False)
        for name, low in [("x1", -1), ("x2", -1), ("t", 0)]
    ]
    columns = {
        "δ = ∂J/∂z": ("grad", [f"z{k}" for k in neurons], 1.0),
        "σ′(z)": ("local", [(f"a{k}", f"z{k}") for k in neurons], 0.25),
        "a = σ(z)": ("value", [f"a{k}" for k in neurons], 1.0),
    }
    return Figure(
        v["J"],
        title="A saturated, wrong neuron: which loss lets it learn?",
        sliders=sliders,
        views=[BarsView([f"a{k}" for k in neurons], columns), CurveView()],
        learning_rate=0.5,
        tasks=[
            Task(
                "deltas-stuck",
                "Make the output's δ smaller than 0.01 in size, although the output is wrong.",
                goal="c == 0 and abs(grad.z2_1) < 0.01 and t < 0.1 and a2_1 > 0.9",
                why="σ′(z) is nearly 0 far from z = 0, and it is a factor of δ: wrong, and sure of it.",
                hint="Push z of the output further up: b²₁ is added to it.",
                solution={"b2_1": 4},
            ),
            Task(
                "deltas-learns",
                "From the start, bring the output below 0.5 with at most 10 updates at η = 0.5.",
                goal="a2_1 < 0.5 and t < 0.1 and 0 < updates <= 10 and c == 1",
                why="With the cross-entropy δ = a − t: the factor σ′ is gone.",
                hint="Another loss may let the neuron learn. Choose it above.",
                solution={"example": 1, "updates": 10},
            ),
        ],
        terms={
            "δ": columns["δ = ∂J/∂z"][:2],
            "σ′": columns["σ′(z)"][:2],
            "σ′(z)": columns["σ′(z)"][:2],
            "δ^L": ("grad", ["z2_1"]),
            "a^L": ("value", ["a2_1"]),
            "y": ("value", ["t"]),
        },
        examples={"squared error": {"c": 0.0}, "cross-entropy": {"c": 1.0}},
    )


def _recorded(weights, z_out):
    """Record the network with both losses; c chooses between them.

    The cross-entropy is written with z, so that it never asks for the logarithm of 0:
    ½(z + |z|) − z t + log(1 + exp(−|z|)); with max(z, 0) its slope at z = 0 would be that of one side.
    """
    v = {name: graph.Value(x) for name, x in [("x1", 1.0), ("x2", 0.5)]}
    for j, row in enumerate(weights, 1):
        v |= {f"w1_{j}{i}": graph.Value(w) for i, w in enumerate(row, 1)}
        v[f"b1_{j}"] = graph.Value(0.0)
        v[f"z1_{j}"] = v[f"b1_{j}"] + v[f"w1_{j}1"] * v["x1"] + v[f"w1_{j}2"] * v["x2"]
        v[f"a1_{j}"] = graph.sigmoid(v[f"z1_{j}"])
    v |= {"w2_11": graph.Value(1.5), "w2_12": graph.Value(1.0)}
    hidden = v["w2_11"].data * v["a1_1"].data + v["w2_12"].data * v["a1_2"].data
    v["b2_1"] = graph.Value(round(z_out - hidden, 2))
    v["z2_1"] = z = v["b2_1"] + v["w2_11"] * v["a1_1"] + v["w2_12"] * v["a1_2"]
    v["a2_1"] = graph.sigmoid(z)
    v |= {"t": graph.Value(0.0), "c": graph.Value(0.0)}
    squared = 0.5 * graph.square(v["a2_1"] - v["t"])
    entropy = 0.5 * (z + abs(z)) - z * v["t"] + graph.log(1 + graph.exp(-abs(z)))
    v["J"] = (1 - v["c"]) * squared + v["c"] * entropy
    return named(v)


FIGURES = {"deltas": delta_figure, "2-2-2": network_figure}
