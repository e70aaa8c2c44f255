"""Live figures on a page of their own, with the script or with a broken one."""

import random

from helpers import ROOT, random_function

from backprop_lib import graph, live
from backprop_lib.live.svg import STYLE

SCRIPT = (ROOT / "backprop_lib" / "live" / "figure.js").read_text(encoding="utf-8")


def small(x, y):
    """Return three boxes."""
    return x / y


def wide(**leaves):
    """Return six products of neighbours, added: many boxes beside each other."""
    v = list(leaves.values())
    return sum((a * b for a, b in zip(v[1:], v[:-1], strict=True)), graph.sin(v[0]))


def deep(x, y):
    """Return 30 boxes, most of them in one chain with side paths."""
    out = x
    for k in range(14):
        out = (graph.tanh(out) - y if k % 3 else graph.sin(out) * y).named(f"h{k}")
    return out


def surprise(weight, bias):
    """Return boxes with long names, one of them with a long formula."""
    probability = graph.sigmoid(weight * 2 - bias).named("probability")
    return graph.tanh(probability) ** 2 - graph.log(probability)


def crossed():
    """Return many boxes whose edges cross, with a label on each."""
    return live.explore(random_function(random.Random(4), 16), a=0.5, b=-1.0, c=2.0)


EXPLORED = {
    "small": lambda: live.explore(small, x=1.0, y=2.0),
    "wide": lambda: live.explore(wide, a=0.5, b=-1.0, c=2.0, d=1.5),
    "deep": lambda: live.explore(deep, x=0.7, y=1.1),
    "named": lambda: live.explore(surprise, weight=1.3, bias=2.0),
    "crossed": crossed,
}
EVERY_FIGURE = live.FIGURES | EXPLORED


def write_alone(path, figures, script):
    """Write a page of live figures and their script."""
    body = "".join(figure.html() for figure in figures)
    path.write_text(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
        f"content='width=device-width'><title>figure</title><style>{STYLE}</style>{body}<script>{script}</script>",
        encoding="utf-8",
    )


def swipe(page, points):
    """Put a finger on the first point, move it along the others, and lift it."""
    session = page.context.new_cdp_session(page)
    for kind, (x, y) in zip(["touchStart", *["touchMove"] * len(points)], points, strict=False):
        touch = {"type": kind, "touchPoints": [{"x": x, "y": y}]}
        session.send("Input.dispatchTouchEvent", touch)
        page.wait_for_timeout(16)  # a frame
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
