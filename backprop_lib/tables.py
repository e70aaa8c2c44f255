"""HTML tables for a notebook's cell to end in.

Viewers that do not trust a notebook drop ``<style>`` and attributes: the tables are read without.
"""

from html import escape

import numpy as np

STYLE = "text-align:left;vertical-align:top;white-space:nowrap;padding:.2em .5em"
WIDE_SPACE = "\u2003"  # HTML keeps it, where it makes one space of several


class Table:
    """A table; ``rows`` are lists of cells, which like ``headings`` are HTML already."""

    def __init__(self, headings, rows, description):
        self.headings, self.rows, self.description = headings, rows, description

    def _repr_html_(self):
        head = "".join(_cell("th", "col", cell) for cell in self.headings)
        body = "".join(
            f"<tr>{_cell('th', 'row', name)}{''.join(_cell('td', None, cell) for cell in cells)}</tr>"
            for name, *cells in self.rows
        )
        return (
            f'<div tabindex="0" role="region" aria-label="{escape(self.description)}" '
            'style="overflow-x:auto"><table style="font-variant-numeric:tabular-nums">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def __repr__(self):
        return f"<table: {self.description}>"


def printed_beside_right(printed, follows, right, new, digits=3):
    """Return a table of printed numbers, what the numbers above them give, and the right ones.

    Each argument is a dict of arrays under the same names; ``new`` holds booleans, true where the
    printed number does not follow from the printed numbers above it: these are marked. ``digits``
    are written behind the point.
    """
    rows = []
    for name, array in printed.items():
        columns = [_lines(column[name], digits) for column in (follows, right)]
        rows.append([name, _lines(array, digits, new[name]), *columns])
    headings = ["", "printed", "redone", "right"]
    return Table(headings, rows, "printed numbers beside the right ones")


def _cell(tag, scope, content):
    scope = f' scope="{scope}"' if scope else ""
    return f'<{tag}{scope} style="{STYLE}">{content}</{tag}>'


def _lines(array, digits, marks=None):
    """Write a matrix as lines of HTML, marked entries in bold with a cross behind them."""
    array = np.atleast_2d(array)
    marks = np.zeros(array.shape, bool) if marks is None else np.atleast_2d(marks)
    lines = []
    for numbers, crosses in zip(array, marks, strict=True):
        cells = [f"{number:.{digits}f}".replace("-", "\u2212") for number in numbers]
        pairs = zip(cells, crosses, strict=True)
        lines.append(
            WIDE_SPACE.join(f"<b>{cell}</b> ✗" if cross else cell for cell, cross in pairs)
        )
    return "<br>".join(lines)
