"""Formulas written from a recorded graph: the rules of ``graph``, run on symbols.

One writer for the drawings and sentences of the live figures and for ``program.compile``.
"""

from dataclasses import dataclass
from types import SimpleNamespace

from backprop_lib.graph import rules_on

BOOK = dict(add="{} + {}", sub="{} − {}", neg="−{}", mul="{}·{}", div="{} / {}", power="{}^{}")
BOOK |= dict(square="{}²", abs="|{}|", step="[{} > 0]", is_first="[{} ≥ {}]", relu="ReLU({})")
BOOK |= dict(sigmoid="σ({})", log_or_0="log({})")
PYTHON = dict(add="{} + {}", sub="{} - {}", neg="-{}", mul="{} * {}", div="{} / {}")
PYTHON |= dict(square="{} ** 2")

# How tightly an operation binds, then what each part has to bind at least; calls and names bind 9
BINDING = dict(add=(1, 1, 1), sub=(1, 1, 2), neg=(1, 2), mul=(3, 3, 3), div=(3, 3, 4))
BINDING |= dict(power=(5, 9, 9), square=(5, 9))


@dataclass(frozen=True)
class Formula:
    """A name, or an operation on formulas and plain numbers. Arithmetic makes new ones.

    Numbers are gathered in front, signs before them: 2·(−x)·3 becomes −6·x. Nothing else is
    rearranged.
    """

    head: str
    parts: tuple = ()

    def __add__(self, other):
        return _sum(self, other)

    def __radd__(self, other):
        return _sum(other, self)

    def __sub__(self, other):
        return _difference(self, other)

    def __rsub__(self, other):
        return _difference(other, self)

    def __mul__(self, other):
        return _product(self, other)

    def __rmul__(self, other):
        return _product(other, self)

    def __neg__(self):
        return _product(-1.0, self)

    def __truediv__(self, other):
        number, rest = _front(self)
        return _product(number, Formula("div", (rest, other)))

    def __rtruediv__(self, other):
        return Formula("div", (other, self))

    def __pow__(self, exponent):
        return Formula("square", (self,)) if exponent == 2 else Formula("power", (self, exponent))

    def __abs__(self):
        return Formula("abs", (self,))

    def replaced(self, part, name):
        """Return the formula with a name in place of each occurrence of a part."""
        if self == part:
            return Formula(name)
        parts = (p.replaced(part, name) if isinstance(p, Formula) else p for p in self.parts)
        return Formula(self.head, tuple(parts))

    def size(self):
        """Return how many names and numbers stand in it."""
        return sum(p.size() if isinstance(p, Formula) else 1 for p in self.parts) or 1


def _front(a):
    """Return the number in front of a formula, and the rest; None is the rest of a number."""
    if not isinstance(a, Formula):
        return a, None
    if a.head == "neg":
        number, rest = _front(a.parts[0])
        return -number, rest
    if a.head == "mul" and not isinstance(a.parts[0], Formula):
        return a.parts
    return 1.0, a


def _product(a, b):
    (m, a), (n, b) = _front(a), _front(b)
    rest = a or b if a is None or b is None else Formula("mul", (a, b))
    size = abs(m * n)
    if rest is None or size == 0:
        return m * n
    product = rest if size == 1 else Formula("mul", (size, rest))
    if m * n > 0:
        return product
    if product.head == "sub":
        return Formula("sub", product.parts[::-1])
    return Formula("neg", (product,))


def _sum(a, b):
    if a == 0 or b == 0:
        return b if a == 0 else a
    if _front(b)[0] < 0:
        return Formula("sub", (a, _product(-1.0, b)))
    return Formula("add", (a, b)) if a != b else _product(2.0, a)


def _difference(a, b):
    if a == 0 or b == 0:
        return a if b == 0 else _product(-1.0, b)
    if _front(b)[0] < 0:
        return _sum(a, _product(-1.0, b))
    return Formula("sub", (a, b))


def _calls(*names):
    return {name: (lambda *parts, name=name: Formula(name.strip("_"), parts)) for name in names}


def _one_minus(a):
    """σ(−a) is written 1 − σ(a); the program keeps what the rule has, and with it its digits."""
    number, rest = _front(a)
    negated = number == -1 and rest is not None
    return 1.0 - Formula("sigmoid", (rest,)) if negated else Formula("sigmoid", (a,))


def _relu_or_max(a, b):
    return Formula("relu", (a,)) if b == 0 else Formula("max", (a, b))


_SYMBOLIC = _calls("max", "_step", "_sign", "_is_first", "_sigmoid", "_log_or_0")
_SYMBOLIC |= {"math": SimpleNamespace(**_calls("sin", "cos", "exp", "log", "tanh"))}
_SYMBOLIC |= {"_power": lambda a, b: Formula("power", (a, b)), "abs": abs}
_SYMBOLIC |= {"_power_slope": lambda a, b: b * (a if b == 2 else Formula("power", (a, b - 1)))}
IN_BOOK = rules_on(_SYMBOLIC | {"_sigmoid": _one_minus, "max": _relu_or_max})
IN_PROGRAM = rules_on(_SYMBOLIC | _calls("_power", "_power_slope"))


def written(formula, notation, name=str, number=repr, least=0):
    """Return a formula as text.

    Parameters
    ----------
    formula : Formula or float
    notation : {BOOK, PYTHON}
        How each operation is written; one that is missing is a function call.
    name, number : callable, optional
        Write a name and a number.
    least : int, optional
        What the text has to bind at least; in brackets if it does not.
    """
    if not isinstance(formula, Formula):
        return f"({number(formula)})" if formula < 0 and least > 1 else number(formula)
    if not formula.parts:
        return name(formula.head)
    binding, *wanted = BINDING.get(formula.head, (9, *[0] * len(formula.parts)))
    parts = [
        written(part, notation, name, number, at_least)
        for part, at_least in zip(formula.parts, wanted, strict=True)
    ]
    call = formula.head + "({})" if len(parts) == 1 else formula.head + "({}, {})"
    text = notation.get(formula.head, call).format(*parts)
    return f"({text})" if binding < least else text
