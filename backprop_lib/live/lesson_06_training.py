"""The live figures of the lesson on training: paths of descent, and sizes from layer to layer."""

import numpy as np

from backprop_lib.live.layers_view import LayersFigure
from backprop_lib.live.path_view import PathFigure


def path_figure(learning_rate=0.1, batch_size=4, epochs=5, seed=0):
    """Return the paths of a linear neuron's w and b on 24 noisy samples of a straight line."""
    rng = np.random.default_rng(6)
    x = np.round(rng.uniform(-0.5, 2.5, 24), 2)
    t = np.round(0.8 * x - 0.3 + rng.normal(0.0, 0.6, 24), 2)
    return PathFigure(
        x,
        t,
        start=(-1.6, 1.6),
        w_range=(-2.0, 3.0),
        b_range=(-1.5, 3.0),
        learning_rate=learning_rate,
        batch_size=batch_size,
        epochs=epochs,
        seed=seed,
    )


def layers_figure(start="Xavier", activation="tanh", depth=50, seed=0):
    """Return the sizes of activations and gradients through 10 to 50 layers."""
    return LayersFigure(start=start, activation=activation, depth=depth, seed=seed)


FIGURES = {"path": path_figure, "layers": layers_figure}
