"""Nothing is timed before it has been shown to compute the same loss and the same gradients."""

import numpy as np

TOLERANCE = {"float64": 1e-8, "float32": 1e-3}  # other orders of summation, nothing else


class Disagreement(Exception):
    """Two implementations were to be compared, but they do not compute the same."""


def require_agreement(workload, dtype, results):
    """Compare everybody's result with the first one's.

    Parameters
    ----------
    workload, dtype : str
        Named in the message; the dtype sets the tolerance.
    results : dict of str to (loss, list of arrays)
        By implementation; the gradients in the same order, each with as many entries.
    """
    (first, (loss, gradients)), *others = results.items()
    for name, (other_loss, other_gradients) in others:
        pairs = [(loss, other_loss), *zip(gradients, other_gradients, strict=True)]
        error = np.max([_relative_error(a, b) for a, b in pairs])  # NaN if any is NaN
        if not error <= TOLERANCE[dtype]:
            raise Disagreement(
                f"{workload}, {dtype}: {name} differs from {first} by {error:.1e} of the largest "
                f"entry, expected at most {TOLERANCE[dtype]:g}: not timed"
            )


def _relative_error(a, b):
    a, b = np.ravel(a), np.ravel(b)
    if a.shape != b.shape:
        return np.inf
    return abs(a - b).max() / abs(a).max()
