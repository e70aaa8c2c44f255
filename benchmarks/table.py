"""The table: one row a comparison, its ratio, its target, and whether it is met."""

from typing import NamedTuple

COLUMNS = ["ours", "PyTorch", "autograd", "closures", "scikit-learn", "JAX"]
HEAD = ["workload", "type", "threads", *COLUMNS, "ours ÷", "ratio", "quartiles", "target", "met"]
LEFT = {"workload", "ours ÷"}


class Row(NamedTuple):
    """One comparison.

    ``amounts`` holds the medians by column, in seconds, or in bytes where ``unit`` says so;
    ``ratio`` is (lower quartile, median, upper quartile).
    """

    workload: str
    dtype: str
    threads: int
    amounts: dict
    against: str
    ratio: list
    target: float | None = None
    unit: str = "s"


def render(rows, absent, markdown=False):
    """Return the table as text, in aligned columns or in Markdown."""
    cells = [HEAD, *(_cells(row, absent) for row in rows)]
    if markdown:
        rule = [":--" if name in LEFT else "--:" for name in HEAD]
        return "\n".join("| " + " | ".join(line) + " |" for line in [HEAD, rule, *cells[1:]])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(_aligned(line, widths) for line in cells)


def amount(number, unit):
    """Return a number of seconds or bytes with three digits and a fitting prefix."""
    if unit == "B":
        return f"{number / 2**20:.1f} MiB"
    for scale, name in [(1, "s"), (1e-3, "ms"), (1e-6, "µs")]:
        if number >= scale:
            return f"{number / scale:.3g} {name}"
    return f"{number / 1e-9:.3g} ns"


def _cells(row, absent):
    amounts = {name: amount(number, row.unit) for name, number in row.amounts.items()}
    columns = [amounts.get(name, "absent" if name in absent else "–") for name in COLUMNS]
    against = row.against if row.against in COLUMNS else f"{row.against} {amounts[row.against]}"
    low, middle, high = row.ratio
    verdict = ["", ""] if row.target is None else [f"≤ {row.target:.3g}", _met(row)]
    spread = f"{low:.3f}–{high:.3f}"
    head = [row.workload, row.dtype, str(row.threads), *columns, against]
    return [*head, f"{middle:.3f}", spread, *verdict]


def _met(row):
    return "yes" if row.ratio[1] <= row.target else "NO"


def _aligned(line, widths):
    cells = zip(line, widths, HEAD, strict=True)
    return "  ".join(
        text.ljust(width) if name in LEFT else text.rjust(width) for text, width, name in cells
    ).rstrip()
