"""Networks: layers in order, gradients of all of them at once, names and the summary."""

import re
import zipfile

import numpy as np
import pytest
from helpers import EXACT, mlp, random_array, random_conv, random_dense, refused, small_cnn

from backprop_lib import (
    BinaryCrossEntropy,
    Conv2D,
    Dense,
    Flatten,
    HalfSquaredError,
    MaxPool2D,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    Softplus,
    SquaredError,
    Tanh,
    check_gradients,
)

pytestmark = pytest.mark.filterwarnings("error")

IMAGES = random_array(1, 6, 5, 4, seed=11)
LABELS = np.array([0, 2, 1, 2])


@pytest.mark.parametrize("activation", [Sigmoid, Tanh, ReLU, Softplus])
@pytest.mark.parametrize("sizes", [(2, 1), (2, 3, 2), (3, 4, 4, 2)])
@pytest.mark.parametrize("loss", [HalfSquaredError, SquaredError])
def test_gradients_of_fully_connected_networks(sizes, activation, loss):
    network = mlp(*sizes, activation=activation)
    X, Y = random_array(sizes[0], 5, seed=7), random_array(sizes[-1], 5, seed=8)
    check_gradients(network, loss(), X, Y)


@pytest.mark.parametrize(
    "loss, Y",
    [
        (SoftmaxCrossEntropy, LABELS),
        (BinaryCrossEntropy, random_array(3, 4, seed=5) > 0),
        (HalfSquaredError, random_array(3, 4, seed=5)),
    ],
)
def test_gradients_of_the_convolutional_stack(loss, Y):
    """Conv2D, Conv2D, Flatten, Dense, Dense and a loss: the whole network of source 000."""
    Y = Y if Y.dtype != bool else Y.astype(float)
    errors = check_gradients(small_cnn(activation=Tanh), loss(), IMAGES, Y)
    assert errors.keys() == {"X", *small_cnn().parameters()}


def pooled_cnn():
    """Return a network with stride, padding and pooling for images of shape (1, 6, 5, m)."""
    conv = random_conv(1, 2, 2, 3, seed=1)
    layers = [Conv2D(conv.W, conv.b, stride=2, padding=1), Softplus()]  # (2, 4, 3)
    return Sequential([*layers, MaxPool2D(2, stride=1), Flatten(), random_dense(12, 3, seed=3)])


def test_gradients_with_stride_padding_and_pooling():
    network = pooled_cnn()
    check_gradients(network, SoftmaxCrossEntropy(), IMAGES, LABELS)
    windows = np.lib.stride_tricks.sliding_window_view(network.outputs[1], (2, 2), axis=(1, 2))
    first, second = np.sort(windows.reshape(-1, 4))[:, [3, 2]].T
    assert (first - second).min() > 1e-4  # the check moves numbers by 6e-6: no window has changed


def test_relu_in_the_convolutional_stack_stays_clear_of_its_kinks():
    network = small_cnn(activation=ReLU)
    network.forward(IMAGES)
    before_relu = [network.outputs[k] for k in (0, 2, 5)]
    # the check moves numbers by 6e-6; a margin of 1e-4 keeps every ReLU on its side
    assert min(np.abs(Z).min() for Z in before_relu) > 1e-4
    check_gradients(network, SoftmaxCrossEntropy(), IMAGES, LABELS)


def test_layers_run_in_order_and_back_in_reverse():
    first, second = Dense([[2]], [[1]]), Dense([[10]], [[5]])
    network = Sequential([first, second])
    assert network.forward([[3]]) == 75  # 10 · (2 · 3 + 1) + 5
    assert [out.item() for out in network.outputs] == [7, 75]
    assert network.backward([[1]]) == 20
    assert {name: G.item() for name, G in network.gradients().items()} == {
        "1.W": 30,
        "1.b": 10,
        "2.W": 7,
        "2.b": 1,
    }


def test_a_network_steps_around_the_checks_of_its_layers(monkeypatch):
    """It has checked the shapes itself; a layer on its own goes on checking."""
    network = mlp(3, 4, 2)

    def check(*_):
        raise AssertionError("checked again")

    monkeypatch.setattr("backprop_lib.layer.real_array", check)
    Z = network.forward(random_array(3, 5))
    assert network.backward(Z).shape == (3, 5)
    with pytest.raises(AssertionError, match="checked again"):
        network.layers[0].forward(random_array(3, 5))


def test_outputs_are_those_of_the_last_forward_pass():
    network = mlp(2, 3, 1)
    network.forward(random_array(2, 5))
    out = network.forward(random_array(2, 4))
    assert [Z.shape for Z in network.outputs] == [(3, 4), (3, 4), (1, 4), (1, 4)]
    assert network.outputs[-1] is out


def test_backward_twice_equals_once():
    network, loss = small_cnn(), SoftmaxCrossEntropy()
    loss.forward(network.forward(IMAGES), LABELS)
    dX = network.backward(loss.backward())
    gradients = network.gradients()
    np.testing.assert_array_equal(network.backward(loss.backward()), dX)
    for name, G in network.gradients().items():
        np.testing.assert_array_equal(G, gradients[name])


def test_gradient_of_a_batch_is_the_mean_of_the_samples():
    network, loss = small_cnn(), SoftmaxCrossEntropy()
    loss.forward(network.forward(IMAGES), LABELS)
    network.backward(loss.backward())
    batch = network.gradients()
    mean = {name: np.zeros_like(G) for name, G in batch.items()}
    for n in range(4):
        loss.forward(network.forward(IMAGES[..., [n]]), LABELS[[n]])
        network.backward(loss.backward())
        for name, G in network.gradients().items():
            mean[name] += G / 4
    for name, G in batch.items():
        np.testing.assert_allclose(G, mean[name], atol=EXACT)


def test_a_sequential_of_one_layer_is_the_layer():
    layer = random_dense(2, 3)
    X, R = random_array(2, 4, seed=1), random_array(3, 4, seed=2)
    out, dX = layer.forward(X), layer.backward(R)
    network = Sequential((layer,))
    np.testing.assert_array_equal(network.forward(X), out)
    np.testing.assert_array_equal(network.backward(R), dX)


def test_parameters_are_named_by_layer_and_are_the_layers_own():
    network = small_cnn()
    names = ["1.W", "1.b", "3.W", "3.b", "6.W", "6.b", "8.W", "8.b"]
    assert list(network.parameters()) == names
    assert network.parameters()["6.W"] is network.layers[5].W


def test_gradients_have_the_names_and_shapes_of_the_parameters():
    network, loss = small_cnn(), SoftmaxCrossEntropy()
    loss.forward(network.forward(IMAGES), LABELS)
    network.backward(loss.backward())
    shapes = {name: P.shape for name, P in network.parameters().items()}
    assert {name: G.shape for name, G in network.gradients().items()} == shapes


def test_float32_goes_all_the_way_through():
    network, loss = small_cnn(), SoftmaxCrossEntropy()
    for layer in network.layers:
        for name, P in layer.parameters().items():
            setattr(layer, name, P.astype(np.float32))
    loss.forward(network.forward(IMAGES.astype(np.float32)), LABELS)
    dX = network.backward(loss.backward())
    arrays = [*network.outputs, dX, *network.gradients().values()]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_summary():
    assert small_cnn().summary((1, 6, 5)).splitlines() == [
        "layer       output shape    parameters",
        "input       (1, 6, 5)                 ",
        "1 Conv2D    (2, 4, 4)               14",
        "2 ReLU      (2, 4, 4)                0",
        "3 Conv2D    (3, 3, 2)               39",
        "4 ReLU      (3, 3, 2)                0",
        "5 Flatten   (18,)                    0",
        "6 Dense     (4,)                    76",
        "7 ReLU      (4,)                     0",
        "8 Dense     (3,)                    15",
        "total                              144",
    ]


def test_summary_shows_thousands():
    assert mlp(99, 20).summary((99,)).splitlines()[-1].split() == ["total", "2,000"]


@pytest.mark.parametrize("make", [lambda: mlp(6, 3, 2), small_cnn, pooled_cnn])
def test_the_input_s_gradient_can_be_left_out(make):
    network = make()
    X = random_array(6, 4) if len(network.layers) == 4 else IMAGES
    R = random_array(*network.forward(X).shape, seed=5)
    network.backward(R)
    expected = {name: G.copy() for name, G in network.gradients().items()}
    for layer in network.layers:
        if layer.parameter_names:
            layer.dW = layer.db = None
    assert network.backward(R, input_gradient=False) is None
    for name, G in network.gradients().items():
        np.testing.assert_array_equal(G, expected[name])


def test_layers_before_the_first_parameters_are_left_out_too():
    network = Sequential([Flatten(), random_dense(30, 2), Tanh()])
    R = random_array(*network.forward(IMAGES).shape, seed=5)
    network.backward(R)
    expected = network.layers[1].dW
    network.layers[0].saved = None  # its backward would now refuse
    network.layers[1].W = None  # d loss / d input would need it
    network.backward(R, input_gradient=False)
    np.testing.assert_array_equal(network.layers[1].dW, expected)


@pytest.mark.parametrize("make", [lambda: mlp(6, 3, 2), small_cnn, pooled_cnn])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saved_and_loaded_parameters_are_the_same_to_the_last_bit(make, dtype, tmp_path):
    network, other = make(), make()
    for layer in network.layers + other.layers:
        for name, P in layer.parameters().items():
            setattr(layer, name, P.astype(dtype))
    for P in other.parameters().values():
        P *= 0
    arrays = other.parameters()
    network.save(tmp_path / "network.npz")
    other.load(tmp_path / "network.npz")
    for name, P in network.parameters().items():
        np.testing.assert_array_equal(other.parameters()[name], P)
        assert other.parameters()[name] is arrays[name]  # in place


def test_a_saved_network_is_a_plain_archive_without_pickle(tmp_path):
    small_cnn().save(tmp_path / "network.npz")
    with np.load(tmp_path / "network.npz", allow_pickle=False) as archive:
        assert archive["6.W"].shape == (4, 18)
        assert archive["layers"][0] == "Conv2D(W: (2, 1, 3, 2), b: (2, 1), stride=1, padding=0)"
    assert "6.W.npy" in zipfile.ZipFile(tmp_path / "network.npz").namelist()


def test_saving_again_replaces_the_file(tmp_path):
    network, path = mlp(2, 1), str(tmp_path / "network.npz")
    network.save(path)
    network.layers[0].W += 1
    network.save(path)
    other = mlp(2, 1)
    other.load(path)
    np.testing.assert_array_equal(other.layers[0].W, network.layers[0].W)


# --- Bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, error, pattern",
    [
        (lambda: Sequential([]), ValueError, "Sequential: expected at least one layer, got none"),
        (lambda: Sequential([ReLU(), 3]), TypeError, "Sequential: expected layers, got int"),
        (lambda: Sequential([Dense]), TypeError, "Sequential: expected layers, got type"),
        (lambda: Sequential([len]), TypeError, "Sequential: expected layers, got builtin_function"),
        (lambda: Sequential([ReLU()] * 2), ValueError, "Sequential: the same layer object occurs"),
        (
            lambda: small_cnn().summary((1, 8, 8)),
            ValueError,
            r"Dense: expected input \(18,\), got \(75,\)",
        ),
    ],
)
def test_lists_that_make_no_network(call, error, pattern):
    refused(call, [], error, pattern)


@pytest.mark.parametrize(
    "call, pattern",
    [
        (
            lambda n: n.forward(random_array(1, 8, 8, 3)),
            r"Dense: expected input \(18,\), got \(75,\)",
        ),
        (
            lambda n: n.forward(random_array(2, 6, 5, 3)),
            r"Conv2D: expected input \(1, height, width",
        ),
        (
            lambda n: n.forward(random_array(3, 1, 6, 5)),
            r"Conv2D: expected input \(1, .*, got \(3, 1",
        ),
        (lambda n: n.forward(random_array(30, 3)), r"Conv2D: expected input \(1, .*, got \(30,\)"),
        (lambda n: n.forward(random_array(1, 2, 2, 3)), "Conv2D: A: expected images at least as"),
        (lambda n: n.forward(3.0), "Conv2D: expected input"),
        (lambda n: n.backward(random_array(4, 3)), r"Sequential: dA: expected shape \(4, 2\), got"),
    ],
)
def test_a_network_refuses_shapes_before_it_computes(call, pattern):
    network = Sequential(small_cnn().layers[:-1])
    network.forward(random_array(1, 6, 5, 2))
    network.backward(random_array(4, 2))
    owners = [network, *network.layers]
    refused(lambda: call(network), owners, ValueError, pattern)


def test_layers_of_a_network_that_do_not_fit_each_other():
    network = Sequential([random_dense(2, 3), random_dense(4, 1)])
    pattern = r"Dense: expected input \(4,\), got \(3,\)"
    refused(
        lambda: network.forward(random_array(2, 5)), [network.parameters()], ValueError, pattern
    )


def test_weights_too_large_for_the_input_are_named():
    network = Sequential([Dense([[1.0]], [[0.0]]), Dense([[1e300]], [[0.0]]), ReLU()])
    good = network.forward([[1.0]])
    pattern = "Sequential: layer 2, Dense: the output is not finite$"
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=pattern):
        network.forward([[1e300]])
    assert good == 1e300


def test_a_network_without_parameters_has_nothing_to_learn():
    network = Sequential([ReLU(), Flatten()])
    network.forward(random_array(1, 4, 5, 3))
    pattern = "Sequential: no layer has parameters: there is no gradient to compute"
    refused(
        lambda: network.backward(random_array(20, 3), input_gradient=False),
        [],
        ValueError,
        pattern,
    )


def stored(path, **changes):
    """Write a file like the one that a saved network of ``mlp(2, 1)`` makes, with changes."""
    network = mlp(2, 1)
    arrays = {"layers": [repr(layer) for layer in network.layers], **network.parameters()}
    arrays |= {name.replace("_", "."): array for name, array in changes.items()}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def promise_more(path):
    """Write 81 biases into the header and the archive's directory, where the file holds one."""
    stored(path)
    content = bytearray(path.read_bytes().replace(b"(1, 1)", b"(9, 9)"))
    sizes = content.rindex(b"PK\x01\x02") + 20  # of the last entry: packed, unpacked
    content[sizes : sizes + 8] = 2 * (128 + 81 * 8).to_bytes(4, "little")
    path.write_bytes(content)


def without_middle(content):
    return content[:300] + content[700:]


BAD_FILES = {
    "text": (lambda path: path.write_text("weights", encoding="utf-8"), "is not a saved network: "),
    "nothing": (lambda path: path.write_bytes(b""), "is not a saved network: "),
    "cut short": (
        lambda path: (stored(path), path.write_bytes(path.read_bytes()[:-100])),
        "is not a saved network: ",
    ),
    "shorter than it says": (promise_more, "is not a saved network: "),
    "without its middle": (
        lambda path: (stored(path), path.write_bytes(without_middle(path.read_bytes()))),
        "is not a saved network: ",
    ),
    "damaged": (
        lambda path: (
            stored(path),
            path.write_bytes(path.read_bytes().replace(b"descr", b"dscer")),
        ),
        "is not a saved network: ",
    ),
    "one array": (
        lambda path: (
            np.save(path.with_suffix(".npy"), np.ones(3)),
            path.with_suffix(".npy").rename(path),
        ),
        "is not a saved network: File is not a zip file",
    ),
    "pickled": (
        lambda path: stored(path, layers=np.array([{}, []], object)),
        "is not a saved network: Object arrays cannot be loaded",
    ),
    "other arrays": (
        lambda path: np.savez(path, a=np.ones(3)),
        r"expected the layers .*, got \[\] ",
    ),
    "another network": (lambda path: mlp(2, 2).save(path), "expected the layers .*W: .1, 2"),
    "another activation": (
        lambda path: mlp(2, 1, last=Tanh).save(path),
        r"expected .*Identity\(\)'\] .*, got .*Tanh\(\)'\]",
    ),
    "a parameter less": (
        lambda path: stored(path, **{"1_b": None}),
        r"expected .* with \['1.W', '1.b'\], got .* with \['1.W'\]",
    ),
    "a parameter more": (
        lambda path: stored(path, **{"2_W": [[1.0]]}),
        r"expected .* with \['1.W', '1.b'\], got .* with \['1.W', '1.b', '2.W'\]",
    ),
    "a shape": (
        lambda path: stored(path, **{"1_W": np.ones((2, 1))}),
        r"1.W: expected shape \(1, 2\), got \(2, 1\)",
    ),
    "a bias of another shape": (
        lambda path: stored(path, **{"1_b": np.ones(1)}),
        r"1.b: expected shape \(1, 1\), got \(1,\)",
    ),
    "a precision": (
        lambda path: stored(path, **{"1_W": np.ones((1, 2), np.float32)}),
        "1.W: expected float64, got float32",
    ),
    "integers": (
        lambda path: stored(path, **{"1_W": np.ones((1, 2), int)}),
        "1.W: expected float64, got int64",
    ),
    "NaN": (
        lambda path: stored(path, **{"1_b": np.array([[np.nan]])}),
        r"1.b: expected finite numbers, got nan at \(0, 0\)",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_files_that_are_not_this_network(kind, tmp_path):
    write, message = BAD_FILES[kind]
    network, path = mlp(2, 1), tmp_path / "network.npz"
    write(path)
    pattern = rf"Sequential\.load: {re.escape(str(path))}:? {message}"
    refused(lambda: network.load(path), [network.parameters()], ValueError, pattern)
    stored(path)
    network.load(path)  # and the good one is still accepted


@pytest.mark.parametrize("verb", ["save", "load"])
def test_paths_of_saved_networks(verb, tmp_path):
    call = getattr(mlp(2, 1), verb)
    pattern = rf"Sequential.{verb}: path: expected a name ending in .npz, got '.*network'"
    refused(lambda: call(tmp_path / "network"), [], ValueError, pattern)
    refused(lambda: call(3), [], TypeError, "expected str, bytes or os.PathLike object, not int")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_there(tmp_path):
    refused(lambda: mlp(2, 1).load(tmp_path / "a.npz"), [], FileNotFoundError, ".*a.npz")
