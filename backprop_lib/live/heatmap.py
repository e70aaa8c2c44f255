"""Numbered heat maps for small matrices, images and kernels."""

import numpy as np

from backprop_lib._validate import real_array
from backprop_lib.live.views import svg, text

NEGATIVE, POSITIVE = (118, 42, 131), (27, 120, 55)  # purple and green, white at zero


def heatmap(matrix, title, *, scale=None, cell=34, digits=2):
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
    """
    matrix = real_array(matrix, "heatmap: matrix", ("rows", "columns"))
    scale = float(np.abs(matrix).max() if scale is None else scale) or 1.0
    rows, columns = matrix.shape
    parts = [text(0, 14, title, "bf-caption-small bf-start")]
    for (r, c), x in np.ndenumerate(matrix):
        left, top = c * cell, 22 + r * cell
        fill, dark = _colour(x / scale)
        parts.append(
            f'<rect x="{left}" y="{top}" width="{cell}" height="{cell}" fill="{fill}" '
            'stroke="#8a94a2" stroke-width="0.5"/>'
        )
        if cell >= 24:
            ink = "#ffffff" if dark else "#1c2530"
            label = f"{x:.{digits}f}".replace("-", "\u2212")
            parts.append(
                f'<text x="{left + cell / 2:g}" y="{top + cell / 2 + 4:g}" class="bf-middle" '
                f'style="fill:{ink};font-size:{min(cell // 3, 12)}px">{label}</text>'
            )
    return svg(max(columns * cell, 8 * len(title)), 24 + rows * cell, parts)


def side_by_side(*drawings):
    """Return drawings in a row that wraps on a narrow page."""
    cells = "".join(f"<div>{drawing}</div>" for drawing in drawings)
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:14px 22px;align-items:flex-start">'
        f"{cells}</div>"
    )


def _colour(share):
    """Blend from white to the sign's colour; say whether white letters are needed."""
    strength = min(abs(share), 1.0)
    end = POSITIVE if share > 0 else NEGATIVE
    red, green, blue = (round(255 + (channel - 255) * strength) for channel in end)
    return f"rgb({red},{green},{blue})", strength > 0.55
