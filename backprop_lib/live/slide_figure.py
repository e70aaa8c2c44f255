"""The live figure of a kernel that slides over a handwritten digit."""

import numpy as np

from backprop_lib._validate import whole_number
from backprop_lib.datasets import load_digits
from backprop_lib.live.slide_view import SlideFigure

KERNELS = {
    "1 to 9": [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
    "vertical stroke": [[-0.5, 1, -0.5]] * 3,
    "upper left corner": [[1, 1, 1], [1, -1, -1], [1, -1, -1]],
}
UPSTREAM = [[0.5, -1, 0, 1], [-0.5, 1, 2, -1], [1, 0.5, -2, 0], [0, -1.5, 1, 0.5]]


def slide_figure(sample=2):
    """Return a 3×3 kernel on the middle of a digit, in quarters of full ink: outputs and gradients."""
    images, _ = load_digits()
    sample = whole_number(sample, "slide_figure: sample", least=0, most=images.shape[-1] - 1)
    image = images[0, 1:7, 1:7, sample]
    return SlideFigure(np.round(4 * image) / 4, KERNELS, UPSTREAM)


FIGURES = {"slide": slide_figure}
