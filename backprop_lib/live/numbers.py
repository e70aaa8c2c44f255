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
    if not abs(x) < 1e5:
        return number(x)
    written = f"{_rounded(abs(x), digits):f}"
    return f"{MINUS if x < 0 and written.strip('0.') else ''}{written}"


def shown(x, digits=None):
    """Write a number as a drawing shows it: three significant digits, or ``digits`` decimals.

    Nothing if it is not finite, and nothing if ``digits`` is negative: the colour says it.
    """
    if not math.isfinite(x) or (digits or 0) < 0:
        return ""
    return number(x) if digits is None else fixed(x, digits)


def short(x):
    """Write an axis tick or a learning rate: at most three digits, no zeros at the end."""
    size = Decimal(abs(x))
    rounded = _rounded(size, 2 - size.adjusted()) if size else size
    power = rounded.adjusted() if size else 0
    if -4 <= power < 5:
        digits = f"{rounded.normalize():f}"
    else:
        digits = f"{rounded.scaleb(-power).normalize():f}e{power}".replace("-", MINUS)
    return f"{MINUS if x < 0 else ''}{digits}"


def written(x):
    """Write a number with all its digits, for a reader."""
    return exact(x).replace("-", MINUS)


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
    up = "<tspan dy=-.55em font-size=65%>{}</tspan>"
    below = "<tspan dx=-.55em dy=.95em font-size=65%>{}</tspan><tspan dy=-.26em>\u200b</tspan>"
    down = "<tspan dy=.35em font-size=65%>{}</tspan><tspan dy=-.23em>\u200b</tspan>"
    return _marked(symbol, up + below, up + "<tspan dy=.36em>\u200b</tspan>", down)


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
    """Return the finite number that was typed, or None.

    ``1/2``, ``2^-3`` and ``1e-3`` are understood, both minus signs, and a decimal comma, unless
    three digits follow it: they might be thousands.
    """
    plain = text.strip().replace(MINUS, "-")
    plain = re.sub(r"^([+-]?\d+),(\d{1,2}|\d{4,})$", r"\1.\2", plain, flags=re.ASCII)
    one = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
    found = re.fullmatch(f"{one}(?:([/^]){one})?", plain, re.ASCII | re.IGNORECASE)
    try:
        a, sign, b = found.groups()
        x = float(a) / float(b) if sign == "/" else float(a) ** float(b) if sign else float(a)
        return x if math.isfinite(x) else None
    except (AttributeError, ArithmeticError, TypeError):
        return None


def bracketed(x, digits=None):
    """Write a number in a formula: a negative one in brackets."""
    written = number(x) if digits is None else fixed(x, digits)
    return f"({written})" if x < 0 else written


def digits_for(result, numbers):
    """Return how many decimals show where a small result of a difference comes from.

    None where three significant digits show it.
    """
    largest = max(map(abs, numbers), default=0.0)
    if not 0 < abs(result) < 0.01 * largest < 1e3:
        return None
    return min(2 - math.floor(math.log10(abs(result))), 10)


def _marked(symbol, both, up, down):
    text = escape(symbol)
    text = re.sub(r"\^([^\W_]+)_([^\W_]+)", lambda m: both.format(m[1], m[2]), text)
    text = re.sub(r"\^([^\W_]+)", lambda m: up.format(m[1]), text)
    return re.sub(r"_([^\W_]+)", lambda m: down.format(m[1]), text)
