"""The kernel's explorer: what it shows is what the library computes, wherever the sliders stand."""

import re

import numpy as np
import pytest

from backprop_lib import SoftmaxCrossEntropy, check_gradients, load_digits
from backprop_lib.live.figures import VERTICAL_STROKE, kernel_explorer, kernel_network
from backprop_lib.live.heatmap import Matrices, heatmap

NAMES = [f"w{i}{j}" for i in range(3) for j in range(3)]
MOVES = [{}, {"w02": 0.5}, {"w11": -2.0, "w20": 1.35}, dict.fromkeys(NAMES, 0.0)]


def sample(k):
    images, labels = load_digits()
    return images[..., [k]], labels[[k]]


def gradient_at(moves, k=11):
    """Return dW and J at moved weights; the head is that of the starting kernel."""
    network, loss = kernel_network(), SoftmaxCrossEntropy()
    for name, value in moves.items():
        network.layers[0].W[0, 0, int(name[1]), int(name[2])] = value
    X, label = sample(k)
    errors = check_gradients(network, loss, X, label)
    J = loss.forward(network.forward(X), label)
    network.backward(loss.backward())
    return network.layers[0].dW[0, 0], J, errors


def shown(picture, title):
    """Return the numbers of one heat map, row by row, from its label."""
    rows = re.search(rf'aria-label="{title}[^:"]*: ([^"]*)"', picture)[1].replace("\u2212", "-")
    return np.array([[float(x) for x in row.split(", ")] for row in rows.split("; ")])


@pytest.mark.parametrize("moves", MOVES)
def test_gradient_of_the_kernel_agrees_with_central_differences(moves):
    errors = gradient_at(moves)[2]
    assert errors["1.W"] < 1e-8


@pytest.mark.parametrize("moves", MOVES)
def test_sliders_show_the_gradient_and_the_loss_of_where_they_stand(moves):
    explorer = kernel_explorer()
    for name, value in moves.items():
        explorer.sliders[name].value = value
    picture = explorer.drawing.value
    dW, J, _ = gradient_at(moves)
    np.testing.assert_allclose(shown(picture, "dW"), dW, atol=0.00501)
    weights = [explorer.sliders[name].value for name in NAMES]
    np.testing.assert_allclose(shown(picture, "kernel W").ravel(), weights, atol=0.00501)
    assert f"<b>{J:.3f}</b>" in picture


def test_a_step_against_the_gradient_lowers_the_loss():
    dW, J, _ = gradient_at({})
    step = np.array(VERTICAL_STROKE) - 0.05 * dW
    moved = dict(zip(NAMES, step.ravel(), strict=True))
    assert gradient_at(moved)[1] < J


def test_the_sliders_put_back_give_the_picture_back():
    explorer = kernel_explorer()
    start = explorer.drawing.value
    explorer.sliders["w00"].value = 1.0
    assert explorer.drawing.value != start
    explorer.sliders["w00"].value = -0.5
    assert explorer.drawing.value == start


def test_the_page_says_where_the_explorer_is_alive():
    bundle = kernel_explorer()._repr_mimebundle_()
    assert "make lab" in bundle["text/html"]
    assert "w22 = -0.5" in bundle["text/plain"]


def test_heatmap_writes_numbers_titles_and_columns():
    drawing = heatmap([[0.5, -1.25], [-0.001, 3]], "a < b", columns=("p", "q"))
    assert 'aria-label="a &lt; b: 0.50, \u22121.25; 0.00, 3.00"' in drawing
    assert ">p</text>" in drawing and ">q</text>" in drawing
    with pytest.raises(ValueError, match="columns: expected 2 names, got 1"):
        heatmap([[0.5, -1.25]], "one row", columns=("p",))


def test_heatmap_of_zeros_is_white():
    assert "rgb(255,255,255)" in heatmap(np.zeros((1, 1)), "zero")


def test_matrices_describe_themselves():
    matrices = Matrices("two & two", {"A": [[1.0]]}, {"dA": [[2.0]]}, digits=1)
    assert repr(matrices) == "<matrices: two & two>"
    assert 'aria-label="two &amp; two"' in matrices._repr_html_()
    assert "dA: 2.0" in matrices._repr_html_()
