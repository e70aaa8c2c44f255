"""The matrix view: numbered heat maps of values, gradients and local derivatives."""

from dataclasses import dataclass
from html import escape
from math import inf, isfinite

from backprop_lib._validate import instance, positive_number, sequence, whole_number
from backprop_lib.live.heatmap import fitting, heat_svg
from backprop_lib.live.numbers import number, shown
from backprop_lib.live.recording import check_kind
from backprop_lib.live.svg import View, svg, text

KINDS = {"value": "bf-value", "grad": "bf-grad", "local": "bf-caption-small"}
SIGN = 14  # px, the width of an operator of one letter


@dataclass
class Block:
    """One heat map.

    Parameters
    ----------
    title : str
        A symbol such as ``"W^1"``, or words.
    names : list of list of str, or of (str, str)
        The values by row; pairs (result, input) for local derivatives.
    of : {"value", "grad", "local"}, optional
        What is shown of them.
    scale : float or str, optional
        The absolute value that gets the full colour; or words for the blocks that share the
        largest number shown in them, such as ``"W, b"``; 0 for the largest one of this block. A
        number alone has no colour then: it would always be the full one.
    digits : int, optional
        Decimals of the numbers; three significant digits if omitted, no numbers if negative.
    cell : (int, int), optional
        Width and height of a cell in pixels.
    columns : list of str, optional
        What stands below each column; the one with the largest number of the first row is marked.
    """

    title: str
    names: list
    of: str = "value"
    scale: float | str = 0
    digits: int | None = None
    cell: tuple = (54, 32)
    columns: list = ()

    def __post_init__(self):
        instance(self.title, str, "Block: title")
        owner = f"Block {self.title}"
        rows = sequence(self.names, f"{owner}: names")
        self.names = [sequence(row, f"{owner}: names") for row in rows]
        for row in self.names:
            check_kind(self.of, row, owner)
        if self.scale and not isinstance(self.scale, str):
            self.scale = positive_number(self.scale, f"{owner}: scale")
        if self.digits is not None:
            self.digits = whole_number(self.digits, f"{owner}: digits", least=-1, most=12)
        cell = sequence(self.cell, f"{owner}: cell", count=2)
        self.cell = tuple(whole_number(size, f"{owner}: cell") for size in cell)
        lengths = {len(row) for row in self.names}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"{owner}: names: expected rows of one length")
        self.columns = sequence(self.columns, f"{owner}: columns", str)
        if self.columns and len(self.columns) not in lengths:
            raise ValueError(f"{owner}: columns: expected one for each, got {len(self.columns)}")
        if not self.scale:
            self.scale = self.title if len(self.names) * len(self.names[0]) > 1 else inf

    @property
    def height(self):
        """The height of the cells in pixels."""
        return self.cell[1] * len(self.names)

    def numbers(self, figure):
        """Return the numbers by row."""
        return [[figure.recording.read(self.of, name)[0] for name in row] for row in self.names]

    def draw(self, figure, largest, tall):
        """Return the drawing, its cells centred in a height; ``largest`` has the shared scales."""
        numbers, letters = self.numbers(figure), 10 if self.cell[0] < 36 else 11
        digits = "" if self.digits is None else f" data-digits={self.digits}"
        texts = [[shown(x, self.digits) for x in row] for row in numbers]
        marks = [
            [
                figure.recording.read(self.of, name)[1]
                + digits
                + fitting(written, self.cell[0], letters)
                for name, written in zip(*row, strict=True)
            ]
            for row in zip(self.names, texts, strict=True)
        ]
        shares = isinstance(self.scale, str)
        heat = (
            f'data-share="{escape(self.scale)}"'
            if shares
            else f"data-heat={0 if self.scale == inf else self.scale:g}"
        )
        small = " style=--letters:10px" if letters == 10 else ""
        return heat_svg(
            self.title,
            numbers,
            texts,
            self.cell,
            (largest[self.scale] or 1.0) if shares else self.scale,
            KINDS[self.of],
            marks,
            self.columns,
            attributes=f'aria-hidden=true {heat} data-room="{self.cell[0]} {letters}"{small}',
            tall=tall,
            most=_place_of_largest(numbers[0]) if self.columns else None,
        )


class MatrixView(View):
    """Heat maps in rows that wrap: purple below zero, green above, the number in each cell.

    Parameters
    ----------
    rows : list of list of Block, or of lists
        A list in a row is a formula of blocks and operators, such as ``[W, "·", x]``, and stays on
        one line.
    boxes : list of str, optional
        The leaves that get a step of their own in the walk back.
    """

    def __init__(self, rows, boxes=()):
        rows = sequence(rows, "MatrixView: rows")
        self.rows = []
        for row in rows:
            parts = sequence(row, "MatrixView: rows")
            lines = [part if isinstance(part, list) else [part] for part in parts]
            self.rows.append(lines)
        self.boxes = sequence(boxes, "MatrixView: boxes", str)
        parts = [part for row in self.rows for line in row for part in line]
        blocks = [part for part in parts if not isinstance(part, str)]
        self.blocks = sequence(blocks, "MatrixView: rows", Block)
        self.needs = [at for block in self.blocks for names in block.names for at in names]
        self.needs += self.boxes
        if any(block.scale != inf for block in self.blocks):
            self.legend = "purple below 0, green above"

    def html(self, figure):
        """Return one drawing for each block and operator, those of a formula on one line."""
        largest = self._largest(figure)
        rows = [
            "".join(
                drawn[0]
                if len(drawn) == 1
                else f"<div class=bf-formula-line>{''.join(drawn)}</div>"
                for drawn in row
            )
            for row in self._drawn(figure, largest)
        ]
        rows.append("".join(_full(largest)))
        return "".join(f"<div class=bf-matrices>{row}</div>" for row in rows if row)

    def pictures(self, figure):
        """Return the drawings by row."""
        largest = self._largest(figure)
        rows = [sum(row, start=[]) for row in self._drawn(figure, largest)]
        return [*rows, _full(largest)]

    def _largest(self, figure):
        """Return the largest absolute value of the blocks that share a scale; 0 for none."""
        largest = {}
        for block in self.blocks:
            if isinstance(block.scale, str):
                sizes = [abs(x) for row in block.numbers(figure) for x in row if isfinite(x)]
                largest[block.scale] = max([largest.get(block.scale, 0.0), *sizes])
        return largest

    def _drawn(self, figure, largest):
        """Return the drawings by row and line, those of one line equally high."""
        rows = []
        for row in self.rows:
            rows.append([])
            for line in row:
                tall = max(part.height for part in line if isinstance(part, Block))
                rows[-1].append(
                    [
                        _sign(part, tall)
                        if isinstance(part, str)
                        else part.draw(figure, largest, tall)
                        for part in line
                    ]
                )
        return rows


def _sign(words, tall):
    """Return the drawing of an operator; what stands before a line break is small, above it."""
    *above, sign = words.split("\n")
    width = max(SIGN + 8 * (len(sign) - 1), 7 * len("".join(above)))
    parts = [text(width / 2, 26 + tall / 2, escape(sign), "bf-sign bf-middle")]
    parts += [text(width / 2, 13 + tall / 2, escape(a), "bf-tick bf-middle") for a in above]
    return svg(width, tall + 23, parts)


def _full(largest):
    """Return what the full colour of each shared scale stands for, if there are any."""
    drawn = []
    for name, x in largest.items():
        words = f"{'' if drawn else 'full colour: '}{name} = "
        written = f"<tspan data-full>{number(x) if x else '–'}</tspan>"
        width = 6.5 * len(words.replace("^", "")) + 64
        content = f"{escape(words)}{written}"
        drawn.append(svg(width, 16, [text(0, 12, content, "bf-tick")]))
    return drawn


def _place_of_largest(numbers):
    finite = [x for x in numbers if isfinite(x)]
    return numbers.index(max(finite)) if finite else None
