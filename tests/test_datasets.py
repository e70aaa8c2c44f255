"""The digits in the package, and splitting them."""

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from backprop_lib import datasets, load_digits

pytestmark = pytest.mark.filterwarnings("error")


def test_digits_equal_scikit_learn_s_copy():
    images, labels = load_digits()
    theirs = sklearn_datasets.load_digits()
    assert (images.shape, labels.shape) == ((1, 8, 8, 1797), (1797,))
    np.testing.assert_array_equal(np.moveaxis(images[0], -1, 0) * 16, theirs.images)
    np.testing.assert_array_equal(labels, theirs.target)


def test_digits_are_scaled_exactly():
    images, labels = load_digits()
    assert (images.dtype, labels.dtype) == (np.float64, np.int64)
    assert (images.min(), images.max()) == (0, 1)
    assert set((images * 16).ravel()) == set(range(17))
    assert set(labels) == set(range(10))


def test_every_call_returns_arrays_of_its_own():
    first, _ = load_digits()
    first += 1
    assert load_digits()[0].max() == 1


@pytest.mark.parametrize("held_out, in_test", [(0.3, 3), (0.0, 0), (0.5, 5), (0.24, 2), (0.26, 3)])
def test_split_keeps_pairs_together_and_loses_nothing(held_out, in_test):
    labels = np.arange(10)
    images = np.stack([labels, labels * 10]).reshape(2, 1, 1, 10)
    train, train_labels, test, test_labels = datasets.split(
        images, labels, np.random.default_rng(0), held_out
    )
    assert (train.shape, test.shape) == ((2, 1, 1, 10 - in_test), (2, 1, 1, in_test))
    np.testing.assert_array_equal(train[1, 0, 0], train_labels * 10)
    np.testing.assert_array_equal(test[1, 0, 0], test_labels * 10)
    assert sorted([*train_labels, *test_labels]) == list(range(10))


def test_split_is_shuffled_and_reproducible():
    images, labels = load_digits()
    first = datasets.split(images, labels, np.random.default_rng(0))
    again = datasets.split(images, labels, np.random.default_rng(0))
    other = datasets.split(images, labels, np.random.default_rng(1))
    assert len(first[3]) == 449  # a quarter of 1,797
    np.testing.assert_array_equal(first[3], again[3])
    assert (first[3] != other[3]).any()
    assert (first[3] != labels[:449]).any()


@pytest.mark.parametrize(
    "down, right, expected",
    [
        (0, 0, [[1, 2, 3], [4, 5, 6]]),
        (1, 0, [[0, 0, 0], [1, 2, 3]]),
        (-1, 0, [[4, 5, 6], [0, 0, 0]]),
        (0, 2, [[0, 0, 1], [0, 0, 4]]),
        (0, -2, [[3, 0, 0], [6, 0, 0]]),
        (1, -1, [[0, 0, 0], [2, 3, 0]]),
        (-1, 1, [[0, 4, 5], [0, 0, 0]]),
    ],
)
def test_shifted_images(down, right, expected):
    image = np.arange(1.0, 7).reshape(1, 2, 3, 1)
    moved = datasets.shifted(image, down, right)
    np.testing.assert_array_equal(moved[0, :, :, 0], expected)
    np.testing.assert_array_equal(image.ravel(), np.arange(1, 7))  # a copy, even for (0, 0)
    moved += 1
    assert image[0, 0, 0, 0] == 1


def test_shifting_moves_every_channel_and_sample_alike():
    images, _ = load_digits()
    images = np.concatenate([images[..., :5], images[..., 5:10]])
    moved = datasets.shifted(images, 2, -1)
    np.testing.assert_array_equal(moved[:, 2:, :-1], images[:, :-2, 1:])
    assert not moved[:, :2].any()
    assert not moved[:, :, -1].any()


@pytest.mark.parametrize("down, right", [(2, 0), (-2, 0), (0, 3), (0, -3)])
def test_shifting_out_of_sight_is_refused(down, right):
    with pytest.raises(ValueError, match="shifted: "):
        datasets.shifted(np.ones((1, 2, 3, 1)), down, right)
