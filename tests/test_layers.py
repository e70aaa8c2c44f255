"""Activations, dense, convolution, pooling, flatten: values, every gradient entry, types, extremes."""

import re
from itertools import product

import numpy as np
import pytest
from helpers import (
    EXACT,
    NOT_WHOLE,
    assert_gradients,
    away_from_zero,
    random_array,
    random_conv,
    random_dense,
    refused,
    used,
)

from backprop_lib import (
    Conv2D,
    Dense,
    Flatten,
    Identity,
    MaxPool2D,
    ReLU,
    Sequential,
    Sigmoid,
    Softplus,
    Tanh,
    conv,
    conv_fast,
    initializers,
)
from backprop_lib.conv import conv2d_loops, conv2d_loops_backward
from backprop_lib.gradcheck import complex_step
from backprop_lib.layer import Layer, unchecked

pytestmark = pytest.mark.filterwarnings("error")

ACTIVATIONS = [Identity, Sigmoid, Tanh, ReLU, Softplus]
SHAPES = [  # image (channels, height, width, m), kernels (filters, height, width), stride, padding
    ((1, 4, 4, 1), (1, 2, 2), 1, 0),
    ((2, 5, 4, 3), (3, 3, 2), 1, 0),
    ((3, 3, 5, 2), (2, 1, 1), 1, 0),
    ((1, 3, 3, 2), (2, 3, 3), 1, 0),  # the kernel fills the image
    ((2, 2, 6, 2), (1, 1, 4), 1, 0),
    ((2, 5, 7, 2), (3, 3, 3), 2, 0),
    ((2, 4, 3, 2), (3, 3, 2), 1, 1),
    ((1, 4, 6, 3), (2, 4, 2), 2, 1),
    ((2, 1, 1, 2), (2, 3, 3), 1, 1),  # one pixel, and zeros all around it
    ((1, 7, 7, 2), (2, 1, 1), 3, 0),  # the steps leave pixels out
    ((1, 3, 5, 1), (2, 3, 3), 2, 2),
]


def conv_layer(image, kernels, stride, padding):
    """Return a convolution with random kernels for such images."""
    layer = random_conv(image[0], *kernels)
    return Conv2D(layer.W, layer.b, stride, padding)


def distinct(*shape, seed=0):
    """Return whole numbers in random order: no two are equal, or near enough to change places."""
    numbers = np.random.default_rng(seed).permutation(int(np.prod(shape)))
    return numbers.reshape(shape).astype(float)


def layers_with_input():
    """Every kind of layer with an input that suits it."""
    for activation in ACTIVATIONS:
        yield activation(), away_from_zero(random_array(3, 4))
        yield activation(), away_from_zero(random_array(2, 3, 2, 2))
    yield random_dense(3, 2), random_array(3, 4, seed=1)
    yield random_dense(3, 3), random_array(3, 4, seed=1)  # square: W and its transpose both fit
    yield random_dense(4, 1), random_array(4, 1, seed=1)
    for image, kernels, stride, padding in SHAPES:
        yield conv_layer(image, kernels, stride, padding), random_array(*image, seed=1)
    for size, stride, width in [(2, None, 4), (3, 1, 5), (1, 2, 5), (2, 1, 4), (1, None, 3)]:
        yield MaxPool2D(size, stride), distinct(2, 2 * width - size, width, 3)
    yield Flatten(), random_array(2, 3, 4, 5)


CASES = [pytest.param(*case, id=f"{case[0]!r}{case[1].shape}") for case in layers_with_input()]


@pytest.mark.parametrize("layer, A", CASES)
def test_every_gradient_entry(layer, A):
    assert_gradients(layer, A)


@pytest.mark.parametrize("layer, A", CASES)
def test_backward_twice_equals_once(layer, A):
    R = random_array(*layer.forward(A).shape, seed=5)
    dA = layer.backward(R).copy()
    gradients = {name: G.copy() for name, G in layer.gradients().items()}
    np.testing.assert_array_equal(layer.backward(R), dA)
    for name, G in layer.gradients().items():
        np.testing.assert_array_equal(G, gradients[name])


@pytest.mark.parametrize("layer, A", CASES)
def test_a_batch_is_its_samples_side_by_side(layer, A):
    """Gradients of parameters add over the samples: no 1/m in a layer."""
    out = layer.forward(A)
    R = random_array(*out.shape, seed=5)
    dA = layer.backward(R)
    total = layer.gradients()
    one_by_one = {name: np.zeros_like(G) for name, G in total.items()}
    for n in range(A.shape[-1]):
        sample = slice(n, n + 1)
        np.testing.assert_allclose(layer.forward(A[..., sample]), out[..., sample], atol=EXACT)
        np.testing.assert_allclose(layer.backward(R[..., sample]), dA[..., sample], atol=EXACT)
        for name, G in layer.gradients().items():
            one_by_one[name] += G
    for name, G in total.items():
        np.testing.assert_allclose(G, one_by_one[name], atol=EXACT)


@pytest.mark.parametrize("layer, A", [case for case in CASES if case.values[0].parameter_names])
def test_the_input_s_gradient_can_be_left_out(layer, A):
    R = random_array(*layer.forward(A).shape, seed=5)
    layer.backward(R)
    expected = {name: G.copy() for name, G in layer.gradients().items()}
    layer.dW = layer.db = None
    assert layer.backward(R, input_gradient=False) is None
    for name, G in layer.gradients().items():
        np.testing.assert_array_equal(G, expected[name])


@pytest.mark.parametrize("layer, A", CASES)
def test_inputs_are_not_changed(layer, A):
    before = A.copy()
    R = random_array(*layer.forward(A).shape, seed=5)
    R_before = R.copy()
    layer.backward(R)
    np.testing.assert_array_equal(A, before)
    np.testing.assert_array_equal(R, R_before)


@pytest.mark.parametrize("layer, A", CASES)
def test_output_shape_is_the_shape_of_one_sample(layer, A):
    assert layer.output_shape(A.shape[:-1]) == layer.forward(A).shape[:-1]


@pytest.mark.parametrize("layer, A", CASES)
def test_backward_before_forward(layer, A):
    new = retyped(layer, np.float64)
    with pytest.raises(RuntimeError, match=f"{layer.name}: call forward before backward$"):
        new.backward(A)


@pytest.mark.parametrize("layer, A", CASES)
def test_backward_belongs_to_the_last_forward(layer, A):
    """Whoever called it: a look at one sample makes it that sample's."""
    layer.forward(A)
    R = random_array(*layer.forward(A[..., :1]).shape, seed=5)
    expected = layer.backward(R)
    layer.forward(A)
    if A.shape[-1] > 1:
        with pytest.raises(ValueError, match=f"{layer.name}: d[ZA]: expected shape"):
            layer.backward(R)
    layer.forward(A[..., :1])
    np.testing.assert_array_equal(layer.backward(R), expected)


@pytest.mark.parametrize("layer, A", CASES)
def test_a_refused_forward_leaves_the_last_one(layer, A):
    R = random_array(*layer.forward(A).shape, seed=5)
    dA, gradients = layer.backward(R), dict(layer.gradients())
    for bad in (A * np.nan, A[..., :0], np.ma.masked_less(A, 0), [A, None]):
        with pytest.raises((ValueError, TypeError), match=f"{layer.name}: [AZ]: expected"):
            layer.forward(bad)
    np.testing.assert_array_equal(layer.backward(R), dA)
    for name, G in layer.gradients().items():
        np.testing.assert_array_equal(G, gradients[name])


@pytest.mark.parametrize("make", [Sigmoid, Tanh, Softplus, lambda: random_dense(2, 2)])
def test_a_forward_that_fails_on_its_way_leaves_the_last_one(make):
    """NumPy can be told to raise where a result is no float; the layer has not seen that batch."""
    layer, A = make(), random_array(2, 3)
    R = random_array(*layer.forward(A).shape, seed=5)
    expected = layer.backward(R)

    class Fails(np.ndarray):  # as NumPy does within np.errstate(all="raise")
        def __array_ufunc__(self, *_, **__):
            raise FloatingPointError

        def __array_function__(self, *_, **__):
            raise FloatingPointError

    with pytest.raises(FloatingPointError):
        unchecked(layer.forward)(A.view(Fails))
    np.testing.assert_array_equal(layer.backward(R), expected)
    if layer.parameters():
        layer.b = layer.b.view(Fails)  # after the product, the sum
        with pytest.raises(FloatingPointError):
            layer.forward(A + 1)
        np.testing.assert_array_equal(layer.backward(R), expected)
        assert layer.saved is A


def test_identity_computes_nothing_and_hands_out_no_one_else_s_memory_to_write_to():
    layer, Z = Identity(), random_array(2, 3)
    for A in (layer.forward(Z), Identity.function(Z)):
        assert np.shares_memory(A, Z)
        with pytest.raises(ValueError, match="read-only"):
            A += 1
    Z += 1  # the caller's own stays writeable
    dA = random_array(2, 3, seed=1)
    assert not np.shares_memory(layer.backward(dA), dA)


@pytest.mark.parametrize("layer, A", CASES)
def test_no_layer_hands_out_memory_that_can_be_written_to_and_is_another_s(layer, A):
    A = A.copy()
    Z = layer.forward(A)
    dA = layer.backward(R := random_array(*Z.shape, seed=5))
    assert not (Z.flags.writeable and np.shares_memory(Z, A))
    assert not (dA.flags.writeable and np.shares_memory(dA, R))
    for name, G in layer.gradients().items():
        assert not np.shares_memory(G, layer.parameters()[name])


def test_a_layer_without_forward_or_backward_says_so():
    class Nothing(Layer):
        parameter_names = ("W", "b")

    for call, method in [(Nothing().forward, "forward"), (Nothing().backward, "backward")]:
        with pytest.raises(NotImplementedError, match=f"Nothing: {method} is not written"):
            call(np.ones((2, 3)))


def test_a_gradient_that_backward_has_not_set_is_asked_for():
    class Forgetful(Dense):
        def backward(self, dZ):
            self.dW = dZ @ self.recall().T
            return self.W.T @ dZ

    layer = Forgetful([[1.0]], [[0.0]])
    layer.backward(layer.forward([[1.0]]))
    message = "Forgetful: call backward before asking for gradients: it sets dW, db$"
    with pytest.raises(RuntimeError, match=message):
        layer.gradients()


@pytest.mark.parametrize("fan_out", [0, "2", None])
def test_he_wants_a_fan_out_as_xavier_does(fan_out):
    """It does not need it; but who calls one must be able to call the other."""
    for init in (initializers.he, initializers.xavier):
        with pytest.raises((TypeError, ValueError), match=f"{init.__name__}: fan_out: expected"):
            init((2, 3), 3, fan_out, np.random.default_rng(0))


@pytest.mark.parametrize("init", [None, "he", 0.1])
def test_what_is_no_initializer_is_named(init):
    message = "Dense: init: expected a function such as initializers.he, got "
    with pytest.raises(TypeError, match=message):
        Dense.random(3, 2, np.random.default_rng(0), init)


@pytest.mark.parametrize("init", [initializers.he, initializers.xavier])
@pytest.mark.parametrize(
    "shape, error, message",
    [
        (None, TypeError, r"expected a tuple such as \(3, 8\), got NoneType"),
        (3, TypeError, r"expected a tuple such as \(3, 8\), got int"),
        ("23", TypeError, r"expected a tuple such as \(3, 8\), got str"),
        ((2, -1), ValueError, "expected a whole number >= 1, got -1"),
        ((2, 1.5), TypeError, "expected a whole number, got float"),
    ],
)
def test_initializers_need_the_shape_of_an_array(init, shape, error, message):
    with pytest.raises(error, match=f"{init.__name__}: shape: {message}"):
        init(shape, 3, 2, np.random.default_rng(0))


@pytest.mark.parametrize("shape", [(4,), (1, 3), (), np.array([3, 4]), 3, None, "3"])
def test_an_input_shape_that_does_not_fit_is_told(shape):
    message = r"Dense: (input_shape: expected a tuple such as|expected input \(3,\), got \()"
    with pytest.raises((TypeError, ValueError), match=message):
        random_dense(3, 2).output_shape(shape)


def test_activation_values():
    Z = np.array([[-2.0, 0.0, 3.0]])
    np.testing.assert_array_equal(Identity().forward(Z), Z)
    np.testing.assert_array_equal(ReLU().forward(Z), [[0, 0, 3]])
    np.testing.assert_array_equal(ReLU.derivative(Z), [[0, 0, 1]])
    np.testing.assert_array_equal(Identity.derivative(Z), [[1, 1, 1]])
    # correctly rounded or one unit off
    np.testing.assert_allclose(Sigmoid().forward(Z), 1 / (1 + np.exp(-Z)), rtol=4e-16)
    np.testing.assert_array_equal(Tanh().forward(Z), np.tanh(Z))
    np.testing.assert_allclose(Softplus().forward(Z), np.log1p(np.exp(Z)), rtol=4e-16)
    np.testing.assert_array_equal(Softplus.derivative(Z), Sigmoid.function(Z))


@pytest.mark.parametrize(
    "activation, analytic",
    [
        (Sigmoid, lambda z: 1 / (1 + np.exp(-z))),
        (Tanh, np.tanh),
        (Softplus, lambda z: np.log(1 + np.exp(z))),
    ],
)
def test_derivative_against_the_complex_step(activation, analytic):
    Z = random_array(3, 4) * 2
    expected = complex_step(lambda z: analytic(z).sum(), Z)
    np.testing.assert_allclose(activation.derivative(Z), expected, rtol=1e-13)  # 1 − tanh² cancels


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("z", [-0.5, 0, 2])
def test_functions_take_plain_numbers_too(activation, z):
    for function in (activation.function, activation.derivative):
        assert function(z) == function(np.array([[float(z)]])).item()


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_relu_derivative_at_zero_is_zero(zero):
    layer = ReLU()
    assert layer.forward([[zero]]) == 0
    assert layer.backward([[7.0]]) == 0


@pytest.mark.parametrize(
    "activation, low, high",
    [
        (Sigmoid, 0, 1),
        (Tanh, -1, 1),
        (ReLU, 0, 1e4),
        (Softplus, 0, 1e4),
        (Identity, -1e4, 1e4),
    ],
)
def test_extremes_are_exact_and_silent(activation, low, high):
    layer = activation()
    np.testing.assert_array_equal(layer.forward([[-1e4, 1e4]]), [[low, high]])
    slopes = {Sigmoid: [0, 0], Tanh: [0, 0], Identity: [1, 1]}.get(activation, [0, 1])
    np.testing.assert_array_equal(layer.backward([[1.0, 1.0]]), [slopes])


def test_sigmoid_derivative_keeps_its_precision_where_the_value_rounds_to_one():
    np.testing.assert_allclose(Sigmoid.derivative(np.array([-40.0, 40])), np.exp(-40), rtol=1e-15)


def test_dense_by_hand():
    layer = Dense([[1, 2], [3, 4], [5, 6]], [[10], [20], [30]])
    np.testing.assert_array_equal(layer.forward([[1, 0], [-1, 2]]), [[9, 14], [19, 28], [29, 42]])
    dA = layer.backward([[1, 0], [0, 1], [2, -1]])
    np.testing.assert_array_equal(layer.dW, [[1, -1], [0, 2], [2, -4]])
    np.testing.assert_array_equal(layer.db, [[1], [1], [1]])
    np.testing.assert_array_equal(dA, [[11, -2], [14, -2]])


def test_conv_by_hand():
    """The kernel slides unflipped: with [[1, 10], [100, 1000]] the digits show which pixel met
    which entry.
    """
    layer = Conv2D([[[[1, 10], [100, 1000]]]], [[5]])
    image = np.arange(1, 10).reshape(1, 3, 3, 1)
    np.testing.assert_array_equal(layer.forward(image)[0, :, :, 0], [[5426, 6537], [8759, 9870]])
    dZ = np.array([[1, 0], [0, 2]]).reshape(1, 2, 2, 1)
    dA = layer.backward(dZ)
    np.testing.assert_array_equal(layer.dW, [[[[11, 14], [20, 23]]]])
    np.testing.assert_array_equal(layer.db, [[3]])
    np.testing.assert_array_equal(dA[0, :, :, 0], [[1, 10, 0], [100, 1002, 20], [0, 200, 2000]])


def test_conv_with_stride_and_padding_by_hand():
    """Zeros all around, two pixels at a time: each kernel entry meets one pixel only."""
    layer = Conv2D([[[[1, 10], [100, 1000]]]], [[5]], stride=2, padding=1)
    image = np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1)
    np.testing.assert_array_equal(layer.forward(image)[0, :, :, 0], [[1005, 205], [35, 9]])
    dA = layer.backward(np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1))
    np.testing.assert_array_equal(layer.dW, [[[[16, 9], [4, 1]]]])
    np.testing.assert_array_equal(layer.db, [[10]])
    np.testing.assert_array_equal(dA[0, :, :, 0], [[1000, 200], [30, 4]])


def test_max_pooling_by_hand():
    layer = MaxPool2D(2)
    image = np.array([[1, 2, 5, 3], [4, 0, 6, -1], [-5, -4, 7, 7], [-3, -2, 7, 7]])
    Z = layer.forward(image.reshape(1, 4, 4, 1))
    np.testing.assert_array_equal(Z[0, :, :, 0], [[4, 6], [-2, 7]])
    dA = layer.backward(np.array([[10, 20], [30, 40]]).reshape(1, 2, 2, 1))
    routed = [[0, 0, 0, 0], [10, 0, 20, 0], [0, 0, 40, 0], [0, 30, 0, 0]]
    np.testing.assert_array_equal(dA[0, :, :, 0], routed)  # of four equal sevens, the first


def test_overlapping_windows_add_up_where_they_chose_the_same_pixel():
    layer, image = MaxPool2D(2, stride=1), np.zeros((1, 3, 3, 1))
    image[0, 1, 1, 0] = 1.0
    np.testing.assert_array_equal(layer.forward(image), np.ones((1, 2, 2, 1)))
    dA = layer.backward(np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1))
    np.testing.assert_array_equal(dA[0, :, :, 0], [[0, 0, 0], [0, 10, 0], [0, 0, 0]])


def test_max_pooling_is_told_by_size_and_stride():
    assert repr(MaxPool2D(3)) == "MaxPool2D(size=3, stride=3)"
    assert repr(MaxPool2D(3, stride=1)) == "MaxPool2D(size=3, stride=1)"
    assert repr(Conv2D(np.ones((2, 1, 3, 3)), np.ones((2, 1)), 2, 1)) == (
        "Conv2D(W: (2, 1, 3, 3), b: (2, 1), stride=2, padding=1)"
    )


@pytest.mark.parametrize("most_columns", [0, np.inf], ids=["rows", "columns"])
@pytest.mark.parametrize("image, kernels, stride, padding", SHAPES)
def test_fast_convolution_equals_the_loops(
    image, kernels, stride, padding, most_columns, monkeypatch
):
    monkeypatch.setattr(conv, "COLUMNS", most_columns)
    layer = conv_layer(image, kernels, stride, padding)
    A = random_array(*image, seed=1)
    Z = conv2d_loops(A, layer.W, layer.b, stride, padding)
    np.testing.assert_allclose(layer.forward(A), Z, atol=EXACT)
    R = random_array(*Z.shape, seed=2)
    dA, dW, db = conv2d_loops_backward(R, A, layer.W, stride, padding)
    np.testing.assert_allclose(layer.backward(R), dA, atol=EXACT)
    np.testing.assert_allclose(layer.dW, dW, atol=EXACT)
    np.testing.assert_allclose(layer.db, db, atol=EXACT)


@pytest.mark.parametrize("most_columns", [0, np.inf], ids=["rows", "columns"])
def test_the_image_s_gradient_can_be_left_out_both_ways(most_columns, monkeypatch):
    monkeypatch.setattr(conv, "COLUMNS", most_columns)
    layer, A = random_conv(2, 3, 2, 2), random_array(2, 4, 5, 3)
    R = random_array(*layer.forward(A).shape, seed=2)
    layer.backward(R)
    dW, db = layer.dW, layer.db
    assert layer.backward(R, input_gradient=False) is None
    np.testing.assert_array_equal(layer.dW, dW)
    np.testing.assert_array_equal(layer.db, db)


def test_patches_are_kept_up_to_the_limit_and_beyond_it_made_row_by_row(monkeypatch):
    layer, A = random_conv(2, 3, 2, 2), random_array(2, 4, 5, 3)
    numbers = 2 * 2 * 2 * 3 * 4 * 3  # 8 in a patch, 3 by 4 of them in each of 3 images
    for limit, kept in [(numbers, True), (numbers - 1, False)]:
        monkeypatch.setattr(conv, "COLUMNS", limit)
        layer.forward(A)
        assert (layer.saved[-1] is not None) == kept
    for at_once, positions in [(True, 3 * 4 * 3), (False, 4 * 3)]:
        _, columns = conv_fast.patches_forward(A, layer.W, layer.b, 1, (3, 3, 4, 3), at_once)
        assert columns.shape == (8 + 1, positions)  # and the ones for the biases


def test_a_kernel_as_large_as_the_image_is_a_dense_layer():
    layer = random_conv(2, 3, 4, 5)
    dense, flatten = Dense(layer.W.reshape(3, -1), layer.b), Flatten()
    A = random_array(2, 4, 5, 6, seed=1)
    Z = dense.forward(flatten.forward(A))
    np.testing.assert_allclose(layer.forward(A).reshape(3, 6), Z, atol=EXACT)
    R = random_array(3, 6, seed=2)
    dA = flatten.backward(dense.backward(R))
    np.testing.assert_allclose(layer.backward(R.reshape(3, 1, 1, 6)), dA, atol=EXACT)
    np.testing.assert_allclose(layer.dW.reshape(3, -1), dense.dW, atol=EXACT)


def test_a_kernel_of_one_pixel_is_a_dense_layer_over_the_channels():
    layer = random_conv(3, 2, 1, 1)
    A = random_array(3, 4, 5, 6, seed=1)
    Z = Dense(layer.W[:, :, 0, 0], layer.b).forward(A.reshape(3, -1))
    np.testing.assert_allclose(layer.forward(A), Z.reshape(2, 4, 5, 6), atol=EXACT)


def test_flatten_keeps_the_order_channel_row_column():
    A = np.arange(48.0).reshape(2, 3, 4, 2)
    layer = Flatten()
    out = layer.forward(A)
    assert out.shape == (24, 2)
    assert out[1 * 12 + 2 * 4 + 3, 1] == A[1, 2, 3, 1]
    np.testing.assert_array_equal(layer.backward(out), A)


def retyped(layer, dtype):
    """Return the layer with its parameters in another precision."""
    P = [array.astype(dtype) for array in layer.parameters().values()]
    return type(layer)(*P, **{name: getattr(layer, name) for name in layer.setting_names})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layer, A", CASES)
def test_the_precision_given_is_kept(layer, A, dtype):
    layer = retyped(layer, dtype)
    out = layer.forward(A.astype(dtype))
    dA = layer.backward(np.ones_like(out))
    assert {out.dtype, dA.dtype, *(G.dtype for G in layer.gradients().values())} == {
        np.dtype(dtype)
    }


ROUNDED = 1e-5  # a few dozen roundings of single precision, 6e-8 each


def by_loops(A, W, b, dZ):
    return conv2d_loops(A, W, b), *conv2d_loops_backward(dZ, A, W)


def by_layer(A, W, b, dZ):
    layer = Conv2D(W, b)
    Z, dA = layer.forward(A), layer.backward(dZ)
    return Z, dA, layer.dW, layer.db


@pytest.mark.parametrize("dtypes", [*product("fd", repeat=4)], ids="".join)
@pytest.mark.parametrize(
    "convolve, most_columns",
    [(by_loops, 0), (by_layer, 0), (by_layer, np.inf)],
    ids=["loops", "rows", "columns"],
)
def test_each_result_of_a_convolution_has_the_precision_of_the_arrays_it_is_made_of(
    convolve, most_columns, dtypes, monkeypatch
):
    """As in a dense layer: of A, W and b for Z, dZ and W for dA, dZ and A for dW, dZ for db."""
    monkeypatch.setattr(conv, "COLUMNS", most_columns)
    layer, A, dZ = random_conv(2, 3, 2, 2), random_array(2, 4, 5, 3), random_array(3, 3, 4, 3)
    given = [array.astype(c) for array, c in zip((A, layer.W, layer.b, dZ), dtypes, strict=True)]
    exact = by_loops(*(array.astype(float) for array in given))
    A, W, b, dZ = given
    factors = [(A, W), (dZ, W), (dZ, A), (dZ,)]  # the biases only add to the type of Z
    for found, wanted, made_of in zip(convolve(*given), exact, factors, strict=True):
        products = np.result_type(*made_of)
        assert found.dtype == (np.result_type(products, b) if wanted is exact[0] else products)
        tolerance = EXACT if products == np.float64 else ROUNDED
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


def test_a_convolution_of_one_pixel_and_a_dense_layer_agree_on_every_precision():
    for dtypes in product("fd", repeat=4):
        shapes = (2, 3), (4, 2), (4, 1), (4, 3)
        A, W, b, dZ = (np.ones(n, c) for n, c in zip(shapes, dtypes, strict=True))
        dense = Dense(W, b)
        expected = [dense.forward(A), dense.backward(dZ), dense.dW, dense.db]
        pixels = A[:, None, None], W[:, :, None, None], b, dZ[:, None, None]
        found = by_layer(*pixels)
        assert [array.dtype for array in found] == [array.dtype for array in expected], dtypes


@pytest.mark.parametrize("dA_type", [np.float32, np.float64])
@pytest.mark.parametrize("A_type", [np.float32, np.float64])
def test_what_pooling_and_flattening_hand_back_has_the_precision_of_what_came_back(A_type, dA_type):
    for layer in (MaxPool2D(2), Flatten()):
        Z = layer.forward(random_array(2, 4, 4, 3).astype(A_type))
        dA = layer.backward(np.ones(Z.shape, dA_type))
        assert (Z.dtype, dA.dtype) == (A_type, dA_type)


def test_flatten_s_results_do_not_lend_out_the_caller_s_memory():
    """Written to, they would change the images, or the gradients, behind the caller's back."""
    layer, A = Flatten(), random_array(2, 3, 4, 5)
    for result in (layer.forward(A), layer.backward(random_array(24, 5))):
        with pytest.raises(ValueError, match="read-only"):
            result += 1
    assert A.flags.writeable


@pytest.mark.parametrize("kind", [int, np.int8, np.uint8, np.float16])
def test_integers_and_half_precision_are_promoted(kind):
    layer = Dense(np.ones((2, 3), kind), np.zeros((2, 1), kind))
    out = layer.forward(np.full((3, 1), 100, kind))
    np.testing.assert_array_equal(out, [[300], [300]])  # in int8 this would be 44
    layer.backward(np.ones((2, 1), kind))
    assert {layer.W.dtype, layer.b.dtype, out.dtype, layer.dW.dtype} == {np.dtype(np.float64)}
    image = Conv2D(np.ones((1, 1, 2, 2), kind), [[0]]).forward(np.full((1, 2, 2, 1), 100, kind))
    assert (image.dtype, image.item()) == (np.float64, 400)
    assert ReLU().forward(np.array([[1, 2]], kind)).dtype == np.float64


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(float).max, reason="none is longer")
def test_a_number_too_long_for_a_float_is_refused_without_a_warning():
    W = np.full((1, 1), np.finfo(np.longdouble).max)
    with pytest.raises(ValueError, match=r"Dense: W: expected finite numbers, got inf at \(0, 0\)"):
        Dense(W, [[0.0]])


@pytest.mark.parametrize("make", [lambda: random_dense(3, 2), lambda: random_conv(1, 2, 2, 2)])
def test_a_layer_copies_its_parameters(make):
    original = make()
    copy = type(original)(original.W, original.b)
    copy.W += 1
    copy.b += 1
    np.testing.assert_array_equal(original.W, make().W)
    np.testing.assert_array_equal(original.b, make().b)


def test_parameters_are_the_layer_s_own_arrays():
    layer = random_dense(3, 2)
    assert layer.parameters()["W"] is layer.W
    assert layer.parameters()["b"] is layer.b


def test_random_layers():
    dense = Dense.random(3, 2, np.random.default_rng(0))
    layer = Conv2D.random(3, 4, 5, np.random.default_rng(0), stride=2, padding=1)
    assert (dense.W.shape, dense.b.tolist()) == ((2, 3), [[0], [0]])
    assert (layer.W.shape, layer.b.tolist()) == ((4, 3, 5, 5), [[0]] * 4)
    assert (layer.stride, layer.padding) == (2, 1)
    again = Dense.random(3, 2, np.random.default_rng(0))
    np.testing.assert_array_equal(dense.W, again.W)


@pytest.mark.parametrize(
    "layer, variance",
    [
        (lambda rng, init: Dense.random(200, 300, rng, init), {"he": 2 / 200, "xavier": 2 / 500}),
        (
            lambda rng, init: Conv2D.random(16, 64, 7, rng, init),
            {"he": 2 / (16 * 49), "xavier": 2 / (80 * 49)},
        ),
    ],
    ids=["dense", "conv"],
)
@pytest.mark.parametrize("init", ["he", "xavier"])
def test_initial_variance(layer, variance, init):
    W = layer(np.random.default_rng(0), getattr(initializers, init)).W
    # 50,000 draws: the variance's relative standard error is sqrt(2 / 50,000) = 0.6 %
    assert W.var() == pytest.approx(variance[init], rel=0.03)
    assert abs(W.mean()) < 5 * W.std() / np.sqrt(W.size)


def test_he_is_the_default():
    draws = [
        Dense.random(3, 2, np.random.default_rng(0), *init) for init in ([], [initializers.he])
    ]
    np.testing.assert_array_equal(draws[0].W, draws[1].W)


# --- Bad input -------------------------------------------------------------------------------

W, B, A, DZ = random_array(2, 3), random_array(2, 1), random_array(3, 4), random_array(2, 4)
KERNELS, IMAGES, MAPS = random_array(2, 1, 2, 3), random_array(1, 4, 5, 3), random_array(2, 3, 3, 3)


@pytest.mark.parametrize(
    "stride, padding, height, width",
    [(2, 0, 5, 5), (2, 0, 4, 6), (3, 1, 4, 4), (4, 0, 5, 8), (2, 0, 2, 6), (2, 0, 5, 3)],
)
def test_strides_that_lose_rows_or_columns(stride, padding, height, width):
    layer, image = Conv2D(KERNELS, B, stride, padding), random_array(1, height, width, 1)
    size = re.escape(str((height + 2 * padding, width + 2 * padding)))
    zeros = r" \(with 1 zeros around\)" if padding else ""
    pattern = (
        rf"Conv2D: A: expected images that the kernel \(2, 3\) covers in steps of {stride}, "
        rf"got {size}{zeros}: the last rows or columns would be lost$"
    )
    for call in (
        lambda: layer.forward(image),
        lambda: conv2d_loops(image, KERNELS, B, stride, padding),
        lambda: conv2d_loops_backward(MAPS, image, KERNELS, stride, padding),
        lambda: layer.output_shape((1, height, width)),
        lambda: Sequential([layer]).forward(image),
    ):
        refused(call, [layer], ValueError, pattern)


def test_windows_that_do_not_fit():
    for layer, shape, pattern in [
        (
            MaxPool2D(2),
            (1, 5, 4),
            r"MaxPool2D: A: expected images that the window \(2, 2\) covers in",
        ),
        (MaxPool2D(3, 2), (1, 5, 6), r"MaxPool2D: A: expected .* in steps of 2, got \(5, 6\): the"),
        (MaxPool2D(4), (1, 3, 4), r"MaxPool2D: A: expected images at least as large as the window"),
    ]:
        refused(lambda: layer.forward(random_array(*shape, 2)), [layer], ValueError, pattern)  # noqa: B023
        refused(lambda: layer.output_shape(shape), [layer], ValueError, pattern)  # noqa: B023


@pytest.mark.parametrize("height, width", [(1, 5), (4, 2), (1, 1)])
def test_kernel_larger_than_the_image(height, width):
    layer, image = used(Conv2D(KERNELS, B), IMAGES), random_array(1, height, width, 1)
    message = rf"Conv2D: A: expected images .* kernel \(2, 3\), got \({height}, {width}\)"
    for call in (
        lambda: layer.forward(image),
        lambda: conv2d_loops(image, KERNELS, B),
        lambda: conv2d_loops_backward(MAPS, image, KERNELS),
        lambda: layer.output_shape((1, height, width)),
    ):
        refused(call, [layer], ValueError, message)


def test_convolution_needs_images():
    pattern = r"Conv2D: A: expected shape \(1, height, width, m\), got \(4, 6\)"
    refused(lambda: random_conv(1, 1, 2, 2).forward(random_array(4, 6)), [], ValueError, pattern)


@pytest.mark.parametrize(
    "call, error, pattern",
    [
        (
            lambda: Dense(W, B).output_shape((4,)),
            ValueError,
            r"Dense: expected input \(3,\), got \(4,\)",
        ),
        (
            lambda: Dense(W, B).output_shape((1, 3)),
            ValueError,
            r"Dense: expected input \(3,\), got \(1, 3\)",
        ),
        (
            lambda: Conv2D(KERNELS, B).output_shape((2, 8, 8)),
            ValueError,
            r"Conv2D: expected input \(1, height, width\), got \(2, 8, 8\)",
        ),
        (
            lambda: Conv2D(KERNELS, B).output_shape((64,)),
            ValueError,
            r"Conv2D: expected input \(1, height, width\), got \(64,\)",
        ),
        (
            lambda: Conv2D(KERNELS, B).output_shape((1, 8)),
            ValueError,
            r"Conv2D: expected input \(1, height, width\), got \(1, 8\)",
        ),
        *(
            (
                lambda shape=shape: MaxPool2D(2).output_shape(shape),
                ValueError,
                re.escape(f"MaxPool2D: expected input (channels, height, width), got {shape}"),
            )
            for shape in [(8, 8), (1, 8, 8, 1)]
        ),
    ],
)
def test_shapes_that_do_not_fit_a_layer(call, error, pattern):
    refused(call, [], error, pattern)


@pytest.mark.parametrize("bad", [-1, *NOT_WHOLE], ids=repr)
def test_padding_may_be_zero_but_not_less(bad):
    error = ValueError if bad == -1 else TypeError
    pattern = "Conv2D: padding: expected a whole number(, got| >= 0, got -1$)"
    refused(lambda: Conv2D(KERNELS, B, padding=bad), [], error, pattern)
    Conv2D(KERNELS, B, padding=0)


@pytest.mark.parametrize("bad", [0, -1, "2", 1.5, True, [1]], ids=repr)
def test_the_stride_of_pooling(bad):
    error = ValueError if bad in (0, -1) and bad is not True else TypeError
    pattern = "MaxPool2D: stride: expected a whole number(, got| >= 1, got -?[01]$)"
    refused(lambda: MaxPool2D(2, bad), [], error, pattern)


@pytest.mark.parametrize("layer, A", [(Dense(W, B), A), (Conv2D(KERNELS, B), IMAGES)])
def test_gradients_before_backward(layer, A):
    pattern = f"{layer.name}: call backward before asking for gradients"
    refused(layer.gradients, [layer], RuntimeError, pattern)
    layer.forward(A)
    refused(layer.gradients, [layer], RuntimeError, pattern)
    refused(Sequential([layer]).gradients, [layer], RuntimeError, pattern)


def test_gradients_before_backward_of_a_layer_with_one_parameter():
    class Scale(Layer):
        parameter_names = ("factor",)

    refused(Scale().gradients, [], RuntimeError, "Scale: call backward before asking")


def test_a_refused_forward_pass_does_not_spoil_the_last_one():
    layer = Dense(W, B)
    layer.forward(A)
    expected = layer.backward(DZ)
    refused(lambda: layer.forward(A.T), [layer], ValueError, "Dense: A: expected")
    np.testing.assert_array_equal(layer.backward(DZ), expected)
