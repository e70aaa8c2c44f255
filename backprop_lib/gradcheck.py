"""Is a gradient right? Compare it, entry by entry, with what the loss itself says."""

import numpy as np

from backprop_lib._validate import positive_number, real_array

STEP = np.finfo(float).eps ** (1 / 3)  # balances the truncation and the rounding error


class GradientMismatch(AssertionError):
    """A gradient and its numerical estimate differ by more than the tolerance."""


def numerical_gradient(f, P, h=STEP):
    """Return the central differences of f at P; Equation :eq:`eq-central-difference`.

    Parameters
    ----------
    f : callable
        Takes an array of P's shape, returns a float.
    P : array
        Where to differentiate; not changed.
    h : float, optional
        The step, relative to max(1, abs(entry)).

    Returns
    -------
    array of P's shape, in float64
    """
    P = real_array(P, "numerical_gradient: P").astype(np.float64)
    h = positive_number(h, "numerical_gradient: h")
    G = np.empty_like(P)
    for i in np.ndindex(P.shape):
        step = h * max(1.0, abs(P[i]))
        up, down = P.copy(), P.copy()
        up[i] += step
        down[i] -= step
        G[i] = (f(up) - f(down)) / (up[i] - down[i])
    return G


def complex_step(f, P, h=1e-20):
    """Return Im f(P + ih) / h for each entry: no difference, hence no rounding error.

    ``f`` must be analytic and accept complex arrays; Equation :eq:`eq-complex-step`.
    """
    P = real_array(P, "complex_step: P").astype(np.complex128)
    h = positive_number(h, "complex_step: h")
    G = np.empty(P.shape)
    for i in np.ndindex(P.shape):
        moved = P.copy()
        moved[i] += 1j * h
        result = f(moved)
        if not np.iscomplexobj(result):
            raise TypeError(f"complex_step: f: expected a complex result, got {result!r}")
        G[i] = np.imag(result) / h
    return G


def relative_error(G, G_expected):
    """Return ‖G − G_expected‖ / (‖G‖ + ‖G_expected‖), between 0 and 1; 0 if both are zero."""
    G = real_array(G, "relative_error: G")
    G_expected = real_array(G_expected, "relative_error: G_expected", G.shape)
    largest = max(np.abs(G).max(), np.abs(G_expected).max())
    if largest == 0:
        return 0.0
    G, G_expected = G / largest, G_expected / largest  # their squares neither overflow nor vanish
    norms = np.linalg.norm(G) + np.linalg.norm(G_expected)
    return float(np.linalg.norm(G - G_expected) / norms)


def check_gradients(network, loss, X, Y, tolerance=1e-7):
    """Compare every gradient of a network with central differences.

    Parameters
    ----------
    network : Sequential
        Its parameters are moved and put back.
    loss : loss object
        Its ``forward`` takes the network's output and Y.
    X, Y : arrays
        A batch.
    tolerance : float, optional
        The largest relative error that passes. Central differences are good to about 1e-10,
        a wrong rule is off by far more than 1e-7.

    Returns
    -------
    dict of str to float
        The relative error for each parameter, and for the input under ``"X"``.

    Raises
    ------
    GradientMismatch
        A gradient differs, or the loss did not depend on any parameter (or, without parameters,
        on the input): nothing was compared.
    """
    X = real_array(X, "check_gradients: X").astype(np.float64)
    parameters = network.parameters()
    for name, P in parameters.items():
        if P.dtype != np.float64:
            raise TypeError(f"check_gradients: {name}: expected float64, got {P.dtype}: too coarse")
    loss.forward(network.forward(X), Y)
    dX = network.backward(loss.backward())
    gradients = network.gradients() | {"X": dX}  # looking at the loss leaves them as they are

    numerical = {"X": numerical_gradient(lambda A: loss.forward(network.forward(A), Y), X)}
    for name, P in parameters.items():
        numerical[name] = _parameter_gradient(network, loss, X, Y, P)
    if not any(numerical[name].any() for name in parameters or ["X"]):
        what = "any parameter" if parameters else "the input"
        raise GradientMismatch(f"check_gradients: the loss does not depend on {what}")
    return {
        name: _compared(gradients[name], numerical[name], name, tolerance) for name in gradients
    }


def _compared(G, G_expected, name, tolerance):
    if G.shape != G_expected.shape:
        raise GradientMismatch(
            f"check_gradients: {name}: expected shape {G_expected.shape}, got {G.shape}"
        )
    error = relative_error(G, G_expected)
    if error > tolerance:
        i = np.unravel_index(np.abs(G - G_expected).argmax(), G.shape)
        raise GradientMismatch(
            f"check_gradients: {name} has relative error {error:.1e} > {tolerance:g}; largest at "
            f"{tuple(int(k) for k in i)}: {G[i]:.6g}, numerically {G_expected[i]:.6g}"
        )
    return error


def _parameter_gradient(network, loss, X, Y, P):
    original = P.copy()

    def moved_loss(moved):
        P[...] = moved
        return loss.forward(network.forward(X), Y)

    try:
        return numerical_gradient(moved_loss, original)
    finally:
        P[...] = original
