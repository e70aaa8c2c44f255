"""Numbered heat maps for small matrices, images and kernels."""

import math
from html import escape

import numpy as np

from backprop_lib._validate import real_array
from backprop_lib.live.views import STYLE, svg

TITLES = {None: "bf-caption-small", "forward": "bf-value", "backward": "bf-grad"}
NEGATIVE, POSITIVE = (118, 42, 131), (27, 120, 55)  # purple and green, white at zero


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
    if columns and len(columns) != matrix.shape[1]:
        raise ValueError(f"heatmap: columns: expected {matrix.shape[1]} names, got {len(columns)}")
    scale = float(np.abs(matrix).max() if scale is None else scale) or 1.0
    height = 22 + matrix.shape[0] * cell
    longest = max(len(_written(x, digits)) for x in matrix.flat)
    letters = min(cell / 3, 12, (cell - 4) / (0.6 * longest))  # the number stays inside its cell
    parts = [
        f'<text y="14" class="{TITLES[direction]}" style="font-size:13px">{escape(title)}</text>'
    ]
    for (r, c), x in np.ndenumerate(matrix):
        fill, strong = blended(x / scale)
        ink = "#fff" if strong else "#000"
        left, top = c * cell, 22 + r * cell
        parts.append(
            f'<rect x="{left}" y="{top}" width="{cell}" height="{cell}" fill="{fill}" '
            'stroke="#8a94a2" stroke-width=".5"/>'
        )
        if cell >= 24:
            parts.append(
                f'<text x="{left + cell / 2:g}" y="{top + cell / 2 + 4:g}" class="bf-middle" '
                f'style="fill:{ink};font-size:{letters:.3g}px">{_written(x, digits)}</text>'
            )
    for c, name in enumerate(columns):
        x, y = c * cell + cell / 2, height + 14
        parts.append(
            f'<text x="{x:g}" y="{y}" class="bf-tick bf-middle">{escape(str(name))}</text>'
        )
    width = max(matrix.shape[1] * cell, 7 * len(title)) + 1
    rows = "; ".join(", ".join(_written(x, digits) for x in row) for row in matrix)
    label = f"{escape(title)}: {rows}"
    drawing = svg(width, height + (20 if columns else 2), parts, label=label)
    return drawing.replace("<svg", '<svg style="margin:0"')


def side_by_side(*drawings):
    """Return drawings in a row that wraps on a narrow page."""
    cells = "".join(f"<div>{drawing}</div>" for drawing in drawings)
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:14px 22px;align-items:flex-start">'
        f"{cells}</div>"
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
        self.description = description
        given = {"forward": forward or {}, "backward": backward or {}}
        self.drawings = [
            heatmap(matrix, title, direction=direction, **options)
            for direction, matrices in given.items()
            for title, matrix in matrices.items()
        ]

    def __repr__(self):
        return f"<matrices: {self.description}>"

    def _repr_html_(self):
        return (
            f'<backprop-figure class="bf-in-notebook" role="group" '
            f'aria-label="{escape(self.description)}"><style>{STYLE}</style>'
            f"{side_by_side(*self.drawings)}</backprop-figure>"
        )


def _written(x, digits):
    written = f"{x:.{digits}f}"
    if not written.strip("-0."):
        written = written.removeprefix("-")  # no minus before a rounded zero
    return written.replace("-", "\u2212")


def blended(share):
    """Blend from white to the sign's colour; return it and whether white is to be written on it."""
    strength = min(abs(share), 1.0)
    end = POSITIVE if share > 0 else NEGATIVE
    red, green, blue = (math.floor(255.5 + (channel - 255) * strength) for channel in end)
    white = share > 0.9 or share < -0.74  # where white has the greater contrast than black
    return f"rgb({red},{green},{blue})", white
