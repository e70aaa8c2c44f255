"""HTML tables for a notebook's cell to end in.

Viewers that do not trust a notebook drop ``<style>`` and attributes: the tables are read without.
"""

from html import escape

import numpy as np

from backprop_lib._validate import instance, real_array, sequence, whole_number

STYLE = "text-align:left;vertical-align:top;white-space:nowrap;padding:.2em .5em"
WIDE_SPACE = "\u2003"  # HTML keeps it, where it makes one space of several


class Table:
    """A table; ``rows`` are lists of cells, which like ``headings`` are HTML already."""

    def __init__(self, headings, rows, description):
        self.headings = sequence(headings, "Table: headings", str)
        rows = sequence(rows, "Table: rows")
        self.rows = [sequence(row, "Table: a row", str, len(self.headings)) for row in rows]
        self.description = instance(description, str, "Table: description")

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
    given = dict(printed=printed, follows=follows, right=right, new=new)
    for part, arrays in given.items():
        owner = f"printed_beside_right: {part}"
        if instance(arrays, dict, owner).keys() != printed.keys():
            names = ", ".join(printed)
            raise ValueError(f"{owner}: expected arrays named {names}, got {', '.join(arrays)}")
    digits = whole_number(digits, "printed_beside_right: digits", least=0)
    rows = []
    for name, array in printed.items():
        shape = ("rows", "columns")
        for part in ("printed", "follows", "right"):
            numbers = np.atleast_2d(given[part][name])
            shape = real_array(numbers, f"printed_beside_right: {part}: {name}", shape).shape
        marks = np.atleast_2d(new[name])
        if marks.shape != shape:
            owner = f"printed_beside_right: new: {name}"
            raise ValueError(f"{owner}: expected shape {shape}, got {marks.shape}")
        columns = [_lines(column[name], digits) for column in (follows, right)]
        rows.append([name, _lines(array, digits, marks), *columns])
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
