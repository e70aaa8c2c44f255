"""The network view: neurons with z, a and δ, edges by weight or by gradient."""

import math
from functools import cached_property
from itertools import pairwise

from backprop_lib._validate import sequence, whole_number
from backprop_lib.live.layout import PAGE, spread_along
from backprop_lib.live.numbers import shown, svg_symbol
from backprop_lib.live.svg import View, classes_of, number_span, svg, text


class NetworkView(View):
    """A fully connected network as neurons: z, a (also as a fill level) and δ.

    Its values have the names that ``record.record_network`` gives.

    Parameters
    ----------
    sizes : sequence of int
        The number of inputs, then of the neurons of each layer.
    """

    has_edges = True
    explains = (
        "A <b>circle</b> is a neuron: z arrives, the large <span class=bf-value>blue</span> number "
        "leaves it and fills it, <span class=bf-grad>δ</span> is the gradient at z. A dotted rim: "
        "its ReLU is off.",
        "A <b>line</b> is a weight, thicker if larger, dashed if negative; <b>Edges</b> shows "
        "gradients instead.",
        "A <b>plate</b> is a weight or bias: its name, its <span class=bf-value>value</span>, its "
        "<span class=bf-grad>gradient</span>.",
    )
    radius, input_radius = 41, 34
    chip_width, chip_height, apart = 82, 34, 3
    drop = 62  # from a neuron's centre to that of the chip with its bias

    def __init__(self, sizes):
        sizes = sequence(sizes, "NetworkView: sizes")
        self.sizes = [whole_number(size, "NetworkView: sizes", most=9) for size in sizes]
        self.depth = len(self.sizes) - 1
        if self.depth < 1:
            raise ValueError(f"NetworkView: sizes: expected two or more, got {self.sizes}")
        self.inputs = self.boxes = [f"x{i + 1}" for i in range(self.sizes[0])]
        self.needs = self.inputs + [f"t{j + 1}" for j in range(self.sizes[-1])]
        for layer, (n_in, n_out) in enumerate(pairwise(self.sizes), 1):
            for j in range(n_out):
                self.needs += [f"{letter}{layer}_{j + 1}" for letter in "zb"]
                self.needs += [f"w{layer}_{j + 1}{i + 1}" for i in range(n_in)]
        self.captions = ["input", *["hidden"] * (self.depth - 1), "output"]

    def _beside(self, across):
        """Whether targets and loss stand to the right of the outputs: where there is room."""
        return across != (self.sizes[-1] == 1)

    @property
    def _right(self):
        return 158 if self._beside(True) else 60

    @cached_property
    def _layouts(self):
        return {across: self._layout(across) for across in (True, False)}

    def _layout(self, across):
        """Return the drawing's size and the places of neurons and chips: no value moves them."""
        sizes = self.sizes
        spread = 172 if max(sizes) < 3 else 184
        along, at = 46, [46]
        for layer, (size, next_size) in enumerate(pairwise(sizes)):
            along += self._gap(layer, size * next_size, across)
            at.append(along)
        place = {}
        for column, size in enumerate(sizes):
            for row in range(size):
                beside = spread * (max(sizes) / 2 + row - (size - 1) / 2) - 38
                place[column, row] = (at[column], beside)
                if not across:
                    place[column, row] = 340 * (row + 0.5) / size, at[column]
        lowest = max(y for _, y in place.values())
        under = at[-1] if not across else place[self.depth, sizes[-1] - 1][1]
        high = under + (84 if self._beside(across) else 132)
        size = (at[-1] + self._right, max(high, lowest + 106)) if across else (340, high)
        ends = {
            f"w{layer + 1}_{j + 1}{i + 1}": (place[layer, i], place[layer + 1, j])
            for layer in range(self.depth)
            for j in range(sizes[layer + 1])
            for i in range(sizes[layer])
        }
        chips = {
            f"b{column}_{row + 1}": (x, y + self.drop)
            for (column, row), (x, y) in place.items()
            if column
        }
        chip = self.chip_width + self.apart, self.chip_height + self.apart
        biases = list(chips.values())
        for layer in range(self.depth):  # plates of different layers stand far from each other
            here = {name: pair for name, pair in ends.items() if name.startswith(f"w{layer + 1}")}
            discs = [at for (column, _), at in place.items() if column in (layer, layer + 1)]
            chips |= spread_along(here, chip, biases, discs, self.radius)
        return size, place, ends, chips

    def _gap(self, layer, edges, across):
        """Return the way from one layer to the next: more where many edges want a chip."""
        if across:
            return min(214, (PAGE - 46 - self._right) / self.depth)
        high = self.chip_height + self.apart
        above = self.drop + high / 2 if layer else self.input_radius + 3 * self.apart
        return above + high * (2 + edges / 4) + self.apart + self.radius

    def draw(self, figure, wide):
        """Return the wide drawing (layers left to right) or the narrow one (top to bottom)."""
        across = wide
        (width, height), place, ends, chips = self._layouts[across]
        slopes = [abs(figure.recording.by_name[name].grad) for name in ends]
        steepest = max(filter(math.isfinite, slopes), default=0) or 1
        parts = [self._edge(figure, name, *pair, steepest) for name, pair in ends.items()]
        parts += [self._neuron(figure, column, row, *place[column, row]) for column, row in place]
        parts += self._targets(figure, place, across)
        for column, caption in enumerate(self.captions):
            x, y = place[column, 0]
            parts.append(
                text(x, height - 4, caption, "bf-caption-small")
                if across
                else text(2, y - 44, caption, "bf-caption-small bf-start")
            )
        shown = f"<g aria-hidden=true>{''.join(parts)}</g>"
        buttons = [self._chip(figure, name, *xy) for name, xy in chips.items()]
        return svg(width, height, [shown, *buttons], "bf-network", "weights and biases", "group")

    def _edge(self, figure, name, start, end, steepest):
        read, kinds = figure.recording.read, []
        x, _ = read("value", name)
        if figure.by_gradient:
            x, kinds = 2.5 * read("grad", name)[0] / steepest, ["bf-gradient"]
        if name == figure.touched.name:
            kinds.append("bf-lit")
        stroke, dash = edge_style(x)
        line = f"M{start[0]:g},{start[1]:g}L{end[0]:g},{end[1]:g}"
        number_of, (layer, j, i) = figure.recording.number_of, (int(name[k]) for k in (1, 3, 4))
        source, target = self._output(figure, layer - 1, i - 1), f"z{layer}_{j}"
        mark = f"data-edge={number_of(name)}{classes_of(' '.join(kinds))}"
        way = f'data-way="{number_of(source)} {number_of(target)}"'
        return f"<path {mark} {way} d={line} stroke-width={stroke}{dash} />"

    def _output(self, figure, column, row):
        """Return the name of what leaves a neuron: z where there is no activation function."""
        if not column:
            return self.inputs[row]
        a = f"a{column}_{row + 1}"
        return a if a in figure.recording.by_name else f"z{column}_{row + 1}"

    def _chip(self, figure, name, x, y):
        """Return a weight's plate: its name, value and gradient; the style knows its size."""
        (value, value_mark), (grad, grad_mark) = (
            figure.recording.read(of, name) for of in ("value", "grad")
        )
        texts = text(-38, -4, svg_symbol(figure.symbols[name]), "bf-plate-name")
        texts += text(38, -3, shown(value), "", value_mark)
        texts += text(38, 12, shown(grad), "", grad_mark)
        return (
            f"<g class=bf-chip data-pick={figure.recording.number_of(name)} "
            f"transform=translate({x:.4g},{y:.4g})><rect />{texts}</g>"
        )

    def _neuron(self, figure, column, row, x, y):
        recording, read = figure.recording, figure.recording.read
        at = f"transform=translate({x:g},{y:g})"
        if column == 0:
            name = self.inputs[row]
            value, mark = read("value", name)
            return (
                f"<g class=bf-box data-box={recording.number_of(name)} {at}>"
                f"<circle r={self.input_radius} />"
                f"<text y=-5 class=bf-symbol>{svg_symbol(figure.symbols[name])}</text>"
                f"{text(0, 12, shown(value), 'bf-input', mark)}</g>"
            )
        z, a = f"z{column}_{row + 1}", self._output(figure, column, row)
        iz, ia = recording.number_of(z), recording.number_of(a)
        (vz, z_mark), (va, a_mark), (delta, d_mark) = (
            read("value", z),
            read("value", a),
            read("grad", z),
        )
        switched_off = recording.by_name[a].operation == "relu" and va == 0
        r, dead = self.radius, " bf-dead" if switched_off else ""
        return (
            f'<g class="bf-box bf-neuron{dead}" data-box="{iz} {ia}" {at}><circle r={r} />'
            f'<path class=bf-level data-fill="{ia} {r}" d="{fill_path(r, fill_level(va))}"/>'
            f"<circle class=bf-rim r={r} />"
            f"<text y=-19 class=bf-z>z {number_span(shown(vz), z_mark)}</text>"
            f"{text(0, 3, shown(va), 'bf-big', a_mark)}"
            f"<text y=20 class=bf-grad>δ {number_span(shown(delta), d_mark)}</text></g>"
        )

    def _targets(self, figure, place, across):
        """Write each target beside its output neuron, and the loss."""
        recording, last = figure.recording, self.depth
        rows = [place[last, row] for row in range(self.sizes[-1])]
        beside = self._beside(across)
        parts = []
        for row, (x, y) in enumerate(rows):
            value, mark = recording.read("value", f"t{row + 1}")
            symbol = svg_symbol(figure.symbols[f"t{row + 1}"])
            if beside:
                x, y = x + self.radius + 10, y + 5
                parts.append(text(x, y - 10, f"target {symbol}", "bf-formula bf-start"))
                parts.append(text(x, y + 9, shown(value), "bf-start", mark))
            else:
                written = f"target {symbol} = {number_span(shown(value), mark)}"
                parts.append(text(x, y + self.drop + 36, written, "bf-formula bf-middle"))
        loss, mark = recording.read("value", figure.loss_name)
        x = rows[0][0] + self.radius + 10 if beside else sum(u for u, _ in rows) / len(rows)
        y = sum(v for _, v in rows) / len(rows) + (5 if beside else self.drop + 62)
        y += 52 if beside and len(rows) == 1 else 0
        symbol = svg_symbol(figure.symbols[figure.loss_name])
        written = f"{symbol} = {number_span(shown(loss), mark)}"
        anchor = "bf-start" if beside else "bf-middle"
        box = text(x, y, written, f"bf-value bf-big {anchor}")
        i = recording.number_of(figure.loss_name)
        return [*parts, f"<g class=bf-box data-box={i}>{box}</g>"]


def edge_style(x):
    """Return the width of an edge that carries x, and its dashes where x is negative."""
    x = x if math.isfinite(x) else 0.0
    dash = ' stroke-dasharray="7 5"' if x < 0 else ""
    return f"{min(1 + 3 * abs(x), 9):.2f}", dash


def fill_level(a):
    """Return how full a neuron with activation a is drawn, between 0 and 1."""
    return min(max(a, 0.0), 1.0) if math.isfinite(a) else 0.0


def fill_path(r, level):
    """Return the lower part of a circle around 0, filled to ``level`` of its height."""
    if level >= 1:
        return f"M{-r:g},0a{r},{r} 0 1 0 {2 * r},0a{r},{r} 0 1 0 {-2 * r},0Z"
    surface = r * (1 - 2 * level)
    half = math.sqrt(max(r * r - surface * surface, 0))
    large = 1 if level > 0.5 else 0
    return f"M{-half:.1f},{surface:.1f}A{r},{r} 0 {large} 0 {half:.1f},{surface:.1f}Z"
