"""Expected values that courses print for their exercises, held at every digit printed.

- *CS231n*: Stanford, Convolutional Neural Networks for Visual Recognition, spring 2020,
  assignment 2 (``assignments/2020/assignment2_jupyter.zip`` in cs231n/cs231n.github.io, the same
  tables as in 2019), notebooks FullyConnectedNets and ConvolutionalNetworks; course notes,
  ``linear-classify.md``.
- *DLS*: DeepLearning.AI, Deep Learning Specialization (2017), course 4, week 1, notebook
  "Convolution model - Step by Step - v1".
- *UDL*: Prince, Understanding Deep Learning (2023), notebooks 5.3, 7.2 and 10.1
  (``Notebooks/`` in udlbook/udlbook).
- *D2L*: Zhang, Lipton, Li and Smola, Dive into Deep Learning (2023), sections 7.2, 7.4 and 7.5
  (``chapter_convolutional-neural-networks/`` in d2l-ai/d2l-en).
"""

import numpy as np
import pytest

from backprop_lib import (
    SGD,
    Adam,
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    losses,
)

pytestmark = pytest.mark.filterwarnings("error")


def assert_printed(got, printed, decimals):
    """Half a unit of the last digit printed is all that rounding to it can have changed."""
    np.testing.assert_allclose(got, printed, rtol=0, atol=0.5 * 10.0**-decimals)


def linspace(first, last, *shape):
    """Return evenly spaced numbers in reading order, as CS231n fills its arrays."""
    return np.linspace(first, last, np.prod(shape)).reshape(shape)


def batch_last(A):
    """Move CS231n's batch axis, the first, to the end: (m, ...) to (..., m)."""
    return np.moveaxis(A, 0, -1)


def channels_first(A):
    """Turn DLS's images, (m, height, width, channels), to (channels, height, width, m)."""
    return A.swapaxes(0, 3)


def test_cs231n_affine_forward():
    images = batch_last(linspace(-0.1, 0.5, 2, 4, 5, 6))
    W, b = linspace(-0.2, 0.3, 120, 3).T, linspace(-0.3, 0.1, 3, 1)
    out = Dense(W, b).forward(Flatten().forward(images))
    printed = [[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]]
    assert_printed(out.T, printed, 8)


def test_cs231n_relu_forward():
    printed = [
        [0, 0, 0, 0],
        [0, 0, 0.04545455, 0.13636364],
        [0.22727273, 0.31818182, 0.40909091, 0.5],
    ]
    assert_printed(ReLU().forward(linspace(-0.5, 0.5, 3, 4)), printed, 8)


def test_cs231n_conv_forward_naive():
    layer = Conv2D(linspace(-0.2, 0.3, 3, 3, 4, 4), linspace(-0.1, 0.2, 3, 1), stride=2, padding=1)
    out = layer.forward(batch_last(linspace(-0.1, 0.5, 2, 3, 4, 4)))
    printed = [
        [
            [[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]],
            [[0.21027089, 0.21661097], [0.22847626, 0.23004637]],
            [[0.50813986, 0.54309974], [0.64082444, 0.67101435]],
        ],
        [
            [[-0.98053589, -1.03143541], [-1.19128892, -1.24695841]],
            [[0.69108355, 0.66880383], [0.59480972, 0.56776003]],
            [[2.36270298, 2.36904306], [2.38090835, 2.38247847]],
        ],
    ]
    assert_printed(out, batch_last(printed), 8)


def test_cs231n_max_pool_forward_naive():
    out = MaxPool2D(2, stride=2).forward(batch_last(linspace(-0.3, 0.4, 2, 3, 4, 4)))
    printed = [
        [
            [[-0.26315789, -0.24842105], [-0.20421053, -0.18947368]],
            [[-0.14526316, -0.13052632], [-0.08631579, -0.07157895]],
            [[-0.02736842, -0.01263158], [0.03157895, 0.04631579]],
        ],
        [
            [[0.09052632, 0.10526316], [0.14947368, 0.16421053]],
            [[0.20842105, 0.22315789], [0.26736842, 0.28210526]],
            [[0.32631579, 0.34105263], [0.38526316, 0.4]],
        ],
    ]
    assert_printed(out, batch_last(printed), 8)


def test_cs231n_two_layer_net():
    net = Sequential(
        [
            Dense(linspace(-0.7, 0.3, 5, 50).T, linspace(-0.1, 0.9, 50, 1)),
            ReLU(),
            Dense(linspace(-0.3, 0.4, 50, 7).T, linspace(-0.9, 0.1, 7, 1)),
        ]
    )
    scores = net.forward(linspace(-5.5, 4.5, 5, 3))
    printed = [
        [11.53165108, 12.2917344, 13.05181771, 13.81190102, 14.57198434, 15.33206765, 16.09215096],
        [12.05769098, 12.74614105, 13.43459113, 14.1230412, 14.81149128, 15.49994135, 16.18839143],
        [12.58373087, 13.20054771, 13.81736455, 14.43418138, 15.05099822, 15.66781506, 16.2846319],
    ]
    assert_printed(scores.T, printed, 8)
    assert_printed(SoftmaxCrossEntropy().forward(scores, [0, 5, 1]), 3.4702243556, 10)


def test_cs231n_notes_on_softmax():
    assert_printed(losses.softmax([[0.5], [-1], [0]]), [[0.55], [0.12], [0.33]], 2)


W, DW = linspace(-0.4, 0.6, 4, 5), linspace(-0.6, 0.4, 4, 5)  # where CS231n's optimisers start


def one_step(optimizer, history):
    """Return where CS231n's step leads, after a history of gradients that only the state keeps."""
    P = W.copy()
    for G in history:
        optimizer.step({"w": P}, {"w": G})
    P[...] = W
    optimizer.step({"w": P}, {"w": DW})
    return P


def test_cs231n_sgd_momentum():
    """Its velocity v is −η times ours: the gradient −v/η, in a first step, leaves it behind."""
    v, eta = linspace(0.6, 0.9, 4, 5), 1e-3
    next_w = one_step(SGD(eta, momentum=0.9), [-v / eta])
    printed_w = [
        [0.1406, 0.20738947, 0.27417895, 0.34096842, 0.40775789],
        [0.47454737, 0.54133684, 0.60812632, 0.67491579, 0.74170526],
        [0.80849474, 0.87528421, 0.94207368, 1.00886316, 1.07565263],
        [1.14244211, 1.20923158, 1.27602105, 1.34281053, 1.4096],
    ]
    printed_v = [
        [0.5406, 0.55475789, 0.56891579, 0.58307368, 0.59723158],
        [0.61138947, 0.62554737, 0.63970526, 0.65386316, 0.66802105],
        [0.68217895, 0.69633684, 0.71049474, 0.72465263, 0.73881053],
        [0.75296842, 0.76712632, 0.78128421, 0.79544211, 0.8096],
    ]
    assert_printed(next_w, printed_w, 8)
    assert_printed(next_w - W, printed_v, 8)


def test_cs231n_adam():
    """The sixth step, from means m and v: five gradients p, q, 0, 0, 0 that leave just these.

    With x and y the shares of p and q in m, x p + y q = m; with X and Y those of p² and q² in v,
    X p² + Y q² = v. Eliminating p leaves a quadratic equation for q.
    """
    m, v = linspace(0.6, 0.9, 4, 5), linspace(0.7, 0.5, 4, 5)
    x, y = 0.1 * 0.9**4, 0.1 * 0.9**3
    X, Y = 0.001 * 0.999**4, 0.001 * 0.999**3
    a, b, c = X * y**2 + Y * x**2, X * m * y, X * m**2 - v * x**2
    q = (b + np.sqrt(b**2 - a * c)) / a
    p = (m - y * q) / x
    next_w = one_step(Adam(1e-2), [p, q, 0 * p, 0 * p, 0 * p])
    printed = [
        [-0.40094747, -0.34836187, -0.29577703, -0.24319299, -0.19060977],
        [-0.1380274, -0.08544591, -0.03286534, 0.01971428, 0.0722929],
        [0.1248705, 0.17744702, 0.23002243, 0.28259667, 0.33516969],
        [0.38774145, 0.44031188, 0.49288093, 0.54544852, 0.59801459],
    ]
    assert_printed(next_w, printed, 8)


def test_dls_conv_forward_and_backward():
    """Its backward pass is fed the layer's own output as dZ."""
    rng = np.random.RandomState(1)
    A, W, b = (rng.randn(*shape) for shape in [(10, 4, 4, 3), (2, 2, 3, 8), (8, 1)])
    layer = Conv2D(W.transpose(3, 2, 0, 1), b, stride=2, padding=2)
    Z = layer.forward(channels_first(A))
    assert_printed(Z[:4, 2, 1, 3], [-0.61490741, -6.7439236, -2.55153897, 1.75698377], 8)
    assert_printed(Z[4:, 2, 1, 3], [3.56208902, 0.53036437, 5.18531798, 8.75898442], 8)
    assert_printed(Z.mean(), 0.0489952035289, 13)
    dA = layer.backward(Z)
    assert_printed(dA.mean(), 1.45243777754, 11)
    assert_printed(layer.dW.mean(), 1.72699145831, 11)
    assert_printed(layer.db.mean(), 7.83923256462, 11)


def test_dls_pool_forward():
    rng = np.random.RandomState(1)
    layer = MaxPool2D(3, stride=2)
    images = channels_first(rng.randn(2, 4, 4, 3))
    with pytest.raises(ValueError, match="MaxPool2D"):  # DLS leaves the last row and column out
        layer.forward(images)
    printed = [[1.74481176, 0.86540763, 1.13376944], [1.13162939, 1.51981682, 2.18557541]]
    assert_printed(layer.forward(images[:, :3, :3])[:, 0, 0].T, printed, 8)


def test_dls_pool_backward():
    """Windows overlap here: the middle pixel is the largest of all four that it lies in."""
    rng = np.random.RandomState(1)
    layer = MaxPool2D(2, stride=1)
    layer.forward(channels_first(rng.randn(5, 5, 3, 2)))
    dA = layer.backward(channels_first(rng.randn(5, 4, 2, 2)))
    assert_printed(dA[:, 1, :, 1].T, [[0, 0], [5.05844394, -1.68282702], [0, 0]], 8)


def test_udl_5_3_multiclass_cross_entropy():
    x = (
        "0.09291784 0.46809093 0.93089486 0.67612654 0.73441752 0.86847339 0.49873225 0.51083168 "
        "0.18343972 0.99380898 0.27840809 0.38028817 0.12055708 0.56715537 0.92005746 0.77072270 "
        "0.85278176 0.05315950 0.87168699 0.58858043"
    )
    labels = [2, 0, 1, 2, 1, 0, 0, 2, 2, 0, 2, 0, 2, 0, 1, 2, 1, 2, 1, 0]
    net = Sequential(
        [
            Dense([[-1.0], [1.8], [0.65]], [[0.3], [-1.0], [-0.5]]),
            ReLU(),
            Dense([[-24, -8, 50], [-2, 8, -30], [16, -8, -8]], [[2], [-2], [0]]),
        ]
    )
    loss = SoftmaxCrossEntropy().forward(net.forward([[float(s) for s in x.split()]]), labels)
    assert_printed(20 * loss, 17.015457867, 9)  # it adds the samples where we take their mean
    assert_printed(np.exp(-20 * loss), 0.000000041, 9)


def test_udl_7_2_network():
    rng = np.random.RandomState(0)
    weights = {0: rng.normal(size=(6, 1)), 5: rng.normal(size=(1, 6))}
    biases = {0: rng.normal(size=(6, 1)), 5: rng.normal(size=(1, 1))}
    for k in range(1, 5):
        weights[k], biases[k] = rng.normal(size=(6, 6)), rng.normal(size=(6, 1))
    layers = [layer for k in range(6) for layer in (Dense(weights[k], biases[k]), ReLU())]
    assert_printed(Sequential(layers[:-1]).forward([[1.2]]), [[1.907]], 3)


@pytest.mark.parametrize("size, entry, total", [(3, 0.33, 71.1), (5, 0.2, 69.6)])
def test_udl_10_1_convolution_of_a_signal(size, entry, total):
    """A signal is an image of height 1, whose kernels have only zeros above and below."""
    signal = [5.2, 5.3, 5.4, 5.1, 10.1, 10.3, 9.9, 10.3, 3.2, 3.4, 3.3, 3.1]
    W = np.zeros((1, 1, size, size))
    W[0, 0, size // 2] = entry
    out = Conv2D(W, [[0]], padding=size // 2).forward(np.reshape(signal, (1, 1, 12, 1)))
    assert out.shape == (1, 1, 12, 1)
    assert_printed(out.sum(), total, 1)


D2L_X, D2L_K = np.arange(9.0).reshape(1, 3, 3, 1), np.arange(4.0).reshape(1, 1, 2, 2)


def test_d2l_7_2_cross_correlation():
    out = Conv2D(D2L_K, [[0]]).forward(D2L_X)
    np.testing.assert_array_equal(out[0, :, :, 0], [[19, 25], [37, 43]])


def test_d2l_7_4_two_input_channels():
    K = np.concatenate([D2L_K, D2L_K + 1], axis=1)
    out = Conv2D(K, [[0]]).forward(np.concatenate([D2L_X, D2L_X + 1]))
    assert out[0, 0, 0, 0] == 56


def test_d2l_7_5_max_pooling():
    out = MaxPool2D(2, stride=1).forward(D2L_X)
    np.testing.assert_array_equal(out[0, :, :, 0], [[4, 5], [7, 8]])
