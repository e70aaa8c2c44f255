"""The check beside the gradients: central differences, and one sentence about them."""

from dataclasses import dataclass
from math import floor, inf, isfinite, log10

from backprop_lib.live.numbers import number

STEPS = {f"1e−{k}": 10.0**-k for k in (1, 2, 3, 4, 5, 6, 8, 10, 12)}
FIRST_STEP = "1e−5"
AGREES = 1e-4  # relative; what rounding can do comes on top of it
EXACT = 15  # digits of a double


@dataclass
class Checked:
    """One gradient beside its central difference.

    Attributes
    ----------
    symbol : str
        The slope as the text shall write it: ∂E/∂w.
    gradient, difference : float
        ∂J/∂w by backpropagation, and (J(w + h) − J(w − h)) / 2h.
    kink : bool
        Whether a ReLU, absolute value or maximum switches between w − h and w + h.
    rounding : float
        How far the difference may be off by rounding alone.
    """

    symbol: str
    gradient: float
    difference: float
    kink: bool
    rounding: float

    @property
    def lost(self):
        """Whether a number can't be held."""
        return not isfinite(self.gradient + self.difference)

    @property
    def error(self):
        """The relative error."""
        largest = max(abs(self.gradient), abs(self.difference))
        return abs(self.gradient - self.difference) / largest if largest else 0.0

    @property
    def agrees(self):
        """Whether backpropagation and difference say the same."""
        largest = max(abs(self.gradient), abs(self.difference))
        apart = abs(self.gradient - self.difference)
        return not self.kink and not self.lost and apart <= AGREES * largest + self.rounding

    @property
    def digits(self):
        """To how many digits they agree; infinitely many where both are 0 but for rounding."""
        if max(abs(self.gradient), abs(self.difference)) <= self.rounding:
            return inf
        return min(floor(-log10(self.error)), EXACT) if self.error else EXACT

    def line(self):
        """Say it in a few words, for the row of its slider."""
        if self.lost:
            return "no number can hold it"
        if self.kink:
            return "at a kink: no one slope"
        if self.digits == inf and self.error:
            return f"difference {number(self.difference)}: 0 but for rounding"
        return f"difference {number(self.difference)}, error {number(self.error)}"


def sentence(checked, step):
    """Say how many gradients agree, to how many digits, and why others cannot."""
    h = STEPS[step]
    agreeing = [one for one in checked if one.agrees]
    worst = min(
        (one for one in agreeing if one.digits < inf), key=lambda one: one.digits, default=None
    )
    said = f"{len(agreeing)} of {len(checked)} gradients agree with the central difference"
    said += f", the worst of them, {worst.symbol}, to {worst.digits} digits." if worst else "."
    for one in checked:
        if one.lost:
            return f"{said} {one.symbol} cannot be checked: no number can hold it."
        if one.kink:
            return (
                f"{said} {one.symbol} cannot be checked: within h a switch turns over, and the "
                "loss has one slope on the left and another on the right."
            )
    if len(agreeing) == len(checked) and (not worst or worst.digits >= 6):
        return said
    if h < 1e-6:
        return f"{said} h = {step} is too small: rounding eats the digits of J(w + h) − J(w − h)."
    return f"{said} h = {step} is too large: the curve bends between w − h and w + h."
