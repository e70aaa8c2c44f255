"""Convolution on images of shape (channels, height, width, m): loops to read, GEMMs to run."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from backprop_lib import initializers
from backprop_lib._validate import real_array, whole_number
from backprop_lib.layer import Layer

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
    Z = np.zeros(shape, np.result_type(A, W))
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
    dA, dW, db = np.zeros_like(A), np.zeros_like(W), np.zeros((len(W), 1), dZ.dtype)
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

    The sums of ``conv2d_loops`` as matrix products, in one of two ways. Small images are copied
    patch by patch to the columns of one matrix: ``columns_forward``. Of large images that matrix
    would not fit in the processor's cache; they go row by row, and nothing is copied:
    ``rows_forward``.
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
        W = init((filters, channels, size, size), channels * area, filters * area, rng)
        return cls(W, np.zeros((filters, 1)), **geometry)

    def forward(self, A):
        """Return Z of shape (filters, out_height, out_width, m) for A of shape
        (channels, height, width, m).
        """
        A = self.checked(A, "A", (self.W.shape[1], "height", "width", "m"))
        shape = *self.output_shape(A.shape[:3]), A.shape[3]
        A = _padded(A, self.padding)
        small = self.W[0].size * math.prod(shape[1:]) <= COLUMNS
        forward, backward = WAYS["columns" if small else "rows"]
        Z, kept = forward(A, self.W, self.b, self.stride, shape)
        self.saved = kept, A.shape, shape, backward
        return Z

    def backward(self, dZ, input_gradient=True):
        """Set dW and db, return dA of the image's shape; Equations :eq:`eq-conv-dA`,
        :eq:`eq-conv-dW`, :eq:`eq-conv-db`.

        The first layer of a network can leave dA out: ``input_gradient=False``.
        """
        kept, image_shape, shape, backward = self.recall()
        dZ = self.checked(dZ, "dZ", shape)
        dA = np.zeros(image_shape, dZ.dtype) if input_gradient else None
        self.dW = backward(dZ, kept, self.W, self.stride, dA)
        self.db = dZ.sum(axis=(1, 2, 3)).reshape(self.b.shape)
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


def columns_forward(A, W, b, stride, shape):
    """Return Z, and the patches that each output number saw as the columns of one matrix.

    One product with the kernels, written as rows, gives all of Z.
    """
    kh, kw = W.shape[2:]
    windows = sliding_window_view(A, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    patches = windows.transpose(0, 4, 5, 1, 2, 3)  # (channels, kh, kw, out_height, out_width, m)
    columns = patches.reshape(W[0].size, -1)  # (channels*kh*kw, out_height*out_width*m), copied
    Z = np.dot(W.reshape(len(W), -1), columns) + b
    return Z.reshape(shape), columns


def columns_backward(dZ, columns, W, stride, dA):
    """Return dW, and add to dA what each patch receives, unless dA is None."""
    filters, out_height, out_width, _ = dZ.shape
    dZ_flat = dZ.reshape(filters, -1)
    if dA is not None:
        d_columns = np.dot(W.reshape(filters, -1).T, dZ_flat)
        d_patches = d_columns.reshape(*W.shape[1:], *dZ.shape[1:])
        for i, j in np.ndindex(W.shape[2:]):
            dA[:, _met(i, out_height, stride), _met(j, out_width, stride)] += d_patches[:, i, j]
    return np.dot(dZ_flat, columns.T).reshape(W.shape)


def rows_forward(A, W, b, stride, shape):
    """Return Z, and the image with the channels of each row side by side.

    The kernel's rows i lie below one another, and so do the image rows that they meet. One
    product gives what each kernel column j contributes, at the image's own width; it belongs j
    pixels to the left, where the kernel's corner was.
    """
    filters, out_height, out_width, m = shape
    _, channels, kh, kw = W.shape
    image = np.ascontiguousarray(A.transpose(1, 0, 2, 3))  # (height, channels, width, m)
    kernels = W.transpose(3, 0, 2, 1).reshape(kw * filters, kh * channels)
    Z = np.empty((out_height, filters, out_width, m), np.result_type(A, W))
    above = np.empty((kw, filters, A.shape[2], m), Z.dtype)
    for r in range(out_height):
        below = image[stride * r : stride * r + kh].reshape(kh * channels, -1)
        np.dot(kernels, below, out=above.reshape(kw * filters, -1))
        np.add(above[0, :, _met(0, out_width, stride)], b[:, :, np.newaxis], out=Z[r])
        for j in range(1, kw):
            Z[r] += above[j, :, _met(j, out_width, stride)]
    return Z.transpose(1, 0, 2, 3), image


def rows_backward(dZ, image, W, stride, dA):
    """Return dW, and add to dA what each image row receives, unless dA is None.

    ``rows_forward`` in reverse: each row of dZ moves j pixels to the right, above the image rows
    it came from; a product of the two is dW, another one with the kernels dA.
    """
    filters, out_height, out_width, m = dZ.shape
    _, channels, kh, kw = W.shape
    kernels = W.transpose(3, 0, 2, 1).reshape(kw * filters, kh * channels)
    d_kernels = np.zeros_like(kernels)
    above = np.zeros((kw, filters, image.shape[2], m), dZ.dtype)
    stacked = above.reshape(kw * filters, -1)
    for r in range(out_height):
        met = slice(stride * r, stride * r + kh)
        for j in range(kw):
            above[j, :, _met(j, out_width, stride)] = dZ[:, r]
        d_kernels += np.dot(stacked, image[met].reshape(kh * channels, -1).T)
        if dA is not None:
            d_below = np.dot(kernels.T, stacked).reshape(kh, channels, -1, m)
            dA[:, met] += d_below.transpose(1, 0, 2, 3)
    return d_kernels.reshape(kw, filters, kh, channels).transpose(1, 3, 2, 0)


WAYS = {"columns": (columns_forward, columns_backward), "rows": (rows_forward, rows_backward)}


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

    def forward(self, A):
        """Return Z of shape (channels, out_height, out_width, m) for A of shape
        (channels, height, width, m).
        """
        A = self.checked(A, "A", ("channels", "height", "width", "m"))
        windows = self._windows(A)
        Z = next(windows).copy()
        for entries in windows:
            np.maximum(Z, entries, out=Z)
        self.saved = A, Z
        return Z

    def backward(self, dZ):
        """Return dA: each entry of dZ goes to the largest entry of its window, the first one in
        reading order where several are equal; Equation :eq:`eq-max-pool-backward`.
        """
        A, Z = self.recall()
        dZ = self.checked(dZ, "dZ", Z.shape)
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
    """Reshape (channels, height, width, m) to (channels·height·width, m), and back."""

    def forward(self, A):
        """Return the images as columns."""
        A = self.checked(A, "A", ("channels", "height", "width", "m"))
        self.saved = A.shape
        return A.reshape(-1, A.shape[-1])

    def backward(self, dA):
        """Return the gradients as images."""
        shape = self.recall()
        dA = self.checked(dA, "dA", (math.prod(shape[:3]), shape[3]))
        return dA.reshape(shape)

    def output_shape(self, input_shape):
        """Return (channels·height·width,)."""
        return (math.prod(input_shape),)


def _positions(layer, size, window, stride, padding):
    """Return how many positions a window has in height and in width."""
    size = tuple(n + 2 * padding for n in size)
    zeros = f" (with {padding} zeros around)" if padding else ""
    if any(n < k for n, k in zip(size, window, strict=True)):
        raise ValueError(
            f"{layer.name}: A: expected images at least as large as the {layer.window} "
            f"{tuple(window)}, got {size}{zeros}"
        )
    if any((n - k) % stride for n, k in zip(size, window, strict=True)):
        raise ValueError(
            f"{layer.name}: A: expected images that the {layer.window} {tuple(window)} covers in steps of "
            f"{stride}, got {size}{zeros}: the last rows or columns would be lost"
        )
    return tuple((n - k) // stride + 1 for n, k in zip(size, window, strict=True))


def _met(i, outputs, stride):
    """Return which image rows (or columns) meet the kernel's row (or column) i."""
    return slice(i, i + stride * (outputs - 1) + 1, stride)


def _padded(A, padding):
    if padding == 0:
        return A
    return np.pad(A, ((0, 0), (padding, padding), (padding, padding), (0, 0)))


def _unpadded(A, padding):
    return A[:, padding : A.shape[1] - padding, padding : A.shape[2] - padding]
