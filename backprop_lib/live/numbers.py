"""How a number and a symbol are written, in a drawing and in a sentence."""

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from html import escape
from unicodedata import name as name_of

MINUS = "\u2212"
GREEK = {
    name_of(a).split()[-1].lower().replace("lamda", "lambda"): a for a in "αβγδεζηθικλμνξοπρστυφχψω"
}


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


def fixed(x, digits):
    """Write a number with a fixed count of decimals; no minus before a rounded zero.

    One that has too many digits for that is written as elsewhere.
    """
    if not abs(x) < 1e15:
        return number(x)
    written = f"{_rounded(abs(x), digits):f}"
    return f"{MINUS if x < 0 and written.strip('0.') else ''}{written}"


def shown(x, digits=None):
    """Write a number as a cell shows it: three significant digits, or ``digits`` decimals.

    Nothing if ``digits`` is negative: the cell's colour says it.
    """
    if digits is None:
        return number(x)
    return fixed(x, digits) if digits >= 0 else ""


def short(x):
    """Write an axis tick with at most three significant digits."""
    return f"{x:.3g}".replace("-", MINUS)


def exact(x):
    """Write a number for the page with all its digits."""
    return repr(float(x)).removesuffix(".0")


def symbol_of(name):
    """Write a name as the book does: ``w1_12`` as ``w^1_12``, ``beta0`` as ``β_0``, loss as ℓ."""
    letter, layer, index = re.fullmatch(r"(.*?)(\d*)(?:_(\w+))?", name).groups()
    letter = "ℓ" if letter == "loss" else GREEK.get(letter, letter)
    if index and layer:
        return f"{letter}^{layer}_{index}"
    return f"{letter}_{index or layer}" if index or layer else letter


def html_symbol(symbol):
    """Turn ``a^1_2`` into HTML, the superscript above the subscript."""
    both = "<span class=bf-ss><sup>{}</sup><sub>{}</sub></span>"
    return _marked(symbol, both, "<sup>{}</sup>", "<sub>{}</sub>")


def svg_symbol(symbol):
    """Turn ``a^1_2`` into SVG tspans, the superscript above the subscript."""
    up = '<tspan dy="-.55em" font-size="65%">{}</tspan>'
    below = (
        '<tspan dx="-.55em" dy=".95em" font-size="65%">{}</tspan><tspan dy="-.26em">\u200b</tspan>'
    )
    down = '<tspan dy=".35em" font-size="65%">{}</tspan><tspan dy="-.23em">\u200b</tspan>'
    return _marked(symbol, up + below, up + '<tspan dy=".36em">\u200b</tspan>', down)


def plain_symbol(symbol):
    """Write ``a^1_2`` as ``a¹₂``, where no markup is possible."""
    up = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    down = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    symbol = re.sub(r"\^([^\W_]+)", lambda match: match[1].translate(up), symbol)
    return re.sub(r"_([^\W_]+)", lambda match: match[1].translate(down), symbol)


def spoken_symbol(symbol):
    """Write ``w^1_23`` as ``w 2 3``: what a screen reader says; the layer is said elsewhere."""
    letter, *index = re.sub(r"\^\w+?(?=_|$)", "", symbol).split("_")
    letter = re.sub(
        r"[α-ω]", lambda m: name_of(m[0]).removeprefix("GREEK SMALL LETTER ").lower(), letter
    )
    return " ".join([letter, *"".join(index)])


def parse_number(text):
    """Return the finite number that was typed, or None: a true minus sign is understood."""
    plain = text.strip().replace(MINUS, "-")
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", plain, re.ASCII | re.IGNORECASE):
        return None
    return float(plain) if math.isfinite(float(plain)) else None


def bracketed(x):
    """Write a factor: a negative one in brackets."""
    return f"({number(x)})" if x < 0 else number(x)


def _marked(symbol, both, up, down):
    text = escape(symbol)
    text = re.sub(r"\^([^\W_]+)_([^\W_]+)", lambda m: both.format(m[1], m[2]), text)
    text = re.sub(r"\^([^\W_]+)", lambda m: up.format(m[1]), text)
    return re.sub(r"_([^\W_]+)", lambda m: down.format(m[1]), text)
