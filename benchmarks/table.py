"""The table: one row a comparison, its ratio, its target, and whether it is met."""

from typing import NamedTuple

COLUMNS = ["ours", "PyTorch", "autograd", "closures", "scikit-learn", "JAX"]
HEAD = ["workload", "type", "threads", *COLUMNS, "ours ÷", "ratio", "quartiles", "target", "met"]
LEFT = {"workload", "ours ÷"}


class Row(NamedTuple):
    """One comparison.

    ``amounts`` holds the medians by column, in seconds, or in bytes where ``unit`` says so;
    ``ratio`` is (lower quartile, median, upper quartile), or ``None`` where a peer is absent.
    """

    workload: str
    dtype: str
    threads: int
    amounts: dict
    against: str
    ratio: list | None
    target: str
    met: str
    unit: str = "s"


def verdict(ratio, limit):
    """Say whether a ratio meets its limit: "open" where the quartiles lie on both sides of it."""
    if ratio is None or limit is None:
        return ""
    low, _, high = ratio
    return "yes" if high <= limit else "NO" if low > limit else "open"


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
    low, middle, high = [f"{number:.3f}" for number in row.ratio or ()] or ["–"] * 3
    verdict = [f"{low} to {high}", row.target, row.met]
    return [row.workload, row.dtype, str(row.threads), *columns, against, middle, *verdict]


def _aligned(line, widths):
    cells = zip(line, widths, HEAD, strict=True)
    return "  ".join(
        text.ljust(width) if name in LEFT else text.rjust(width) for text, width, name in cells
    ).rstrip()
