"""The 8×8 handwritten digits, in the package."""

from importlib.resources import files

import numpy as np

from backprop_lib._validate import fraction, random_generator, real_array, whole_number


def load_digits():
    """Return the 1,797 handwritten digits.

    Returns
    -------
    images : float64 array of shape (1, 8, 8, 1797)
        One channel; grey levels from 0 (paper) to 1 (ink) in steps of 1/16.
    labels : int64 array of shape (1797,)
        The digits 0 to 9.

    Notes
    -----
    Source: Alpaydin and Kaynak (1998), *Optical Recognition of Handwritten Digits*, UCI Machine
    Learning Repository, CC BY 4.0; the test part.
    """
    with (files("backprop_lib") / "data" / "digits.npz").open("rb") as file:
        data = np.load(file, allow_pickle=False)
        images, labels = data["images"], data["labels"]
    return images[np.newaxis] / 16.0, labels.astype(np.int64)


def split(images, labels, rng, held_out=0.25):
    """Return (train_images, train_labels, test_images, test_labels), drawn without overlap.

    ``held_out`` is the share of samples in the test part; the batch is the last axis.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim == 0 or labels.ndim != 1 or images.shape[-1] != len(labels):
        raise ValueError(f"split: images {images.shape} do not go with labels {labels.shape}")
    held_out = fraction(held_out, "split: held_out")
    order = random_generator(rng, "split: rng").permutation(len(labels))
    test, train = np.split(order, [round(held_out * len(labels))])
    return images[..., train], labels[train], images[..., test], labels[test]


def shifted(images, down, right):
    """Return images of shape (channels, height, width, m) moved by whole pixels.

    Negative numbers move up and left. What leaves the picture is lost; zeros, the paper, come in.
    """
    images = real_array(images, "shifted: images", ("channels", "height", "width", "m"))
    _, height, width, _ = images.shape
    down = whole_number(down, "shifted: down", least=1 - height)
    right = whole_number(right, "shifted: right", least=1 - width)
    if down >= height or right >= width:
        raise ValueError(
            f"shifted: ({down}, {right}) moves images of {height} by {width} out of sight"
        )
    top, left = max(down, 0), max(right, 0)
    moved = np.zeros_like(images)
    part = images[:, top - down : height - top, left - right : width - left]
    moved[:, top : top + part.shape[1], left : left + part.shape[2]] = part
    return moved
