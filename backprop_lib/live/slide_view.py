"""A convolution, pair by pair: where the kernel stands, and how its gradients come together."""

from html import escape

import numpy as np

from backprop_lib._validate import instance, real_array
from backprop_lib.graph import Value
from backprop_lib.live.experiment import Choice, Dial
from backprop_lib.live.heatmap import blended, fitting, heat
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
RESULTS = {"window": "z", "pixel": "p", "weight": "w"}
SHOWN_BY = {letter: way for way, letter in RESULTS.items()}
CELL, LETTERS = (44, 26), 11  # pixels


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
        "∂J/∂Z, which in a network the layers above hand back. Purple below 0, green above; the "
        "largest number of each map has the full colour."
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
        self.settle()

    def limits(self):
        """Return the last row and column of the outputs, pixels or weights that are shown."""
        rows, columns = self.sizes[self.at["way"]]
        return {"row": rows - 1, "column": columns - 1}

    def settle(self):
        """Run the graph with the kernel."""
        super().settle()
        for (i, j), w in np.ndenumerate(self.kernels[int(self.at["kernel"])]):
            self.recording.by_name[f"w{i}{j}"].data = float(w)
        self.recording.run()

    # What is added up there

    def pairs(self, way, r, c):
        """Return the two names of each product, row by row, or None where there is no output."""
        rows, columns = self.sizes["window"]
        if way == "window":
            return [(f"w{i}{j}", f"p{r + i}{c + j}") for i, j in np.ndindex(SIDE, SIDE)]
        if way == "weight":
            return [(f"z{y}{x}", f"p{y + r}{x + c}") for y, x in np.ndindex(rows, columns)]
        met = [(r + 1 - SIDE + i, c + 1 - SIDE + j) for i, j in np.ndindex(SIDE, SIDE)]
        return [
            (f"z{y}{x}", f"w{r - y}{c - x}") if 0 <= y < rows and 0 <= x < columns else None
            for y, x in met
        ]

    def here(self):
        """Return the pairs of the place that is shown."""
        return self.pairs(self.at["way"], self.at["row"], self.at["column"])

    def factors(self, pair):
        """Return the two numbers of a product: a value, or what came from above, and a value."""
        first, second = (self.recording.by_name[name] for name in pair)
        return (first.data if self.at["way"] == "window" else first.grad), second.data

    def result(self):
        """Return the symbol of what the products add up to, and its number."""
        letter = RESULTS[self.at["way"]]
        name = f"{letter}{self.at['row']}{self.at['column']}"
        value = self.recording.by_name[name]
        return self._symbol(name, letter != "z"), value.data if letter == "z" else value.grad

    @staticmethod
    def _symbol(name, of_gradient=False):
        symbol = plain_symbol(f"{name[0]}_{name[1:]}")
        return f"∂J/∂{symbol}" if of_gradient else symbol

    def sentence(self):
        """Say the sum in numbers; a product of 0 adds nothing and is left out."""
        products = [float(np.prod(self.factors(pair))) for pair in self.here() if pair]
        written = [f"({short(x)})" if x < 0 else short(x) for x in products if x]
        symbol, result = self.result()
        return f"{symbol} = {' + '.join(written) or '0'} = {number(result)}"

    # What is shown

    def maps(self):
        """Return title, names and kind of each map: values, then gradients."""
        shapes = ((letter, self.sizes[SHOWN_BY[letter]]) for letter in "pwz")
        names = [
            [[f"{letter}{r}{c}" for c in range(columns)] for r in range(rows)]
            for letter, (rows, columns) in shapes
        ]
        titles = ["image P", "kernel W", "outputs Z"], ["∂J/∂P", "∂J/∂W", "∂J/∂Z, from above"]
        return [
            [(title, grid, of) for title, grid in zip(heads, names, strict=True)]
            for heads, of in zip(titles, ("value", "grad"), strict=True)
        ]

    def used(self):
        """Return letter, whether of a gradient, row and column of each cell that has part."""
        back = self.at["way"] != "window"
        used = [(RESULTS[self.at["way"]], back, self.at["row"], self.at["column"])]
        for a, b in filter(None, self.here()):
            used += [(a[0], back, int(a[1]), int(a[2])), (b[0], False, int(b[1]), int(b[2]))]
        return used

    def drawing(self):
        """Return the six maps, as HTML."""
        rows = "".join(f"<div>{''.join(row)}</div>" for row in self.pictures())
        return f"<div class=bf-matrices>{rows}</div>"

    def pictures(self):
        """Return the six maps in two rows."""
        self.settle()
        return [[self._map(*each) for each in row] for row in self.maps()]

    def _map(self, title, names, of):
        read = self.recording.read
        numbers = [[read(of, name)[0] for name in row] for row in names]
        texts = [list(map(short, row)) for row in numbers]
        kind = "bf-value" if of == "value" else "bf-grad"
        marks = [[fitting(each, CELL[0], LETTERS).strip() for each in row] for row in texts]
        largest = np.abs(numbers).max() or 1.0
        width, height, parts = heat(title, numbers, texts, CELL, largest, kind, marks)
        map_ = names[0][0][0], of == "grad"
        used = [cell[2:] for cell in self.used() if cell[:2] == map_]
        (y, down), (x, across) = (
            (min(at) * side, (max(at) - min(at) + 1) * side) if at else (0, 0)
            for at, side in zip(list(zip(*used, strict=True)) or [(), ()], CELL[::-1], strict=True)
        )
        window = f'<rect class="bf-window {kind}" x={x} y={y} width={across} height={down} />'
        spoken = f"{escape(title)}: {'; '.join(map(', '.join, texts))}"
        cells = f"<g class=bf-heat transform=translate(2,20)>{parts}</g>"
        window = f"<g transform=translate(2,20)>{window}</g>"
        return svg(width + 4, height + 22, [cells, window], "bf-map", spoken)

    def beside(self):
        """Return the products, laid out as they are met, as HTML."""
        heading = f"<p class=bf-caption>{HEADINGS[self.at['way']]}</p>"
        columns = self._columns()[self.at["way"]]
        return (
            f"<div class=bf-sum>{heading}<div class=bf-terms style=--columns:{columns}>"
            f"{self._terms(self.here())}</div></div>"
        )

    def _columns(self):
        return {way: self.sizes["window"][1] if way == "weight" else SIDE for way in WAYS}

    def _terms(self, pairs):
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
        grids = [sum(names, []) for _, names, _ in self.maps()[0]]

        def numbered(way):
            places = (self.pairs(way, r, c) for r, c in np.ndindex(self.sizes[way]))
            return [[[*map(number_of, pair or ())] for pair in pairs] for pairs in places]

        return {
            "nodes": self.recording.as_json(),
            "symbols": {number_of(name): self._symbol(name) for name in sum(grids, [])},
            "maps": [[number_of(name) for name in names] for names in grids],
            "ways": [SHOWN_BY[names[0][0]] for names in grids],
            "sizes": self.sizes,
            "columns": self._columns(),
            "pairs": {way: numbered(way) for way in WAYS},
            "kernels": [kernel.ravel().tolist() for kernel in self.kernels],
            "headings": HEADINGS,
        }


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
