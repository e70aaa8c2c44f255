"""A convolution, pair by pair: where the kernel stands, and how its gradients come together."""

from html import escape

import numpy as np

from backprop_lib._validate import instance, real_array
from backprop_lib.graph import Value
from backprop_lib.live.experiment import Choice, Dial
from backprop_lib.live.heatmap import blended, heat
from backprop_lib.live.numbers import number, plain_symbol, short
from backprop_lib.live.recording import Recording
from backprop_lib.live.stepped import Stepped
from backprop_lib.live.svg import svg
from backprop_lib.record import named

WAYS = {
    "window": "forward: one output",
    "pixel": "back to one pixel",
    "weight": "back to one weight",
}
HEADINGS = {
    "window": "Weight × pixel, where the window stands.",
    "pixel": "∂J/∂output × the weight that multiplied this pixel there: row by row the kernel "
    "turned by 180°.",
    "weight": "∂J/∂output × the pixel that this weight multiplied there: every output has part.",
}
SIDE = 3  # of the kernel
CELL = (38, 26)  # pixels


class SlideFigure(Stepped):
    """A kernel slides over an image; a pixel and a weight collect their gradients.

    Z is the map of W on P, and J the sum of the outputs, each times its ``upstream``: what the
    layers above would hand back.

    Parameters
    ----------
    image : array of shape (rows, columns)
        4 to 6 of each.
    kernels : dict of str to array of shape (3, 3)
        To choose from by label; the first one is the start.
    upstream : array of shape (rows − 2, columns − 2)
        dJ / d each output.
    """

    kind = "slide"
    title = "Where the kernel stands, and the way back"
    caption = (
        "Z is the map that the kernel W makes of the image P. J adds up the outputs, each times its "
        "∂J/∂Z, which in a network the layers above hand back. Press on a pixel, a weight or an "
        "output. Purple below 0, green above; the largest number of each map has the full colour."
    )

    def __init__(self, image, kernels, upstream):
        image = real_array(image, "SlideFigure: image", ("rows", "columns")).astype(float)
        if not 4 <= min(image.shape) <= max(image.shape) <= 6:
            raise ValueError(
                f"SlideFigure: image: expected 4 to 6 rows and columns, got {image.shape}"
            )
        outputs = tuple(n - SIDE + 1 for n in image.shape)
        upstream = real_array(upstream, "SlideFigure: upstream", outputs).astype(float)
        if not instance(kernels, dict, "SlideFigure: kernels"):
            raise ValueError("SlideFigure: kernels: expected at least one, got none")
        for label in kernels:
            instance(label, str, "SlideFigure: kernels: a label")
        self.kernels = [
            real_array(kernel, f"SlideFigure: kernels: {label}", (SIDE, SIDE)).astype(float)
            for label, kernel in kernels.items()
        ]
        self.sizes = {"window": outputs, "pixel": image.shape, "weight": (SIDE, SIDE)}
        self.recording = Recording(_record(image, self.kernels[0], upstream))
        super().__init__(
            [
                Choice("way", "Show", "window", WAYS),
                Dial("row", "row", 1 + (outputs[0] > 3), 0, outputs[0] - 1, 1),
                Dial("column", "column", 1 + (outputs[1] > 3), 0, outputs[1] - 1, 1),
                Choice("kernel", "Kernel W", "0", {str(k): s for k, s in enumerate(kernels)}),
            ]
        )

    # The places of one way: outputs, pixels or weights, row by row

    @property
    def place(self):
        """Where the walk is."""
        return self.at["row"] * self.sizes[self.at["way"]][1] + self.at["column"]

    @property
    def last(self):
        """The last place."""
        return int(np.prod(self.sizes[self.at["way"]])) - 1

    def go_to(self, place):
        """Stand at a place."""
        self.at["row"], self.at["column"] = divmod(place, self.sizes[self.at["way"]][1])

    def settle(self):
        """Bring rows and columns to those there are, and the graph to the kernel."""
        for name, count in zip(("row", "column"), self.sizes[self.at["way"]], strict=True):
            self.settings[name].high = count - 1
            self.at[name] = min(self.at[name], count - 1)
        for (i, j), w in np.ndenumerate(self.kernels[int(self.at["kernel"])]):
            self.recording.by_name[f"w{i}{j}"].data = float(w)
        self.recording.run()

    # What is added up there

    def pairs(self):
        """Return the two names of each product by row, or None where there is no output."""
        r, c = self.at["row"], self.at["column"]
        rows, columns = self.sizes["window"]
        if self.at["way"] == "window":
            names = ((f"w{i}{j}", f"p{r + i}{c + j}") for i in range(SIDE) for j in range(SIDE))
            return _in_rows(list(names), SIDE)
        if self.at["way"] == "weight":
            names = ((f"z{y}{x}", f"p{y + r}{x + c}") for y in range(rows) for x in range(columns))
            return _in_rows(list(names), columns)
        met = [(y, x) for y in range(r - SIDE + 1, r + 1) for x in range(c - SIDE + 1, c + 1)]
        names = [
            (f"z{y}{x}", f"w{r - y}{c - x}") if 0 <= y < rows and 0 <= x < columns else None
            for y, x in met
        ]
        return _in_rows(names, SIDE)

    def factors(self, pair):
        """Return the two numbers of a product: a value, or what came from above, and a value."""
        first, second = (self.recording.by_name[name] for name in pair)
        return (first.data if self.at["way"] == "window" else first.grad), second.data

    def result(self):
        """Return the symbol of what the products add up to, and its number."""
        letter = {"window": "z", "pixel": "p", "weight": "w"}[self.at["way"]]
        name = f"{letter}{self.at['row']}{self.at['column']}"
        value = self.recording.by_name[name]
        return self._symbol(name, letter != "z"), value.data if letter == "z" else value.grad

    @staticmethod
    def _symbol(name, of_gradient=False):
        symbol = plain_symbol(f"{name[0]}_{name[1:]}")
        return f"∂J/∂{symbol}" if of_gradient else symbol

    def sentence(self):
        """Say the sum in numbers; a product of 0 adds nothing and is left out."""
        products = [float(np.prod(self.factors(pair))) for pair in sum(self.pairs(), []) if pair]
        written = [f"({short(x)})" if x < 0 else short(x) for x in products if x]
        symbol, result = self.result()
        return f"{symbol} = {' + '.join(written) or '0'} = {number(result)}"

    # What is shown

    def maps(self):
        """Return title, names and kind of each map: values, then gradients."""
        letters = {"p": "pixel", "w": "weight", "z": "window"}
        names = [
            [[f"{letter}{r}{c}" for c in range(columns)] for r in range(rows)]
            for letter, (rows, columns) in ((a, self.sizes[way]) for a, way in letters.items())
        ]
        titles = ["image P", "kernel W", "outputs Z"], ["∂J/∂P", "∂J/∂W", "∂J/∂Z, from above"]
        return [
            [(title, grid, of) for title, grid in zip(heads, names, strict=True)]
            for heads, of in zip(titles, ("value", "grad"), strict=True)
        ]

    def outlines(self):
        """Return x, y, width and height in cells of what is outlined in each map, or None."""
        r, c, way = self.at["row"], self.at["column"], self.at["way"]
        rows, columns = self.sizes["window"]
        if way == "window":
            return [(c, r, SIDE, SIDE), (0, 0, SIDE, SIDE), (c, r, 1, 1), None, None, None]
        if way == "weight":
            return [(c, r, columns, rows), None, None, None, (c, r, 1, 1), (0, 0, columns, rows)]
        (left, right), (top, bottom) = (
            (max(at - SIDE + 1, 0), min(at, count - 1)) for at, count in ((c, columns), (r, rows))
        )
        size = right - left + 1, bottom - top + 1
        met = (c - right, r - bottom, *size)
        return [None, met, None, (c, r, 1, 1), None, (left, top, *size)]

    def drawing(self):
        """Return the six maps, as HTML."""
        rows = "".join(f"<div>{''.join(row)}</div>" for row in self.pictures())
        return f"<div class=bf-matrices>{rows}</div>"

    def pictures(self):
        """Return the six maps in two rows."""
        self.settle()
        outlines = iter(self.outlines())
        return [[self._map(*each, next(outlines)) for each in row] for row in self.maps()]

    def _map(self, title, names, of, outline):
        read, (wide, high) = self.recording.read, CELL
        numbers = [[read(of, name)[0] for name in row] for row in names]
        texts = [list(map(short, row)) for row in numbers]
        kind = "bf-value" if of == "value" else "bf-grad"
        largest = np.abs(numbers).max() or 1.0
        width, height, parts = heat(title, numbers, texts, CELL, largest, kind)
        x, y, across, down = outline or (0, 0, 0, 0)
        place = f"x={x * wide} y={y * high} width={across * wide} height={down * high}"
        window = f'<rect class="bf-window {kind}" {place} />'
        spoken = f"{escape(title)}: {'; '.join(map(', '.join, texts))}"
        cells = f"<g class=bf-heat transform=translate(2,20)>{parts}</g>"
        window = f"<g transform=translate(2,20)>{window}</g>"
        return svg(width + 4, height + 22, [cells, window], "bf-map", spoken)

    def beside(self):
        """Return the products, laid out as they are met, as HTML."""
        pairs = self.pairs()
        heading = f"<p class=bf-caption>{HEADINGS[self.at['way']]}</p>"
        terms = f"<div class=bf-terms style=--columns:{len(pairs[0])}>{self._terms(pairs)}</div>"
        return f"<div class=bf-sum>{heading}{terms}</div>"

    def _terms(self, pairs):
        pairs = sum(pairs, [])
        numbers = [self.factors(pair) if pair else (0.0, 0.0) for pair in pairs]
        most = max(abs(a * b) for a, b in numbers) or 1.0
        cells = []
        for pair, (a, b) in zip(pairs, numbers, strict=True):
            if pair is None:
                cells.append("<div class=bf-off>no output here</div>")
                continue
            fill, strong = blended(a * b / most)
            symbols = f"{self._symbol(pair[0], self.at['way'] != 'window')}·{self._symbol(pair[1])}"
            second = f"({short(b)})" if b < 0 else short(b)
            cells.append(
                f'<div{" class=bf-strong" * strong} style="background:{fill}"><small>{symbols}'
                f"</small>{short(a)} × {second}<b>{short(a * b)}</b></div>"
            )
        return "".join(cells)

    def data(self):
        """Return what the script computes from: the graph, and where the numbers stand in it."""
        number_of = self.recording.number_of
        grids = {names[0][0][0]: names for _, names, _ in self.maps()[0]}
        return {
            "nodes": self.recording.as_json(),
            "places": {a: [[number_of(x) for x in row] for row in g] for a, g in grids.items()},
            "sizes": self.sizes,
            "kernels": [kernel.ravel().tolist() for kernel in self.kernels],
            "headings": HEADINGS,
        }


def _in_rows(items, columns):
    return [items[k : k + columns] for k in range(0, len(items), columns)]


def _record(image, kernel, upstream):
    """Record the convolution and the sum of its outputs; return J."""
    v = {f"p{r}{c}": Value(x) for (r, c), x in np.ndenumerate(image)}
    v |= {f"w{i}{j}": Value(w) for (i, j), w in np.ndenumerate(kernel)}
    J = 0.0
    for (r, c), slope in np.ndenumerate(upstream):
        z = 0.0
        for i, j in np.ndindex(SIDE, SIDE):
            product = v[f"w{i}{j}"] * v[f"p{r + i}{c + j}"]
            z = product if i == j == 0 else z + product
        v[f"z{r}{c}"] = z
        J = z * float(slope) if r == c == 0 else J + z * float(slope)
    v["J"] = J
    return named(v)["J"]
