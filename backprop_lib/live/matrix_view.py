"""The matrix view: numbered heat maps of values, gradients and local derivatives."""

from dataclasses import dataclass
from html import escape
from math import inf, isfinite

from backprop_lib._validate import instance, positive_number, sequence, whole_number
from backprop_lib.live.heatmap import fitting, heat
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

    def numbers(self, figure):
        """Return the numbers by row."""
        return [[figure.recording.read(self.of, name)[0] for name in row] for row in self.names]

    def draw(self, figure, largest):
        """Return width, height and drawing; ``largest`` has the scales that blocks share."""
        wide, (read, letters) = self.cell[0], (figure.recording.read, self.letters)
        numbers = self.numbers(figure)
        texts = [[shown(x, self.digits) for x in row] for row in numbers]
        digits = "" if self.digits is None else f" data-digits={self.digits}"
        marks = [
            [
                read(self.of, name)[1] + digits + fitting(written, wide, letters)
                for name, written in zip(*row, strict=True)
            ]
            for row in zip(self.names, texts, strict=True)
        ]
        scale = (largest[self.scale] or 1.0) if self.shares else self.scale
        most = _place_of_largest(numbers[0]) if self.columns else None
        return heat(
            self.title, numbers, texts, self.cell, scale, KINDS[self.of], marks, self.columns, most
        )

    @property
    def shares(self):
        """Whether the full colour stands for the largest number, here or in several blocks."""
        return isinstance(self.scale, str)

    @property
    def letters(self):
        """The size of the letters in pixels."""
        return 10 if self.cell[0] < 36 else 11


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

    explains = (
        "A <b>cell</b> is a number: green above 0, purple below, the stronger the larger; the step "
        "of the walk is at the outlined one.",
        "A <span class=bf-value>blue title</span> names values, an <span class=bf-grad>orange title"
        "</span> gradients; a switch is the slope of a ReLU, 1 or 0.",
    )

    def __init__(self, rows, boxes=()):
        owner = "MatrixView: rows"
        rows = [sequence(row, owner) for row in sequence(rows, owner)]
        self.rows = [[line if isinstance(line, list) else [line] for line in row] for row in rows]
        self.boxes = sequence(boxes, "MatrixView: boxes", str)
        self.blocks = []
        for line in sum(self.rows, start=[]):
            blocks = [part for part in line if len(line) == 1 or not isinstance(part, str)]
            self.blocks += sequence(blocks, owner, Block)
            if not blocks:
                raise ValueError(f"{owner}: expected a Block in each formula, got {line!r}")
        self.needs = [at for block in self.blocks for names in block.names for at in names]
        self.needs += self.boxes
        if any(block.scale != inf for block in self.blocks):
            self.legend = "purple below 0, green above"

    def html(self, figure):
        """Return one drawing for each block, and for each formula."""
        rows = "".join(f"<div>{''.join(row)}</div>" for row in self.pictures(figure) if row)
        return f"<div class=bf-matrices aria-hidden=true>{rows}</div>"

    def pictures(self, figure):
        """Return the drawings by row; at last what the full colours stand for."""
        largest = self._largest(figure)
        rows = [[self._line(line, figure, largest) for line in row] for row in self.rows]
        return [*rows, _full(largest)]

    def _largest(self, figure):
        """Return the largest absolute value of each shared scale; 0 where there is none."""
        largest = {}
        for block in self.blocks:
            if block.shares:
                sizes = [abs(x) for row in block.numbers(figure) for x in row if isfinite(x)]
                largest[block.scale] = max([largest.get(block.scale, 0.0), *sizes])
        return largest

    def _line(self, line, figure, largest):
        """Return blocks and operators side by side, their middles at one height."""
        drawn = [None if isinstance(p, str) else p.draw(figure, largest) for p in line]
        tall = max(height for _, height, _ in filter(None, drawn))
        parts, x, under = [], 1, 0
        for part, block in zip(line, drawn, strict=True):
            if block is None:
                width = _sign_width(part)
                parts.append(_sign(part, x + width / 2, 21 + tall / 2))
            else:
                width, height, content = block
                place = f"transform=translate({x},{21 + (tall - height) / 2:g})"
                parts.append(f"<g class=bf-heat {_scale(part, largest)} {place}>{content}</g>")
                under = max(under, 18 * bool(part.columns))
            x += width + 2
        return svg(x - 1, tall + 23 + under, parts)


def _scale(block, largest):
    """Return the attributes that tell the script a block's scale and its letters."""
    small = " style=--letters:10px" * (block.letters == 10)
    if block.shares:
        return f"data-share={list(largest).index(block.scale)}{small}"
    return f"data-heat={0 if block.scale == inf else block.scale:g}{small}"


def _sign(words, x, y):
    """Return an operator; what stands before a line break is small, above it."""
    *above, sign = words.split("\n")
    small = [text(x, y - 8, escape(word), "bf-tick bf-middle") for word in above]
    return text(x, y + 5, escape(sign), "bf-sign") + "".join(small)


def _sign_width(words):
    *above, sign = words.split("\n")
    return max(10 + 9 * (len(sign) - 1), 6 * len("".join(above)))


def _full(largest):
    """Return what the full colour of each shared scale stands for."""
    drawn = []
    for name, x in largest.items():
        words = f"{'' if drawn else 'full colour: '}{name} = "
        number_ = f"<tspan data-full>{number(x) if x else '–'}</tspan>"
        drawn.append(
            svg(5.5 * len(words) + 68, 16, [text(0, 12, escape(words) + number_, "bf-tick")])
        )
    return drawn


def _place_of_largest(numbers):
    finite = [x for x in numbers if isfinite(x)]
    return numbers.index(max(finite)) if finite else None
