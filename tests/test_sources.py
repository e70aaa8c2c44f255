"""The sources' numbers as ground truth: every printed one is either right at the digits printed,
or listed with the right value.
"""

import numpy as np
import pytest
from helpers import EXACT, mlp

from backprop_lib import (
    SGD,
    HalfSquaredError,
    Sequential,
    Sigmoid,
    ToyModel,
    Value,
    deltas,
    graph,
    toy,
    worked,
)

pytestmark = pytest.mark.filterwarnings("error")

RELU, SIGMOID, TOY = worked.RELU_2_3_2_1, worked.SIGMOID_2_2_2, worked.TOY
RIGHT, WRONG = True, False

# printed name: digits after the point, the value recomputed, and whether what is printed is right
CHECKED = {
    "000": {
        "h1": (1, [[0.6], [1.3], [2.0]], WRONG),
        "h2": (2, [[3.66], [4.93]], WRONG),
        "y_pred": (3, [[12.26]], WRONG),
        "J": (2, 42.8738, WRONG),
        "dy_pred": (3, [[9.26]], WRONG),
        "dW3": (3, [[33.8916, 45.6518]], WRONG),
        "db3": (3, [[9.26]], WRONG),
        "dh2": (3, [[12.038], [12.964]], WRONG),
        "dW2": (3, [[7.2228, 15.6494, 24.076], [7.7784, 16.8532, 25.928]], WRONG),
        "db2": (3, [[12.038], [12.964]], WRONG),
        "dh1": (3, [[21.3906], [23.8908], [26.391]], WRONG),
        "dW1": (3, [[21.3906, 42.7812], [23.8908, 47.7816], [26.391, 52.782]], WRONG),
        "db1": (3, [[21.3906], [23.8908], [26.391]], WRONG),
        "W3 updated": (3, [[0.961084, 0.943482]], WRONG),
        "b3 updated": (3, [[0.5074]], WRONG),
        "W2 updated": (3, [[0.627772, 0.643506, 0.65924], [0.922216, 0.931468, 0.94072]], WRONG),
        "b2 updated": (3, [[0.27962], [0.37036]], WRONG),
        "W1 updated": (
            3,
            [[-0.113906, -0.227812], [0.061092, -0.077816], [0.23609, 0.07218]],
            WRONG,
        ),
        "b1 updated": (3, [[-0.113906], [-0.038908], [0.03609]], WRONG),
    },
    "001": {
        "z1": (2, [[0.17], [0.09]], RIGHT),
        "a1": (2, [[0.542397940774], [0.522484824792]], RIGHT),
        "z2": (2, [[0.269207658789], [0.427944417825]], RIGHT),
        "a2": (2, [[0.566898376022], [0.605382707713]], RIGHT),
        "E": (3, 0.071783425164, RIGHT),
        "dE/da20": (2, 0.366898376022, RIGHT),
        "da20/dz20": (2, 0.245524607285, WRONG),
        "dz20/dw10": (2, 0.542397940774, RIGHT),
        "dE/dw10": (3, 0.048860605722, WRONG),
        "w10 updated": (4, 0.385341818284, WRONG),
    },
}
ENTRIES = [(w, name) for w in (RELU, SIGMOID) for name in w.printed]
IDS = [f"{w.source} {name}" for w, name in ENTRIES]


def passes(example):
    """Run the example once forward and once backward.

    Returns the network, the loss, and the derivative by each layer's output, by its place.
    """
    network, loss = example.network(), HalfSquaredError()
    J = loss.forward(network.forward(example.x), example.y)
    by_output = [loss.backward()]
    for layer in reversed(network.layers):
        by_output.insert(0, layer.backward(by_output[0]))
    return network, J, by_output[1:]


def recomputed_relu():
    network, J, by_output = passes(RELU)
    found = {"h1": network.outputs[1], "h2": network.outputs[3], "y_pred": network.outputs[5]}
    found |= {"J": J, "dh1": by_output[1], "dh2": by_output[3], "dy_pred": by_output[5]}
    for k, layer in enumerate(network.layers[::2], start=1):
        found |= {f"dW{k}": layer.dW, f"db{k}": layer.db}
    SGD(RELU.learning_rate).step(network.parameters(), network.gradients())
    for k, layer in enumerate(network.layers[::2], start=1):
        found |= {f"W{k} updated": layer.W, f"b{k} updated": layer.b}
    return found


def recomputed_sigmoid():
    network, E, by_output = passes(SIGMOID)
    z1, a1, z2, a2 = network.outputs
    found = {"z1": z1, "a1": a1, "z2": z2, "a2": a2, "E": E}
    found |= {"dE/da20": by_output[3][0, 0], "da20/dz20": Sigmoid.derivative(z2)[0, 0]}
    found |= {"dz20/dw10": a1[0, 0], "dE/dw10": network.layers[2].dW[0, 0]}
    SGD(SIGMOID.learning_rate).step(network.parameters(), network.gradients())
    return found | {"w10 updated": network.layers[2].W[0, 0]}


RECOMPUTED = {"000": recomputed_relu(), "001": recomputed_sigmoid()}


def agrees(printed, value, digits):
    """Tell, entry by entry, whether ``printed`` is ``value`` rounded to so many digits."""
    return np.abs(np.asarray(printed) - value) <= 0.5 * 10.0**-digits + EXACT


def test_no_printed_number_is_left_unchecked():
    assert {w.source: list(w.printed) for w in (RELU, SIGMOID)} == {
        source: list(table) for source, table in CHECKED.items()
    }
    assert sum(printed.size for w in (RELU, SIGMOID) for printed in w.printed.values()) == 67


@pytest.mark.parametrize("example, name", ENTRIES, ids=IDS)
def test_the_recomputed_value(example, name):
    _, value, _ = CHECKED[example.source][name]
    assert np.shape(value) == np.shape(RECOMPUTED[example.source][name])
    np.testing.assert_allclose(RECOMPUTED[example.source][name], value, rtol=0, atol=EXACT)


@pytest.mark.parametrize("example, name", ENTRIES, ids=IDS)
def test_every_entry_printed_is_right_or_known_to_be_wrong(example, name):
    digits, value, right = CHECKED[example.source][name]
    printed = example.printed[name]
    assert printed.shape == np.shape(value)
    np.testing.assert_array_equal(printed, np.round(printed, digits))  # no further digits printed
    np.testing.assert_array_equal(agrees(printed, value, digits), right)


# Where source 000 goes wrong by itself, and where it only carries on with what it has.

SLIPS = {
    "h1": [[True], [True], [True]],
    "h2": [[True], [True]],
    "y_pred": [[True]],
    "dh1": [[False], [True], [True]],
    "W2 updated": [[False, True, False], [False, False, False]],
}


def carried_on():
    """Every number of source 000 from the printed numbers that it rests on."""
    p, (W1, W2, W3), (b1, b2, b3) = RELU.printed, RELU.weights, RELU.biases
    found = {"h1": W1 @ RELU.x + b1, "h2": W2 @ p["h1"] + b2, "y_pred": W3 @ p["h2"] + b3}
    found |= {"J": (3 - p["y_pred"].item()) ** 2 / 2, "dy_pred": p["y_pred"] - 3}
    found |= {"dW3": p["dy_pred"] @ p["h2"].T, "db3": p["dy_pred"], "dh2": W3.T @ p["dy_pred"]}
    found |= {"dW2": p["dh2"] @ p["h1"].T, "db2": p["dh2"], "dh1": W2.T @ p["dh2"]}
    found |= {"dW1": p["dh1"] @ RELU.x.T, "db1": p["dh1"]}
    for k in range(3):
        found[f"W{k + 1} updated"] = RELU.weights[k] - 0.01 * p[f"dW{k + 1}"]
        found[f"b{k + 1} updated"] = RELU.biases[k] - 0.01 * p[f"db{k + 1}"]
    return found


@pytest.mark.parametrize("name", RELU.printed)
def test_where_source_000_slips(name):
    digits, value, _ = CHECKED["000"][name]
    follows = agrees(RELU.printed[name], carried_on()[name], digits)
    np.testing.assert_array_equal(
        follows, ~np.array(SLIPS.get(name, np.zeros(np.shape(value), bool)))
    )


@pytest.mark.parametrize(
    "name, instead",
    [
        ("h1", [[0.6], [1.3], [2.0]]),
        ("h2", [[3.16], [4.25]]),
        ("y_pred", [[10.55]]),
        ("dh1", [[17.2], [19.2104], [21.2208]]),
        ("W2 updated", [[0.6516, 0.69352, 0.73544], [0.94788, 0.98534, 1.02279]]),
    ],
)
def test_what_source_000_should_have_written_next(name, instead):
    np.testing.assert_allclose(carried_on()[name], instead, atol=EXACT)


def test_source_000_first_mistake_is_the_dropped_bias():
    np.testing.assert_allclose(RELU.printed["h1"], RELU.weights[0] @ RELU.x, atol=EXACT)


def test_source_000_every_relu_is_active():
    """Which is why leaving σ′ out of its backward pass does no harm there."""
    network, _, by_output = passes(RELU)
    for place in (0, 2):
        assert (network.outputs[place] > 0).all()
        np.testing.assert_array_equal(by_output[place], by_output[place + 1])


def test_source_000_the_update_lowers_the_loss():
    network, J, _ = passes(RELU)
    SGD(RELU.learning_rate).step(network.parameters(), network.gradients())
    J_after = HalfSquaredError().forward(network.forward(RELU.x), RELU.y)
    assert (round(J, 4), round(J_after, 4)) == (42.8738, 0.7698)


def test_source_001_wrong_numbers_go_back_to_one_derivative():
    """0.57 · 0.43 is 0.25, not 0.14; what follows is carried on correctly from 0.14."""
    p = SIGMOID.printed
    assert agrees(0.25, 0.57 * (1 - 0.57), 2)
    assert not agrees(p["da20/dz20"], 0.57 * (1 - 0.57), 2)
    assert agrees(p["dE/dw10"], 0.37 * 0.14 * 0.54, 3)
    assert agrees(p["w10 updated"], 0.4 - 0.3 * 0.028, 4)


def test_source_001_error_of_the_rounded_outputs_is_printed_with_its_last_digit_cut_off():
    """0.0725, printed as 0.072: right all the same, because the unrounded outputs give 0.0718."""
    E = HalfSquaredError().forward([[0.57], [0.61]], SIGMOID.y)
    assert pytest.approx(0.0725, rel=EXACT) == E


def test_source_001_weights_not_in_the_text_are_one_choice_of_many():
    a1 = RECOMPUTED["001"]["a1"]
    for row, printed in [((0.4, 0.1), 0.27), ((0.4, 0.105), 0.27), ((0.3, 0.51), 0.43)]:
        assert agrees(printed, row @ a1, 2)
    assert (SIGMOID.weights[1][0] == (0.4, 0.1)).all()
    assert (SIGMOID.weights[1][1] == (0.5, 0.3)).all()


def test_source_001_composition_of_two_functions():
    for x, printed in [(3, 12), (4, 15), (2, 9)]:
        value = Value(x)
        F = (value + 1) * 3
        F.backward()
        assert (F.data, value.grad) == (printed, 3)


@pytest.mark.parametrize("example", [RELU, SIGMOID], ids=lambda example: example.source)
def test_the_examples_by_the_graph(example):
    """The same networks, number by number, without an array."""
    act = {"ReLU": graph.relu, "Sigmoid": graph.sigmoid, "Identity": lambda z: z}
    parameters, a = [], [Value(x) for x in example.x[:, 0]]
    for W, b, kind in zip(example.weights, example.biases, example.activations, strict=True):
        W = [[Value(w) for w in row] for row in W]
        b = [Value(entry) for entry in b[:, 0]]
        parameters += [W, b]
        a = [
            act[kind.__name__](sum((w * x for w, x in zip(row, a, strict=True)), bias))
            for row, bias in zip(W, b, strict=True)
        ]
    errors = [graph.square(out - target) for out, target in zip(a, example.y[:, 0], strict=True)]
    J = sum(errors, Value(0.0)) / 2
    J.backward()
    network, expected, _ = passes(example)
    assert J.data == pytest.approx(expected, rel=EXACT)
    for k, layer in enumerate(network.layers[::2]):
        dW = [[w.grad for w in row] for row in parameters[2 * k]]
        np.testing.assert_allclose(dW, layer.dW, atol=EXACT)
        db = [[entry.grad] for entry in parameters[2 * k + 1]]
        np.testing.assert_allclose(db, layer.db, atol=EXACT)


def test_source_001_by_the_four_equations():
    J, delta, dW, db = deltas.backpropagate(SIGMOID.x, SIGMOID.y, SIGMOID.weights, SIGMOID.biases)
    network, expected, by_output = passes(SIGMOID)
    assert pytest.approx(expected, rel=EXACT) == J
    for k, layer in enumerate(network.layers[::2]):
        np.testing.assert_allclose(delta[k], by_output[2 * k], atol=EXACT)
        np.testing.assert_allclose(dW[k], layer.dW, atol=EXACT)
        np.testing.assert_allclose(db[k], layer.db, atol=EXACT)


@pytest.mark.parametrize("example", [RELU, SIGMOID], ids=lambda example: example.source)
def test_the_data_of_an_example_cannot_be_changed_by_accident(example):
    arrays = [*example.weights, *example.biases, example.x, example.y, *example.printed.values()]
    assert not any(array.flags.writeable for array in arrays)
    network, again = example.network(), example.network()
    assert isinstance(network, Sequential)
    network.layers[0].W += 1  # a copy
    np.testing.assert_array_equal(again.layers[0].W, example.weights[0])


# The toy model of source 002, with the numbers of the notebook it goes back to: all are right.

TOY_TEN_DIGITS = {
    "values": dict(
        f0=1.23,
        h1=0.9424888019,
        f1=1.6230044792,
        h2=5.0682950512,
        f2=7.1365901023,
        h3=0.6574213695,
        f3=2.3722641084,
        loss=0.1385805664,
    ),
    "gradients": dict(
        f3=0.7445282168,
        h3=2.2335846505,
        f2=-1.6830577496,
        h2=-3.3661154992,
        f1=-17.0604665263,
        h1=6.8241866105,
        f0=2.2809006222,
        beta3=0.7445282168,
        omega3=0.4894687599,
        beta2=-1.6830577496,
        omega2=-8.5302332631,
        beta1=-17.0604665263,
        omega1=-16.0792986567,
        beta0=2.2809006222,
        omega0=5.2460714310,
    ),
}


@pytest.mark.parametrize("table", ["values", "gradients"])
@pytest.mark.parametrize("way", ["model", "graph"])
def test_the_toy_model_s_published_table(table, way):
    if way == "model":
        model = ToyModel(TOY.beta, TOY.omega)
        model.forward(TOY.x, TOY.y)
        model.backward()
        found = getattr(model, table)
    else:
        values = toy.record(TOY.beta, TOY.omega, TOY.x, TOY.y)
        values["loss"].backward()
        attribute = {"values": "data", "gradients": "grad"}[table]
        found = {name: getattr(value, attribute) for name, value in values.items()}
    printed, ten_digits = getattr(TOY, table), TOY_TEN_DIGITS[table]
    assert printed.keys() == ten_digits.keys()
    for name in printed:
        assert agrees(printed[name], found[name], 3), name
        assert agrees(ten_digits[name], found[name], 10), name


def test_source_002_eight_parameters_eight_derivatives():
    model = ToyModel(TOY.beta, TOY.omega)
    model.forward(TOY.x, TOY.y)
    parameters = [name for name in model.backward() if name.startswith(("beta", "omega"))]
    assert len(parameters) == 8


def test_source_002_the_bias_s_derivative_is_the_layer_s_own_and_the_weight_s_that_times_h():
    model = ToyModel(TOY.beta, TOY.omega)
    model.forward(TOY.x, TOY.y)
    d = model.backward()
    for k in range(4):
        h = model.values[f"h{k}"] if k else TOY.x
        assert (d[f"beta{k}"], d[f"omega{k}"]) == (d[f"f{k}"], d[f"f{k}"] * h)


def test_source_003_a_saturated_neuron_learns_slowly_even_where_it_is_wrong():
    """The source takes slow learning near 0 or 1 for a sign of success: here the error is 1."""
    _, delta, _, _ = deltas.backpropagate([[1.0]], [[1.0]], [[[-10.0]]], [[[0.0]]])
    assert abs(delta[0].item()) < 1e-4


def test_source_003_weights_of_a_silent_neuron_do_not_move():
    network = mlp(2, 2, 1)
    network.forward([[1.0], [0.0]])
    network.backward([[1.0]])
    np.testing.assert_array_equal(network.layers[0].dW[:, 1], 0)
    assert (network.layers[0].dW[:, 0] != 0).all()


def test_source_004_square_of_a_sum():
    x, y = Value(3.0), Value(-1.0)
    z = graph.square(x + y)
    z.backward()
    assert (z.data, x.grad, y.grad) == (4, 4, 4)  # 2 (x + y), for either
