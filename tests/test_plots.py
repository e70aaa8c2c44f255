"""What the plots refuse, by name, and what they say. What they look like: ``test_still.py``."""

import math
import re

import numpy as np
import pytest

from backprop_lib import plots
from backprop_lib.plots import Plot, new_figure

ONE, TWO = np.linspace(1, 2, 4), np.linspace(1, 3, 4)
STEPS = 0.1 ** np.arange(1.0, 6)
RIGHT = {
    plots.loss_history: {"losses": ONE},
    plots.stretched_lines: {"rows": [ONE, TWO], "labels": ["x", "y"], "factors": ["2"]},
    plots.growing_rectangle: {"x": 6, "y": 5, "dx": 0.6, "dy": 0.2, "terms": list("abcd")},
    plots.difference_errors: {
        "steps": STEPS,
        "forward": STEPS,
        "central": STEPS**2,
        "best": (1e-8, 1e-5),
    },
    plots.toy_gap: {"x": ONE, "f": TWO, "point": (1, 2), "prediction": 3},
    plots.two_starts: {
        "losses": [ONE, TWO],
        "x": ONE,
        "curves": [ONE, TWO],
        "points": [(1, 2)],
        "labels": ["a", "b"],
        "description": "two",
    },
    plots.layer_edges: {"W": np.ones((2, 3))},
    plots.sigmoid_and_slope: {"z": ONE, "a": ONE, "slope": TWO},
    plots.gradient_against_z: {"z": ONE, "squared": ONE, "cross_entropy": TWO},
    plots.two_losses_training: {"squared": ONE, "cross_entropy": TWO},
    plots.learned_regions: {
        "grid": ONE,
        "outputs": np.outer(ONE, ONE) / 4,
        "X": np.ones((2, 3)),
        "Y": np.array([[0, 1, 0]]),
    },
    plots.layer_stack: {"names": ["X", "Dense"], "roles": ["image", "classifier"]},
    plots.picture_grid: {
        "pictures": np.ones((3, 3, 2)),
        "titles": ["a", "b"],
        "description": "two",
        "largest": 2,
    },
}
CASES = [(plot, name) for plot, arguments in RIGHT.items() for name in arguments]


def wrong(right):
    """Return values of another kind or size than the right one."""
    if isinstance(right, str):
        return [None, 3]
    if isinstance(right, (int, float)):
        return [None, "1", math.nan, True, [1.0]]
    if isinstance(right, list) and isinstance(right[0], str):
        return [None, 3, "ab", [*right, 3], [3] * len(right)]
    return [None, 3.0, "ab", [], np.array(["a"]), np.array(right, dtype=float) * math.nan]


@pytest.mark.parametrize("plot, name", CASES, ids=[f"{p.__name__}-{n}" for p, n in CASES])
def test_an_argument_of_another_kind_is_named(plot, name):
    plot(**RIGHT[plot])
    for bad in wrong(RIGHT[plot][name]):
        if name == "largest" and bad is None:
            continue  # without it the numbers are ink
        with pytest.raises((TypeError, ValueError), match=f"^(Plot|{plot.__name__}): {name}: exp"):
            plot(**RIGHT[plot] | {name: bad})


@pytest.mark.parametrize(
    "plot, changes, message",
    [
        (plots.stretched_lines, {"factors": ["2", "3"]}, "factors: expected 1 of them, got 2"),
        (plots.stretched_lines, {"labels": ["x"]}, "labels: expected 2 of them, got 1"),
        (plots.stretched_lines, {"rows": [[1, 2], [1]]}, "rows: expected a rectangular array"),
        (plots.growing_rectangle, {"dx": 0}, "dx: expected a number above 0, got 0.0"),
        (plots.growing_rectangle, {"terms": ["a"]}, "terms: expected 4 of them, got 1"),
        (plots.difference_errors, {"central": ONE}, "central: expected shape (5,), got (4,)"),
        (plots.difference_errors, {"best": (1,)}, "best: expected shape (2,), got (1,)"),
        (plots.difference_errors, {"steps": STEPS + 1}, "steps: expected one of at most 0.002"),
        (plots.toy_gap, {"f": [1]}, "f: expected shape (4,), got (1,)"),
        (plots.toy_gap, {"point": (1, 2, 3)}, "point: expected shape (2,), got (3,)"),
        (plots.two_starts, {"losses": [ONE]}, "losses: expected 2 of them, got 1"),
        (plots.two_starts, {"curves": [STEPS] * 2}, "curves: expected shape (2, 4), got (2, 5)"),
        (plots.two_starts, {"points": [1, 2]}, "points: expected shape (points, 2), got (2,)"),
        (plots.layer_edges, {"W": np.ones((2, 1))}, "W: expected 2 to 9 inputs, 1 to 9 outputs"),
        (plots.layer_edges, {"W": np.ones((10, 2))}, "W: expected 2 to 9 inputs, 1 to 9 outputs"),
        (plots.sigmoid_and_slope, {"slope": [1]}, "slope: expected shape (4,), got (1,)"),
        (plots.gradient_against_z, {"squared": [1]}, "squared: expected shape (4,), got (1,)"),
        (plots.two_losses_training, {"cross_entropy": [1]}, "cross_entropy: expected shape (4,)"),
        (plots.learned_regions, {"outputs": np.ones((4, 3))}, "outputs: expected shape (4, 4)"),
        (plots.learned_regions, {"X": np.ones((3, 3))}, "X: expected shape (2, m), got (3, 3)"),
        (plots.learned_regions, {"Y": np.ones((1, 2))}, "Y: expected shape (1, 3), got (1, 2)"),
        (plots.layer_stack, {"roles": ["a"]}, "roles: expected 2 of them, got 1"),
        (plots.layer_stack, {"names": [], "roles": []}, "names: expected at least one, got none"),
        (plots.picture_grid, {"titles": ["a"]}, "titles: expected 2 of them, got 1"),
        (plots.picture_grid, {"columns": 0}, "columns: expected a whole number >= 1, got 0"),
        (plots.picture_grid, {"largest": 0}, "largest: expected a number above 0, got 0.0"),
    ],
)
def test_a_wrong_size_is_named(plot, changes, message):
    with pytest.raises(ValueError, match=re.escape(f"{plot.__name__}: {message}")):
        plot(**RIGHT[plot] | changes)


def test_a_plot_needs_a_figure_and_words():
    figure = new_figure()[0]
    with pytest.raises(TypeError, match="^Plot: figure: expected a Figure, got str$"):
        Plot("figure", "words")
    with pytest.raises(TypeError, match="^Plot: description: expected a str, got NoneType$"):
        Plot(figure, None)


def test_the_gap_is_said_to_be_above_or_below():
    above = plots.toy_gap(ONE, TWO, (1, 2), 3.25).description
    assert above == "the toy model's curve passes 1.25 above its data point"
    below = plots.toy_gap(ONE, TWO, (1, 2), 0.5).description
    assert below == "the toy model's curve passes 1.50 below its data point"


def drawn(plot):
    """Return the points of each line, and the texts, of a plot's first axes."""
    axes = plot.figure.axes[0]
    lines = [np.transpose(line.get_data()).tolist() for line in axes.lines]
    return lines, [text.get_text() for text in axes.texts]


def test_what_stands_where():
    lines, _ = drawn(plots.loss_history([3.0, 2.0]))
    assert lines == [[[1, 3], [2, 2]]]  # epochs count from 1
    lines, _ = drawn(plots.two_losses_training([1.0, 0.9], [1.0, 0.5]))
    assert lines == [[[0, 1], [1, 0.9]], [[0, 1], [1, 0.5]]]
    lines, _ = drawn(plots.toy_gap([0, 1], [4, 5], (0.5, 2), 4.5))
    assert lines == [[[0, 4], [1, 5]], [[0.5, 2], [0.5, 4.5]], [[0.5, 4.5]], [[0.5, 2]]]
    _, texts = drawn(plots.layer_edges(np.array([[1, -2], [3, 4]])))
    assert texts == ["1", "−2", "h₁", "h₂", "o₁", "o₂"]  # the first row
    plot = plots.layer_edges(np.array([[1, -2], [3, 4]]))
    assert [text.get_text() for text in plot.figure.axes[1].texts][:2] == ["−2", "4"]
    _, texts = drawn(plots.growing_rectangle(6, 5, 0.6, 0.2, list("abcd")))
    assert texts == ["a", "b", "c", "d", "x = 6", "y = 5"]


def test_each_curve_is_the_one_it_is_called():
    lines, _ = drawn(plots.sigmoid_and_slope([0, 1], [2, 3], [4, 5]))
    assert lines == [[[0, 2], [1, 3]], [[0, 4], [1, 5]]]
    plot = plots.gradient_against_z([0, 1], squared=[2, 3], cross_entropy=[4, 5])
    dashes = {line.get_linestyle(): line.get_ydata().tolist() for line in plot.figure.axes[0].lines}
    assert dashes == {"--": [2, 3], "-": [4, 5]}
    X = np.array([[1, 2, 3], [4, 5, 6]])
    plot = plots.learned_regions(ONE, np.outer(ONE, ONE) / 4, X, [[0, 1, 0]])
    ones, others = (points.get_offsets().tolist() for points in plot.figure.axes[0].collections[2:])
    assert (ones, others) == ([[2, 5]], [[1, 4], [3, 6]])


def test_the_errors_fall_as_the_first_and_the_second_power():
    lines, _ = drawn(plots.difference_errors(STEPS, STEPS / 2, STEPS**2 / 2, (1e-8, 1e-5)))
    for line, power in [(lines[1], 1), (lines[4], 2)]:  # error, guide, best step
        np.testing.assert_allclose(
            [y for _, y in line],
            0.05 / 10 ** (power - 1) * np.power([10 * x for x, _ in line], power),
            rtol=1e-12,
        )


def test_purple_is_below_zero_and_green_above():
    assert plots.DIVERGING([0.0, 1.0], bytes=True).tolist() == [
        [118, 42, 131, 255],
        [27, 120, 55, 255],
    ]


def test_every_picture_stands_upright_under_its_title():
    pictures = np.arange(12.0).reshape(2, 3, 2)
    plot = plots.picture_grid(pictures, ["first", "second"], "two", columns=3)
    assert [axes.get_title() for axes in plot.figure.axes] == ["first", "second", ""]
    for k, axes in enumerate(plot.figure.axes[:2]):
        mesh = axes.collections[0]
        assert mesh.get_array().tolist() == pictures[::-1, :, k].tolist()
        assert mesh.get_clim() == (0, 1)
    signed = plots.picture_grid(pictures, ["first", "second"], "two", largest=5)
    assert signed.figure.axes[0].collections[0].get_clim() == (-5, 5)
