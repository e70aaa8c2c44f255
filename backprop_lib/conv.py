"""Convolution on images of shape (channels, height, width, m): loops to read, one GEMM to run."""

import numpy as np

from backprop_lib import initializers
from backprop_lib._validate import real_array, whole_number
from backprop_lib.layer import Layer


def conv2d_loops(A, W, b):
    """Return Z as the sum in the book, one output number at a time; Equation
    :eq:`eq-conv-forward`.

    Parameters
    ----------
    A : array of shape (channels, height, width, m)
        The images.
    W : array of shape (filters, channels, kernel_height, kernel_width)
        The kernels.
    b : array of shape (filters, 1)
        The biases.

    Returns
    -------
    array of shape (filters, height - kernel_height + 1, width - kernel_width + 1, m)
    """
    A, W = _checked(A, W)
    b = real_array(b, "Conv2D: b", (len(W), 1))
    filters, channels, kernel_height, kernel_width = W.shape
    _, height, width, m = A.shape
    out_height, out_width = height - kernel_height + 1, width - kernel_width + 1
    Z = np.zeros((filters, out_height, out_width, m), np.result_type(A, W))
    for f, r, s, n in np.ndindex(Z.shape):
        Z[f, r, s, n] = b[f, 0]
        for c, i, j in np.ndindex(channels, kernel_height, kernel_width):
            Z[f, r, s, n] += W[f, c, i, j] * A[c, r + i, s + j, n]
    return Z


def conv2d_loops_backward(dZ, A, W):
    """Return dA, dW, db by revisiting every product of ``conv2d_loops``; Equations
    :eq:`eq-conv-dA`, :eq:`eq-conv-dW`, :eq:`eq-conv-db`.

    ``dZ`` has the shape of Z, the results those of A, W and b.
    """
    A, W = _checked(A, W)
    channels, kernel_height, kernel_width = W.shape[1:]
    out_height, out_width = A.shape[1] - kernel_height + 1, A.shape[2] - kernel_width + 1
    dZ = real_array(dZ, "Conv2D: dZ", (len(W), out_height, out_width, A.shape[3]))
    dA, dW, db = np.zeros_like(A), np.zeros_like(W), np.zeros((len(W), 1), dZ.dtype)
    for f, r, s, n in np.ndindex(dZ.shape):
        db[f, 0] += dZ[f, r, s, n]
        for c, i, j in np.ndindex(channels, kernel_height, kernel_width):
            dW[f, c, i, j] += dZ[f, r, s, n] * A[c, r + i, s + j, n]
            dA[c, r + i, s + j, n] += dZ[f, r, s, n] * W[f, c, i, j]
    return dA, dW, db


class Conv2D(Layer):
    """Slide each kernel over the image, without flipping it; Equation :eq:`eq-conv-forward`.

    Parameters
    ----------
    W : array of shape (filters, channels, kernel_height, kernel_width)
        The kernels, copied.
    b : array of shape (filters, 1)
        The biases, copied.

    Attributes
    ----------
    dW, db : arrays of the shapes of W and b
        d loss / d W and d loss / d b, as of the last ``backward``.

    Notes
    -----
    Source 000 for the layer's place in the network.
    """

    parameter_names = ("W", "b")

    def __init__(self, W, b):
        self.W = real_array(W, "Conv2D: W", ("filters", "channels", "height", "width")).copy()
        self.b = real_array(b, "Conv2D: b", (len(self.W), 1)).copy()

    @classmethod
    def random(cls, channels, filters, kernel_size, rng, init=initializers.he):
        """Return a layer with random square kernels and zero biases."""
        channels = whole_number(channels, "Conv2D: channels")
        filters = whole_number(filters, "Conv2D: filters")
        size = whole_number(kernel_size, "Conv2D: kernel_size")
        area = size * size
        W = init((filters, channels, size, size), channels * area, filters * area, rng)
        return cls(W, np.zeros((filters, 1)))

    def forward(self, A):
        """Return Z of shape (filters, out_height, out_width, m) for A of shape
        (channels, height, width, m)."""
        A, W = _checked(A, self.W)
        columns = self._columns(A)  # (channels*kh*kw, oh*ow*m): one column per patch
        Z = W.reshape(len(W), -1) @ columns + self.b
        self.saved = columns, A.shape
        return Z.reshape(len(W), *self.output_shape(A.shape[:3])[1:], A.shape[3])

    def backward(self, dZ):
        """Set dW and db, return dA of the image's shape; Equations :eq:`eq-conv-dA`,
        :eq:`eq-conv-dW`, :eq:`eq-conv-db`.
        """
        columns, shape = self.recall()
        dZ = real_array(dZ, "Conv2D: dZ", (*self.output_shape(shape[:3]), shape[3]))
        dZ = dZ.reshape(len(self.W), -1)  # (filters, oh*ow*m)
        self.dW = (dZ @ columns.T).reshape(self.W.shape)
        self.db = dZ.sum(axis=1, keepdims=True)
        dcolumns = self.W.reshape(len(self.W), -1).T @ dZ
        return self._scattered(dcolumns, shape)

    def output_shape(self, input_shape):
        """Return (filters, out_height, out_width), after checking that the input is
        (channels, height, width) and no smaller than the kernel.
        """
        filters, channels, kernel_height, kernel_width = self.W.shape
        if len(input_shape) != 3 or input_shape[0] != channels:
            raise ValueError(
                f"Conv2D: expected input ({channels}, height, width), got {input_shape}"
            )
        _, height, width = input_shape
        if height < kernel_height or width < kernel_width:
            raise ValueError(_too_large(self.W, input_shape[1:]))
        return filters, height - kernel_height + 1, width - kernel_width + 1

    def _patches(self, shape):
        """Yield, for each kernel entry (i, j), the part of the image that it meets."""
        _, out_height, out_width = self.output_shape(shape[:3])
        for i, j in np.ndindex(self.W.shape[2:]):
            yield i, j, (slice(None), slice(i, i + out_height), slice(j, j + out_width))

    def _columns(self, A):
        _, channels, kernel_height, kernel_width = self.W.shape
        _, out_height, out_width = self.output_shape(A.shape[:3])
        size = channels, kernel_height, kernel_width, out_height, out_width, A.shape[3]
        columns = np.empty(size, A.dtype)
        for i, j, patch in self._patches(A.shape):
            columns[:, i, j] = A[patch]
        return columns.reshape(channels * kernel_height * kernel_width, -1)

    def _scattered(self, dcolumns, shape):
        """Add each patch's gradient back where its pixels came from."""
        _, channels, kernel_height, kernel_width = self.W.shape
        _, out_height, out_width = self.output_shape(shape[:3])
        size = channels, kernel_height, kernel_width, out_height, out_width, shape[3]
        dcolumns = dcolumns.reshape(size)
        dA = np.zeros(shape, dcolumns.dtype)
        for i, j, patch in self._patches(shape):
            dA[patch] += dcolumns[:, i, j]
        return dA


class Flatten(Layer):
    """Reshape (channels, height, width, m) to (channels·height·width, m), and back."""

    def forward(self, A):
        """Return the images as columns."""
        A = real_array(A, "Flatten: A", ("channels", "height", "width", "m"))
        self.saved = A.shape
        return A.reshape(-1, A.shape[-1])

    def backward(self, dA):
        """Return the gradients as images."""
        shape = self.recall()
        dA = real_array(dA, "Flatten: dA", (int(np.prod(shape[:3])), shape[3]))
        return dA.reshape(shape)

    def output_shape(self, input_shape):
        """Return (channels·height·width,)."""
        return (int(np.prod(input_shape)),)


def _checked(A, W):
    W = real_array(W, "Conv2D: W", ("filters", "channels", "height", "width"))
    A = real_array(A, "Conv2D: A", (W.shape[1], "height", "width", "m"))
    if A.shape[1] < W.shape[2] or A.shape[2] < W.shape[3]:
        raise ValueError(_too_large(W, A.shape[1:3]))
    return A, W


def _too_large(W, size):
    return f"Conv2D: A: expected images at least as large as the kernel {W.shape[2:]}, got {size}"
