"""The matrix view: numbered heat maps of values, gradients and local derivatives."""

from dataclasses import dataclass
from html import escape

from backprop_lib.live.heatmap import blended
from backprop_lib.live.numbers import fixed, number, svg_symbol


@dataclass
class Block:
    """One heat map.

    Parameters
    ----------
    title : str
        A symbol such as ``"W^1"``, or words.
    names : list of list of str, or of (str, str)
        The values by row; pairs (result, input) for local derivatives.
    of : {"value", "grad", "local"}, optional
        What is shown of them.
    scale : float, optional
        The absolute value that gets the full colour; 0 for the largest one shown.
    digits : int, optional
        Decimals of the numbers; three significant digits if omitted, no numbers if negative.
    cell : (int, int), optional
        Width and height of a cell in pixels.
    """

    title: str
    names: list
    of: str = "value"
    scale: float = 0
    digits: int | None = None
    cell: tuple = (54, 32)


UNSHADED = 1e9  # the scale of a number alone, which has nothing to be compared with


class MatrixView:
    """Heat maps in rows that wrap: purple below zero, green above, the number in each cell.

    Parameters
    ----------
    rows : list of list of Block
    """

    boxes = ()

    def __init__(self, rows):
        self.rows = rows

    def html(self, figure):
        """Return one drawing for each block."""
        rows = ("".join(_block(figure, block) for block in row) for row in self.rows)
        return "".join(f"<div class=bf-matrices>{row}</div>" for row in rows)


def _block(figure, block):
    wide, high = block.cell
    numbers = [[_number(figure, name, block.of) for name in row] for row in block.names]
    heat = block.scale or (UNSHADED if len(numbers) == len(numbers[0]) == 1 else 0)
    scale = heat or max(max(map(abs, row)) for row in numbers) or 1.0
    cells = "".join(
        _cell(figure, block, name, x / scale, x, f"{c * wide},{r * high}")
        for r, row in enumerate(block.names)
        for c, (name, x) in enumerate(zip(row, numbers[r], strict=True))
    )
    width = max(wide * len(block.names[0]), 8 * len(block.title)) + 2
    height = high * len(block.names) + 26
    colour = {"value": "bf-value", "grad": "bf-grad", "local": "bf-local"}[block.of]
    title = svg_symbol(block.title) if "^" in block.title else escape(block.title)
    return (
        f'<svg viewBox="-1 -24 {width} {height}" width={width} height={height} aria-hidden=true '
        f"data-heat={heat:g}><text y=-8 class={colour}>{title}</text>{cells}</svg>"
    )


def _number(figure, name, of):
    if of == "local":
        return figure.recording.local_derivatives(name[0])[name[1]]
    value = figure.recording.by_name[name]
    return value.data if of == "value" else value.grad


def _cell(figure, block, name, share, x, place):
    wide, high = block.cell
    fill, strong = blended(share)
    at = figure.pair(*name) if block.of == "local" else figure.recording.number_of(name)
    shown, mark = "", f'data-{block.of}="{at}"'
    if block.digits is None:
        shown = number(x)
    elif block.digits >= 0:
        shown, mark = fixed(x, block.digits), f"{mark} data-digits={block.digits}"
    else:
        mark = f'data-cell="{block.of} {at}"'
    return (
        f"<g{' class=bf-strong' if strong else ''} transform=translate({place})>"
        f"<rect width={wide} height={high} fill={fill} /><text {mark} x={wide / 2:g} "
        f"y={high / 2 + 4:g}>{shown}</text></g>"
    )
