"""The plane view: a fixed curve, with points and straight lines that the figure's values move."""

import math

from backprop_lib.live.numbers import short
from backprop_lib.live.svg import View, classes_of, curve_path, linear, svg, text


class PlaneView(View):
    """A function's curve, drawn once, and lines through points of it.

    Parameters
    ----------
    function : callable
        Takes and returns a float: the curve.
    x_range, y_range : (float, float)
        What is shown.
    lines : list of (str, str, str, str)
        The names of x, y and the slope of a line, and "ahead" (blue) or "back" (orange).
    points : list of (str, str)
        The names of x and y.
    """

    left, top, width, height = 44, 10, 560, 260

    def __init__(self, function, x_range, y_range, lines, points):
        self.x_range, self.y_range = x_range, y_range
        self.lines, self.points = lines, points
        self.needs = [name for line in lines for name in line[:3]] + sum(map(list, points), [])
        self.across = linear(*x_range, 0, self.width)
        self.up = linear(*y_range, self.height, 0)
        xs = [x_range[0] + k * (x_range[1] - x_range[0]) / 160 for k in range(161)]
        self.curve = curve_path([self._at(x, function(x)) for x in xs])

    def html(self, figure):
        """Return the drawing once: it shrinks with the page."""
        return self.draw(figure)

    def draw(self, figure, wide=True):
        """Return the drawing."""
        at = figure.recording.number_of
        data = {name: figure.recording.read("value", name)[0] for name in self.needs}
        inner = [f"<path class=bf-faint d={self.curve} />"]
        for x, y, slope, kind in self.lines:
            path = self._line(data[x], data[y], data[slope])
            indices = f"{at(x)} {at(y)} {at(slope)}"
            inner.append(f'<path class=bf-line-{kind} data-line="{indices}" d="{path}"/>')
        for x, y in self.points:
            u, v = self._at(data[x], data[y])
            kinds = "bf-point" if math.isfinite(u + v) else "bf-point bf-none"
            place = f"cx={u:.1f} cy={v:.1f}" if math.isfinite(u + v) else ""
            point = f'data-point="{at(x)} {at(y)}" {place} r=5'
            inner.append(f"<circle{classes_of(kinds)} {point} />")
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        bottom, right = self.top + self.height, self.left + self.width
        plane = f"{self.width} {self.height} {x0:g} {x1:g} {y0:g} {y1:g}"
        parts = [
            f"<path class=bf-axis d=M{self.left},{self.top}V{bottom}H{right} />",
            text(self.left - 6, self.top + 8, short(y1), "bf-tick bf-end"),
            text(self.left - 6, bottom, short(y0), "bf-tick bf-end"),
            text(self.left, bottom + 18, short(x0), "bf-tick"),
            text(right, bottom + 18, short(x1), "bf-tick bf-end"),
            f"<svg class=bf-clip x={self.left} y={self.top} width={self.width} "
            f'height={self.height} data-plane="{plane}">{"".join(inner)}</svg>',
        ]
        return svg(right + 8, bottom + 24, parts, "bf-plane")

    def _at(self, x, y):
        return self.across(x), self.up(y)

    def _line(self, x, y, slope):
        """Return a straight line from the left edge to the right one."""
        return curve_path([self._at(end, y + slope * (end - x)) for end in self.x_range])
