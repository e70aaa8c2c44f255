"""The bar view: signed numbers as bars, side by side for each neuron."""

import math
from html import escape

from backprop_lib._validate import instance, positive_number, sequence
from backprop_lib.live.heatmap import fitting
from backprop_lib.live.numbers import shown, svg_symbol
from backprop_lib.live.recording import check_kind
from backprop_lib.live.svg import View, svg, text


class BarsView(View):
    """Rows of bars around zero; blue for a value, orange for a gradient, grey for a slope.

    Parameters
    ----------
    names : list of str
        What each row is called after.
    columns : dict of str to (str, list, float)
        By what stands above: what is shown, "value", "grad" or "local"; of what, a name or a pair
        (result, input) for each row; and the number that fills half of the column's width, where
        a longer bar is cut.
    """

    name_width, half, row_height, gap = 40, 70, 30, 18

    explains = (
        "A <b>bar</b> to the right is a number above 0, to the left one below; "
        "<span class=bf-value>blue</span> for values, <span class=bf-grad>orange</span> for "
        "gradients, grey for slopes of the activation. One too long is cut.",
    )

    def __init__(self, names, columns):
        self.names = sequence(names, "BarsView: names", str)
        self.columns = instance(columns, dict, "BarsView: columns")
        if not self.columns:
            raise ValueError("BarsView: columns: expected at least one, got none")
        self.needs = list(self.names)
        for head, column in columns.items():
            owner = f"BarsView: {instance(head, str, 'BarsView: columns')}"
            of, places, scale = sequence(column, f"{owner}: (kind, names, scale)", count=3)
            check_kind(of, sequence(places, owner), owner)
            positive_number(scale, f"{owner}: scale")
            if len(places) != len(names):
                raise ValueError(f"{owner}: expected {len(names)} rows, got {len(places)}")
            self.needs += places

    def draw(self, figure, wide):
        """Return the wide drawing with the columns side by side, or one below the other."""
        step, under = 2 * self.half + 76 + self.gap, 30 + self.row_height * len(self.names)
        count = range(len(self.columns))
        places = [(self.name_width + k * step * wide, k * under * (not wide)) for k in count]
        parts = []
        for (left, top), (head, column) in zip(places, self.columns.items(), strict=True):
            of, marks, scale = column
            middle = left + self.half
            bottom = top + 24 + self.row_height * len(self.names)
            parts.append(text(left, top + 14, escape(head), "bf-caption-small"))
            parts.append(f"<path class=bf-axis d=M{middle},{top + 22}V{bottom} />")
            for k, (name, at) in enumerate(zip(self.names, marks, strict=True)):
                y = top + 24 + self.row_height * k
                parts.append(self._bar(figure, of, at, middle, y, self.half / scale))
                if left == self.name_width:
                    symbol = svg_symbol(figure.symbols[name])
                    parts.append(text(0, y + 20, symbol, "bf-symbol"))
        width = max(left for left, _ in places) + 2 * self.half + 76
        height = max(top for _, top in places) + 30 + self.row_height * len(self.names)
        return svg(width, height, parts, "bf-bars")

    def _bar(self, figure, of, at, middle, y, pixels):
        x, mark = figure.recording.read(of, at)
        length = min(abs(x) * pixels, self.half) if math.isfinite(x) else 0.0
        left = middle - length if x < 0 else middle
        letters = 13 if of == "local" else 15
        mark += f' data-room="67 {letters}"{fitting(shown(x), 67, letters)}'
        return (
            f'<rect class=bf-bar-{of} data-bar="{middle} {pixels:g} {self.half}" x={left:.1f} '
            f"y={y + 6} width={length:.1f} height=18 />"
            + text(middle + self.half + 72, y + 20, shown(x), f"bf-end bf-of-{of}", mark)
        )
