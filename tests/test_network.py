"""Networks: layers in order, gradients of all of them at once, names and the summary."""

import io
import re
import tracemalloc
import zipfile

import numpy as np
import pytest
from helpers import EXACT, mlp, random_array, random_conv, random_dense, refused, small_cnn

from backprop_lib import (
    SGD,
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
    fit,
)
from backprop_lib.layer import Layer
from backprop_lib.training import accuracy

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
    network.forward(IMAGES)
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


def test_a_refused_forward_leaves_nothing_to_go_back_through():
    """The first layer has seen 1e9, the second 1: of the two no gradient can be made."""
    network = Sequential([Dense([[1.0]], [[0.0]]), Dense([[1e300]], [[0.0]])])
    network.forward([[1.0]])
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="layer 2, Dense: the output"):
        network.forward([[1e9]])
    assert network.outputs == []
    for options in ({}, {"input_gradient": False}):
        with pytest.raises(RuntimeError, match="Sequential: call forward before backward"):
            network.backward([[1e-300]], **options)
    network.forward([[1.0]])
    network.backward([[1e-300]])
    assert network.gradients()["1.W"] == 1.0


def test_a_layer_that_fails_leaves_nothing_to_go_back_through():
    class Fails(Layer):
        calls = 0

        def forward(self, A):
            self.calls += 1
            if self.calls > 1:
                raise KeyboardInterrupt
            return A.copy()

    network = Sequential([random_dense(2, 3), Tanh(), Fails()])
    network.forward(random_array(2, 4))
    with pytest.raises(KeyboardInterrupt):
        network.forward(random_array(2, 4))
    with pytest.raises(RuntimeError, match="Sequential: call forward before backward"):
        network.backward(random_array(3, 4))


def test_a_forward_that_is_refused_at_the_door_leaves_the_last_one():
    network = mlp(2, 3, 1)
    outputs = network.forward(random_array(2, 4))
    R = random_array(1, 4, seed=3)
    expected = network.backward(R)
    for bad in (random_array(3, 4), random_array(2, 4) * np.nan, "A", None):
        with pytest.raises((ValueError, TypeError), match="^(Sequential: A|Dense): expected"):
            network.forward(bad)
    assert network.outputs[-1] is outputs
    np.testing.assert_array_equal(network.backward(R), expected)


def test_backward_belongs_to_the_last_forward_whoever_called_it():
    """As a look at the accuracy on other samples in between."""
    network, X, R = mlp(2, 3, 1), random_array(2, 4), random_array(1, 4, seed=3)
    network.forward(X)
    expected = network.backward(R)
    accuracy(network, random_array(2, 4, seed=9), [0, 0, 0, 0])
    assert np.abs(network.backward(R) - expected).max() > 0.01
    network.forward(X)
    np.testing.assert_array_equal(network.backward(R), expected)


class Scale(Layer):
    """A layer of one's own: ``backward`` of one argument, as the contract says."""

    parameter_names = ("factor",)

    def __init__(self, factor):
        self.factor = np.array([[factor]])

    def forward(self, A):
        self.saved = A
        return self.factor * A

    def backward(self, dZ):
        self.dfactor = (dZ * self.recall()).sum(keepdims=True)
        return self.factor * dZ


class CarefulScale(Scale):
    """The same, with the option that spares the input's gradient."""

    def backward(self, dZ, input_gradient=True):
        dA = super().backward(dZ)
        return dA if input_gradient else None


@pytest.mark.parametrize("kind", [Scale, CarefulScale])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_layer_of_one_s_own_trains_wherever_it_stands(kind, position):
    layers = [Tanh(), random_dense(3, 3), Sigmoid()]
    layers.insert(position, kind(1.5))
    network, X, Y = Sequential(layers), random_array(3, 4), random_array(3, 4, seed=1)
    check_gradients(network, HalfSquaredError(), X, Y)
    expected = {name: G.copy() for name, G in network.gradients().items()}
    loss = HalfSquaredError()
    loss.forward(network.forward(X), Y)
    assert network.backward(loss.backward(), input_gradient=False) is None
    for name, G in network.gradients().items():
        np.testing.assert_array_equal(G, expected[name])
    history = fit(
        network, loss, X, Y, SGD(0.1), epochs=3, batch_size=2, rng=np.random.default_rng(0)
    )
    assert history.loss[-1] < history.loss[0]


@pytest.mark.parametrize("method", ["forward", "backward"])
@pytest.mark.parametrize("result", [None, [[1.0, 2.0]], 3.0, np.ma.ones((3, 4))], ids=repr)
def test_a_layer_that_forgets_to_return_an_array_is_named(method, result):
    kind = type("Mine", (Tanh,), {})

    def returns(self, A):
        return result

    returns.__name__ = method
    setattr(kind, method, returns)
    network = Sequential([random_dense(2, 3), kind(), random_dense(3, 1)])
    message = f"Sequential: layer 2, Mine: expected {method} to return an array, got "
    with pytest.raises(TypeError, match=message + type(result).__name__):
        network.forward(random_array(2, 4))
        network.backward(random_array(1, 4))


@pytest.mark.parametrize("layers", [Dense([[1.0]], [[0.0]]), None, 3, Dense])
def test_one_layer_is_no_list_of_layers(layers):
    message = f"Sequential: layers: expected a list of layers, got {type(layers).__name__}$"
    with pytest.raises(TypeError, match=message):
        Sequential(layers)


def test_layers_may_come_from_any_iterable():
    layers = [random_dense(2, 3), Tanh()]
    assert Sequential(layer for layer in layers).layers == tuple(layers)


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


@pytest.mark.parametrize(
    "shape, error, message",
    [
        (2, TypeError, r"expected a tuple such as \(3, 8\), got int"),
        (None, TypeError, r"expected a tuple such as \(3, 8\), got NoneType"),
        ("33", TypeError, r"expected a tuple such as \(3, 8\), got str"),
        ((1.5,), TypeError, "expected a whole number, got float"),
        ((0, 2), ValueError, "expected a whole number >= 1, got 0"),
    ],
)
def test_summary_needs_the_shape_of_a_sample(shape, error, message):
    with pytest.raises(error, match=f"Sequential.summary: input_shape: {message}"):
        mlp(2, 1).summary(shape)
    assert mlp(2, 1).summary([2]) == mlp(2, 1).summary((2,))


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


def parts(path):
    """Return the members of a saved network, name to content."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path, members, **options):
    """Write a file of these members, which ``numpy.savez`` would not write like this."""
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def saved(tmp_path):
    network, path = mlp(3, 2, 4), tmp_path / "network.npz"
    network.save(path)
    return network, path


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_parameters_are_assigned_by_name_whatever_their_order_in_the_file(compression, tmp_path):
    network, path = saved(tmp_path)
    rewritten(path, dict(reversed(parts(path).items())), compression=compression)
    other = mlp(3, 2, 4, seed=50)
    other.load(path)
    for name, P in network.parameters().items():
        np.testing.assert_array_equal(other.parameters()[name], P)


def test_parameters_may_lie_in_memory_column_by_column(tmp_path):
    network, path = mlp(3, 2, 4), tmp_path / "network.npz"
    network.layers[0].W = np.asfortranarray(network.layers[0].W)
    network.save(path)
    other = mlp(3, 2, 4, seed=50)
    other.load(path)
    np.testing.assert_array_equal(other.layers[0].W, network.layers[0].W)


def npy(array, **head):
    """Return an array's file, with a head that may lie."""
    content = io.BytesIO()
    head = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape} | head
    np.lib.format.write_array_header_1_0(content, head)
    return content.getvalue() + array.tobytes()


W = np.zeros((2, 3))
FOREIGN = {  # what stands for the weights of layer 1
    "complex": (npy(W + 0j), "1.W: expected float64, got complex128"),
    "text": (npy(W.astype(str)), "1.W: expected float64, got <U32"),
    "dates": (npy(W.astype("M8[s]")), r"1.W: expected float64, got datetime64\[s\]"),
    "the other byte order": (npy(W.astype(">f8")), "1.W: expected float64, got >f8"),
    "more than there is": (npy(W, shape=(10**6, 10**6)), "is not a saved network: "),
    "less than there is": (npy(W, shape=(2, 2)), "is not a saved network: "),
    "a negative shape": (npy(W, shape=(-2, -3)), "is not a saved network: "),
    "no shape": (npy(W, shape="(2, 3)"), "is not a saved network: "),
    "no type": (npy(W, descr="weights"), "is not a saved network: "),
    "a head that is no Python": (npy(W).replace(b"{'descr'", b'{{[(("""'), "not a saved network"),
    "a head full of brackets": (npy(W)[:10] + b"(" * 118 + W.tobytes(), "not a saved network"),
    "no head": (W.tobytes(), "is not a saved network: "),
    "a later version": (npy(W).replace(b"NUMPY\1", b"NUMPY\3"), "1.W: expected a head of version"),
    "nothing": (b"", "is not a saved network: "),
    "infinity": (npy(W + np.inf), r"1.W: expected finite numbers, got inf at \(0, 0\)"),
}


@pytest.mark.filterwarnings("ignore")  # Python and NumPy may well warn of such heads
@pytest.mark.parametrize("kind", FOREIGN)
def test_whatever_a_member_holds_a_file_is_refused_with_a_value_error(kind, tmp_path):
    network, path = saved(tmp_path)
    content, message = FOREIGN[kind]
    rewritten(path, parts(path) | {"1.W.npy": content})
    before = {name: P.copy() for name, P in network.parameters().items()}
    with pytest.raises(ValueError, match=f"^Sequential.load: {re.escape(str(path))}.*{message}"):
        network.load(path)
    for name, P in network.parameters().items():
        np.testing.assert_array_equal(P, before[name])


def with_field(content, at_local, at_central, value):
    """Set a 16-bit field of every member, in its own head and in the archive's directory."""
    content = bytearray(content)
    for mark, offset in [(b"PK\3\4", at_local), (b"PK\1\2", at_central)]:
        start = content.find(mark)
        while start >= 0:
            content[start + offset : start + offset + 2] = value.to_bytes(2, "little")
            start = content.find(mark, start + 1)
    return bytes(content)


@pytest.mark.parametrize(
    "at_local, at_central, value",
    [
        pytest.param(6, 8, 1, id="encrypted"),
        pytest.param(6, 8, 0x20, id="patched data"),
        pytest.param(8, 10, 6, id="implode"),
        pytest.param(8, 10, 8, id="deflate, of what is none"),
        pytest.param(8, 10, 12, id="bzip2, of what is none"),
        pytest.param(8, 10, 14, id="LZMA, of what is none"),
        pytest.param(8, 10, 99, id="unknown"),
        pytest.param(4, 6, 99, id="version"),
    ],
)
def test_members_that_cannot_be_unpacked_are_refused(at_local, at_central, value, tmp_path):
    network, path = saved(tmp_path)
    path.write_bytes(with_field(path.read_bytes(), at_local, at_central, value))
    with pytest.raises(ValueError, match=r"^Sequential.load: .* is not a saved network: "):
        network.load(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_flipped_bit_is_refused_or_does_not_matter(compression, tmp_path):
    """One bit in 41; those of a date, say, do not matter."""
    network, path = saved(tmp_path)
    rewritten(path, parts(path), compression=compression)
    content, refusals = path.read_bytes(), 0
    expected = {name: P.copy() for name, P in network.parameters().items()}
    bits = range(0, 8 * len(content), 41)
    for bit in bits:
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            network.load(path)
        except ValueError as error:
            assert str(error).startswith(f"Sequential.load: {path}")
            refusals += 1
        for name, P in network.parameters().items():
            np.testing.assert_array_equal(P, expected[name])
    assert refusals > len(bits) / 2


@pytest.mark.parametrize("name", ["2.W.npy", "1.W.npy", "layers.npy", "1.W", "readme.txt"])
def test_what_takes_more_room_than_it_can_need_is_not_unpacked(name, tmp_path):
    """8 MB of zeros in 8 kB, as a member that should not be there or as one that should."""
    network, path = saved(tmp_path)
    rewritten(path, parts(path) | {name: npy(np.zeros(10**6))}, compression=zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    with pytest.raises(ValueError, match="^Sequential.load: "):
        network.load(path)
    assert tracemalloc.get_traced_memory()[1] < 3 * 10**6
    tracemalloc.stop()


def test_a_member_that_unpacks_to_more_than_it_says_is_refused(tmp_path):
    network, path = saved(tmp_path)
    more = npy(W) + bytes(10**7)
    rewritten(path, parts(path) | {"1.W.npy": more}, compression=zipfile.ZIP_DEFLATED)
    said, true = (size.to_bytes(4, "little") for size in (len(npy(W)), len(more)))
    path.write_bytes(path.read_bytes().replace(true, said))
    tracemalloc.start()
    with pytest.raises(ValueError, match="^Sequential.load: .* is not a saved network: Bad CRC"):
        network.load(path)
    assert tracemalloc.get_traced_memory()[1] < 3 * 10**6
    tracemalloc.stop()


def test_a_member_that_occurs_twice_is_refused(tmp_path):
    network, path = saved(tmp_path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("1.W.npy", npy(W))
    with pytest.raises(ValueError, match=r"with \['1.W', '1.b', .*got .*'3.b', '1.W'\]"):
        network.load(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_load_would_refuse_is_not_saved(bad, tmp_path):
    network, path = saved(tmp_path)
    content = path.read_bytes()
    network.layers[2].b[1] = bad
    with pytest.raises(ValueError, match=rf"Sequential.save: 3.b: .* got {bad} at \(1, 0\)"):
        network.save(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("verb", ["save", "load"])
@pytest.mark.parametrize("path", [None, b"network.npz", 3, ["network.npz"]])
def test_what_is_no_path_is_named(verb, path):
    message = f"Sequential.{verb}: path: expected a path, got {type(path).__name__}$"
    with pytest.raises(TypeError, match=message):
        getattr(mlp(2, 1), verb)(path)


def test_saving_again_replaces_the_file(tmp_path):
    network, path = mlp(2, 1), str(tmp_path / "network.npz")
    network.save(path)
    network.layers[0].W += 1
    network.save(path)
    other = mlp(2, 1)
    other.load(path)
    np.testing.assert_array_equal(other.layers[0].W, network.layers[0].W)


@pytest.mark.parametrize("verb", ["save", "load"])
def test_a_path_with_a_null_character_is_told(verb):
    message = (
        rf"Sequential.{verb}: path: expected a path, got one with a null character: 'a\\x00.npz'"
    )
    with pytest.raises(ValueError, match=message):
        getattr(mlp(2, 1), verb)("a\0.npz")


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
    refused(
        lambda: call(3), [], TypeError, "Sequential.(save|load): path: expected a path, got int"
    )
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_there(tmp_path):
    refused(lambda: mlp(2, 1).load(tmp_path / "a.npz"), [], FileNotFoundError, ".*a.npz")
