"""The drawings of a live figure. Python draws them; the script only rewrites what moves.

A drawing marks what moves with data attributes that name values by their number in the
recording: ``data-value``, ``data-grad``, ``data-local`` (texts), ``data-fill`` (how full a
neuron is), ``data-edge`` (width and dash of an edge), ``data-box`` (lit up by the walk).
"""

import math
import re
from importlib.resources import files

from backprop_lib.live.numbers import html_symbol, number, svg_symbol

STYLE = (files("backprop_lib") / "live" / "figure.css").read_text(encoding="utf-8")
STYLE = re.sub(r"/\*.*?\*/|\s+", " ", STYLE)  # every figure carries it
STYLE = re.sub(r" ?([{};,]) ?|(?<=:) ", r"\1", STYLE)
LINE = 13  # height of a small line of text in pixels


class GraphView:
    """The computation as boxes: symbol, formula, value, gradient; local derivatives on the way.

    Parameters
    ----------
    names : sequence of str
        The values that get a box, inputs before results.
    wide, narrow : int or dict of str to (column, row)
        A number of columns fills them row by row; a dict places every box (fractions allowed),
        and the arrows run to the right in the wide drawing, down in the narrow one.
    """

    box_width, box_height, gap_y = 108, 82, 62

    def __init__(self, names, wide=4, narrow=2):
        self.names = self.boxes = list(names)
        self.wide, self.narrow = wide, narrow
        _grid(self.names, wide), _grid(self.names, narrow)

    def html(self, figure):
        """Return the wide and the narrow drawing; the style shows one of them."""
        return (
            f'<div class="bf-wide">{self._svg(figure, self.wide, across=True)}</div>'
            f'<div class="bf-narrow">{self._svg(figure, self.narrow, across=False)}</div>'
        )

    def _svg(self, figure, layout, across):
        places, free = _grid(self.names, layout), isinstance(layout, dict)
        gap_x, gap_y = (124, 84) if free and across else (72 if across else 74, self.gap_y)
        step_x, step_y = self.box_width + gap_x, self.box_height + gap_y + (22 if free else 0)
        corner = {name: (4 + c * step_x, 4 + r * step_y) for name, (c, r) in places.items()}
        width = max(x for x, _ in corner.values()) + self.box_width + 4
        height = max(y for _, y in corner.values()) + self.box_height + 4
        edges = [
            (source, name)
            for name in self.names
            for source in figure.recording.local_derivatives(name)
            if source in corner
        ]
        if free:
            parts = self._free_edges(figure, edges, corner, across)
        else:
            parts = [self._edge(figure, *edge, corner, places) for edge in edges]
        parts += [self._box(figure, name, *corner[name]) for name in self.names]
        return svg(width, height, parts)

    def _box(self, figure, name, x, y):
        i, value = figure.recording.number_of(name), figure.recording.by_name[name]
        right = x + self.box_width - 9
        formula = figure.formula_svg(name)
        return (
            f"<g class=bf-box data-box={i}>"
            f"<rect x={x} y={y} width={self.box_width} height={self.box_height} rx=7 />"
            + text(x + 9, y + 23, svg_symbol(figure.symbols[name]), "bf-symbol")
            + text(right, y + 21, formula, "bf-formula bf-end")
            + text(right, y + 48, number(value.data), "bf-end", f"data-value={i}")
            + text(right, y + 71, number(value.grad), "bf-end", f"data-grad={i}")
            + "</g>"
        )

    def _edge(self, figure, source, name, corner, places):
        (x0, y0), (x1, y1) = corner[source], corner[name]
        (c0, r0), (c1, r1) = places[source], places[name]
        w, h = self.box_width, self.box_height
        if r1 == r0 and c1 == c0 + 1:
            ahead = [(x0 + w, y0 + 24), (x1 - 1, y0 + 24)]
            back = [(x1, y1 + 51), (x0 + w + 1, y1 + 51)]
            label = (x0 + w + x1) / 2, y0 + 66, "bf-middle", False
        else:  # the next line of the snake
            right, left = x0 + w * 0.75, x1 + w * 0.25
            turn, returning = y0 + h + 21, y1 - 21
            ahead = [(right, y0 + h), (right, turn), (left, turn), (left, y1 - 1)]
            right, left = right - w * 0.3, left + w * 0.3
            back = [(left, y1), (left, returning), (right, returning), (right, y0 + h + 1)]
            label = (left + right) / 2, y1 - 6, "bf-middle", True
        return (
            arrow(ahead, "bf-ahead")
            + arrow(back, "bf-back")
            + self._local_label(figure, source, name, *label)
        )

    def _free_edges(self, figure, edges, corner, across):
        """Draw each edge as two parallel arrows, spread along the sides of the boxes."""
        side = 1 if across else 0  # the coordinate that runs along the sides
        size = (self.box_width, self.box_height)
        leave, arrive = {}, {}
        for ports, own, other in ((leave, 0, 1), (arrive, 1, 0)):
            for name in self.names:
                mine = [edge for edge in edges if edge[own] == name]
                mine.sort(key=lambda edge: corner[edge[other]][side])
                for k, edge in enumerate(mine):
                    ports[edge] = corner[name][side] + size[side] * (k + 0.5) / len(mine)
        parts, labels = [], []
        for edge in edges:
            start = corner[edge[0]][1 - side] + size[1 - side], leave[edge]
            end = corner[edge[1]][1 - side], arrive[edge]
            near = 0.34 if across else 0.18  # to the source, where slanted edges do not cross
            ahead, back, (u, v) = _slanted(start, end, near)
            drop = (17 if start[1] == end[1] else 11) if across else 4
            if not across:
                ahead, back, (u, v) = [p[::-1] for p in ahead], [p[::-1] for p in back], (v, u)
            parts.append(arrow(ahead, "bf-ahead") + arrow(back, "bf-back"))
            aside = 6 if across and start[1] != end[1] else 0  # off the arrow that runs ahead
            spot = u - aside, v + drop
            labels.append(self._local_label(figure, *edge, *spot, "bf-middle", True))
        return parts + labels

    def _local_label(self, figure, source, name, x, y, anchor, on_one_line):
        pair = figure.pair(name, source)
        slope = figure.recording.local_derivatives(name)[source]
        times = f'× <tspan data-local="{pair}">{number(slope)}</tspan>'
        formula = figure.local_svg(name, source)
        formula = "" if formula.isdigit() else formula  # the number stands there already
        if on_one_line:
            formula = f"<tspan class=bf-formula dx=6>{formula}</tspan>"
            return text(x, y, times + formula, f"bf-local {anchor}")
        return text(x, y, times, f"bf-local {anchor}") + text(
            x, y + LINE, formula, f"bf-formula {anchor}"
        )


class NetworkView:
    """A fully connected network as neurons: z, a (also as a fill level) and δ.

    Parameters
    ----------
    inputs, targets : sequences of str
        The names of the inputs and of the targets, one for each output neuron.
    layers : sequence of sequences of (z, a, bias)
        The names for each neuron, first layer first.
    weights : sequence of lists of lists of str
        ``weights[l][j][i]`` is the weight from neuron i into neuron j of layer l.
    captions : sequence of str
        One per column, the inputs' first.
    """

    radius, input_radius = 41, 30
    chip_width, chip_height = 60, 36
    plate_drop = 64  # from a neuron's centre to that of the plate with its bias

    def __init__(self, inputs, targets, layers, weights, captions):
        self.inputs, self.targets = list(inputs), list(targets)
        self.layers, self.weights = [list(layer) for layer in layers], weights
        self.captions = captions
        self._layouts = {across: self._layout(across) for across in (True, False)}

    @property
    def boxes(self):
        """The leaves that have a place of their own in the walk."""
        return self.inputs

    def html(self, figure):
        """Return the wide drawing (layers left to right) and the narrow one (top to bottom)."""
        return (
            f'<div class="bf-wide">{self._svg(figure, across=True)}</div>'
            f'<div class="bf-narrow">{self._svg(figure, across=False)}</div>'
        )

    def _layout(self, across):
        """Return the drawing's size and the places of neurons and chips: no value moves them."""
        sizes = [len(self.inputs)] + [len(layer) for layer in self.layers]
        spread = (172 if max(sizes) < 3 else 200) if across else min(170, 340 // max(sizes))
        along, at = 46, []
        for size, next_size in zip(sizes, [*sizes[1:], 0], strict=True):
            at.append(along)
            along += self._gap(size * next_size, len(self.layers), across)
        place = {}
        for column, size in enumerate(sizes):
            for row in range(size):
                beside = spread * (max(sizes) / 2 + row - (size - 1) / 2) - (38 if across else 0)
                place[column, row] = (at[column], beside) if across else (beside, at[column])
        lowest = max(y for _, y in place.values())
        size = (at[-1] + 158, lowest + 108) if across else (spread * max(sizes), at[-1] + 132)
        ends = {
            name: (place[layer, i], place[layer + 1, j])
            for layer, matrix in enumerate(self.weights)
            for j, row in enumerate(matrix)
            for i, name in enumerate(row)
        }
        plates = [
            (x - name, y + self.plate_drop)  # twice: its name stands to the left of the plate
            for (column, _), (x, y) in place.items()
            for name in (0, 18)
            if column
        ]
        return size, place, ends, self._chip_places(ends, list(place.values()), plates)

    def _gap(self, edges, layers, across):
        """Return the way from one layer to the next: more where many edges want a chip."""
        if across:
            return 214 if layers < 3 else 166 if edges > 4 else 150
        return 226 if edges <= 4 else 330

    def _chip_places(self, ends, neurons, plates):
        """Move each chip along its edge to where it has the most room; a few rounds settle it."""
        chips = {name: _between(*pair, 0.5) for name, pair in ends.items()}
        for _ in range(6):
            for name, pair in ends.items():
                others = [edge for other, edge in ends.items() if other != name]
                taken = [chip for other, chip in chips.items() if other != name] + plates
                costs = {}
                for t in range(6, 35):
                    x, y = _between(*pair, t / 40)
                    aside = abs(t / 40 - 0.5)  # where all is free, the middle is best
                    costs[x, y] = self._crowd(x, y, taken, others, neurons) + aside
                chips[name] = min(costs, key=costs.get)
        return chips

    def _crowd(self, x, y, taken, edges, neurons):
        """Return how much a chip at (x, y) is in the way of chips, neurons and other edges."""
        wide, high = self.chip_width + 5, self.chip_height + 5
        cost = 0.0
        for u, v in taken:
            overlap = min(1 - abs(x - u) / wide, 1 - abs(y - v) / high)
            cost += 9 + 20 * overlap if overlap > 0 else 0.1 * max(overlap + 1, 0)
        for u, v in neurons:
            apart = math.hypot(max(abs(x - u) - wide / 2, 0), max(abs(y - v) - high / 2, 0))
            cost += 6 + 0.5 * (self.radius - apart) if apart < self.radius else 0
        for edge in edges:
            cost += 0.05 * max(30 - _to_segment(x, y, *edge), 0)
        return cost

    def _svg(self, figure, across):
        (width, height), place, ends, chips = self._layouts[across]
        steepest = max(abs(figure.recording.by_name[name].grad) for name in ends) or 1
        parts = [self._edge(figure, name, *pair, steepest) for name, pair in ends.items()]
        parts += [self._neuron(figure, column, row, *place[column, row]) for column, row in place]
        parts += [self._chip(figure, name, *xy) for name, xy in chips.items()]
        parts += self._targets(figure, place, across)
        for column, caption in enumerate(self.captions):
            x, y = place[column, 0]
            parts.append(
                text(x, height - 4, caption, "bf-caption-small")
                if across
                else text(2, y - 40, caption, "bf-caption-small bf-start")
            )
        return svg(width, height, parts, "bf-network")

    def _edge(self, figure, name, start, end, steepest):
        i, value = figure.recording.number_of(name), figure.recording.by_name[name]
        x, kinds = value.data, []
        if figure.by_gradient:
            x, kinds = 2.5 * value.grad / steepest, ["bf-gradient"]
        if name == figure.touched.name:
            kinds.append("bf-lit")
        stroke, dash = edge_style(x)
        line = f"M{start[0]:g},{start[1]:g}L{end[0]:g},{end[1]:g}"
        return f"<path data-edge={i}{_classes(' '.join(kinds))} d={line} stroke-width={stroke}{dash} />"

    def _chip(self, figure, name, x, y):
        i, value = figure.recording.number_of(name), figure.recording.by_name[name]
        return (  # the style knows the size of the plate
            f"<g class=bf-chip data-pick={i} transform=translate({x:.4g},{y:.4g})><rect />"
            f"<text y=-3 data-value={i}>{number(value.data)}</text>"
            f"<text y=13 data-grad={i}>{number(value.grad)}</text></g>"
        )

    def _neuron(self, figure, column, row, x, y):
        recording = figure.recording
        at = f"transform=translate({x:g},{y:g})"
        if column == 0:
            name = self.inputs[row]
            i, value = recording.number_of(name), recording.by_name[name]
            return (
                f"<g class=bf-box data-box={i} {at}><circle r={self.input_radius} />"
                f"<text y=-5 class=bf-symbol>{svg_symbol(figure.symbols[name])}</text>"
                f"<text y=15 data-value={i}>{number(value.data)}</text></g>"
            )
        z, a, bias = self.layers[column - 1][row]
        iz, ia = recording.number_of(z), recording.number_of(a)
        vz, va = recording.by_name[z], recording.by_name[a]
        r, dead = self.radius, " bf-dead" if va.operation == "relu" and va.data == 0 else ""
        plate = text(
            x - 33, y + self.plate_drop + 1, svg_symbol(figure.symbols[bias]), "bf-plate-name"
        )
        return (
            f'<g class="bf-box bf-neuron{dead}" data-box="{iz} {ia}" {at}><circle r={r} />'
            f'<path class=bf-level data-fill="{ia} {r}" d="{fill_path(r, fill_level(va.data))}"/>'
            f"<circle class=bf-rim r={r} />"
            f"<text y=-19 class=bf-z>z <tspan data-value={iz}>{number(vz.data)}</tspan></text>"
            f"<text y=3 class=bf-big data-value={ia}>{number(va.data)}</text>"
            f"<text y=22 class=bf-grad>δ <tspan data-grad={iz}>{number(vz.grad)}</tspan></text></g>"
            f"{self._chip(figure, bias, x, y + self.plate_drop)}{plate}"
        )

    def _targets(self, figure, place, across):
        """Write each target beside its output neuron, and the loss."""
        recording, last = figure.recording, len(self.layers)
        parts = []
        for row, name in enumerate(self.targets):
            i, value = recording.number_of(name), recording.by_name[name].data
            x, y = place[last, row]
            x, y = (x + self.radius + 10, y + 5) if across else (x, y + self.plate_drop + 36)
            symbol = svg_symbol(figure.symbols[name])
            written = f"target {symbol} = <tspan data-value={i}>{number(value)}</tspan>"
            if across:
                parts.append(text(x, y - 10, f"target {symbol}", "bf-formula bf-start"))
                parts.append(text(x, y + 9, number(value), "bf-start", f"data-value={i}"))
            else:
                parts.append(text(x, y, written, "bf-formula bf-middle"))
        i, loss = recording.number_of(figure.loss_name), recording.loss
        rows = [place[last, row] for row in range(len(self.targets))]
        x = rows[0][0] + self.radius + 10 if across else sum(u for u, _ in rows) / len(rows)
        y = sum(v for _, v in rows) / len(rows) + (5 if across else self.plate_drop + 60)
        y += 62 if across and len(rows) == 1 else 0
        written = (
            f"{svg_symbol(figure.symbols[figure.loss_name])} = "
            f"<tspan data-value={i}>{number(loss.data)}</tspan>"
        )
        anchor = "bf-start" if across else "bf-middle"
        return [
            *parts,
            f"<g class=bf-box data-box={i}>"
            + text(x, y, written, f"bf-value bf-big {anchor}")
            + "</g>",
        ]


class CurveView:
    """The loss against the slider last touched, with the tangent whose slope is the gradient.

    Below it, after an update, the losses of the updates so far.
    """

    boxes = ()
    width, height, points = 300, 190, 161
    left, right, top, floor = 40, 292, 16, 156
    past_height, past_floor, past_top = 60, 52, 8

    def html(self, figure):
        """Return the drawing for the figure's touched slider."""
        slider = figure.touched
        at, loss = slider.value, figure.recording.loss.data
        low, high = min(slider.low, at.data), max(slider.high, at.data)
        xs = [low + (high - low) * k / (self.points - 1) for k in range(self.points)]
        losses = figure.recording.sweep(slider.name, xs)
        least, most = extent(losses)
        scale_x = (self.right - self.left) / (high - low)
        scale_y = (self.floor - self.top) / (most - least)
        x, y = self.left + scale_x * (at.data - low), self.floor - scale_y * (loss - least)
        curve = [
            (self.left + scale_x * (u - low), self.floor - scale_y * (v - least))
            for u, v in zip(xs, losses, strict=True)
        ]
        symbol = svg_symbol(figure.symbols[figure.loss_name])
        parts = [
            f"<path class=bf-axis d=M{self.left},{self.top}V{self.floor}H{self.right} />",
            text(self.left - 6, self.top + 4, short(most), "bf-tick bf-end", "data-tick-top"),
            text(self.left - 6, self.floor + 4, short(least), "bf-tick bf-end", "data-tick-floor"),
            text(self.left, self.floor + 14, short(low), "bf-tick", "data-tick-low"),
            text(self.right, self.floor + 14, short(high), "bf-tick bf-end", "data-tick-high"),
            text(12, (self.top + self.floor) / 2, symbol, "bf-symbol bf-middle"),
            f"<path class=bf-curve d={curve_path(curve)} />",
            f"<path class=bf-tangent d={tangent_path(x, y, -at.grad * scale_y / scale_x)} />",
            f"<circle class=bf-point cx={x:.1f} cy={y:.1f} r=5 />",
        ]
        return (
            f'<div class=bf-curve-view data-curve="{self.left} {self.top} {self.right} '
            f'{self.floor}">{svg(self.width, self.height, parts)}<p class=bf-slope>'
            f"<span class=bf-axis-name data-curve-name>{html_symbol(figure.symbols[slider.name])}"
            f"</span> slope <b class=bf-grad data-slope>{number(at.grad)}</b></p>"
            f"{self._history(figure) if figure.trainable else ''}</div>"
        )

    def _history(self, figure):
        losses, path, said = figure.history, "", ""
        if len(losses) > 1:
            least, most = extent(losses)
            step_x = (self.right - self.left) / (len(losses) - 1)
            step_y = (self.past_floor - self.past_top) / (most - least)
            path = curve_path(
                (self.left + step_x * k, self.past_floor - step_y * (loss - least))
                for k, loss in enumerate(losses)
            )
            said = f"{len(losses) - 1} updates: {number(losses[0])} → {number(losses[-1])}"
        parts = [
            f"<path class=bf-axis d=M{self.left},{self.past_top}V{self.past_floor}H{self.right} />",
            f'<path class="bf-curve bf-past" d="{path}"/>',
        ]
        hidden = "" if path else " hidden"
        symbol = html_symbol(figure.symbols[figure.loss_name])
        return (
            f"<div class=bf-history{hidden}>{svg(self.width, self.past_height, parts)}"
            f"<p class=bf-slope>{symbol} in <span data-count>{said}</span></p></div>"
        )


def extent(losses):
    """Return the range to draw: a loss that almost reaches zero is drawn above zero."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    least, most = min(finite, default=0.0), max(finite, default=1.0)
    if 0 < least < 0.1 * most:
        least = 0.0
    return (least, most) if most - least >= 1e-12 else (least, least + 1)


def svg(width, height, parts, classes="", label=None):
    """Return an SVG element that is never wider than its own pixels.

    With a label it is a picture to a screen reader, without one it is passed over.
    """
    role = f'role=img aria-label="{label}"' if label else "aria-hidden=true"
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width={width:g} height={height:g}'
        f"{_classes(classes)} {role}>{''.join(parts)}</svg>"
    )


def arrow(points, classes):
    """Return a line through the points that ends in an arrowhead."""
    (u, v), (x, y) = points[-2:]
    size = math.hypot(x - u, y - v)
    dx, dy = (x - u) / size, (y - v) / size
    line = "L".join(f"{px:.1f},{py:.1f}" for px, py in [*points[:-1], (x - 6 * dx, y - 6 * dy)])
    base_x, base_y = x - 9 * dx, y - 9 * dy
    head = (
        f"M{x:.1f},{y:.1f}L{base_x - 4.5 * dy:.1f},{base_y + 4.5 * dx:.1f}"
        f"L{base_x + 4.5 * dy:.1f},{base_y - 4.5 * dx:.1f}Z"
    )
    return f'<path class={classes} d=M{line} /><path class="{classes} bf-tip" d={head} />'


def text(x, y, content, classes="", attributes=""):
    """Return one SVG text; ``content`` is already escaped."""
    attributes = f" {attributes}" if attributes else ""
    return f"<text x={x:.4g} y={y:.4g}{_classes(classes)}{attributes}>{content}</text>"


def _classes(classes):
    return f' class="{classes}"' if " " in classes else f" class={classes}" if classes else ""


def short(x):
    """Write an axis tick with at most three significant digits."""
    return f"{x:.3g}".replace("-", "\u2212")


def edge_style(x):
    """Return the width of an edge that carries x, and its dashes where x is negative."""
    dash = ' stroke-dasharray="7 5"' if x < 0 else ""
    return f"{min(1 + 3 * abs(x), 9):.2f}", dash


def fill_level(a):
    """Return how full a neuron with activation a is drawn, between 0 and 1."""
    return min(max(a, 0.0), 1.0)


def fill_path(r, level):
    """Return the lower part of a circle around 0, filled to ``level`` of its height."""
    if level >= 1:
        return f"M{-r:g},0a{r},{r} 0 1 0 {2 * r},0a{r},{r} 0 1 0 {-2 * r},0Z"
    surface = r * (1 - 2 * level)
    half = math.sqrt(max(r * r - surface * surface, 0))
    large = 1 if level > 0.5 else 0
    return f"M{-half:.1f},{surface:.1f}A{r},{r} 0 {large} 0 {half:.1f},{surface:.1f}Z"


def tangent_path(x, y, slope, length=30):
    """Return a line through (x, y) of the given slope in pixels."""
    dx = length / math.hypot(1, slope)
    return f"M{x - dx:.1f},{y - slope * dx:.1f}L{x + dx:.1f},{y + slope * dx:.1f}"


def curve_path(points):
    """Return a path through the points, interrupted where y is not finite."""
    pen, commands = "M", []
    for x, y in points:
        if math.isfinite(y):
            commands.append(f"{pen}{x:.1f},{y:.1f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(commands)


def _grid(names, layout):
    if isinstance(layout, int):
        return {name: (k % layout, k // layout) for k, name in enumerate(names)}
    if set(layout) != set(names):
        raise ValueError(f"GraphView: expected places for {names}, got {sorted(layout)}")
    return layout


def _slanted(start, end, near):
    """Return a pair of parallel arrows in the direction of flow, and where the label goes."""
    (u0, v0), (u1, v1) = start, end
    apart = 7 * math.hypot(u1 - u0, v1 - v0) / (u1 - u0)
    ahead = [(u0, v0 - apart), (u1 - 1, v1 - apart)]
    back = [(u1, v1 + apart), (u0 + 1, v0 + apart)]
    t = 0.5 if v0 == v1 else near
    return ahead, back, (u0 + t * (u1 - u0), v0 + t * (v1 - v0) + apart)


def _between(start, end, t):
    return start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])


def _to_segment(x, y, a, b):
    ux, uy = b[0] - a[0], b[1] - a[1]
    t = min(max(((x - a[0]) * ux + (y - a[1]) * uy) / (ux * ux + uy * uy), 0), 1)
    return math.hypot(x - a[0] - t * ux, y - a[1] - t * uy)
