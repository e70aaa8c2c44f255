"""Matplotlib figures that follow the page, light or dark, in its own font, sharp at any zoom.

The functions stand in the order of the lessons.
"""

import io
import re

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from backprop_lib import colours
from backprop_lib._validate import (
    instance,
    positive_number,
    real_array,
    real_number,
    sequence,
    whole_number,
)
from backprop_lib.still import picture

# Matplotlib writes these stand-ins; the drawing's style says what they look like on either paper.
INK, MUTED, GRID, FORWARD, BACKWARD = "#010203", "#010204", "#010205", "#010206", "#010207"
STAND_INS = {
    INK: colours.INK,
    MUTED: colours.MUTED,
    GRID: colours.GRID,
    FORWARD: colours.FORWARD,
    BACKWARD: colours.BACKWARD,
}
ENDS = [np.divide(colour, 255) for colour in (colours.NEGATIVE, colours.POSITIVE)]
DIVERGING = LinearSegmentedColormap.from_list("diverging", [ENDS[0], (1, 1, 1), ENDS[1]])

SLOPE_AT = 2e-3  # the step beside which the slope of an error's line is written
SETTINGS = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.prop_cycle": matplotlib.cycler(color=[FORWARD, BACKWARD, MUTED, INK]),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "figure.facecolor": "none",
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.edgecolor": GRID,
    "legend.facecolor": "none",
    "legend.labelcolor": INK,
    "lines.linewidth": 2,
    "svg.fonttype": "none",
    "svg.hashsalt": "backprop",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}


class Plot:
    """A drawing for a notebook's cell to end in.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Made by ``new_figure``.
    description : str
        What is to be seen, for those who do not see it.
    """

    def __init__(self, figure, description):
        self.figure = instance(figure, Figure, "Plot: figure")
        self.description = instance(description, str, "Plot: description")

    def _repr_html_(self):
        return picture(self.svg(), self.description)

    def __repr__(self):
        return f"<plot: {self.description}>"

    def svg(self):
        """Return the drawing as one SVG element, the same at every run and on every machine."""
        buffer = io.StringIO()
        with matplotlib.rc_context(SETTINGS):
            self.figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
        drawing = buffer.getvalue()
        drawing = drawing[drawing.index("<svg") :].strip()
        drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
        drawing = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", drawing)
        drawing = re.sub(r"\d+\.\d{3,}", lambda m: f"{round(float(m[0]), 2):g}", drawing)
        drawing = re.sub(r'(?<=[ ("])-0(?=[ \n,)"])', "0", drawing)  # −0 on some machines
        for stand_in in STAND_INS:
            drawing = drawing.replace(stand_in, _variable(stand_in))
        return _with_own_ids(drawing).replace(">", f"><style>{_palettes()}</style>", 1)


def _variable(stand_in):
    return f"var(--c{stand_in[-1]})"


def _palettes():
    """Return the style that gives each stand-in its colour, on light paper and on dark paper."""
    papers = [
        f":root{{background:{paper};"
        + ";".join(f"--c{stand_in[-1]}:{pair[k]}" for stand_in, pair in STAND_INS.items())
        + "}"
        for k, paper in enumerate(colours.PAPER)
    ]
    return f"{papers[0]}@media(prefers-color-scheme:dark){{{papers[1]}}}"


def _with_own_ids(drawing):
    """Number the ids: Matplotlib makes some of them from all digits of a coordinate, the last of
    which differs among machines.
    """
    numbers = {}

    def own(match):
        return f"{match[1]}i{numbers.setdefault(match[2], len(numbers))}"

    return re.sub(r'(\bid="|url\(#|xlink:href="#)([^")]+)', own, drawing)


def new_figure(width=5.2, height=3.0, columns=1, rows=1, **options):
    """Return a matplotlib figure and its axes, in the book's style, outside pyplot."""
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(rows, columns, **options)


def _curves(owner, **curves):
    """Return each array as one of real numbers, all of one length."""
    arrays, length = [], "n"
    for name, numbers in curves.items():
        arrays.append(real_array(numbers, f"{owner}: {name}", (length,)))
        length = len(arrays[0])
    return arrays


def loss_history(losses, description="training loss per epoch"):
    """Plot the loss against the epoch."""
    (losses,) = _curves("loss_history", losses=losses)
    figure, axes = new_figure()
    axes.plot(np.arange(1, len(losses) + 1), losses, color=FORWARD)
    axes.set(xlabel="epoch", ylabel="loss J", yscale="log")
    return Plot(figure, description)


# --- Lesson 1 -------------------------------------------------------------------------------------


def stretched_lines(rows, labels, factors):
    """Plot how each function of a chain stretches the distances between a few points.

    Parameters
    ----------
    rows : list of arrays of one length
        The points on every number line, the inputs first.
    labels : list of str
        The name of each number line.
    factors : list of str
        What stands between a line and the next: the function and its slope.
    """
    rows = real_array(rows, "stretched_lines: rows", ("lines", "points"))
    labels = sequence(labels, "stretched_lines: labels", str, len(rows))
    factors = sequence(factors, "stretched_lines: factors", str, len(rows) - 1)
    figure, axes = new_figure(5.2, 2.7)
    levels = -np.arange(len(rows))
    last = max(max(row) for row in rows)
    for row, level, label in zip(rows, levels, labels, strict=True):
        axes.plot([0, last + 1], [level, level], color=GRID, linewidth=1, zorder=1)
        axes.plot([min(row), max(row)], [level, level], color=FORWARD, linewidth=4, zorder=2)
        axes.plot(row, [level] * len(row), "o", color=FORWARD, zorder=3)
        axes.text(-0.4, level, label, ha="right", va="center", color=INK, fontsize=12)
        for x in row:
            axes.text(x, level + 0.13, f"{x:g}", ha="center", va="bottom", color=INK)
    for upper, lower, level, factor in zip(rows, rows[1:], levels, factors, strict=False):
        for x, y in zip(upper, lower, strict=True):
            ends = {"xy": (y, level - 0.68), "xytext": (x, level - 0.08)}
            axes.annotate("", **ends, arrowprops={"arrowstyle": "->", "color": FORWARD, "lw": 1})
        axes.text(last + 1, level - 0.5, factor, ha="right", va="center", color=BACKWARD)
    axes.set(xlim=(-1.8, last + 1.2), ylim=(levels[-1] - 0.2, 0.45))
    axes.axis("off")
    chain = ", ".join(
        f"{label} at {[float(x) for x in row]}" for row, label in zip(rows, labels, strict=True)
    )
    return Plot(figure, f"number lines one above the other: {chain}; " + ", ".join(factors))


def growing_rectangle(x, y, dx, dy, terms):
    """Plot how the area x·y grows when both sides do.

    Parameters
    ----------
    x, y, dx, dy : float
        The sides and by how much they grow.
    terms : list of 4 str
        What stands in the rectangle, in the strip beside it, in the one above, at the corner.
    """
    owner, sides = "growing_rectangle", dict(x=x, y=y, dx=dx, dy=dy)
    x, y, dx, dy = (positive_number(side, f"{owner}: {name}") for name, side in sides.items())
    terms = sequence(terms, f"{owner}: terms", str, 4)
    figure, axes = new_figure(4.6, 3.3)
    boxes = [((0, 0), x, y, 0.12), ((x, 0), dx, y, 0.5), ((0, y), x, dy, 0.5)]
    for corner, width, height, opacity in [*boxes, ((x, y), dx, dy, 1)]:
        patch = Rectangle(corner, width, height, facecolor=FORWARD, edgecolor=INK, alpha=opacity)
        axes.add_patch(patch)
    axes.text(x / 2, y / 2, terms[0], ha="center", va="center", color=INK)
    places = [(x + dx / 2, y * 0.45), (x * 0.45, y + dy / 2), (x + dx, y + dy)]
    notes = [(x + 3 * dx, y * 0.45), (x * 0.45, y + 2.6 * dy), (x + 3 * dx, y + 2.6 * dy)]
    for term, place, note in zip(terms[1:], places, notes, strict=True):
        link = {"arrowstyle": "-", "color": MUTED, "lw": 1}
        ha = "left" if note[0] > x else "center"
        axes.annotate(term, place, note, ha=ha, va="center", color=INK, arrowprops=link)
    axes.text(x / 2, -0.15, f"x = {x:g}", ha="center", va="top", color=INK)
    axes.text(-0.15, y / 2, f"y = {y:g}", ha="right", va="center", color=INK, rotation=90)
    axes.set(xlim=(-0.6, x + 8 * dx), ylim=(-0.7, y + 3.2 * dy), aspect="equal")
    axes.axis("off")
    return Plot(figure, f"a rectangle of sides {x:g} and {y:g} growing by {', '.join(terms[1:])}")


def difference_errors(steps, forward, central, best):
    """Plot, on logarithmic axes, the error of both difference quotients against the step h.

    Parameters
    ----------
    steps, forward, central : arrays of shape (n,)
        The steps, the largest first, and the two errors.
    best : pair of float
        The steps at which the errors are predicted to be least.
    """
    owner = "difference_errors"
    steps, forward, central = _curves(owner, steps=steps, forward=forward, central=central)
    best = real_array(best, f"{owner}: best", (2,))
    if not steps.min() <= SLOPE_AT:
        raise ValueError(f"{owner}: steps: expected one of at most {SLOPE_AT}, got {steps.min()}")
    figure, axes = new_figure(5.2, 3.7)
    curves = [
        ("forward difference", forward, 1, MUTED),
        ("central difference", central, 2, FORWARD),
    ]
    for (name, error, power, colour), step in zip(curves, best, strict=True):
        label = f"{name}, best h ≈ {step:.1e}"
        axes.plot(steps, error, "o-", markersize=3, linewidth=1, color=colour, label=label)
        guide = error[0] * (steps / steps[0]) ** power
        shown = guide > 1e-12
        axes.plot(steps[shown], guide[shown], ":", linewidth=1.2, color=INK)
        at = np.flatnonzero(steps <= SLOPE_AT)[0]
        name_it = {"color": INK, "ha": "right", "va": "bottom"}
        axes.text(steps[at] / 2, guide[at] * 1.5, f"slope {power}", **name_it)
        axes.axvline(step, color=colour, linewidth=1, linestyle="--")
    axes.set(xscale="log", yscale="log", xlabel="step h", ylabel="error of the slope")
    axes.set(ylim=(1e-15, 0.1))
    axes.text(steps[-1], 1e-7, "rounding error\nrises as 1/h", color=INK, ha="left", va="top")
    axes.legend(loc="lower right", frameon=False, labelcolor=INK)
    return Plot(figure, "error of forward and central differences against the step h, log-log")


# --- Lesson 2 -------------------------------------------------------------------------------------


def toy_gap(x, f, point, prediction):
    """Plot a model's curve f over x, one data point, and the gap between them."""
    x, f = _curves("toy_gap", x=x, f=f)
    x0, y0 = real_array(point, "toy_gap: point", (2,))
    prediction = real_number(prediction, "toy_gap: prediction")
    figure, axes = new_figure()
    axes.plot(x, f, color=FORWARD)
    axes.plot([x0, x0], [y0, prediction], color=INK, linewidth=3)
    axes.plot([x0], [prediction], "o", color=FORWARD)
    axes.plot([x0], [y0], "s", color=INK)
    near = {"textcoords": "offset points", "va": "center"}
    axes.annotate("data point (x, y)", (x0, y0), (10, -6), color=INK, **near)
    axes.annotate("prediction f", (x0, prediction), (-8, 10), color=FORWARD, ha="right", **near)
    axes.set(xlabel="input x", ylabel="output f", ylim=(min(f) - 0.4, max(f) + 0.6))
    gap = f"{abs(prediction - y0):.2f} {'above' if prediction > y0 else 'below'}"
    return Plot(figure, f"the toy model's curve passes {gap} its data point")


def two_starts(losses, x, curves, points, labels, description):
    """Plot the losses of two descents, and the two curves they end at with the data points."""
    losses = sequence(losses, "two_starts: losses", count=2)
    losses = [real_array(loss, "two_starts: losses", ("updates",)) for loss in losses]
    x = real_array(x, "two_starts: x", ("n",))
    curves = real_array(curves, "two_starts: curves", (2, len(x)))
    points = real_array(points, "two_starts: points", ("points", 2))
    labels = sequence(labels, "two_starts: labels", str, 2)
    figure, (top, bottom) = new_figure(rows=2, width=5.2, height=4.8)
    for loss, curve, label, dashes in zip(losses, curves, labels, ["-", "--"], strict=True):
        top.plot(np.arange(len(loss)), loss, dashes, color=FORWARD, label=label)
        bottom.plot(x, curve, dashes, color=FORWARD)
    bottom.plot(*np.transpose(points), "s", color=INK)
    top.set(xlabel="update", ylabel="loss")
    top.xaxis.get_major_locator().set_params(integer=True)
    with matplotlib.rc_context(SETTINGS):
        top.legend(title="start")
    bottom.set(xlabel="input x", ylabel="output f at the end")
    return Plot(figure, description)


# --- Lesson 4 -------------------------------------------------------------------------------------


def layer_edges(W):
    """Draw one layer twice: the edges into its first neuron (a row of W), and those out of its
    second input (a column). ``W`` has shape (n_out, n_in).
    """
    W = real_array(W, "layer_edges: W", ("n_out", "n_in"))
    n_out, n_in = W.shape
    if n_in < 2 or max(n_out, n_in) > 9:
        raise ValueError(f"layer_edges: W: expected 2 to 9 inputs, 1 to 9 outputs, got {W.shape}")
    figure, (into, out) = new_figure(6.0, 3.0, columns=2)
    _edges(into, W, [(0, i) for i in range(n_in)], FORWARD)
    into.set_title("forward: row 1", color=FORWARD)
    _edges(out, W, [(j, 1) for j in range(n_out)], BACKWARD)
    out.set_title("backward: column 2", color=BACKWARD)
    return Plot(figure, f"a layer of {n_in} inputs and {n_out} outputs, by row and by column")


def _edges(axes, W, chosen, colour):
    n_out, n_in = W.shape
    left = [(0.0, (n_in - 1) / 2 - i) for i in range(n_in)]
    right = [(2.4, 1.3 * ((n_out - 1) / 2 - j)) for j in range(n_out)]
    for j, i in np.ndindex(W.shape):
        (x0, y0), (x1, y1) = left[i], right[j]
        on = (j, i) in chosen
        look = {"color": colour, "lw": 2.4} if on else {"color": GRID, "lw": 1.2}
        axes.plot([x0, x1], [y0, y1], zorder=1 + on, **look)
        if on:
            place = x0 + 0.42 * (x1 - x0), y0 + 0.42 * (y1 - y0) + 0.13
            label = f"{W[j, i]:g}".replace("-", "\u2212")
            axes.text(*place, label, color=colour, ha="center", va="bottom", weight="bold")
    for letter, places in (("h", left), ("o", right)):
        for k, (x, y) in enumerate(places):
            axes.scatter(x, y, s=440, color=GRID, zorder=3)
            name = letter + "₁₂₃₄₅₆₇₈₉"[k]
            axes.text(x, y, name, ha="center", va="center", color=INK, zorder=4)
    axes.set(xlim=(-0.4, 2.8), ylim=(-1.4, 1.5))
    axes.axis("off")


def relu_switch():
    """Plot ReLU and its derivative, the filled dot showing which value holds at 0."""
    figure, (value, slope) = new_figure(6.0, 2.4, columns=2)
    value.plot([-3, 0, 3], [0, 0, 3], color=FORWARD)
    value.set(xlabel="z", title="ReLU: max(0, z)")
    for ends, height in (((-3, 0), 0), ((0, 3), 1)):
        slope.plot(ends, (height, height), color=BACKWARD)
    slope.scatter(0, 0, s=45, color=BACKWARD, zorder=3)
    slope.scatter(0, 1, s=45, facecolor="none", edgecolor=BACKWARD, zorder=3)
    slope.set(xlabel="z", title="its derivative: a switch", yticks=[0, 1])
    return Plot(figure, "ReLU and its derivative, which is 0 up to and including z = 0, then 1")


# --- Lesson 5 -------------------------------------------------------------------------------------


def delta_flow():
    """Draw values running forward, deltas running back, and where the gradients leave."""
    figure, axes = new_figure(4.9, 3.4)
    axes.set(xlim=(-0.45, 8.45), ylim=(-1.85, 2.55))
    axes.axis("off")
    values = {0.2: "a⁰ = x", 2.1: "z¹", 4.0: "a¹", 5.9: "z²", 7.8: "a²"}
    _flow_row(axes, 1.3, values, ["W¹, b¹", "σ", "W², b²", "σ"], FORWARD)
    deltas = {2.1: "δ¹", 4.0: "∂C/∂a¹", 5.9: "δ²", 7.8: "∂C/∂a²"}
    _flow_row(axes, 0, deltas, ["⊙ σ′(z¹)", "W²ᵀ ·", "⊙ σ′(z²)"], BACKWARD, back=True)
    arrow = {"arrowstyle": "-|>", "color": BACKWARD, "linestyle": (0, (3, 2)), "shrinkA": 13}
    for x, layer, before in [(2.1, "¹", "a⁰"), (5.9, "²", "a¹")]:
        axes.annotate("", (x, -1.0), (x, 0), arrowprops=arrow)
        gradients = f"∂C/∂b{layer} = δ{layer}\n∂C/∂W{layer} = δ{layer} · {before}ᵀ"
        axes.text(x, -1.08, gradients, color=BACKWARD, ha="center", va="top", linespacing=1.6)
    down = {"arrowstyle": "-|>", "color": MUTED, "shrinkA": 12, "shrinkB": 12}
    axes.annotate("", (7.8, 0), (7.8, 1.3), arrowprops=down)
    axes.text(7.9, 0.65, "C", color=INK, va="center")
    axes.text(0.2, 2.3, "forward: values", color=FORWARD, va="center")
    axes.text(0.2, 0, "backward:\ndeltas", color=BACKWARD, ha="center", va="center")
    return Plot(figure, "the forward pass of a two-layer network above its backward pass")


def _flow_row(axes, y, places, steps, colour, back=False):
    """Draw labels in a row with arrows between them, each arrow under its step's name."""
    xs = list(places)
    style = {"arrowstyle": "-|>", "color": colour, "linestyle": (0, (3, 2)) if back else "-"}
    for left, right, step in zip(xs, xs[1:], steps, strict=False):
        start, end = (right, left) if back else (left, right)
        ends = {x: 23 if "∂" in places[x] or "=" in places[x] else 11 for x in (left, right)}
        style |= {"shrinkA": ends[start], "shrinkB": ends[end]}
        axes.annotate("", (end, y), (start, y), arrowprops=style)
        axes.text((left + right) / 2, y + 0.33, step, color=colour, ha="center", fontsize=9)
    for x, label in places.items():
        axes.text(x, y, label, color=colour, ha="center", va="center", fontsize=11)


def sigmoid_and_slope(z, a, slope):
    """Plot a = σ(z) and σ′(z) above each other."""
    z, a, slope = _curves("sigmoid_and_slope", z=z, a=a, slope=slope)
    figure, axes = new_figure(5.6, 2.6)
    axes.plot(z, a, color=FORWARD)
    axes.plot(z, slope, color=BACKWARD)
    axes.text(2.2, 0.8, "σ(z)", color=FORWARD)
    axes.text(1.6, 0.2, "σ′(z), never above ¼", color=BACKWARD)
    axes.set(xlabel="z", ylim=(-0.03, 1.05))
    return Plot(figure, "the sigmoid and its slope against z")


def gradient_against_z(z, squared, cross_entropy):
    """Plot the size of δ of one sigmoid neuron with target 0 under both losses."""
    owner, both = "gradient_against_z", dict(squared=squared, cross_entropy=cross_entropy)
    z, squared, cross_entropy = _curves(owner, z=z, **both)
    figure, axes = new_figure(5.6, 3.0)
    axes.plot(z, cross_entropy, color=BACKWARD)
    axes.plot(z, squared, color=BACKWARD, linestyle="--")
    axes.text(1.2, 0.9, "cross-entropy:  a − y", color=BACKWARD, ha="right")
    axes.text(1.7, 0.165, "squared error:  (a − y) σ′(z)", color=BACKWARD)
    axes.text(-7.9, 0.5, "right", color=MUTED)
    axes.text(7.9, 0.5, "confidently wrong", color=MUTED, ha="right")
    axes.set(
        xlabel="z of a sigmoid neuron with target y = 0", ylabel="size of δ", ylim=(-0.03, 1.06)
    )
    return Plot(figure, "size of δ against z for two losses")


def two_losses_training(squared, cross_entropy):
    """Plot a neuron's output at each step, trained with either loss towards 0."""
    both = dict(squared=squared, cross_entropy=cross_entropy)
    squared, cross_entropy = _curves("two_losses_training", **both)
    figure, axes = new_figure(5.6, 3.0)
    axes.plot(np.arange(len(squared)), squared, color=FORWARD, linestyle="--")
    axes.plot(np.arange(len(cross_entropy)), cross_entropy, color=FORWARD)
    left, middle = 0.2 * len(squared), len(squared) // 3
    axes.text(left, squared[middle] - 0.1, "squared error", color=FORWARD)
    axes.text(left, cross_entropy[middle] + 0.07, "cross-entropy", color=FORWARD)
    axes.set(xlabel="steps of gradient descent", ylabel="output a (target 0)", ylim=(0, 1.03))
    return Plot(figure, "one saturated neuron learns")


def learned_regions(grid, outputs, X, Y):
    """Plot the regions in which a network with two inputs answers above one half.

    ``grid`` holds the coordinates along either axis, ``outputs`` the answers on it, of shape
    (len(grid), len(grid)) with the second input along the rows.
    """
    grid = real_array(grid, "learned_regions: grid", ("n",))
    outputs = real_array(outputs, "learned_regions: outputs", (len(grid), len(grid)))
    X = real_array(X, "learned_regions: X", (2, "m"))
    Y = real_array(Y, "learned_regions: Y", (1, X.shape[1]))
    figure, axes = new_figure(3.7, 3.4)
    axes.contourf(grid, grid, outputs, levels=[0.5, 1], colors=[FORWARD], alpha=0.18)
    axes.contour(grid, grid, outputs, levels=[0.5], colors=[FORWARD], linewidths=1.5)
    ones = Y[0] > 0.5
    axes.scatter(*X[:, ones], s=14, color=FORWARD)
    axes.scatter(*X[:, ~ones], s=14, facecolors="none", edgecolors=INK, linewidths=0.9)
    axes.set(xlabel="x₁", ylabel="x₂", aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    axes.grid(False)
    return Plot(figure, "where the trained network answers 1")


# --- Lesson 7 -------------------------------------------------------------------------------------


def layer_stack(names, roles):
    """Draw layers below each other, each with its role beside it."""
    names = sequence(names, "layer_stack: names", str)
    roles = sequence(roles, "layer_stack: roles", str, len(names))
    if not names:
        raise ValueError("layer_stack: names: expected at least one, got none")
    figure, axes = new_figure(4.6, 0.52 * len(names))
    axes.set(xlim=(0, 10), ylim=(0.25 - len(names), 0.55))
    axes.axis("off")
    box = {"boxstyle": "round,pad=0.45", "facecolor": "none", "edgecolor": MUTED}
    for k, (name, role) in enumerate(zip(names, roles, strict=True)):
        axes.text(2.6, -k, name, color=INK, ha="center", va="center", bbox=box)
        axes.text(5.4, -k, role, color=MUTED, va="center")
    ahead = {"arrowstyle": "-|>", "color": FORWARD}
    back = {"arrowstyle": "-|>", "color": BACKWARD, "linestyle": (0, (3, 2))}
    for k in range(len(names) - 1):
        axes.annotate("", (2.2, -k - 0.74), (2.2, -k - 0.26), arrowprops=ahead)
        axes.annotate("", (3.0, -k - 0.26), (3.0, -k - 0.74), arrowprops=back)
    return Plot(figure, "layers, forward down and backward up")


def picture_grid(pictures, titles, description, columns=4, largest=None):
    """Draw small pictures, each with its title: ink on paper, or signed numbers.

    ``pictures`` has shape (height, width, n). Without ``largest`` the numbers are ink from 0 to 1;
    with it they are signed, purple below zero and green above, full at ±largest.
    """
    pictures = real_array(pictures, "picture_grid: pictures", ("height", "width", "n"))
    height, width, count = pictures.shape
    titles = sequence(titles, "picture_grid: titles", str, count)
    columns = whole_number(columns, "picture_grid: columns")
    rows = -(-count // columns)
    size = 1.15
    figure, axes = new_figure(columns * size, rows * (size * height / width + 0.22), columns, rows)
    style = {"cmap": "Greys", "vmin": 0, "vmax": 1}
    if largest is not None:
        largest = positive_number(largest, "picture_grid: largest")
        style = {"cmap": DIVERGING, "vmin": -largest, "vmax": largest}
    style |= {"edgecolors": "face", "linewidth": 1, "antialiased": False}  # no seams
    for k, place in enumerate(np.ravel(axes)):
        place.axis("off")
        if k < count:
            place.pcolormesh(pictures[::-1, :, k], **style)
            place.set_aspect("equal")
            place.set_title(titles[k], fontsize=9)
    return Plot(figure, description)
