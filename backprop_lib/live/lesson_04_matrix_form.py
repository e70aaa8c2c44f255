"""The live figures of lesson 4: a worked network as neurons, and as matrices."""

from functools import partial

from backprop_lib import worked
from backprop_lib._validate import positive_number
from backprop_lib.live.curve_view import CurveView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.matrix_view import Block, MatrixView
from backprop_lib.live.network_view import NetworkView
from backprop_lib.live.task import Task
from backprop_lib.record import record_network


def network_figure(example=worked.SIGMOID_2_2_2, reach=2, learning_rate=0.3):
    """Return a worked network as neurons, with a slider for every weight, bias, input and target.

    Parameters
    ----------
    example : worked.WorkedNetwork
        By default the 2-2-2 sigmoid network of source 001.
    reach : float
        Every slider of a parameter runs from −reach to reach.
    learning_rate : float
        Where the slider for η starts.
    """
    v, reach = record_network(example), positive_number(reach, "network_figure: reach")
    sizes = [example.weights[0].shape[1], *(len(W) for W in example.weights)]
    kind = example.activations[0].__name__.replace("Sigmoid", "sigmoid")
    weights = [name for name in v if name[0] in "wb"]
    weights.sort(key=lambda name: (-int(name[1]), name[0] == "b"))  # last layer first, biases last
    return Figure(
        v["E"],
        title=f"The {'-'.join(map(str, sizes))} {kind} network",
        sliders=[Slider(v[name], -reach, reach, group=f"layer {name[1]}") for name in weights]
        + data_sliders(v),
        learning_rate=learning_rate,
        views=[NetworkView(sizes), CurveView()],
        tasks=next((tasks for known, tasks in NETWORK_TASKS if known is example), ()),
        terms=_network_terms(v, len(example.weights)),
    )


def _network_terms(v, depth):
    """Return the vectors of the formulas; with two layers those of lesson 5, whose l is 1."""

    def named(start):
        return [name for name in v if name.startswith(start)]

    def slopes(layer):
        return [(name, name.replace("a", "z")) for name in named(f"a{layer}")]

    values = {"z": "z", "a": "a", "w": "w", "b": "b"}
    grads = {"δ": "z"}
    terms = {}
    if depth == 2:
        values |= {"z^L": "z2", "a^L": "a2", "z^l+1": "z2", "w^l+1": "w2", "W^l+1": "w2"}
        values |= {"z^l": "z1", "a^l": "a1", "w^l": "w1", "W^l": "w1", "b^l": "b1"}
        values |= {"a^l-1": "x", "y": "t"}
        grads |= {"δ^L": "z2", "δ^l+1": "z2", "δ^l": "z1"}
        grads |= {"∇_b^l C": "b1", "∇_W^l C": "w1", "∂C/∂w^l": "w1"}
        terms = {"σ′(z^L)": ("local", slopes(2)), "σ′(z^l)": ("local", slopes(1))}
    for of, table in [("value", values), ("grad", grads)]:
        terms |= {term: (of, named(start)) for term, start in table.items()}
    return {term: meant for term, meant in terms.items() if meant[1]}


def matrix_figure(example=worked.RELU_2_3_2_1, reach=2, learning_rate=0.01):
    """Return a worked network as matrices: W, z, a and the switches; dW and δ below them."""
    v, reach = record_network(example), positive_number(reach, "matrix_figure: reach")
    rows, sliders, terms = [], [], {}
    for layer, W in enumerate(example.weights, 1):
        n_out, n_in = W.shape
        weights = [[f"w{layer}_{j + 1}{i + 1}" for i in range(n_in)] for j in range(n_out)]
        bias, z, a = ([[f"{c}{layer}_{j + 1}"] for j in range(n_out)] for c in "bza")
        row = [Block(f"W^{layer}", weights), Block(f"b^{layer}", bias), Block(f"z^{layer}", z)]
        if a[0][0] in v:
            switch = [[(a_j, z_j)] for [a_j], [z_j] in zip(a, z, strict=True)]
            row.append(Block(f"a^{layer}", a))
            row.append(Block("switch", switch, of="local", scale=1, digits=0, cell=(48, 32)))
        row += [Block(f"δ^{layer}", z, of="grad"), Block(f"dW^{layer}", weights, of="grad")]
        rows.append(row)
        terms |= {
            block.title: (block.of, sum(block.names, start=[]))
            for block in row
            if "^" in block.title
        }
        names = [*sum(weights, start=[]), *sum(bias, start=[])]
        sliders += [Slider(v[name], -reach, reach, group=f"layer {layer}") for name in names]
    return Figure(
        v["E"],
        title="The same network as matrices",
        sliders=sliders + data_sliders(v),
        learning_rate=learning_rate,
        views=[MatrixView(rows), CurveView()],
        tasks=MATRIX_TASKS if example is worked.RELU_2_3_2_1 else (),
        terms=terms,
    )


def data_sliders(v):
    """Return sliders for the inputs and targets, which no update moves."""
    far = {name: max(1, 2 * abs(v[name].data)) for name in v if name[0] in "xt"}
    return [Slider(v[name], -x, x, group="data", parameter=False) for name, x in far.items()]


RELU_TASKS = [
    Task(
        "relu-dead",
        "Switch the second neuron of the first hidden layer off.",
        goal="a1_2 == 0",
        why="Its z is negative: ReLU gives 0, and on the way back its gradient is 0 too.",
        hint="Its bias b¹₂ shifts its z. Drag the plate below the neuron.",
        solution={"b1_2": -2},
    ),
    Task(
        "relu-descend",
        "Bring E below 0.1 with at most 10 updates.",
        goal="E < 0.1 and 0 < updates <= 10",
        why="Every weight took a share of the error, in proportion to its gradient.",
        hint="η = 0.01 does it. Count the updates.",
        solution={"eta": 0.01, "updates": 10},
    ),
    Task(
        "relu-break",
        "Make an update after which E is higher than before.",
        goal="updates > 0 and E > before",
        why="The step was longer than the valley is wide.",
        hint="Pull η far to the right.",
        solution={"eta": 0.1, "updates": 1},
    ),
]
SIGMOID_TASKS = [
    Task(
        "sigmoid-descend",
        "Bring E below 0.001 with at most 10 updates.",
        goal="E < 0.001 and 0 < updates <= 10",
        why="A small network with small slopes bears a large η.",
        hint="η = 0.3 is too timid here. Ten times as much is closer.",
        solution={"eta": 10, "updates": 3},
    ),
    Task(
        "sigmoid-saturated",
        "Saturate the first hidden neuron: a above 0.95.",
        goal="a1_1 > 0.95",
        why="There σ′ = a(1 − a) is below 0.05: hardly any gradient passes to its weights.",
        hint="Its weights and its bias all push z up.",
        solution={"w1_11": 2, "w1_12": 2, "b1_1": 2},
    ),
]
NETWORK_TASKS = [(worked.SIGMOID_2_2_2, SIGMOID_TASKS), (worked.RELU_2_3_2_1, RELU_TASKS)]
MATRIX_TASKS = [
    Task(
        "matrices-closed",
        "Close both switches of layer 2.",
        goal="a2_1 == 0 and a2_2 == 0",
        why="A closed switch is a 0 on the way back: dW¹ and dW² are all 0, nothing before it learns.",
        hint="Make z² negative, by the weights W² or the biases b².",
        solution={"w2_11": -1, "w2_12": -1, "w2_21": -1, "w2_22": -1},
    ),
    Task(
        "matrices-by-hand",
        "Bring E below 0.01 by hand.",
        goal="E < 0.01 and updates == 0",
        why="The last layer is a plain sum: one of its weights suffices for one sample.",
        hint="z³ has to be 3. It is w³₁₁·3.66 + w³₁₂·4.93 + 0.6.",
        solution={"w3_12": -0.475},
    ),
]
FIGURES = {
    "2-3-2-1": partial(network_figure, worked.RELU_2_3_2_1, learning_rate=0.01),
    "matrices": matrix_figure,
}
