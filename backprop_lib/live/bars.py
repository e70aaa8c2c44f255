"""The bar view: signed numbers as bars, side by side for each neuron."""

from html import escape

from backprop_lib.live.numbers import number, svg_symbol
from backprop_lib.live.views import svg, text


class BarsView:
    """Rows of bars around zero; blue for a value, orange for a gradient, grey for a slope.

    Parameters
    ----------
    rows : list of list of (str, str or (str, str))
        For each row what is shown, "value", "grad" or "local", and of what: a name, or a pair
        (result, input).
    symbols : list of str
        What stands in front of each row.
    heads : list of str
        What stands above each column.
    scales : list of float
        For each column the number that fills half of its width; a longer bar is cut there.
    """

    boxes = ()
    name_width, half, row_height, gap = 40, 70, 30, 18

    def __init__(self, rows, symbols, heads, scales):
        self.rows, self.symbols, self.heads, self.scales = rows, symbols, heads, scales

    def html(self, figure):
        """Return the wide drawing with all columns, and the narrow one with a column below."""
        step = 2 * self.half + 76 + self.gap
        wide = [(self.name_width + k * step, 0) for k in range(len(self.heads))]
        under = 30 + self.row_height * len(self.rows)
        narrow = [(self.name_width, k * under) for k in range(len(self.heads))]
        return (
            f"<div class=bf-wide>{self._svg(figure, wide)}</div>"
            f"<div class=bf-narrow>{self._svg(figure, narrow)}</div>"
        )

    def _svg(self, figure, places):
        parts = []
        for (left, top), head, scale, column in zip(
            places, self.heads, self.scales, zip(*self.rows, strict=True), strict=True
        ):
            middle = left + self.half
            bottom = top + 24 + self.row_height * len(self.rows)
            parts.append(text(left, top + 14, escape(head), "bf-caption-small"))
            parts.append(f"<path class=bf-axis d=M{middle},{top + 22}V{bottom} />")
            for k, (of, name) in enumerate(column):
                y = top + 24 + self.row_height * k
                parts.append(self._bar(figure, of, name, middle, y, self.half / scale))
                if left == self.name_width:
                    symbol = svg_symbol(self.symbols[k])
                    parts.append(text(0, y + 20, symbol, "bf-symbol"))
        width = max(left for left, _ in places) + 2 * self.half + 76
        height = max(top for _, top in places) + 30 + self.row_height * len(self.rows)
        return svg(width, height, parts)

    def _bar(self, figure, of, name, middle, y, pixels):
        at, x = _place(figure, of, name)
        length = min(abs(x) * pixels, self.half)
        left = middle - length if x < 0 else middle
        mark = f'data-{of}="{at}"'
        return (
            f'<rect class=bf-bar-{of} data-bar="{of} {at}" data-at="{middle} {pixels:g} '
            f'{self.half}" x={left:.1f} y={y + 6} width={length:.1f} height=18 />'
            + text(middle + self.half + 72, y + 20, number(x), f"bf-end bf-of-{of}", mark)
        )


def _place(figure, of, name):
    recording = figure.recording
    if of == "local":
        return figure.pair(*name), recording.local_derivatives(name[0])[name[1]]
    value = recording.by_name[name]
    return recording.number_of(name), value.data if of == "value" else value.grad
