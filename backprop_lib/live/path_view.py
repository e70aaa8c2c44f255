"""Gradient descent on the loss surface of a linear neuron: three paths from one start."""

import warnings
from math import ceil

import numpy as np

from backprop_lib import graph
from backprop_lib._validate import (
    number_range,
    positive_number,
    real_array,
    real_number,
    sequence,
    whole_number,
)
from backprop_lib.dense import Dense
from backprop_lib.live.experiment import Choice, Dial, Experiment
from backprop_lib.live.numbers import exact, number, short
from backprop_lib.live.recording import Recording
from backprop_lib.live.svg import curve_path, linear, svg, text
from backprop_lib.losses import HalfSquaredError
from backprop_lib.network import Sequential
from backprop_lib.optim import SGD, Adam
from backprop_lib.record import named
from backprop_lib.training import fit

OPTIMIZERS = {
    "plain": SGD,
    "momentum": lambda learning_rate: SGD(learning_rate, momentum=0.9),
    "Adam": Adam,
}
RULES = {"plain": "plain", "momentum": "momentum 0.9", "Adam": "Adam"}
KINDS = ["full", "mini", "single"]
LEVELS = [m * 10.0**k for k in range(-3, 5) for m in (1, 2, 5)]
MOST_EPOCHS = 30
TOO_FAR = 1e6  # a weight beyond it: the path has diverged


class PathFigure(Experiment):
    """Paths of full batches, mini-batches and single samples over the loss of a = w x + b.

    Parameters
    ----------
    x, t : array of shape (m,)
        Inputs and targets.
    start : (float, float)
        w and b, from where all three paths start.
    w_range, b_range : (float, float)
        What is drawn of the surface.
    learning_rate : float
        η, from 0.001 to 1.
    batch_size : int
        Of the mini-batches, at most m.
    epochs : int
        At most 30.
    seed : int
        Of the order of the samples: the same for all three.
    """

    kind = "path"
    title = "Gradient descent: full batch, mini-batches, single samples"
    left, top, width, height = 44, 10, 560, 360

    def __init__(
        self,
        x,
        t,
        *,
        start,
        w_range,
        b_range,
        learning_rate=0.1,
        batch_size=4,
        epochs=5,
        seed=0,
    ):
        self.x = real_array(x, "PathFigure: x", ("m",)).astype(float)
        self.t = real_array(t, "PathFigure: t", self.x.shape).astype(float)
        if len({*self.x}) < 2:
            raise ValueError("PathFigure: x: expected at least two different inputs, got one")
        ranges = [("w_range", w_range), ("b_range", b_range)]
        self.w_range, self.b_range = (
            number_range(*sequence(ends, f"PathFigure: {name}", count=2), f"PathFigure: {name}")
            for name, ends in ranges
        )
        w, b = sequence(start, "PathFigure: start", count=2)
        w = _inside(w, "PathFigure: start: w", *self.w_range)
        b = _inside(b, "PathFigure: start: b", *self.b_range)
        eta = positive_number(learning_rate, "PathFigure: learning_rate")
        eta = _inside(eta, "PathFigure: learning_rate", 0.001, 1.0)
        batch_size = whole_number(batch_size, "PathFigure: batch_size", most=len(self.x))
        epochs = whole_number(epochs, "PathFigure: epochs", most=MOST_EPOCHS)
        self.seed = whole_number(seed, "PathFigure: seed", least=0)
        self.caption = (
            f"Lines of equal mean loss J of a linear neuron, a = w·x + b, over {len(self.x)} "
            "samples; + is where J is least. A forward or backward pass takes one sample. All "
            "three paths take the samples in the same order, new in each epoch."
        )
        self._fit_surface()
        super().__init__(
            [
                Dial("w", "start w", w, *self.w_range, 0.02),
                Dial("b", "start b", b, *self.b_range, 0.02),
                Dial("eta", "learning rate η", eta, 0.001, 1.0, 0.05, logarithmic=True),
                Dial("batch", "mini-batch size", batch_size, 1, len(self.x), 1),
                Dial("epochs", "epochs", epochs, 1, MOST_EPOCHS, 1),
                Choice("rule", "Rule", "plain", RULES),
            ]
        )

    def _fit_surface(self):
        """Find the least loss, and the matrix under which the contour lines are circles.

        J is a quadratic function: J = J* + ½ (p − p*)ᵀ H (p − p*), and with H = C Cᵀ the points
        p* + C⁻ᵀ u of the circles ½ uᵀu = J − J* lie on one contour line.
        """
        self.lowest = np.polyfit(self.x, self.t, 1)
        self.least = self.loss(*self.lowest)
        H = np.array([[np.mean(self.x**2), self.x.mean()], [self.x.mean(), 1.0]])
        self.from_circle = np.linalg.inv(np.linalg.cholesky(H)).T
        self.across = linear(*self.w_range, 0, self.width)
        self.up = linear(*self.b_range, self.height, 0)

    def loss(self, w, b):
        """Return the mean loss over all samples."""
        return HalfSquaredError().forward((w * self.x + b)[None], self.t[None])

    def run(self, batch_size):
        """Train from the start, and return every (w, b) on the way, the start first.

        It is ``fit`` that trains. A path that has diverged ends there.
        """
        at = self.at
        network = Sequential([Dense([[at["w"]]], [[at["b"]]])])
        optimizer = _Recorded(OPTIMIZERS[at["rule"]](at["eta"]), (at["w"], at["b"]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that nothing was learnt is seen in the drawing
            try:
                fit(
                    network,
                    HalfSquaredError(),
                    self.x[None],
                    self.t[None],
                    optimizer,
                    epochs=at["epochs"],
                    batch_size=batch_size,
                    rng=np.random.default_rng(self.seed),
                )
            except _DivergedError:
                pass
        return optimizer.path

    def runs(self):
        """Return label, path, passes in either direction, and loss at the end, for each kind."""
        sizes = [len(self.x), self.at["batch"], 1]
        labels = ["full batch", f"batches of {self.at['batch']}", "single samples"]
        paths = [self.run(size) for size in sizes]
        passes = [
            self._passes(len(path) - 1, size) for path, size in zip(paths, sizes, strict=True)
        ]
        losses = [
            "diverged" if _is_far(path[-1]) else number(self.loss(*path[-1])) for path in paths
        ]
        return list(zip(labels, paths, passes, losses, strict=True))

    def _passes(self, updates, size):
        epochs, rest = divmod(updates, ceil(len(self.x) / size))
        return epochs * len(self.x) + rest * size

    # What is shown

    def drawing(self):
        """Return the surface with the paths, and below it what they cost, as HTML."""
        runs = self.runs()
        rows = "".join(
            f"<tr><th scope=row><div>{svg(24, 8, [f'<path class=bf-{kind} d=M0,4H24 />'])}"
            f"<span>{label}</span></div>"
            f"<td>{passes}<td>{passes}<td>{len(path) - 1}<td>{loss}"
            for kind, (label, path, passes, loss) in zip(KINDS, runs, strict=True)
        )
        heads = ["path", "forward passes", "backward passes", "updates", "J at end"]
        heads = "".join(f"<th scope=col>{head}" for head in heads)
        return f"{self.surface(runs)}<table class=bf-counts><thead><tr>{heads}<tbody>{rows}</table>"

    def sentence(self):
        """Return the loss at the start and at the end of each path."""
        ends = ", ".join(f"{label}: {loss}" for label, _, _, loss in self.runs())
        w, b = self.at["w"], self.at["b"]
        start, least = number(self.loss(w, b)), number(self.least)
        return f"J at the start: {start}. At the end, {ends}. The least: {least}."

    def pictures(self):
        """Return the surface, and below it which path is which."""
        runs = self.runs()
        key = []
        for k, (kind, (label, *_)) in enumerate(zip(KINDS, runs, strict=True)):
            x = self.left + 180 * k
            key += [f"<path class=bf-{kind} d=M{x},10H{x + 28} />", text(x + 36, 14, label)]
        return [[self.surface(runs)], [svg(self.left + self.width, 20, key)]]

    def surface(self, runs):
        """Return the contour lines with the paths over them, as SVG."""
        (w0, w1), (b0, b1) = self.w_range, self.b_range
        inner = [f"<rect class=bf-ground width={self.width} height={self.height} />"]
        inner += self._contours()
        for kind, (_, path, *_) in reversed(list(zip(KINDS, runs, strict=True))):
            points = [(self.across(w), self.up(b)) for w, b in path]
            d = curve_path(points)
            inner.append(f"<path class=bf-{kind} d={d} />")
            if kind != "single":
                dots = d.replace("L", "h0M") + "h0"
                inner.append(f'<path class="bf-{kind} bf-dots" d={dots} />')
            inner.append(_circle(points[-1], f'class="bf-{kind} bf-path-end" r=5'))
        u, v = self._pixel(self.lowest)
        inner.append(f"<path class=bf-lowest d=M{u - 6:.1f},{v:.1f}h12m-6,-6v12 />")
        inner.append(_circle(self._pixel((self.at["w"], self.at["b"])), "class=bf-from r=8"))
        bottom, right = self.top + self.height, self.left + self.width
        plane = f"{self.width} {self.height} {' '.join(map(exact, (w0, w1, b0, b1)))}"
        parts = [
            f"<svg class=bf-clip x={self.left} y={self.top} width={self.width} "
            f'height={self.height} data-plane="{plane}">{"".join(inner)}</svg>',
            f"<path class=bf-axis d=M{self.left},{self.top}V{bottom}H{right} />",
            text(self.left - 6, self.top + 10, short(b1), "bf-tick bf-end"),
            text(self.left - 6, bottom, short(b0), "bf-tick bf-end"),
            text(20, self.top + self.height / 2, "b", "bf-symbol bf-middle"),
            text(self.left, bottom + 18, short(w0), "bf-tick"),
            text(right, bottom + 18, short(w1), "bf-tick bf-end"),
            text(self.left + self.width / 2, bottom + 18, "w", "bf-symbol bf-middle"),
        ]
        return svg(right + 8, bottom + 26, parts, "bf-plane")

    def _pixel(self, point):
        return self.across(point[0]), self.up(point[1])

    def _contours(self):
        """Return the lines of equal loss, circles under one matrix, and their levels."""
        pixels = np.array([self.across(1) - self.across(0), self.up(1) - self.up(0)])
        (a, c), (b, d) = (self.from_circle * pixels[:, None]).tolist()
        e, f = self._pixel(self.lowest)
        levels = [level for level in LEVELS if self.least < level <= self._highest()]
        radii = [(2 * (level - self.least)) ** 0.5 for level in levels]
        matrix = " ".join(f"{x:.6g}" for x in (a, b, c, d, e, f))
        circles = "".join(f"<circle r={radius:.5g} />" for radius in radii)
        labels = []
        for level, radius in zip(levels, radii, strict=True):
            for sign in (1, -1):  # where the line crosses the surface's longest valley
                u, v = e + sign * radius * c, f + sign * radius * d
                if 20 < u < self.width - 20 and 14 < v < self.height - 8:
                    labels.append(text(u, v + 4, short(level), "bf-tick bf-level-of bf-middle"))
        return [f'<g class=bf-contours transform="matrix({matrix})">{circles}</g>', *labels]

    def _highest(self):
        return max(self.loss(w, b) for w in self.w_range for b in self.b_range)

    def data(self):
        """Return one sample's recorded graph, all samples, and the order in which they come."""
        v = {name: graph.Value(0.0) for name in ("w", "b", "x", "t")}
        v["E"] = 0.5 * graph.square(v["b"] + v["w"] * v["x"] - v["t"])
        recording = Recording(named(v)["E"])
        rng = np.random.default_rng(self.seed)
        return {
            "nodes": recording.as_json(),
            "leaves": [recording.number_of(name) for name in ("w", "b", "x", "t")],
            "samples": np.stack([self.x, self.t], axis=1).tolist(),
            "orders": [rng.permutation(len(self.x)).tolist() for _ in range(MOST_EPOCHS)],
            "least": self.least,
        }


class _DivergedError(Exception):
    """A weight has grown beyond all that is drawn."""


class _Recorded:
    """An optimiser that keeps where each step has led."""

    def __init__(self, optimizer, start):
        self.optimizer, self.path = optimizer, [start]

    def step(self, parameters, gradients):
        self.optimizer.step(parameters, gradients)
        self.path.append((parameters["1.W"].item(), parameters["1.b"].item()))
        if _is_far(self.path[-1]):
            raise _DivergedError


def _is_far(point):
    return max(map(abs, point)) > TOO_FAR


def _inside(value, name, low, high):
    value = real_number(value, name)
    if not low <= value <= high:
        raise ValueError(f"{name}: expected a number from {low:g} to {high:g}, got {value:g}")
    return value


def _circle(at, attributes):
    return f"<circle {attributes} cx={at[0]:.1f} cy={at[1]:.1f} />"
