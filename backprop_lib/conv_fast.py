"""The sums of ``conv.conv2d_loops`` as matrix products: what ``Conv2D`` runs.

Each output number saw a patch of the image, as large as a kernel. Written as columns, patches make
a matrix, and its product with the kernels, written as rows, is Z.

In the comments c counts channels, f filters, kh and kw are a kernel's height and width, oh and ow
those of Z. Images arrive with their zeros around them.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided


def patches_forward(A, W, b, stride, shape, at_once):
    """Return Z of this shape, and the columns of the last product.

    One product for the whole image ``at_once``, or one for each row of Z. A last row of ones in
    the columns meets the biases.
    """
    filters, out_height, out_width, m = shape
    rows = out_height if at_once else 1  # of Z, in one product
    down, right = A.strides[1:3]  # how far the next pixel lies in memory
    strides = (*A.strides[:3], stride * down, stride * right, A.strides[3])
    patches = as_strided(A, (*W.shape[1:], *shape[1:]), strides)  # (c, kh, kw, oh, ow, m): a view
    kernels = np.concatenate([W.reshape(filters, -1), b], axis=1)  # (f, c·kh·kw + 1)
    columns = np.empty((W[0].size + 1, rows * out_width * m), A.dtype)  # (c·kh·kw + 1, rows·ow·m)
    columns[-1] = 1
    entries = columns[:-1].reshape(*W.shape[1:], rows, out_width, m)  # (c, kh, kw, rows, ow, m)
    Z = np.empty((out_height // rows, filters, rows * out_width * m), np.result_type(A, kernels))
    for k in range(len(Z)):
        entries[...] = patches[:, :, :, rows * k : rows * (k + 1)]
        np.dot(kernels, columns, out=Z[k])  # (f, c·kh·kw + 1) @ (c·kh·kw + 1, rows·ow·m)
    Z = Z.reshape(-1, filters, rows, out_width, m)  # (oh / rows, f, rows, ow, m)
    return Z.swapaxes(0, 1).reshape(shape), columns


def columns_backward(dZ, columns, W, stride, dA):
    """Return dW and db from the columns that are still there, and add to dA what each image row
    receives, unless dA is None.

    The product of dZ and the columns is dW. For dA each entry of dZ is written above the image
    columns j that it saw; a product with the kernels then says what each kernel row i sends down.
    """
    filters, out_height, out_width, m = dZ.shape
    _, channels, kh, kw = W.shape
    d_kernels = np.dot(dZ.reshape(filters, -1), columns.T)  # (f, oh·ow·m) @ (oh·ow·m, c·kh·kw + 1)
    if dA is not None:
        above = np.zeros((kw, filters, out_height, dA.shape[2], m), dZ.dtype)
        for j in range(kw):
            above[j, :, :, _met(j, out_width, stride)] = dZ  # (f, oh, ow, m)
        above = above.reshape(kw * filters, -1)  # (kw·f, oh·width·m)
        d_below = np.dot(_stacked(W).T, above)  # (kh·c, kw·f) @ (kw·f, oh·width·m)
        for i, d_rows in enumerate(d_below.reshape(kh, channels, out_height, -1, m)):
            dA[:, _met(i, out_height, stride)] += d_rows  # (c, oh, width, m)
    db = d_kernels[:, -1:].astype(dZ.dtype, copy=False)  # (f, 1): dZ met the columns' ones
    return d_kernels[:, :-1].reshape(W.shape), db


def rows_backward(dZ, A, W, stride, dA):
    """Return dW and db, and add to dA what each image row receives, unless dA is None.

    All columns together would not fit in the processor's cache. So each row of dZ is written once
    for every kernel column j, moved j pixels to the right: it then stands above the pixels that
    it saw. A product of the two is dW, another one with the kernels is dA.
    """
    filters, out_height, out_width, m = dZ.shape
    _, channels, kh, kw = W.shape
    image = np.ascontiguousarray(A.swapaxes(0, 1))  # (height, c, width, m)
    kernels = _stacked(W)  # (kw·f, kh·c)
    d_kernels = np.zeros(kernels.shape, np.result_type(dZ, A))
    above = np.zeros((kw, filters, image.shape[2], m), dZ.dtype)
    stacked = above.reshape(kw * filters, -1)  # (kw·f, width·m): the same memory
    for r in range(out_height):
        met = slice(stride * r, stride * r + kh)
        for j in range(kw):
            above[j, :, _met(j, out_width, stride)] = dZ[:, r]  # (f, ow, m)
        below = image[met].reshape(kh * channels, -1)  # (kh·c, width·m)
        d_kernels += np.dot(stacked, below.T)  # (kw·f, width·m) @ (width·m, kh·c)
        if dA is not None:
            d_below = np.dot(kernels.T, stacked)  # (kh·c, kw·f) @ (kw·f, width·m)
            dA.swapaxes(0, 1)[met] += d_below.reshape(kh, channels, -1, m)
    dW = d_kernels.reshape(kw, filters, kh, channels).transpose(1, 3, 2, 0)  # (f, c, kh, kw)
    return dW, dZ.sum(axis=(1, 2, 3)).reshape(filters, 1)


def _stacked(W):
    """Return the kernels as a matrix: a row for each kernel column j of each filter, a column for
    each kernel row i of each channel.
    """
    filters, channels, kh, kw = W.shape
    return W.transpose(3, 0, 2, 1).reshape(kw * filters, kh * channels)  # (kw·f, kh·c)


def _met(i, outputs, stride):
    """Return which image rows (or columns) meet the kernel's row (or column) i."""
    return slice(i, i + stride * (outputs - 1) + 1, stride)
