"""The matrix view: numbered heat maps of values, gradients and local derivatives."""

from dataclasses import dataclass
from math import isfinite

from backprop_lib._validate import instance, positive_number, sequence, whole_number
from backprop_lib.live.heatmap import heat_svg
from backprop_lib.live.numbers import shown
from backprop_lib.live.recording import check_kind
from backprop_lib.live.svg import View

UNSHADED = 1e9  # the scale of a number alone, which has nothing to be compared with


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
    scale : float, optional
        The absolute value that gets the full colour; 0 for the largest one shown.
    digits : int, optional
        Decimals of the numbers; three significant digits if omitted, no numbers if negative.
    cell : (int, int), optional
        Width and height of a cell in pixels.
    """

    title: str
    names: list
    of: str = "value"
    scale: float = 0
    digits: int | None = None
    cell: tuple = (54, 32)

    def __post_init__(self):
        instance(self.title, str, "Block: title")
        owner = f"Block {self.title}"
        rows = sequence(self.names, f"{owner}: names")
        self.names = [sequence(row, f"{owner}: names") for row in rows]
        for row in self.names:
            check_kind(self.of, row, owner)
        if self.scale:
            self.scale = positive_number(self.scale, f"{owner}: scale")
        if self.digits is not None:
            self.digits = whole_number(self.digits, f"{owner}: digits", least=-1, most=12)
        cell = sequence(self.cell, f"{owner}: cell", count=2)
        self.cell = tuple(whole_number(size, f"{owner}: cell") for size in cell)
        lengths = {len(row) for row in self.names}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"{owner}: names: expected rows of one length")

    def draw(self, figure):
        """Return the drawing of one block."""
        read = [[figure.recording.read(self.of, name) for name in row] for row in self.names]
        numbers = [[x for x, _ in row] for row in read]
        digits = "" if self.digits is None else f" data-digits={self.digits}"
        heat = self.scale or (UNSHADED if len(numbers) == len(numbers[0]) == 1 else 0)
        small = " style=--letters:10px" if self.cell[0] < 36 else ""
        return heat_svg(
            self.title,
            numbers,
            [[shown(x, self.digits) for x in row] for row in numbers],
            self.cell,
            heat or max((abs(x) for row in numbers for x in row if isfinite(x)), default=0) or 1.0,
            {"value": "bf-value", "grad": "bf-grad", "local": "bf-local"}[self.of],
            [[mark + digits for _, mark in row] for row in read],
            attributes=f"aria-hidden=true data-heat={heat:g}{small}",
        )


class MatrixView(View):
    """Heat maps in rows that wrap: purple below zero, green above, the number in each cell.

    Parameters
    ----------
    rows : list of list of Block
    """

    explains = (
        "A <b>cell</b> is a number: green above 0, purple below, the stronger the larger; the step "
        "of the walk is at the outlined one.",
        "A <span class=bf-value>blue title</span> names values, an <span class=bf-grad>orange title"
        "</span> gradients; a switch is the slope of a ReLU, 1 or 0.",
    )

    def __init__(self, rows):
        rows = sequence(rows, "MatrixView: rows")
        self.rows = [sequence(row, "MatrixView: rows", Block) for row in rows]
        self.needs = [
            at for row in self.rows for block in row for names in block.names for at in names
        ]
        if len(self.needs) > sum(map(len, self.rows)):  # a number alone has no shade
            self.legend = "purple below 0, green above"

    def html(self, figure):
        """Return one drawing for each block."""
        rows = self.pictures(figure)
        return "".join(f"<div class=bf-matrices>{''.join(row)}</div>" for row in rows)

    def pictures(self, figure):
        """Return the drawings by row."""
        return [[block.draw(figure) for block in row] for row in self.rows]
