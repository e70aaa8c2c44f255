"""How a number and a symbol are written, in a drawing and in a sentence."""

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from html import escape

MINUS = "\u2212"


def number(x):
    """Write a number with at least three significant digits and a true minus sign.

    The script's ``format`` follows the same rules, ties away from zero included, so that both
    faces of a figure show the same characters.
    """
    if math.isnan(x):
        return "undefined"
    sign = MINUS if x < 0 else ""
    size = abs(x)
    if math.isinf(x):
        return sign + "∞"
    if size == 0:
        return "0.000"
    if size >= 1e5 or size < 1e-3:
        exponent = Decimal(size).adjusted()
        digits = _rounded(size, 2 - exponent).scaleb(-exponent)
        if digits >= 10:
            digits, exponent = digits / 10, exponent + 1
        return f"{sign}{digits:.2f}e{exponent}".replace("e-", f"e{MINUS}")
    decimals = 3 if size >= 0.1 else 4 if size >= 0.01 else 5
    return f"{sign}{_rounded(size, decimals)}"


def _rounded(size, decimals):
    return Decimal(size).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def html_symbol(symbol):
    """Turn ``a^1_2`` into HTML with sub- and superscript."""
    return _marked(symbol, "<sup>{}</sup>", "<sub>{}</sub>")


def svg_symbol(symbol):
    """Turn ``a^1_2`` into SVG tspans with sub- and superscript."""
    up = '<tspan dy="-.4em" font-size="70%">{}</tspan><tspan dy=".28em">\u200b</tspan>'
    down = '<tspan dy=".3em" font-size="70%">{}</tspan><tspan dy="-.21em">\u200b</tspan>'
    return _marked(symbol, up, down)


def _marked(symbol, up, down):
    text = re.sub(r"\^([^\W_]+)", lambda match: up.format(match[1]), escape(symbol))
    return re.sub(r"_([^\W_]+)", lambda match: down.format(match[1]), text)
