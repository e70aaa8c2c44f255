"""SVG primitives, and the style that every figure carries."""

import math
import re
from importlib.resources import files

from backprop_lib import colours

PALETTE = {"ink": colours.INK, "muted": colours.MUTED, "line": colours.LINE}
PALETTE |= {"field": colours.FIELD, "paper": colours.CARD, "tint": colours.TINT}
PALETTE |= {"forward": colours.FORWARD, "backward": colours.BACKWARD}


def style(name):
    """Return a style sheet of this folder with the palette in it, as short as it can be."""
    sheet = (files("backprop_lib") / "live" / name).read_text(encoding="utf-8")
    sheet = re.sub(r"/\*.*?\*/|\s+", " ", sheet)
    sheet = re.sub(r" ?([{};,]) ?|(?<=:) ", r"\1", sheet)
    colour = "".join(f"--{name}:light-dark({','.join(pair)});" for name, pair in PALETTE.items())
    return sheet.replace("--palette:colours;", colour)


STYLE = style("figure.css")
DRAWING_STYLE = STYLE.partition(".bf-head{")[0] + "}"  # the rest is about controls


LONG = 7  # characters; the script's write follows the same rule
SYMBOL = 18  # pixels high are the letters of a symbol, as the style has them


class View:
    """A drawing in a figure."""

    boxes = ()  # the names with a box of their own
    needs = ()  # the names, and pairs (result, source), that it shows
    beside = False  # whether it stands beside the sliders
    legend = ""  # what else it draws in which colour
    explains = ()  # what is what in it, each in one sentence of HTML
    has_edges = False  # whether it has edges that show weights or, at a switch, gradients

    def html(self, figure):
        """Return the wide and the narrow drawing; the style shows one of them."""
        wide, narrow = self.draw(figure, wide=True), self.draw(figure, wide=False)
        return f"<div class=bf-wide>{wide}</div><div class=bf-narrow>{narrow}</div>"

    def pictures(self, figure):
        """Return the wide drawing, in rows, for a still picture."""
        return [[self.draw(figure, wide=True)]]


def svg(width, height, parts, classes="", label=None, role="img"):
    """Return an SVG element that is never wider than its own pixels.

    With a label a screen reader says it, as a picture or in another role; without one it is
    passed over.
    """
    role = f'role={role} aria-label="{label}"' if label else "aria-hidden=true"
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width={width:g} height={height:g}'
        f"{classes_of(classes)} {role}>{''.join(parts)}</svg>"
    )


def arrow(points, classes, way):
    """Return a line through the points that ends in an arrowhead.

    ``way``, an attribute, says between which values it runs.
    """
    (u, v), (x, y) = points[-2:]
    size = math.hypot(x - u, y - v)
    dx, dy = (x - u) / size, (y - v) / size
    line = "L".join(f"{px:.1f},{py:.1f}" for px, py in [*points[:-1], (x - 6 * dx, y - 6 * dy)])
    base_x, base_y = x - 9 * dx, y - 9 * dy
    head = (
        f"M{x:.1f},{y:.1f}L{base_x - 4.5 * dy:.1f},{base_y + 4.5 * dx:.1f}"
        f"L{base_x + 4.5 * dy:.1f},{base_y - 4.5 * dx:.1f}Z"
    )
    return f'<path class={classes} {way} d=M{line} /><path class="{classes} bf-tip" d={head} />'


def text(x, y, content, classes="", attributes=""):
    """Return one SVG text; ``content`` is already escaped.

    A number, which the attributes say it is, gets smaller letters where it is long.
    """
    if attributes and len(content) > LONG:
        classes = f"{classes} bf-long".strip()
    attributes = f" {attributes}" if attributes else ""
    return f"<text x={x:.4g} y={y:.4g}{classes_of(classes)}{attributes}>{content}</text>"


def number_span(written, mark):
    """Return a number inside a text, in smaller letters where it is long."""
    return f"<tspan{' class=bf-long' * (len(written) > LONG)} {mark}>{written}</tspan>"


def width_of(markup, size):
    """Return about how wide a text in letters of a size is; indices have smaller ones."""
    small = sum(map(len, re.findall('65%"?>([^<]*)', markup)))
    return 0.6 * size * (len(re.sub("<[^>]*>|\u200b", "", markup)) - 0.35 * small)


def fitted(markup, size, room):
    """Return the attribute that gives a text too wide for its room smaller letters, or nothing."""
    width = width_of(markup, size)
    return f'style="font-size:{size * room / width:.1f}px"' if width > room else ""


def classes_of(classes):
    """Return the class attribute, without quotation marks where it needs none."""
    return f' class="{classes}"' if " " in classes else f" class={classes}" if classes else ""


def linear(low, high, start, end):
    """Return the linear scale that takes low to start and high to end."""
    factor = (end - start) / (high - low)
    return lambda x: start + factor * (x - low)


def curve_path(points):
    """Return a path through the points, interrupted where y is not finite."""
    pen, commands = "M", []
    for x, y in points:
        if math.isfinite(y):
            commands.append(f"{pen}{x:.1f},{y:.1f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(commands)
