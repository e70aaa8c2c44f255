"""The sizes of activations and gradients from layer to layer, by the weights' start."""

from functools import cache
from math import ceil, floor, log10

import numpy as np

from backprop_lib import initializers
from backprop_lib._validate import instance, whole_number
from backprop_lib.activations import ReLU, Sigmoid, Tanh
from backprop_lib.dense import Dense
from backprop_lib.live.experiment import Choice, Dial, Experiment
from backprop_lib.live.numbers import number, short
from backprop_lib.live.svg import svg, text
from backprop_lib.network import Sequential

UNITS, SAMPLES, DEEPEST = 64, 32, 50
DEPTHS = range(10, DEEPEST + 1, 10)
ACTIVATIONS = {"sigmoid": Sigmoid, "tanh": Tanh, "ReLU": ReLU}


def _normal(deviation):
    return lambda shape, fan_in, fan_out, rng: rng.normal(0.0, deviation, shape)


STARTS = {
    "zero": ("zero", _normal(0.0)),
    "small": ("small, σ = 0.01", _normal(0.01)),
    "large": ("large, σ = 1", _normal(1.0)),
    "Xavier": ("Xavier, σ = 0.125", initializers.xavier),
    "He": ("He, σ = 0.177", initializers.he),
}


class LayersFigure(Experiment):
    """Bars on a logarithmic scale: activations forward, gradients backward, layer by layer.

    Parameters
    ----------
    start : {"zero", "small", "large", "Xavier", "He"}
        How the weights start.
    activation : {"sigmoid", "tanh", "ReLU"}
    depth : int
        10, 20, 30, 40 or 50 layers.
    seed : int
        Of weights, inputs and the gradient at the end.
    """

    kind = "layers"
    title = "How large are activations and gradients, layer by layer?"
    caption = (
        f"{UNITS} units in each layer, no biases, {SAMPLES} inputs with mean 0 and variance 1. "
        "Above: the size of each layer’s activations. Below: the size of the gradient by them, "
        "when a random one of size 1 is handed to the last layer; a network of each depth is run "
        "by itself. Size is the root of the mean square over units and samples. What is 0 has no "
        "bar on a logarithmic scale."
    )
    left, top, width, height, gap = 58, 24, 540, 130, 44

    def __init__(self, start="Xavier", activation="tanh", depth=50, seed=0):
        _among(start, STARTS, "LayersFigure: start")
        _among(activation, ACTIVATIONS, "LayersFigure: activation")
        depth = whole_number(depth, "LayersFigure: depth")
        if depth not in DEPTHS:
            raise ValueError(f"LayersFigure: depth: expected one of {[*DEPTHS]}, got {depth}")
        self.tables = _tables(whole_number(seed, "LayersFigure: seed", least=0))
        super().__init__(
            [
                Dial("depth", "layers", depth, DEPTHS[0], DEEPEST, DEPTHS.step),
                Choice("start", "Start", start, {name: said for name, (said, _) in STARTS.items()}),
                Choice(
                    "activation", "Activation", activation, {name: name for name in ACTIVATIONS}
                ),
            ]
        )

    def sizes(self):
        """Return the sizes of activations and of gradients, first layer first."""
        forward, backward = self.tables[self.at["activation"]][self.at["start"]]
        depth = self.at["depth"]
        return forward[:depth], backward[DEPTHS.index(depth)]

    def drawing(self):
        """Return both rows of bars, and the numbers as a table, as HTML."""
        pairs = enumerate(zip(*self.sizes(), strict=True), 1)
        rows = "".join(
            f"<tr><th scope=row>{k}<td class=bf-value>{number(a)}<td class=bf-grad>{number(g)}"
            for k, (a, g) in pairs
        )
        return (
            f"{self.bars()}<details class=bf-table><summary>All values as a table</summary><table>"
            "<thead><tr><th scope=col>layer<th scope=col>activation<th scope=col>gradient"
            f"<tbody>{rows}</table></details>"
        )

    def bars(self):
        """Return both rows of bars, as SVG."""
        both, depth = self.sizes(), self.at["depth"]
        low, high, step = decades([x for sizes in both for x in sizes])
        down = self.height + self.gap
        heads = ["activations, forward →", "gradients, ← backward"]
        parts = []
        for k, (kind, head) in enumerate(zip(["value", "grad"], heads, strict=True)):
            top = self.top + k * down
            scale = self.height / (high - low)
            ticks = [(n, top + (high - n) * scale) for n in range(low, high + 1, step)]
            lines = "".join(f"M{self.left},{y:.1f}h{self.width}" for _, y in ticks)
            labels = "".join(
                text(self.left - 6, round(y, 1) + 4, power(n), "bf-tick bf-end") for n, y in ticks
            )
            bars = "".join(
                f"M{self.left + (j + 0.5) * self.width / depth:.1f},{top + self.height:.1f}"
                f"V{top + (high - log10(x)) * scale:.1f}"
                for j, x in enumerate(both[k])
                if x > 0
            )
            parts += [
                text(self.left, top - 9, head, f"bf-{kind}"),
                f'<path class=bf-grid d="{lines}"/><g data-ticks>{labels}</g>',
                f'<path class="bf-bars bf-bars-{kind}" stroke-width={self._bar_width(depth)} '
                f'd="{bars}"/>',
            ]
        bottom = self.top + down + self.height + 18
        parts.append(text(self.left, bottom, "layer 1", "bf-tick"))
        end = f"layer {depth}"
        parts.append(text(self.left + self.width, bottom, end, "bf-tick bf-end", "data-tick-last"))
        return svg(self.left + self.width + 4, bottom + 8, parts, "bf-plane")

    def _bar_width(self, depth):
        return f"{0.7 * self.width / depth:.1f}"

    def sentence(self):
        """Return what happens on the way, in the numbers of the first and the last layer."""
        (a, *_, b), (back, *_) = self.sizes()
        depth = self.at["depth"]
        return (
            f"Activations: {_written(a)} in layer 1, {_written(b)} in layer {depth}. "
            f"Gradients: 1.000 in layer {depth}, {_written(back)} in layer 1."
        )

    def pictures(self):
        """Return the bars."""
        return [[self.bars()]]

    def data(self):
        """Return the sizes of all networks: those of activations, and of gradients by depth."""
        place = [self.left, self.top, self.width, self.height, self.height + self.gap]
        return {"tables": self.tables, "place": place}


@cache
def _tables(seed):
    return {
        name: {start: _sizes(activation, init, seed) for start, (_, init) in STARTS.items()}
        for name, activation in ACTIVATIONS.items()
    }


def _sizes(activation, init, seed):
    """Run the deepest network forward, and back from each depth.

    The first layers of the deepest one are a shallower one. All starts scale the same random
    numbers.
    """
    rng = np.random.default_rng(seed)
    X, G = rng.normal(size=(2, UNITS, SAMPLES))
    G = G / _size(G)
    layers = []
    for _ in range(DEEPEST):
        layers += [Dense.random(UNITS, UNITS, rng, init), activation()]
    network = Sequential(layers)
    network.forward(X)
    forward = [_rounded(_size(A)) for A in network.outputs[1::2]]
    return forward, [_backward(layers[: 2 * depth], G) for depth in DEPTHS]


def _backward(layers, dA):
    sizes = []
    for dense, activation in zip(layers[-2::-2], layers[::-2], strict=True):
        sizes.append(_rounded(_size(dA)))
        dA = dense.backward(activation.backward(dA))
    return sizes[::-1]


def _size(A):
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(A * A)))


def _rounded(x):
    return float(f"{x:.4g}")


def decades(sizes):
    """Return the lowest and the highest power of ten of a scale, and the step of its ticks.

    The number 1 and every size above 0 is on it; the smallest keeps a bar.
    """
    powers = [log10(x) for x in sizes if x > 0]
    low, high = min(0.0, *powers), max(0.0, *powers)
    step = next(step for step in (1, 2, 5, 10, 20, 50) if (high - low) / step <= 4)
    return step * floor(low / step - 0.25), step * ceil(high / step), step


def power(n):
    """Write a power of ten in SVG."""
    return f"10<tspan dy=-.4em font-size=75%>{short(n)}</tspan>"


def _written(x):
    return number(x) if x else "0 (no bar)"


def _among(value, known, name):
    if instance(value, str, name) not in known:
        raise ValueError(f"{name}: expected one of {', '.join(known)}, got {value!r}")
