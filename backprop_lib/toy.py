"""The scalar toy model: eight parameters, every intermediate named, forward and backward as twins.

f = β3 + ω3·cos(β2 + ω2·exp(β1 + ω1·sin(β0 + ω0·x))), loss ℓ = (f − y)².

Source: Prince, *Understanding Deep Learning* (2023), section 7.2 and notebook 7.1.
"""

from math import cos, exp, inf, isfinite, sin

from backprop_lib import graph
from backprop_lib._validate import positive_number, real_number


class ToyModel:
    """The toy model; Equation :eq:`eq-toy`.

    Parameters
    ----------
    beta, omega : sequence of 4 floats
        The offsets β0 ... β3 and the slopes ω0 ... ω3.

    Attributes
    ----------
    values : dict of str to float
        f0, h1, f1, h2, f2, h3, f3, loss: filled by ``forward``.
    gradients : dict of str to float
        d loss / d each value and each parameter: filled by ``backward``.
    """

    def __init__(self, beta, omega):
        self.beta = _four(beta, "ToyModel: beta")
        self.omega = _four(omega, "ToyModel: omega")
        self.values = self.gradients = None

    def forward(self, x, y):
        """Return the loss at one point (x, y); Equation :eq:`eq-toy-forward`.

        ``OverflowError`` if it is beyond the largest float, and nothing has changed.
        """
        x, y = real_number(x, "ToyModel: x"), real_number(y, "ToyModel: y")
        beta0, beta1, beta2, beta3 = self.beta
        omega0, omega1, omega2, omega3 = self.omega
        try:
            f0 = beta0 + omega0 * x
            h1 = sin(f0)
            f1 = beta1 + omega1 * h1
            h2 = exp(f1)
            f2 = beta2 + omega2 * h2
            h3 = cos(f2)
            f3 = beta3 + omega3 * h3
            loss = (f3 - y) ** 2
        except (OverflowError, ValueError):  # as of exp 1000, and of the sine of infinity
            loss = inf
        _refuse_infinity([loss], "the loss")
        self.x, self.y = x, y
        self.values = dict(f0=f0, h1=h1, f1=f1, h2=h2, f2=f2, h3=h3, f3=f3, loss=loss)
        return loss

    def backward(self):
        """Return the 15 derivatives of the loss; Equation :eq:`eq-toy-backward`.

        Returns
        -------
        dict of str to float
            For ``f3, h3, ..., f0`` and for ``beta3, omega3, ..., beta0, omega0``.

        Raises
        ------
        OverflowError
            One of them is beyond the largest float.
        """
        if self.values is None:
            raise RuntimeError("ToyModel: call forward before backward")
        f0, h1, f1, h2, f2, h3, f3, _ = self.values.values()
        _, omega1, omega2, omega3 = self.omega
        df3 = 2 * (f3 - self.y)
        dh3 = df3 * omega3
        df2 = dh3 * -sin(f2)
        dh2 = df2 * omega2
        df1 = dh2 * exp(f1)
        dh1 = df1 * omega1
        df0 = dh1 * cos(f0)
        dbeta3, domega3 = df3, df3 * h3
        dbeta2, domega2 = df2, df2 * h2
        dbeta1, domega1 = df1, df1 * h1
        dbeta0, domega0 = df0, df0 * self.x
        gradients = dict(f3=df3, h3=dh3, f2=df2, h2=dh2, f1=df1, h1=dh1, f0=df0)
        gradients |= dict(beta3=dbeta3, omega3=domega3, beta2=dbeta2, omega2=domega2)
        gradients |= dict(beta1=dbeta1, omega1=domega1, beta0=dbeta0, omega0=domega0)
        _refuse_infinity(gradients.values(), "a derivative")
        self.gradients = gradients
        return gradients

    def update(self, learning_rate):
        """Take one step of gradient descent; Equation :eq:`eq-gradient-descent`.

        The values belong to the old parameters: call ``forward`` before the next step.
        """
        learning_rate = positive_number(learning_rate, "ToyModel: learning_rate")
        gradients = self.backward()
        beta = [b - learning_rate * gradients[f"beta{k}"] for k, b in enumerate(self.beta)]
        omega = [w - learning_rate * gradients[f"omega{k}"] for k, w in enumerate(self.omega)]
        _refuse_infinity(beta + omega, "an updated parameter")
        self.beta, self.omega, self.values = beta, omega, None


def record(beta, omega, x, y):
    """Record the toy model as a scalar graph.

    Returns
    -------
    dict of str to graph.Value
        Every parameter, input and intermediate by name; ``loss`` is the last.
    """
    beta, omega = _four(beta, "record: beta"), _four(omega, "record: omega")
    x, y = graph.Value(x, "x"), graph.Value(y, "y")
    beta0, beta1, beta2, beta3 = [graph.Value(beta[k], f"beta{k}") for k in range(4)]
    omega0, omega1, omega2, omega3 = [graph.Value(omega[k], f"omega{k}") for k in range(4)]
    f0 = (beta0 + omega0 * x).named("f0")
    h1 = graph.sin(f0).named("h1")
    f1 = (beta1 + omega1 * h1).named("f1")
    h2 = graph.exp(f1).named("h2")
    f2 = (beta2 + omega2 * h2).named("f2")
    h3 = graph.cos(f2).named("h3")
    f3 = (beta3 + omega3 * h3).named("f3")
    loss = graph.square(f3 - y).named("loss")
    leaves = [x, y, beta0, beta1, beta2, beta3, omega0, omega1, omega2, omega3]
    return {value.name: value for value in [*leaves, f0, h1, f1, h2, f2, h3, f3, loss]}


def _refuse_infinity(numbers, what):
    if not all(map(isfinite, numbers)):
        raise OverflowError(f"ToyModel: {what} is beyond the largest float")


def _four(numbers, name):
    if not hasattr(numbers, "__iter__"):
        raise TypeError(f"{name}: expected 4 numbers, got {type(numbers).__name__}")
    numbers = [real_number(number, name) for number in numbers]
    if len(numbers) != 4:
        raise ValueError(f"{name}: expected 4 numbers, got {len(numbers)}")
    return numbers
