"""Heat maps with a number in each cell: purple below zero, green above, white at zero."""

import math
import re
from html import escape, unescape

import numpy as np

from backprop_lib._validate import instance, positive_number, real_array, sequence, whole_number
from backprop_lib.colours import NEGATIVE, POSITIVE
from backprop_lib.live.numbers import fixed, svg_symbol
from backprop_lib.live.sheet import sheet
from backprop_lib.live.svg import classes_of
from backprop_lib.still import picture

KINDS = {None: "bf-caption-small", "forward": "bf-value", "backward": "bf-grad"}


def heat(title, numbers, texts, cell, scale, kind, marks=None, columns=(), most=None):
    """Return the size of a drawn matrix, and its parts: the cells begin at the origin.

    Parameters
    ----------
    title : str
        A symbol such as ``"W^1"``, or words; stands above.
    numbers, texts : list of lists
        What gives each cell its colour, and what is written in it.
    cell : (int, int)
        Width and height of a cell in pixels.
    scale : float
        The absolute value that gets the full colour.
    kind : str
        The title's class.
    marks : list of lists of str, optional
        For each text the attributes that tell the script what it shows.
    columns : sequence of str, optional
        What stands below each column.
    most : int, optional
        A column to be marked: its first cell, and what stands below.
    """
    wide, high = cell
    height = high * len(numbers)
    heading = svg_symbol(title) if "^" in title else escape(title)
    parts = [f"<text y=-6{classes_of(kind)}>{heading}</text>"]
    for (r, c), x in np.ndenumerate(np.array(numbers)):
        fill, strong = blended(float(x) / scale)
        marked = " class=bf-most" * ((r, c) == (0, most))
        at = f"x={c * wide} y={r * high}"
        attributes = f"{marks[r][c] if marks else ''}{' class=bf-strong' if strong else ''}"
        parts.append(
            f"<rect {at} width={wide} height={high} fill={fill}{marked} />"
            f"<text {attributes} x={(c + 0.5) * wide:g} y={(r + 0.5) * high + 4:g}>"
            f"{texts[r][c]}</text>"
        )
    for c, name in enumerate(columns):
        marked = " bf-most" * (c == most)
        place = f"x={(c + 0.5) * wide:g} y={height + 14}"
        parts.append(f'<text {place} class="bf-tick bf-middle{marked}">{escape(name)}</text>')
    heading_width = (7 if kind == KINDS[None] else 8.4) * len(re.sub("[_^]", "", title))
    return max(wide * len(numbers[0]), round(heading_width)), height, "".join(parts)


def fitting(text, room, letters):
    """Return the attribute that makes a long number's letters small enough; as in the script."""
    size = (room - 1) / (0.64 * max(len(text), 1))
    return "" if size >= letters else f" style=--letters:{math.floor(10 * size) / 10:g}px"


def heatmap(matrix, title, *, scale=None, cell=34, digits=2, direction=None, columns=()):
    """Return an SVG drawing of a matrix: colour for sign and size, the number in each cell.

    Parameters
    ----------
    matrix : array of shape (rows, columns)
    title : str
        Stands above.
    scale : float, optional
        The absolute value that gets the full colour; the matrix's largest if omitted.
    cell : int, optional
        The side of a cell in pixels; numbers are left out below 24.
    digits : int, optional
        Decimals of the numbers.
    direction : {"forward", "backward"}, optional
        Writes the title in blue or in orange.
    columns : sequence, optional
        What stands below each column.
    """
    matrix = real_array(matrix, "heatmap: matrix", ("rows", "columns"))
    instance(title, str, "heatmap: title")
    cell = whole_number(cell, "heatmap: cell", least=5)
    digits = whole_number(digits, "heatmap: digits", least=0, most=12)
    names = [str(name) for name in sequence(columns, "heatmap: columns")]
    if names and len(names) != matrix.shape[1]:
        raise ValueError(f"heatmap: columns: expected {matrix.shape[1]} names, got {len(names)}")
    if direction not in (None, "forward", "backward"):
        raise ValueError(f"heatmap: direction: expected forward or backward, got {direction!r}")
    largest = float(np.abs(matrix).max()) or 1.0
    scale = largest if scale is None else positive_number(scale, "heatmap: scale")
    rows = [[fixed(x, digits) for x in row] for row in matrix.tolist()]
    longest = max(len(text) for row in rows for text in row)
    letters = min(cell / 3, 12, (cell - 4) / (0.6 * longest))  # the number stays inside its cell
    texts = rows if cell >= 24 else [[""] * len(row) for row in rows]
    spoken = f"{escape(title)}: {'; '.join(map(', '.join, rows))}"
    attributes = f'role=img aria-label="{spoken}" style="--letters:{letters:.3g}px"'
    size, kind = (cell, cell), KINDS[direction]
    width, height, parts = heat(title, matrix, texts, size, scale, kind, columns=names)
    width, height = width + 2, height + (41 if names else 23)
    return (
        f'<svg viewBox="-1 -21 {width} {height}" width={width} height={height} class=bf-heat '
        f"{attributes}>{parts}</svg>"
    )


class Matrices:
    """Numbered heat maps side by side, for a notebook's cell to end in.

    Parameters
    ----------
    description : str
        What is to be seen, in a few words.
    forward, backward : dict of str to array of shape (rows, columns), optional
        Matrices by title; the titles are blue and orange.
    options
        As in ``heatmap``, for all of them.
    """

    def __init__(self, description, forward=None, backward=None, **options):
        self.description = instance(description, str, "Matrices: description")
        given = {"forward": forward or {}, "backward": backward or {}}
        for direction, matrices in given.items():
            instance(matrices, dict, f"Matrices: {direction}")
        self.drawings = [
            heatmap(matrix, title, direction=direction, **options)
            for direction, matrices in given.items()
            for title, matrix in matrices.items()
        ]

    def __repr__(self):
        return f"<matrices: {self.description}>"

    def _repr_html_(self):
        numbers = "; ".join(re.findall(r'aria-label="([^"]*)"', "".join(self.drawings)))
        return picture(sheet([self.drawings]), f"{self.description}. {unescape(numbers)}")


def blended(share):
    """Blend from white to the sign's colour; return it and whether white is to be written on it."""
    if not math.isfinite(share):
        return "none", False
    strength = min(abs(share), 1.0)
    end = POSITIVE if share > 0 else NEGATIVE
    red, green, blue = (math.floor(255.5 + (channel - 255) * strength) for channel in end)
    white = share > 0.9 or share < -0.74  # where white has the greater contrast than black
    return f"#{red:02x}{green:02x}{blue:02x}", white
