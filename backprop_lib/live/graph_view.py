"""The graph view: the computation as boxes, a pair of arrows for each edge."""

import re

from backprop_lib._validate import sequence
from backprop_lib.live.layout import PAGE, placed, rows_of, spread_along, with_lanes
from backprop_lib.live.numbers import shown, svg_symbol
from backprop_lib.live.svg import SYMBOL, View, arrow, fitted, number_span, svg, text, width_of

WIDTH, HEIGHT = 108, 82  # of a box
FORMULA = 11.5  # pixels high are its letters, as the style has them
SMALLEST = 7.5  # letters that can be read; a formula that needs smaller ones is left out
LABEL = 8  # characters of a formula beside a local derivative
SLOPE = 80  # pixels of a local derivative without its formula
LINE = 13  # height of a small line of text
APART = 6  # from an edge's middle line to either arrow


class GraphView(View):
    """Boxes with symbol, formula, value and gradient; local derivatives on the arrows.

    A chain is laid out as lines of text are, anything else in rows, or on a wide page in columns:
    an edge that skips a row has a lane there, so no arrow crosses a box.

    Parameters
    ----------
    names : sequence of str
        The values that get a box, inputs before results.
    """

    explains = (
        "A <b>box</b> is a value: its name, how it is computed, in <span class=bf-value>blue</span> "
        "what it is now, in <span class=bf-grad>orange</span> its gradient.",
        "A <span class=bf-value>blue arrow</span> carries a value forward. A <span class=bf-grad>"
        "dashed arrow</span> carries the gradient back, times the local derivative beside it.",
    )

    def __init__(self, names):
        self.names = self.boxes = self.needs = sequence(names, "GraphView: names", str)
        if not self.names or len(set(self.names)) < len(self.names):
            raise ValueError(f"GraphView: names: expected different names, got {self.names}")

    def draw(self, figure, wide):
        """Return the wide or the narrow drawing."""
        edges = [
            (source, name)
            for name in self.names
            for source in figure.recording.local_derivatives(name)
            if source in self.names
        ]
        if edges == list(zip(self.names, self.names[1:], strict=False)):
            return self._lines(figure, edges, 4 if wide else 2)
        if wide and len(columns := rows_of(self.names, edges, 5)) <= 4:
            return self._layers(figure, columns, edges, across=True)
        return self._layers(figure, rows_of(self.names, edges, 4 if wide else 2), edges)

    def _box(self, figure, name, x, y):
        read, i = figure.recording.read, figure.recording.number_of(name)
        (value, value_mark), (grad, grad_mark) = read("value", name), read("grad", name)
        right, value, grad = x + WIDTH - 9, shown(value), shown(grad)
        symbol, formula = svg_symbol(figure.symbols[name]), self._formula(figure, name)
        room = WIDTH - 18
        below = width_of(symbol, SYMBOL) + width_of(formula, FORMULA) > room  # a line of its own
        lines = (19, 35, 54, 74) if below and formula else (23, 21, 48, 71)
        return (
            f"<g class=bf-box data-box={i}>"
            f"<rect x={x:g} y={y:g} width={WIDTH} height={HEIGHT} rx=7 />"
            + text(x + 9, y + lines[0], symbol, "bf-symbol", fitted(symbol, SYMBOL, room))
            + self._small(right, y + lines[1], formula, "bf-end", room)
            + text(right, y + lines[2], value, "bf-end", value_mark)
            + text(right, y + lines[3], grad, "bf-end", grad_mark)
            + "</g>"
        )

    @staticmethod
    def _small(x, y, formula, anchor, room):
        """Write a formula into its room, if it can be read there."""
        if FORMULA * room < SMALLEST * width_of(formula, FORMULA):
            formula = ""
        return text(x, y, formula, f"bf-formula {anchor}", fitted(formula, FORMULA, room))

    @staticmethod
    def _formula(figure, name):
        """Return a value's formula, in which what has a slider is marked: it can be dragged."""
        number_of, moving = figure.recording.number_of, {s.name for s in figure.sliders}

        def write(used):
            symbol = svg_symbol(figure.symbols[used])
            return (
                f"<tspan data-drag={number_of(used)}>{symbol}</tspan>" if used in moving else symbol
            )

        return figure.in_symbols(figure.formula(name), write)

    # A chain, line by line

    def _lines(self, figure, edges, columns):
        step_x, step_y = WIDTH + 80, HEIGHT + 62
        corner = {
            name: (4 + k % columns * step_x, 4 + k // columns * step_y)
            for k, name in enumerate(self.names)
        }
        parts = [self._link(figure, *edge, *(corner[name] for name in edge)) for edge in edges]
        parts += [self._box(figure, name, *corner[name]) for name in self.names]
        return svg(
            max(x for x, _ in corner.values()) + WIDTH + 4,
            max(y for _, y in corner.values()) + HEIGHT + 4,
            parts,
        )

    def _link(self, figure, source, name, start, end):
        (x0, y0), (x1, y1) = start, end
        if y1 == y0:
            ahead = [(x0 + WIDTH, y0 + 24), (x1 - 1, y0 + 24)]
            back = [(x1, y1 + 51), (x0 + WIDTH + 1, y1 + 51)]
            times, formula = self._local(figure, source, name)
            middle = (x0 + WIDTH + x1) / 2
            label = text(middle, y0 + 66, times, "bf-local bf-middle")
            label += self._small(middle, y0 + 66 + LINE, formula, "bf-middle", x1 - x0 - WIDTH - 4)
        else:  # the next line
            right, left = x0 + WIDTH * 0.75, x1 + WIDTH * 0.25
            turn, returning = y0 + HEIGHT + 21, y1 - 21
            ahead = [(right, y0 + HEIGHT), (right, turn), (left, turn), (left, y1 - 1)]
            right, left = right - WIDTH * 0.3, left + WIDTH * 0.3
            back = [(left, y1), (left, returning), (right, returning), (right, y0 + HEIGHT + 1)]
            label = self._label(figure, source, name, (left + right) / 2, y1 - 6)
        way = self._way(figure, source, name)
        return arrow(ahead, "bf-ahead", way) + arrow(back, "bf-back", way) + label

    # Anything else, in rows or columns

    def _layers(self, figure, rows, edges, across=False):
        slots, routes = with_lanes(rows, edges)
        along, box = (WIDTH, HEIGHT) if across else (HEIGHT, WIDTH)  # with the flow, and along rows
        gap = min(124, (PAGE - WIDTH) / max(len(rows) - 1, 1) - WIDTH) if across else 84
        middle, length = placed(slots, box, 22 if across else 24)
        near = {slot: 4 + row * (along + gap) for row, s in enumerate(slots) for slot in s}
        leave, arrive = self._ports(routes, middle, box, 1), self._ports(routes, middle, box, -1)
        parts, ends = [], {}
        for edge, route in routes.items():
            points = [(near[route[0]] + along, leave[route[0], route[1]])]
            for lane in route[1:-1]:
                points += [(near[lane], middle[lane]), (near[lane] + along, middle[lane])]
            points.append((near[route[-1]], arrive[route[-1], route[-2]]))
            ends[edge] = [(u, v + APART) for u, v in points[-2:]]
            ahead = [(u, v - APART) for u, v in points]
            back = [(u, v + APART) for u, v in points[::-1]]
            for line, kind in [(ahead, "bf-ahead"), (back, "bf-back")]:
                line[-1] = (line[-1][0] - 1 if line is ahead else line[-1][0] + 1, line[-1][1])
                turned = [self._turned(point, across) for point in line]
                parts.append(arrow(turned, kind, self._way(figure, *edge)))
        ends = {edge: [self._turned(p, across) for p in pair] for edge, pair in ends.items()}
        size = self._turned((near[slots[-1][0]] + along + 4, length), across, 8)
        parts += self._labels(figure, ends, gap, across, size[0])
        for name in self.names:
            parts.append(
                self._box(figure, name, *self._turned((near[name], middle[name] - box / 2), across))
            )
        return svg(*size, parts)

    def _labels(self, figure, ends, gap, across, page):
        """Return a local derivative on each edge, with its formula where both have room."""
        widths = {
            edge: SLOPE
            + min(width_of(self._local(figure, *edge)[1], FORMULA), LABEL * 0.6 * FORMULA)
            for edge in ends
        }
        with_formula = gap > 100 or not across
        wide = max(92, *(width - 12 for width in widths.values())) if with_formula else 66
        aside = min(0.5 * wide / gap, 0.5) if across else 0.2
        plates = {
            edge: (min(max(x, widths[edge] / 2 - 8), page + 8 - widths[edge] / 2), y)
            for edge, (x, y) in spread_along(ends, (wide, 18), room=(aside, 1 - aside)).items()
        }
        parts = []
        for edge, (x, y) in plates.items():
            touching = any(
                2 * abs(x - u) < widths[edge] + widths[other] and abs(y - v) < 16
                for other, (u, v) in plates.items()
                if other != edge
            )
            room = with_formula and not touching and (not across or widths[edge] <= gap)
            level = ends[edge][0][1] == ends[edge][1][1]
            parts.append(self._label(figure, *edge, x, y + (16 if level else 4), room))
        return parts

    @staticmethod
    def _way(figure, source, name):
        number_of = figure.recording.number_of
        return f'data-way="{number_of(source)} {number_of(name)}"'

    @staticmethod
    def _turned(point, across, margin=4):
        """Turn a point along and beside the flow into x and y."""
        along, beside = point[0], point[1] + margin
        return (along, beside) if across else (beside, along)

    @staticmethod
    def _ports(routes, middle, box, way):
        """Return where edges leave a box for the next slot (way 1), or arrive from the last (−1)."""
        beside = {}
        for route in routes.values():
            own, other = route[::way][:2]
            beside.setdefault(own, {})[other] = None
        return {
            (own, other): middle[own] + box * ((k + 0.5) / len(others) - 0.5)
            for own, others in beside.items()
            for k, other in enumerate(sorted(others, key=middle.get))
        }

    def _local(self, figure, source, name):
        slope, mark = figure.recording.read("local", (name, source))
        formula = figure.in_symbols(
            figure.local(name, source), lambda used: svg_symbol(figure.symbols[used])
        )
        formula = "" if formula.lstrip("−").isdigit() else formula  # the number stands there
        return f"× {number_span(shown(slope), mark)}", formula

    def _label(self, figure, source, name, x, y, with_formula=True):
        times, formula = self._local(figure, source, name)
        fits = with_formula and 0 < len(re.sub("<[^>]*>", "", formula)) <= LABEL
        formula = f"<tspan class=bf-formula dx=6>{formula}</tspan>" if fits else ""
        return text(x, y, times + formula, "bf-local bf-middle")
