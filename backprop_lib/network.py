"""A network is a list of layers: forward through all, backward through all in reverse."""

import inspect
import io

import numpy as np
from numpy import ndarray

from backprop_lib._validate import NonFiniteError, all_finite, file_path, real_array, sizes
from backprop_lib.layer import Layer, unchecked

ROOM = 2**20  # bytes that a saved array may take beyond its numbers, for its head


class Sequential:
    """Layers applied one after another.

    Parameters
    ----------
    layers : sequence of Layer
        Each object once: a layer remembers one forward pass only.

    Attributes
    ----------
    layers : tuple of Layer
        A network is fixed: to change a layer, make another ``Sequential``.
    outputs : list of arrays
        What each layer returned in the last ``forward``, first layer first; empty before it, and
        after one that failed on its way.
    """

    def __init__(self, layers):
        if not hasattr(layers, "__iter__"):
            found = type(layers).__name__
            raise TypeError(f"Sequential: layers: expected a list of layers, got {found}")
        self.layers = tuple(layers)
        if not self.layers:
            raise ValueError("Sequential: expected at least one layer, got none")
        for layer in self.layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential: expected layers, got {type(layer).__name__}")
        if len({id(layer) for layer in self.layers}) < len(self.layers):
            raise ValueError("Sequential: the same layer object occurs twice; make two layers")
        self._forward = [unchecked(layer.forward) for layer in self.layers]
        self._backward = [unchecked(layer.backward) for layer in reversed(self.layers)]
        with_parameters = [k for k, layer in enumerate(self.layers) if layer.parameter_names]
        self._first_backward, self._no_input_gradient = (
            None,
            (),
        )  # where a step of training ends, and how
        if with_parameters:
            last = len(self.layers) - 1 - with_parameters[0]
            self._backward_after_first = self._backward[:last]
            self._first_backward = self._backward[last]
            if "input_gradient" in inspect.signature(self._first_backward).parameters:
                self._no_input_gradient = (False,)
        self.outputs = []
        self._accepted = None  # the shape of the last input that was checked

    def forward(self, A):
        """Return the last layer's output for a batch; the batch is the last axis.

        Every shape is checked before the first layer computes, so that the layers need not.
        """
        A = real_array(A, "Sequential: A")
        if A.shape[:-1] != self._accepted:
            self._accept(A.shape[:-1])
        self.outputs, outputs = [], []  # should a layer fail, there is nothing to go back through
        for layer, forward in zip(self.layers, self._forward, strict=True):
            A = forward(A)
            if type(A) is not ndarray:
                raise TypeError(self._returned(forward, A))
            if layer.parameter_names and not all_finite(A):
                number, name = len(outputs) + 1, layer.name
                raise NonFiniteError(
                    f"Sequential: layer {number}, {name}: the output is not finite"
                )
            outputs.append(A)
        self.outputs = outputs
        return A

    def backward(self, dA, input_gradient=True):
        """Return d loss / d input; every layer's gradients are set on the way.

        With ``input_gradient=False`` it stops at the first layer that has parameters, and returns
        None: a step of training needs no more.
        """
        if not self.outputs:
            raise RuntimeError("Sequential: call forward before backward")
        dA = real_array(dA, "Sequential: dA", self.outputs[-1].shape)
        if not input_gradient and self._first_backward is None:
            raise ValueError("Sequential: no layer has parameters: there is no gradient to compute")
        for backward in self._backward if input_gradient else self._backward_after_first:
            dA = backward(dA)
            if type(dA) is not ndarray:
                raise TypeError(self._returned(backward, dA))
        if input_gradient:
            return dA
        self._first_backward(dA, *self._no_input_gradient)

    def parameters(self):
        """Return every parameter array by name, ``"1.W"`` for W of the first layer."""
        return {
            f"{number}.{name}": array
            for number, layer in enumerate(self.layers, start=1)
            for name, array in layer.parameters().items()
        }

    def gradients(self):
        """Return d loss / d parameter under the names of ``parameters``."""
        return {
            f"{number}.{name}": array
            for number, layer in enumerate(self.layers, start=1)
            for name, array in layer.gradients().items()
        }

    def summary(self, input_shape):
        """Return a table of layers, output shapes (of one sample) and parameter counts."""
        shape = sizes(input_shape, "Sequential.summary: input_shape")
        rows = [("layer", "output shape", "parameters"), ("input", str(shape), "")]
        total = 0
        for number, layer in enumerate(self.layers, start=1):
            shape = layer.output_shape(shape)
            count = sum(array.size for array in layer.parameters().values())
            total += count
            rows.append((f"{number} {layer.name}", str(shape), f"{count:,}"))
        rows.append(("total", "", f"{total:,}"))
        return "\n".join(f"{name:<12}{out:<16}{count:>10}" for name, out, count in rows)

    def save(self, path):
        """Write the parameters, which must be finite, to a NumPy archive, ``path`` ending in
        ``.npz``.
        """
        path, parameters = _archive(path, "save"), self.parameters()
        for name, P in parameters.items():
            real_array(P, f"Sequential.save: {name}")
        np.savez(path, layers=self._described(), **parameters)

    def load(self, path):
        """Read parameters that a network of the same layers has saved.

        Raises
        ------
        ValueError
            The file is not a network's, or another network's. No parameter has changed.
        """
        import zipfile  # slow to import, and few programs load a network

        path, parameters = _archive(path, "load"), self.parameters()
        expected, got = self._described(), []
        with open(path, "rb") as file:
            archive = _parsed(path, zipfile.ZipFile, file)
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            if "layers" in names:
                most = np.array(expected).nbytes + ROOM
                got = _parsed(path, _member, archive, "layers", most).tolist()
                names.remove("layers")
            if got != expected or sorted(names) != sorted(parameters):
                raise ValueError(
                    f"Sequential.load: {path}: expected the layers {expected} with "
                    f"{list(parameters)}, got {got} with {names}"
                )
            stored = {
                name: _parsed(path, _member, archive, name, P.nbytes + ROOM)
                for name, P in parameters.items()
            }
        for name, P in parameters.items():
            where, found = f"Sequential.load: {path}: {name}", stored[name].dtype
            if found != P.dtype:
                raise ValueError(f"{where}: expected {P.dtype}, got {found}")
            real_array(stored[name], where, P.shape)
        for name, P in parameters.items():
            P[...] = stored[name]

    def _accept(self, accepted):
        shape = accepted
        for layer in self.layers:
            shape = layer.output_shape(shape)
        self._accepted = accepted

    def _returned(self, method, result):
        layer, found = method.__self__, type(result).__name__
        number = self.layers.index(layer) + 1
        return (
            f"Sequential: layer {number}, {layer.name}: expected {method.__name__} to return an "
            f"array, got {found}"
        )

    def _described(self):
        return [repr(layer) for layer in self.layers]


def _archive(path, verb):
    path = file_path(path, f"Sequential.{verb}: path")
    if not path.endswith(".npz"):
        raise ValueError(f"Sequential.{verb}: path: expected a name ending in .npz, got {path!r}")
    return path


def _parsed(path, parse, *arguments):
    """Return what a parser makes of a file that anybody may have written."""
    try:
        return parse(*arguments)
    except Exception as error:  # there is no end to what foreign bytes make fail, and how
        message = f"Sequential.load: {path} is not a saved network: {error}"
        raise ValueError(message) from None


def _member(archive, name, most):
    """Return an array of the archive, unless it takes more bytes than it can need.

    No byte is unpacked before that, and no memory is taken for more than there are.
    """
    info = archive.getinfo(f"{name}.npy")
    if info.file_size > most:
        raise ValueError(f"{name}: expected at most {most} bytes, got {info.file_size}")
    with archive.open(info) as member:
        content = io.BytesIO(member.read(info.file_size))
    if (version := np.lib.format.read_magic(content)) != (1, 0):
        raise ValueError(f"{name}: expected a head of version (1, 0), got {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(content)
    if dtype.hasobject:
        raise ValueError(f"Object arrays cannot be loaded: {name}")
    return np.frombuffer(content.read(), dtype).reshape(shape, order="F" if fortran else "C")
