"""Convolution on images of shape (channels, height, width, m), as loops and as a layer; pooling.

``conv2d_loops`` says what is computed, ``conv_fast`` does so quickly; tests hold them equal.
"""

import math

import numpy as np

from backprop_lib import initializers
from backprop_lib._validate import function, real_array, whole_number
from backprop_lib.conv_fast import columns_backward, patches_forward, rows_backward
from backprop_lib.layer import Layer, read_only, takes

COLUMNS = 2**17  # the most numbers that patches may take: a megabyte of float64


def conv2d_loops(A, W, b, stride=1, padding=0):
    """Return Z as the sum in the book, one output number at a time; Equation
    :eq:`eq-conv-forward`, with stride and padding :eq:`eq-conv-stride`.

    Parameters
    ----------
    A : array of shape (channels, height, width, m)
        The images.
    W : array of shape (filters, channels, kernel_height, kernel_width)
        The kernels.
    b : array of shape (filters, 1)
        The biases.
    stride, padding : int, optional
        How far the kernel moves at a time; how many zeros surround the image.

    Returns
    -------
    array of shape (filters, out_height, out_width, m)
    """
    layer = Conv2D(W, b, stride, padding)  # checks what it is given
    A = real_array(A, "Conv2D: A", (layer.W.shape[1], "height", "width", "m"))
    shape = *layer.output_shape(A.shape[:3]), A.shape[3]
    A, W, b = _padded(A, padding), layer.W, layer.b
    Z = np.zeros(shape, np.result_type(A, W, b))
    for f, r, s, n in np.ndindex(Z.shape):
        Z[f, r, s, n] = b[f, 0]
        for c, i, j in np.ndindex(W.shape[1:]):
            Z[f, r, s, n] += W[f, c, i, j] * A[c, stride * r + i, stride * s + j, n]
    return Z


def conv2d_loops_backward(dZ, A, W, stride=1, padding=0):
    """Return dA, dW, db by revisiting every product of ``conv2d_loops``; Equations
    :eq:`eq-conv-dA`, :eq:`eq-conv-dW`, :eq:`eq-conv-db`, with stride and padding
    :eq:`eq-conv-stride-backward`.

    ``dZ`` has the shape of Z, the results those of A, W and b.
    """
    W = real_array(W, "Conv2D: W", ("filters", "channels", "height", "width"))
    layer = Conv2D(W, np.zeros((len(W), 1)), stride, padding)
    A = real_array(A, "Conv2D: A", (layer.W.shape[1], "height", "width", "m"))
    dZ = real_array(dZ, "Conv2D: dZ", (*layer.output_shape(A.shape[:3]), A.shape[3]))
    A = _padded(A, padding)
    dA = np.zeros(A.shape, np.result_type(dZ, W))
    dW, db = np.zeros(W.shape, np.result_type(dZ, A)), np.zeros((len(W), 1), dZ.dtype)
    for f, r, s, n in np.ndindex(dZ.shape):
        db[f, 0] += dZ[f, r, s, n]
        for c, i, j in np.ndindex(W.shape[1:]):
            dW[f, c, i, j] += dZ[f, r, s, n] * A[c, stride * r + i, stride * s + j, n]
            dA[c, stride * r + i, stride * s + j, n] += dZ[f, r, s, n] * W[f, c, i, j]
    return _unpadded(dA, padding), dW, db


class Conv2D(Layer):
    """Slide each kernel over the image, without flipping it; Equations :eq:`eq-conv-forward`
    and, with stride and padding, :eq:`eq-conv-stride`.

    Parameters
    ----------
    W : array of shape (filters, channels, kernel_height, kernel_width)
        The kernels, copied.
    b : array of shape (filters, 1)
        The biases, copied.
    stride : int, optional
        How many pixels the kernel moves at a time. The last position must end at the edge.
    padding : int, optional
        How many rows and columns of zeros surround the image.

    Attributes
    ----------
    dW, db : arrays of the shapes of W and b
        d loss / d W and d loss / d b, as of the last ``backward``.

    Notes
    -----
    Source 000 for the layer's place in the network.

    The sums of ``conv2d_loops`` as matrix products of the kernels and the patches that they see:
    ``patches_forward``. Backward the patches of small images are still there, as the columns of
    a matrix: ``columns_backward``. Large images go row by row: ``rows_backward``.

    Arrays of different precision meet as in ``Dense``: a result is double where one of the arrays
    that it is made of is, so dA where dZ or W is, whatever A was.
    """

    parameter_names = ("W", "b")
    setting_names = ("stride", "padding")
    window = "kernel"

    def __init__(self, W, b, stride=1, padding=0):
        self.W = real_array(W, "Conv2D: W", ("filters", "channels", "height", "width")).copy()
        self.b = real_array(b, "Conv2D: b", (len(self.W), 1)).copy()
        self.stride = whole_number(stride, "Conv2D: stride")
        self.padding = whole_number(padding, "Conv2D: padding", least=0)

    @classmethod
    def random(cls, channels, filters, kernel_size, rng, init=initializers.he, **geometry):
        """Return a layer with random square kernels and zero biases.

        ``geometry`` is ``stride`` and ``padding``.
        """
        channels = whole_number(channels, "Conv2D: channels")
        filters = whole_number(filters, "Conv2D: filters")
        size = whole_number(kernel_size, "Conv2D: kernel_size")
        area = size * size
        init = function(init, "Conv2D: init", "initializers.he")
        W = init((filters, channels, size, size), channels * area, filters * area, rng)
        return cls(W, np.zeros((filters, 1)), **geometry)

    @takes("A", lambda self: (self.W.shape[1], "height", "width", "m"))
    def forward(self, A):
        """Return Z of shape (filters, out_height, out_width, m) for A of shape
        (channels, height, width, m).
        """
        shape = *self.output_shape(A.shape[:3]), A.shape[3]
        A = _padded(A, self.padding)
        small = self.W[0].size * math.prod(shape[1:]) <= COLUMNS
        Z, columns = patches_forward(A, self.W, self.b, self.stride, shape, small)
        self.saved = A, shape, columns if small else None
        return Z

    @takes("dZ", lambda self: self.recall()[1])
    def backward(self, dZ, input_gradient=True):
        """Set dW and db, return dA of the image's shape; Equations :eq:`eq-conv-dA`,
        :eq:`eq-conv-dW`, :eq:`eq-conv-db`.

        The first layer of a network can leave dA out: ``input_gradient=False``.
        """
        A, _, columns = self.saved
        dA = np.zeros(A.shape, np.result_type(dZ, self.W)) if input_gradient else None
        if columns is None:
            self.dW, self.db = rows_backward(dZ, A, self.W, self.stride, dA)
        else:
            self.dW, self.db = columns_backward(dZ, columns, self.W, self.stride, dA)
        return _unpadded(dA, self.padding) if input_gradient else None

    def output_shape(self, input_shape):
        """Return (filters, out_height, out_width), after checking that the input is
        (channels, height, width) and that the kernel's positions cover it exactly.
        """
        filters, channels, *kernel = self.W.shape
        if len(input_shape) != 3 or input_shape[0] != channels:
            raise ValueError(
                f"Conv2D: expected input ({channels}, height, width), got {tuple(input_shape)}"
            )
        out = _positions(self, input_shape[1:], kernel, self.stride, self.padding)
        return filters, *out


class MaxPool2D(Layer):
    """Keep the largest entry of each square window; Equation :eq:`eq-max-pool`.

    Parameters
    ----------
    size : int
        The window's height and width.
    stride : int, optional
        How far the window moves at a time; ``size`` if omitted. The last window must end at the
        edge.
    """

    setting_names = ("size", "stride")
    window = "window"

    def __init__(self, size, stride=None):
        self.size = whole_number(size, "MaxPool2D: size")
        self.stride = self.size if stride is None else whole_number(stride, "MaxPool2D: stride")

    @takes("A", lambda self: ("channels", "height", "width", "m"))
    def forward(self, A):
        """Return Z of shape (channels, out_height, out_width, m) for A of shape
        (channels, height, width, m).
        """
        windows = self._windows(A)
        Z = next(windows).copy()
        for entries in windows:
            np.maximum(Z, entries, out=Z)
        self.saved = A, Z
        return read_only(Z)

    @takes("dZ", lambda self: self.recall()[1].shape)
    def backward(self, dZ):
        """Return dA: each entry of dZ goes to the largest entry of its window, the first one in
        reading order where several are equal; Equation :eq:`eq-max-pool-backward`.
        """
        A, Z = self.saved
        dA = np.zeros(A.shape, dZ.dtype)
        waiting = np.ones(Z.shape, bool)
        for entries, d_entries in zip(self._windows(A), self._windows(dA), strict=True):
            largest = waiting & (entries == Z)
            d_entries += dZ * largest
            waiting &= ~largest
        return dA

    def output_shape(self, input_shape):
        """Return (channels, out_height, out_width), after checking that the windows cover the
        input exactly.
        """
        if len(input_shape) != 3:
            raise ValueError(
                f"MaxPool2D: expected input (channels, height, width), got {tuple(input_shape)}"
            )
        window = self.size, self.size
        return input_shape[0], *_positions(self, input_shape[1:], window, self.stride, 0)

    def _windows(self, A):
        """Yield, for each entry of the window in reading order, a view of it in every window."""
        _, out_height, out_width = self.output_shape(A.shape[:3])
        s = self.stride
        for i, j in np.ndindex(self.size, self.size):
            yield A[:, i : i + s * out_height : s, j : j + s * out_width : s]


class Flatten(Layer):
    """Reshape (channels, height, width, m) to (channels·height·width, m), and back.

    Nothing is copied: what is returned lies in the memory of what came, and is read-only.
    """

    @takes("A", lambda self: ("channels", "height", "width", "m"))
    def forward(self, A):
        """Return the images as columns."""
        self.saved = A.shape
        return read_only(A.reshape(-1, A.shape[-1]))

    @takes("dA", lambda self: (math.prod(self.recall()[:3]), self.saved[3]))
    def backward(self, dA):
        """Return the gradients as images."""
        return read_only(dA.reshape(self.saved))

    def output_shape(self, input_shape):
        """Return (channels·height·width,)."""
        return (math.prod(input_shape),)


def _positions(layer, size, window, stride, padding):
    """Return how many positions a window has in height and in width."""
    (height, width), (kh, kw) = size, window
    height, width = height + 2 * padding, width + 2 * padding
    if height >= kh and width >= kw and not (height - kh) % stride and not (width - kw) % stride:
        return (height - kh) // stride + 1, (width - kw) // stride + 1
    zeros = f" (with {padding} zeros around)" if padding else ""
    found = f"{layer.window} {tuple(window)}", f"got {(height, width)}{zeros}"
    if height < kh or width < kw:
        raise ValueError(
            f"{layer.name}: A: expected images at least as large as the {found[0]}, {found[1]}"
        )
    raise ValueError(
        f"{layer.name}: A: expected images that the {found[0]} covers in steps of {stride}, "
        f"{found[1]}: the last rows or columns would be lost"
    )


def _padded(A, padding):
    if padding == 0:
        return A
    return np.pad(A, ((0, 0), (padding, padding), (padding, padding), (0, 0)))


def _unpadded(A, padding):
    return A[:, padding : A.shape[1] - padding, padding : A.shape[2] - padding]
