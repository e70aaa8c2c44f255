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

CELL = 44, 20
TURNED = "\u200bᵀ"  # beside a superscript, not in it


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
    """Return a worked network as matrices: the products of each layer, forward and backward."""
    v, reach = record_network(example), positive_number(reach, "matrix_figure: reach")
    inputs = [f"x{i + 1}" for i in range(example.weights[0].shape[1])]
    layers, before = [], inputs
    for layer, W in enumerate(example.weights, 1):
        names = {kind: [f"{kind}{layer}_{j + 1}" for j in range(len(W))] for kind in "bza"}
        names["W"] = [
            [f"w{layer}_{j + 1}{i + 1}" for i in range(len(row))] for j, row in enumerate(W)
        ]
        names["before"] = before
        before = names["a"] if names["a"][0] in v else names["z"]
        layers.append(names)
    sliders = []
    for layer, names in enumerate(layers, 1):
        moved = [*sum(names["W"], start=[]), *names["b"]]
        sliders += [Slider(v[name], -reach, reach, group=f"layer {layer}") for name in moved]
    targets = [name for name in v if name[0] == "t"]
    rows = _forward(layers, v, targets) + _backward(layers, v, targets)
    view = MatrixView(rows, inputs)
    terms = {
        block.title: (block.of, sum(block.names, start=[]))
        for block in view.blocks
        if "^" in block.title and TURNED not in block.title
    }
    return Figure(
        v["E"],
        title="The same network as matrices",
        sliders=sliders + data_sliders(v),
        learning_rate=learning_rate,
        views=[view, CurveView()],
        tasks=MATRIX_TASKS if example is worked.RELU_2_3_2_1 else (),
        terms=terms,
    )


def _forward(layers, v, targets):
    """Return the rows of products: W a + b = z, then the activation; at the end the loss."""
    rows = []
    for layer, names in enumerate(layers, 1):
        z = _column(names["z"])
        row = [_matrix(f"W^{layer}", names["W"], "W, b"), "·", _column(names["before"]), "+"]
        row += [_matrix(f"b^{layer}", [[b] for b in names["b"]], "W, b"), "=", z]
        if names["a"][0] in v:
            row += ["ReLU\n→", _column(names["a"])]
        rows.append([row])
    out = _column(names["a"] if names["a"][0] in v else names["z"])
    before, after = ("½(", ")² =") if len(targets) == 1 else ("½‖", "‖² =")
    rows[-1].append([before, out, "−", _column(targets), after, Block("E", [["E"]], cell=CELL)])
    return rows


def _backward(layers, v, targets):
    """Return the rows of δ = (Wᵀ δ of the next layer) ⊙ switch and dW = δ · aᵀ, last layer first."""
    rows, above = [], None
    for layer in range(len(layers), 0, -1):
        names = layers[layer - 1]
        delta = _matrix(f"δ^{layer}", [[z] for z in names["z"]], "δ, dW", "grad")
        switched = names["a"][0] in v
        if layer < len(layers):
            turned = [list(column) for column in zip(*layers[layer]["W"], strict=True)]
            row = [_matrix(f"W^{layer + 1}{TURNED}", turned, "W, b"), "·", above]
        else:
            row = [_column(names["a"] if switched else names["z"]), "−", _column(targets)]
        if switched:
            switch = [[pair] for pair in zip(names["a"], names["z"], strict=True)]
            switch = Block("switch", switch, of="local", scale=1, digits=0, cell=CELL)
            row = ["(", *row, ") ⊙", switch]
        dW = _matrix(f"dW^{layer}", names["W"], "δ, dW", "grad")
        rows.append([[*row, "=", delta], ["·", _row(names["before"]), "=", dW]])
        above = delta
    return rows


def _matrix(title, names, scale, of="value"):
    return Block(title, names, of=of, scale=scale, cell=CELL)


def _column(names):
    """Return x, a, z or t as a column; they share a scale."""
    return _matrix(_title(names), [[name] for name in names], "x, z, a, t")


def _row(names):
    """Return x or a as a row, transposed."""
    return _matrix(_title(names) + TURNED, [names], "x, z, a, t")


def _title(names):
    """Return the symbol of all the names: ``z^1`` for z1_1, z1_2, and x for x1, x2."""
    letter, *layer = names[0].partition("_")[0] if "_" in names[0] else names[0][0]
    return f"{letter}^{layer[0]}" if layer else letter


def data_sliders(v):
    """Return sliders for the inputs and targets, which no update moves."""
    far = {name: max(1, 2 * abs(v[name].data)) for name in v if name[0] in "xt"}
    return [Slider(v[name], -x, x, group="data", parameter=False) for name, x in far.items()]


RELU_TASKS = [
    Task(
        "relu-dead",
        "Switch the second neuron of the first hidden layer off.",
        goal="a1_2 == 0 and updates == 0",
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
        hint="Pull η to its right end.",
        solution={"eta": 1, "updates": 1},
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
        solution={f"w2_{j}{i}": -1 for j in (1, 2) for i in (1, 2, 3)},
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
