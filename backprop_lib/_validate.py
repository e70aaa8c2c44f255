"""Checks at the library's boundary: what was expected, what came, nothing repaired."""

import math
import os
from collections.abc import Iterable
from numbers import Integral, Real

import numpy as np

FLOAT64, FLOAT32 = np.dtype(np.float64), np.dtype(np.float32)


class NonFiniteError(ValueError):
    """A NaN or an infinity came, or came out, where finite numbers are expected."""


def real_number(value, name):
    """Return ``value`` as a finite float, or say what is wrong with it."""
    if type(value) is float and value - value == 0.0:  # NaN for NaN and infinity
        return value
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected a real number, got {type(value).__name__}")
    try:
        number = float(value)
    except OverflowError:  # an integer beyond the largest float
        number = np.inf
    if not np.isfinite(number):
        raise NonFiniteError(f"{name}: expected a finite number, got {number}")
    return number


def positive_number(value, name):
    """Return ``value`` as a finite float above zero."""
    number = real_number(value, name)
    if number <= 0:
        raise ValueError(f"{name}: expected a number above 0, got {number}")
    return number


def fraction(value, name):
    """Return ``value`` as a float in [0, 1)."""
    number = real_number(value, name)
    if not 0 <= number < 1:
        raise ValueError(f"{name}: expected a number in [0, 1), got {number}")
    return number


def whole_number(value, name, least=1, most=math.inf):
    """Return ``value`` as an int from ``least`` to ``most``."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name}: expected a whole number, got {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name}: expected a whole number >= {least}, got {value}")
    if value > most:
        raise ValueError(f"{name}: expected a whole number <= {most}, got {value}")
    return int(value)


def number_range(low, high, name):
    """Return ``low`` and ``high`` as floats that can be drawn: arithmetic on them is finite."""
    low, high = real_number(low, f"{name}: low"), real_number(high, f"{name}: high")
    if not low < high:
        raise ValueError(f"{name}: expected low < high, got {low} and {high}")
    if max(-low, high) > 1e100 or high - low < 1e-100:
        raise ValueError(
            f"{name}: expected numbers up to 1e100 that are 1e-100 apart, got {low} and {high}"
        )
    return low, high


def instance(value, kind, name):
    """Return ``value`` if it is of the kind."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOaeio" else "a"
        found = type(value).__name__
        raise TypeError(f"{name}: expected {article} {kind.__name__}, got {found}")
    return value


def sequence(value, name, kind=object, count=None):
    """Return the list of what ``value`` holds, each of the kind; a text is not a sequence.

    ``count`` is how many there must be; any number if omitted.
    """
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{name}: expected a list, got {type(value).__name__}")
    parts = [instance(part, kind, name) for part in value]
    if count not in (None, len(parts)):
        raise ValueError(f"{name}: expected {count} of them, got {len(parts)}")
    return parts


def real_array(value, name, shape=None):
    """Return ``value`` as a finite float array of the given shape.

    Parameters
    ----------
    value : array_like
        Integers become float64; float32 and float64 are kept as they are.
    name : str
        Opens the error message, for example ``"Dense: A"``.
    shape : tuple of int or str, optional
        A number must match; a letter such as ``"m"`` admits any size of at least one.

    Raises
    ------
    TypeError
        Something else than integers or floating-point numbers came.
    ValueError
        The shape does not match, an axis is empty, or an entry is NaN or infinite.
    """
    array = value if type(value) is np.ndarray else _as_array(value, name)
    if array.dtype is not FLOAT64 and array.dtype is not FLOAT32:
        if array.dtype.kind not in "iuf":
            raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
        with np.errstate(over="ignore"):  # a long double may be too long: refused below
            array = array.astype(np.float64)
    if not fits(array.shape, shape):
        raise ValueError(f"{name}: expected shape {_written(shape)}, got {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name}: expected at least one entry on every axis, got {array.shape}")
    if not all_finite(array):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise NonFiniteError(f"{name}: expected finite numbers, got {array[where]} at {where}")
    return array


def all_finite(array):
    """Say whether no entry is NaN or infinite.

    The sum of squares tells at once, except where it overflows (``vdot`` does so without a
    warning): then every entry is looked at.
    """
    entries = array.ravel("K")  # in the order they lie in memory: not copied
    return math.isfinite(np.vdot(entries, entries)) or bool(np.isfinite(entries).all())


def fits(actual, expected):
    """Say whether a shape is the expected one, in which a letter admits any size from 1 up.

    Any shape fits ``None``.
    """
    if expected is None or actual == expected:
        return True
    if len(actual) != len(expected):
        return False
    for size, wanted in zip(actual, expected, strict=True):
        if size != wanted and (size == 0 or not isinstance(wanted, str)):
            return False
    return True


def label_array(value, name, classes, m=None):
    """Return ``value`` as an integer array of shape (m,) with entries 0 ... classes - 1.

    ``m`` is how many there must be; any number of at least one if omitted.
    """
    array = _as_array(value, name, "a list of labels")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integer labels, got dtype {array.dtype}")
    m = array.size if m is None else m
    if array.shape != (m,):
        raise ValueError(f"{name}: expected shape ({m},), got {array.shape}")
    if m == 0:
        raise ValueError(f"{name}: expected at least one label, got none")
    if array.min() < 0 or array.max() >= classes:
        wrong = array[(array < 0) | (array >= classes)][0]
        raise ValueError(f"{name}: expected labels 0 to {classes - 1}, got {wrong}")
    return array


def sizes(value, name):
    """Return ``value`` as a tuple of whole numbers above zero, such as the shape of an array."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name}: expected a tuple such as (3, 8), got {type(value).__name__}")
    return tuple(whole_number(size, name) for size in value)


def file_path(value, name):
    """Return ``value`` as the text of a path."""
    path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else value
    if not isinstance(path, str):
        raise TypeError(f"{name}: expected a path, got {type(value).__name__}")
    if "\0" in path:
        raise ValueError(f"{name}: expected a path, got one with a null character: {path!r}")
    return path


def function(value, name, example):
    """Return ``value`` if it can be called, or say what it should be, with an example."""
    if not callable(value):
        raise TypeError(
            f"{name}: expected a function such as {example}, got {type(value).__name__}"
        )
    return value


def made_object(value, name, example, methods):
    """Return ``value`` if it is an object with these methods, and not its class, or its name."""
    found = type(value).__name__
    if isinstance(value, type):
        found = f"the class {value.__name__}"
    elif all(callable(getattr(value, method, None)) for method in methods):
        return value
    raise TypeError(f"{name}: expected an object such as {example}, got {found}")


def random_generator(value, name):
    """Return ``value`` if it is a numpy Generator; a seed is not one."""
    if not isinstance(value, np.random.Generator):
        raise TypeError(
            f"{name}: expected a numpy.random.Generator, got {type(value).__name__}; "
            "make one with numpy.random.default_rng(seed)"
        )
    return value


def _as_array(value, name, expected="a rectangular array"):
    if _masked(value):
        raise TypeError(f"{name}: expected an array, got a masked one, whose mask would be lost")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: expected {expected}, got {error}") from None


def _masked(value):
    """Say whether an array is masked, or one somewhere in a list."""
    if isinstance(value, (list, tuple)):
        return any(map(_masked, value))
    return isinstance(value, np.ma.MaskedArray)


def _written(shape):
    comma = "," if len(shape) == 1 else ""
    return "(" + ", ".join(str(size) for size in shape) + comma + ")"
