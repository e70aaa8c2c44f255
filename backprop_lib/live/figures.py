"""The ready-made live figures of the lessons."""

from backprop_lib import graph, toy, worked
from backprop_lib._validate import real_array
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.views import CurveView, GraphView, NetworkView


def toy_figure(example=worked.TOY):
    """Return the toy model's figure: eight weights, x and y, every value and derivative."""
    v = toy.record(example.beta, example.omega, example.x, example.y)
    symbols = {f"beta{k}": f"β_{k}" for k in range(4)} | {f"omega{k}": f"ω_{k}" for k in range(4)}
    symbols |= {f"f{k}": f"f_{k}" for k in range(4)} | {f"h{k}": f"h_{k}" for k in (1, 2, 3)}
    symbols |= {"x": "x", "y": "y", "loss": "ℓ"}
    formulas = {"f0": "{beta0} + {omega0}·{x}", "loss": "({f3} − {y})²"}
    formulas |= {f"f{k}": f"{{beta{k}}} + {{omega{k}}}·{{h{k}}}" for k in (1, 2, 3)}
    formulas |= {"h1": "sin {f0}", "h2": "exp {f1}", "h3": "cos {f2}"}
    slopes = {("h1", "f0"): "cos {f0}", ("h2", "f1"): "exp {f1}", ("h3", "f2"): "−sin {f2}"}
    slopes |= {("loss", "f3"): "2({f3} − {y})", ("loss", "y"): "−2({f3} − {y})"}
    slopes |= {("f0", "omega0"): "{x}", ("f0", "x"): "{omega0}"}
    slopes |= {(f"f{k}", f"h{k}"): f"{{omega{k}}}" for k in (1, 2, 3)}
    slopes |= {(f"f{k}", f"omega{k}"): f"{{h{k}}}" for k in (1, 2, 3)}
    slopes |= {(f"f{k}", f"beta{k}"): "1" for k in range(4)}
    weights = [name for k in range(4) for name in (f"omega{k}", f"beta{k}")]
    sliders = [Slider(v[name], -3, 3, group="weights") for name in weights]
    sliders += [Slider(v[name], -3, 3, group="data", parameter=False) for name in ("x", "y")]
    return Figure(
        v["loss"],
        title="The toy model",
        symbols=symbols,
        formulas=formulas,
        locals=slopes,
        sliders=sliders,
        views=[GraphView(["f0", "h1", "f1", "h2", "f2", "h3", "f3", "loss"]), CurveView()],
    )


def network_figure(example=worked.SIGMOID_2_2_2):
    """Return the 2-2-2 sigmoid network of source 001 as neurons, every weight and bias a slider."""
    v, views, symbols, formulas, slopes = record_network(example)
    groups = {"w1": "layer 1", "b1": "layer 1", "w2": "layer 2", "b2": "layer 2"}
    sliders = [
        Slider(v[name], -2, 2, group=groups[name[:2]]) for name in v if name[:2] in groups
    ]
    sliders.sort(key=lambda slider: (slider.group != "layer 2", slider.name[0] == "b"))
    data = [name for name in v if name[0] in "xt"]
    sliders += [Slider(v[name], 0, 1, 0.02, group="data", parameter=False) for name in data]
    return Figure(
        v["E"],
        title="The 2-2-2 sigmoid network",
        symbols=symbols,
        formulas=formulas,
        locals=slopes,
        sliders=sliders,
        views=[views, CurveView()],
        learning_rate=0.3,
    )


def record_network(example):
    """Record a sigmoid network with half squared error on one sample.

    Parameters
    ----------
    example : worked.WorkedNetwork

    Returns
    -------
    values : dict of str to Value
        ``x1``, ``w1_12`` (layer 1, into neuron 1 from input 2), ``b1_1``, ``z1_1``, ``a1_1``,
        ``t1`` and ``E``.
    view : NetworkView
    symbols, formulas, locals : dicts for ``Figure``
    """
    x = real_array(example.x, "record_network: x", ("n_in", 1))[:, 0]
    v = {f"x{i}": graph.Value(number) for i, number in enumerate(x, 1)}
    symbols = {f"x{i}": f"x_{i}" for i in range(1, len(x) + 1)}
    formulas, slopes, matrices, layers = {}, {}, [], []
    before = list(v)
    for layer, (W, b) in enumerate(zip(example.weights, example.biases, strict=True), 1):
        neurons, matrix = [], []
        for j, row in enumerate(W, 1):
            z, a, bias = f"z{layer}_{j}", f"a{layer}_{j}", f"b{layer}_{j}"
            names = [f"w{layer}_{j}{i}" for i in range(1, len(row) + 1)]
            v |= {name: graph.Value(w) for name, w in zip(names, row, strict=True)}
            v[bias] = graph.Value(b[j - 1, 0])
            total = v[bias]
            for name, source in zip(names, before, strict=True):
                total = total + v[name] * v[source]
                slopes |= {(z, name): f"{{{source}}}", (z, source): f"{{{name}}}"}
            v[z], slopes[z, bias] = total, "1"
            v[a] = graph.sigmoid(v[z])
            slopes[a, z] = f"{{{a}}}(1 − {{{a}}})"
            products = [f"{{{name}}}·{{{source}}}" for name, source in zip(names, before, strict=True)]
            formulas |= {z: " + ".join([f"{{{bias}}}", *products]), a: f"σ({{{z}}})"}
            symbols |= {z: f"z^{layer}_{j}", a: f"a^{layer}_{j}", bias: f"b^{layer}_{j}"}
            symbols |= {name: f"w^{layer}_{name[-2:]}" for name in names}
            neurons.append((z, a, bias))
            matrix.append(names)
        before = [a for _, a, _ in neurons]
        layers.append(neurons)
        matrices.append(matrix)
    total = 0.0
    for j, a in enumerate(before, 1):
        v[f"t{j}"] = graph.Value(example.y[j - 1, 0])
        symbols[f"t{j}"] = f"t_{j}"
        total = total + graph.square(v[a] - v[f"t{j}"])
        slopes |= {("E", a): f"{{{a}}} − {{t{j}}}", ("E", f"t{j}"): f"{{t{j}}} − {{{a}}}"}
    v["E"] = 0.5 * total
    symbols["E"] = "E"
    formulas["E"] = "½ (" + " + ".join(f"({{{a}}} − {{t{j}}})²" for j, a in enumerate(before, 1)) + ")"
    for name, value in v.items():
        value.named(name)
    captions = ["input", *["hidden"] * (len(layers) - 1), "output"]
    inputs = [name for name in v if name[0] == "x"]
    view = NetworkView(inputs, layers, matrices, captions)
    return v, view, symbols, formulas, slopes
