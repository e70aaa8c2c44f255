"""Drawings on one sheet: the still picture of a figure, whole by itself, as one SVG."""

import re
from html import escape

from backprop_lib.colours import PAPER
from backprop_lib.live.svg import DRAWING_STYLE

MARGIN, GAP, WIDTH = 12, 10, 716
STYLE = escape(DRAWING_STYLE.replace("backprop-figure", ".bf-sheet", 1), quote=False)
HEAD = re.compile(r'<svg viewBox="[^"]*" width=(\S+) height=(\S+)')


def sheet(rows, title=""):
    """Return drawings in rows that wrap, below a title, as a self-contained SVG.

    Parameters
    ----------
    rows : list of list of str
        SVG elements as ``svg.svg`` writes them.
    title : str, optional
    """
    x, y, width = MARGIN, MARGIN, 0
    parts = []
    if title:
        parts.append(f"<text x={x} y={y + 12} class=bf-title>{escape(title)}</text>")
        y += 24
    for row in rows:
        lowest = y
        for drawing in row:
            wide, high = map(float, HEAD.match(drawing).groups())
            if x > MARGIN and x + wide > WIDTH:
                x, y = MARGIN, lowest + GAP
            parts.append(drawing.replace("<svg", f"<svg x={x:g} y={y:g}", 1))
            x += wide + GAP
            lowest, width = max(lowest, y + high), max(width, x)
        x, y = MARGIN, lowest + GAP
    paper = f".bf-sheet{{--paper:light-dark({','.join(PAPER)})}}"
    size = f"width={max(width, 8 * len(title) + 2 * MARGIN):g} height={y:g}"
    return _well_formed(
        f"<svg xmlns=http://www.w3.org/2000/svg {size}><style>svg{{color-scheme:light dark}}{STYLE}{paper}"
        f"</style><g class=bf-sheet><rect class=bf-paper width=100% height=100% />"
        f"{''.join(parts)}</g></svg>"
    )


def _well_formed(html):
    """Return the drawing as XML, without what only a script or a screen reader would look for."""

    def tag(match):
        inside = re.sub(
            r" (?:aria-\w+|role|data-(?!value|grad|edge)[\w-]+)=(?:\"[^\"]*\"|[^\s>]+)",
            "",
            match[0],
        )
        inside = re.sub(r" data-(value|grad|edge)=[^\s>]+", r' data-\1=""', inside)
        inside = re.sub(r" data-(tick|curve|slope|full)[\w-]*", "", inside)
        return re.sub(r"=([^\s\">]+)", r'="\1"', inside)

    return re.sub(r"<\w[^>]*>", tag, html)
