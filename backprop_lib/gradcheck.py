"""Is a gradient right? Compare it, entry by entry, with what the loss itself says."""

from contextlib import contextmanager

import numpy as np

from backprop_lib._validate import (
    fraction,
    function,
    made_object,
    positive_number,
    random_generator,
    real_array,
    real_number,
)
from backprop_lib.losses import warn_of_probabilities
from backprop_lib.network import Sequential

EPS = np.finfo(float).eps
STEP = EPS ** (1 / 3)  # balances the truncation and the rounding error
DIFFERS = "differs"


class GradientMismatch(AssertionError):
    """A gradient and its numerical estimate differ by more than the tolerance, or the loss has a
    kink there, so that there is nothing to compare.
    """


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
    function(f, "numerical_gradient: f", "np.sum")
    P = real_array(P, "numerical_gradient: P").astype(np.float64)
    h = positive_number(h, "numerical_gradient: h")
    G = np.empty_like(P)
    for i in np.ndindex(P.shape):
        step = h * max(1.0, abs(P[i]))
        up, down = P.copy(), P.copy()
        up[i] += step
        down[i] -= step
        if up[i] == down[i]:
            raise ValueError(f"numerical_gradient: h: expected a step that moves P, got {h:g}")
        G[i] = (_number(f(up)) - _number(f(down))) / (up[i] - down[i])
    return G


def complex_step(f, P, h=1e-20):
    """Return Im f(P + ih) / h for each entry: no difference, hence no rounding error.

    ``f`` must be analytic and accept complex arrays; Equation :eq:`eq-complex-step`.
    """
    function(f, "complex_step: f", "np.sum")
    P = real_array(P, "complex_step: P").astype(np.complex128)
    h = positive_number(h, "complex_step: h")
    G = np.empty(P.shape)
    for i in np.ndindex(P.shape):
        moved = P.copy()
        moved[i] += 1j * h
        result = f(moved)
        if not np.iscomplexobj(result):
            raise TypeError(f"complex_step: f: expected a complex result, got {result!r}")
        G[i] = real_number(np.imag(result), "complex_step: f") / h
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
    """Compare every gradient of a network, entry by entry, with central differences.

    Parameters
    ----------
    network : Sequential
        Its parameters are moved and put back.
    loss : loss object
        Its ``forward`` takes the network's output and Y.
    X, Y : arrays
        A batch.
    tolerance : float, optional
        The largest relative error that passes, below 1: of an array as a whole, and of each entry
        as far as differences can tell. They are good to about 1e-10 of the largest entries, a
        wrong rule is off by far more than 1e-7.

    Returns
    -------
    dict of str to float
        The relative error for each parameter, and for the input under ``"X"``.

    Raises
    ------
    GradientMismatch
        A gradient differs, or the loss did not depend on any parameter (or, without parameters,
        on the input): nothing was compared. Or the loss has a kink, as ReLU at 0 or the maximum
        of two equal numbers: its slopes to the two sides differ, and no gradient is right.

    Notes
    -----
    ``network.gradients()`` are those of X and Y afterwards. What network and loss remember of
    their last forward pass is what it was before.
    """
    tolerance = fraction(tolerance, "check_gradients: tolerance")
    with _memory_kept(network, loss, "check_gradients"):
        gradients, losses, rounding = _passes(network, loss, X, Y, "check_gradients")
        warn_of_probabilities(network, loss)
        numerical = {name: numerical_gradient(f, P) for name, (f, P) in losses.items()}
        _refuse_independence(numerical, rounding, "check_gradients")
        return {
            name: _compared(G, numerical[name], *losses[name], name, tolerance, rounding)
            for name, G in gradients.items()
        }


def check_directions(network, loss, X, Y, rng, tolerance=1e-7):
    """Compare the gradient of each array with one central difference, along a random direction.

    For G = d J / d P and a random V of P's shape, the slope of J along V is Σ G ⊙ V, and about
    (J(P + hV) − J(P − hV)) / 2h, Equation :eq:`eq-central-difference`: two forward passes for an
    array of a million numbers, where ``check_gradients`` needs two million. A rule that is wrong
    in few of many entries can hide.

    Parameters
    ----------
    network, loss, X, Y
        As in ``check_gradients``.
    rng : numpy.random.Generator
        Draws the directions.
    tolerance : float, optional
        The largest relative error that passes, below 1.

    Returns
    -------
    dict of str to float
        The relative error of the slope for each parameter, and for the input under ``"X"``.

    Raises
    ------
    GradientMismatch
        As in ``check_gradients``.
    """
    tolerance = fraction(tolerance, "check_directions: tolerance")
    rng = random_generator(rng, "check_directions: rng")
    errors, slopes = {}, {}
    with _memory_kept(network, loss, "check_directions"):
        gradients, losses, rounding = _passes(network, loss, X, Y, "check_directions")
        warn_of_probabilities(network, loss)
        for name, G in gradients.items():
            f, P = losses[name]
            V = rng.normal(size=P.shape)
            V *= max(1.0, np.linalg.norm(P)) / np.linalg.norm(V)
            line, slope = _line(f, P, V), np.vdot(G, V)
            central = _central(line, STEP)
            allowed = tolerance * (abs(slope) + abs(central))
            if abs(slope - central) > allowed + rounding:
                central, fault = _judged(line, slope, central, STEP, allowed, rounding)
                if fault:
                    raise GradientMismatch(
                        f"check_directions: {name} {fault} along a random direction: "
                        f"{slope:.6g}, numerically {central:.6g}"
                    )
            slopes[name] = central
            errors[name] = relative_error(slope, central)
    _refuse_independence(slopes, rounding, "check_directions")
    return errors


@contextmanager
def _memory_kept(network, loss, owner):
    """Put back afterwards what a network and a loss remember, except the network's gradients."""
    if not isinstance(network, Sequential):
        found = type(network).__name__
        raise TypeError(f"{owner}: network: expected a Sequential, got {found}")
    made_object(loss, f"{owner}: loss", "HalfSquaredError()", ["forward", "backward"])
    things = [loss, network, *network.layers]
    before = [dict(vars(thing)) for thing in things]
    try:
        yield
    finally:
        for thing, memory in zip(things, before, strict=True):
            gradients = {f"d{name}" for name in getattr(thing, "parameter_names", ())}
            kept = {name: G for name, G in vars(thing).items() if name in gradients}
            vars(thing).clear()
            vars(thing).update(memory | kept)


def _passes(network, loss, X, Y, owner):
    """Run forward and backward.

    Returns
    -------
    gradients : dict of str to array
    losses : dict of str to pair
        For every array the loss as a function of it alone, and the array; the input's first.
    rounding : float
        How far a central difference may be off because the loss is rounded: a few times what the
        loss changes by if every number changes in its last digit.
    """
    X = real_array(X, f"{owner}: X").astype(np.float64)
    parameters = network.parameters()
    for name, P in parameters.items():
        if P.dtype != np.float64:
            raise TypeError(f"{owner}: {name}: expected float64, got {P.dtype}: too coarse")
    loss.forward(network.forward(X), Y)
    dX = network.backward(loss.backward())
    gradients = network.gradients() | {"X": dX}  # looking at the loss leaves them as they are
    for name, P in (parameters | {"X": X}).items():
        if np.shape(gradients[name]) != P.shape:
            raise GradientMismatch(
                f"{owner}: {name}: expected shape {P.shape}, got {np.shape(gradients[name])}"
            )

    losses = {"X": (lambda moved: _loss_at(network, loss, moved, Y, {}), X)}
    for name, P in parameters.items():
        losses[name] = (lambda moved, name=name: _loss_at(network, loss, X, Y, {name: moved}), P)
    rng, J = np.random.default_rng(0), _loss_at(network, loss, X, Y, {})
    changes = [EPS * abs(J)]
    for _ in range(4):
        X_moved, *moved = (
            P * (1 + rng.uniform(-EPS, EPS, P.shape)) for P in [X, *parameters.values()]
        )
        J_moved = _loss_at(network, loss, X_moved, Y, dict(zip(parameters, moved, strict=True)))
        changes.append(abs(J_moved - J))
    return gradients, losses, 4 * max(changes) / STEP


def _loss_at(network, loss, X, Y, moved):
    """Return the loss with some parameters moved, and put them back."""
    parameters = network.parameters()
    originals = {name: parameters[name].copy() for name in moved}
    try:
        for name, P in moved.items():
            parameters[name][...] = P
        return loss.forward(network.forward(X), Y)
    finally:
        for name, P in originals.items():
            parameters[name][...] = P


def _refuse_independence(slopes, rounding, owner):
    parameters = slopes.keys() - {"X"}
    largest = max(np.max(np.abs(slopes[name])) for name in parameters or ["X"])
    if largest <= rounding:
        what = "any parameter" if parameters else "the input"
        more = " more than it changes by itself" if largest else ""
        raise GradientMismatch(f"{owner}: the loss does not depend on {what}{more}")


def _compared(G, G_expected, f, P, name, tolerance, rounding):
    """Return the relative error of the array, after a closer look at entries that differ."""
    error = relative_error(G, G_expected)
    off, size = np.abs(G - G_expected), np.abs(G) + np.abs(G_expected)
    order = np.argsort(off, axis=None)[::-1]  # the largest first
    for k in order[(off > tolerance * size + rounding).ravel()[order]]:
        i = tuple(int(axis) for axis in np.unravel_index(k, P.shape))
        V = np.zeros_like(P)
        V[i] = 1.0
        line, h = _line(f, P, V), STEP * max(1.0, abs(P[i]))
        central, allowed = G_expected[i], tolerance * size[i]
        if error <= tolerance and off[i] < 10 * _spread(line, central, h):
            continue  # too small for differences to tell
        G_expected[i], fault = _judged(line, G[i], central, h, allowed, rounding)
        if fault:
            if error > tolerance and fault == DIFFERS:
                fault = f"has relative error {error:.1e} > {tolerance:g}; largest"
            raise GradientMismatch(
                f"check_gradients: {name} {fault} at {i}: {G[i]:.6g}, "
                f"numerically {G_expected[i]:.6g}"
            )
    return relative_error(G, G_expected)


def _line(f, P, V):
    """Return f along a direction: as a function of how many V it is moved from P."""
    return lambda t: _number(f(P + t * V))


def _central(line, h):
    return (line(h) - line(-h)) / (2 * h)


def _spread(line, central, h):
    """Return by how much the central differences over other steps disagree with that over h."""
    return max(abs(_central(line, factor * h) - central) for factor in (2, 4, 8))


def _judged(line, slope, central, h, allowed, rounding):
    """Look closer at a slope that is not the central difference over h.

    Returns
    -------
    central : float
        The central difference to believe: over a shorter step, as long as that comes much nearer,
        as it does where the step was too long, or reached over a kink.
    fault : str or None
        What is wrong with the slope, if anything.
    """
    for _ in range(3):
        (right, left), (near_right, near_left) = _sides(line, h), _sides(line, h / 8)
        near, off = (near_right + near_left) / 2, abs(slope - central)
        if abs(slope - near) >= off / 8:
            break
        central, h, rounding = near, h / 8, 8 * rounding
        if abs(slope - central) <= allowed + rounding:
            return central, None
    # over an eighth of the step curvature leaves an eighth of the sides' difference, a kink all
    gap, near_gap = abs(right - left), abs(near_right - near_left)
    if gap > off / 10 and near_gap > gap / 6 + 8 * rounding:
        return central, (
            f"is at a kink, with slope {right:.6g} to the right and {left:.6g} to the left,"
        )
    return central, DIFFERS


def _sides(line, h):
    return (line(h) - line(0)) / h, (line(0) - line(-h)) / h


def _number(J):
    return real_number(J, "numerical_gradient: f")
