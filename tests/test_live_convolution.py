"""The kernel on a digit: the figure shows what the library computes, wherever it stands."""

import re

import numpy as np
import pytest

from backprop_lib import SoftmaxCrossEntropy, check_gradients, live, load_digits
from backprop_lib.live.heatmap import Matrices, heatmap
from backprop_lib.live.numbers import number
from backprop_lib.record import VERTICAL_STROKE, kernel_network

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


@pytest.mark.parametrize("moves", MOVES)
def test_gradient_of_the_kernel_agrees_with_central_differences(moves):
    errors = gradient_at(moves)[2]
    assert errors["1.W"] < 1e-8


@pytest.mark.parametrize("moves", MOVES)
@pytest.mark.parametrize("example", ["a 1", "a 7"])
def test_the_figure_shows_the_gradients_and_the_loss_of_the_library(moves, example):
    figure = live.cnn_figure()
    controls, by_name = figure.controls, figure.recording.by_name
    controls.example.value = example
    for name, value in moves.items():
        controls.sliders[name].value = value
    network, loss = kernel_network(), SoftmaxCrossEntropy()
    network.layers[0].W[0, 0] = [[by_name[f"w{i}{j}"].data for j in range(3)] for i in range(3)]
    X = np.array([[by_name[f"p{r}{c}"].data for c in range(8)] for r in range(8)])
    J = loss.forward(network.forward(X[None, :, :, None]), [int(example[-1])])
    dX = network.backward(loss.backward())
    assert by_name["J"].data == pytest.approx(J, rel=1e-12)
    expected = {"w": network.layers[0].dW[0, 0], "p": dX[0, :, :, 0]}
    for letter, gradient in expected.items():
        for (r, c), slope in np.ndenumerate(gradient):
            assert by_name[f"{letter}{r}{c}"].grad == pytest.approx(slope, rel=1e-9, abs=1e-12)
    for name in by_name:
        if name[0] == "w":
            assert (
                f">{number(by_name[name].grad)}<"
                in controls.gradients[0].value
                + controls.gradients[1].value
                + controls.drawing.value
            )


def test_a_step_against_the_gradient_lowers_the_loss():
    dW, J, _ = gradient_at({})
    step = np.array(VERTICAL_STROKE) - 0.05 * dW
    moved = dict(zip(NAMES, step.ravel(), strict=True))
    assert gradient_at(moved)[1] < J


def test_heatmap_writes_numbers_titles_and_columns():
    drawing = heatmap([[0.5, -1.25], [-0.001, 3]], "a < b", columns=("p", "q"))
    assert 'aria-label="a &lt; b: 0.50, \u22121.25; 0.00, 3.00"' in drawing
    assert ">p</text>" in drawing and ">q</text>" in drawing
    with pytest.raises(ValueError, match="columns: expected 2 names, got 1"):
        heatmap([[0.5, -1.25]], "one row", columns=("p",))


def test_heatmap_of_zeros_is_white():
    assert "#ffffff" in heatmap(np.zeros((1, 1)), "zero")


def test_matrices_describe_themselves():
    matrices = Matrices("two & two", {"A": [[1.0]]}, {"dA": [[2.0]]}, digits=1)
    assert repr(matrices) == "<matrices: two & two>"
    assert 'alt="two &amp; two. A: 1.0; dA: 2.0"' in matrices._repr_html_()
    assert re.sub(r"<(?:link|img) [^>]*>", "", matrices._repr_html_()) == ""
