"""Random starting weights whose scale keeps the signal's variance from layer to layer."""

import numpy as np

from backprop_lib._validate import positive_number, random_generator, sizes


def he(shape, fan_in, fan_out, rng):
    """Return normal weights of variance 2 / fan_in, for ReLU; Equation :eq:`eq-he`.

    Source: He et al. (2015), *Delving Deep into Rectifiers*.
    """
    shape, rng = sizes(shape, "he: shape"), random_generator(rng, "he: rng")
    fan_in = positive_number(fan_in, "he: fan_in")
    positive_number(fan_out, "he: fan_out")  # not needed, but xavier could stand here
    return rng.normal(0.0, np.sqrt(2 / fan_in), shape)


def xavier(shape, fan_in, fan_out, rng):
    """Return normal weights of variance 2 / (fan_in + fan_out); Equation :eq:`eq-xavier`.

    Source: Glorot and Bengio (2010), for tanh and sigmoid.
    """
    shape, rng = sizes(shape, "xavier: shape"), random_generator(rng, "xavier: rng")
    fan_in = positive_number(fan_in, "xavier: fan_in")
    fan_out = positive_number(fan_out, "xavier: fan_out")
    return rng.normal(0.0, np.sqrt(2 / (fan_in + fan_out)), shape)
