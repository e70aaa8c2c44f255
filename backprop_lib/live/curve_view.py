"""The curve view: the loss against one slider, and over the updates."""

import math

from backprop_lib.live.numbers import html_symbol, number, short, shown, svg_symbol
from backprop_lib.live.svg import View, curve_path, linear, svg, text


class CurveView(View):
    """The loss against the slider last touched, with the tangent whose slope is the gradient.

    Below it, after an update, the losses of the updates so far.
    """

    beside = True
    explains = (
        "The <span class=bf-value>curve</span> is the result against the slider last touched; the "
        "<span class=bf-grad>tangent</span> at the dot has the gradient as its slope.",
    )
    width, height, points = 300, 172, 161
    left, right, top, floor = 50, 292, 24, 140
    past_height, past_floor, past_top = 44, 38, 6

    def html(self, figure):
        """Return the curve of the figure's touched slider, with its slope, and the history."""
        slider, (grad, _) = figure.touched, figure.recording.read("grad", figure.touched.name)
        loss, mark = figure.recording.read("value", figure.loss_name)
        symbol = html_symbol(figure.symbols[figure.loss_name])
        return (
            f'<div class=bf-curve-view data-curve="{self.left} {self.top} {self.right} '
            f'{self.floor}">{self.draw(figure)}<p class=bf-slope>'
            f"<span class=bf-axis-name>{symbol}</span> = <b {mark}>{shown(loss)}</b>, slope by "
            f"<span class=bf-axis-name data-curve-name>{html_symbol(figure.symbols[slider.name])}"
            f"</span> <b class=bf-grad data-slope>{shown(grad)}</b></p>"
            "</div>"
        )

    def draw(self, figure, wide=True):
        """Return the curve, the same on a narrow page."""
        slider = figure.touched
        at, (grad, _) = slider.value, figure.recording.read("grad", slider.name)
        loss, _ = figure.recording.read("value", figure.loss_name)
        low, high = min(slider.low, at.data), max(slider.high, at.data)
        xs = [low + (high - low) * k / (self.points - 1) for k in range(self.points)]
        losses = figure.recording.sweep(slider.name, xs)
        least, most = extent([*losses, loss])  # between two of the points it may lie beyond
        across, up = (
            linear(low, high, self.left, self.right),
            linear(least, most, self.floor, self.top),
        )
        x, y = across(at.data), up(loss)
        steepness = (self.top - self.floor) / (most - least)
        slope = grad * steepness / ((self.right - self.left) / (high - low))
        tangent = self._tangent(x, y, slope) if math.isfinite(y + slope) else ""
        point = f'class="bf-point{"" if math.isfinite(y) else " bf-none"}" cx={x:.1f}'
        curve = curve_path([(across(u), up(v)) for u, v in zip(xs, losses, strict=True)])
        symbol = svg_symbol(figure.symbols[figure.loss_name])
        parts = [
            f"<path class=bf-axis d=M{self.left},{self.top}V{self.floor}H{self.right} />",
            text(self.left - 6, self.top + 4, short(most), "bf-tick bf-end", "data-tick-top"),
            text(self.left - 6, self.floor + 4, short(least), "bf-tick bf-end", "data-tick-floor"),
            text(self.left, self.floor + 17, short(low), "bf-tick", "data-tick-low"),
            text(self.right, self.floor + 17, short(high), "bf-tick bf-end", "data-tick-high"),
            text(2, 13, symbol, "bf-symbol"),
            f'<path class=bf-curve d="{curve}"/>',
            f'<path class=bf-tangent d="{tangent}"/>',
            f"<circle {point} cy={y if math.isfinite(y) else 0:.1f} r=5 />",
        ]
        return svg(self.width, self.height, parts)

    def _tangent(self, x, y, slope, length=30):
        """Return a line through (x, y) of the given slope in pixels; it ends with the plot."""
        dx = length / math.hypot(1, slope)
        dy = slope * dx
        ends = []
        for way in (-1, 1):
            across = (self.left if way < 0 else self.right) - x
            up = (self.top if way * dy < 0 else self.floor) - y
            share = min(1, across / (way * dx), up / (way * dy) if dy else 1)
            ends.append((x + way * share * dx, y + way * share * dy))
        return curve_path(ends)

    def history(self, figure):
        """Return the losses of the updates so far."""
        losses, kept, at = figure.history, figure.kept, figure.at
        across = linear(0, max(len(losses), len(kept), 2) - 1, self.left, self.right)
        up = linear(*extent([*losses, *kept]), self.past_floor, self.past_top)

        def path(ys):
            return curve_path([(across(k), up(y)) for k, y in enumerate(ys)]) if len(ys) > 1 else ""

        count = f"{at}" if at == len(losses) - 1 else f"{at} of {len(losses) - 1}"
        word = "update" if count == "1" else "updates"
        said = f"{count} {word}: {number(losses[0])} → {number(losses[at])}" if losses[1:] else ""
        parts = [
            f"<path class=bf-axis d=M{self.left},{self.past_top}V{self.past_floor}H{self.right} />",
            f'<path class="bf-faint bf-kept" d="{path(kept)}"/>',
            f'<path class="bf-curve bf-past" d="{path(losses)}"/>',
        ]
        return (
            f"<div class=bf-history>{svg(self.width, self.past_height, parts)}"
            f"<p class=bf-slope data-count>{said or 'no updates yet'}</p></div>"
        )


def extent(losses):
    """Return the range to draw: a loss that almost reaches zero is drawn above zero."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    least, most = min(finite, default=0.0), max(finite, default=1.0)
    if 0 < least < 0.1 * most:
        least = 0.0
    return (least, most) if most - least >= 1e-12 else (least, least + max(1, abs(least)))
