"""A network is a list of layers: forward through all, backward through all in reverse."""

import os

import numpy as np

from backprop_lib._validate import NonFiniteError, all_finite, real_array
from backprop_lib.layer import Layer, unchecked


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
        What each layer returned in the last ``forward``, first layer first.
    """

    def __init__(self, layers):
        self.layers = tuple(layers)
        if not self.layers:
            raise ValueError("Sequential: expected at least one layer, got none")
        for layer in self.layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential: expected layers, got {type(layer).__name__}")
        if len({id(layer) for layer in self.layers}) < len(self.layers):
            raise ValueError("Sequential: the same layer object occurs twice; make two layers")
        self._forward = [unchecked(layer.forward) for layer in self.layers]
        self._backward = [unchecked(layer.backward) for layer in self.layers]
        with_parameters = [k for k, layer in enumerate(self.layers) if layer.parameter_names]
        self._first_with_parameters = min(with_parameters, default=None)
        self.outputs = []
        self._accepted = None  # the shape of the last input that was checked

    def forward(self, A):
        """Return the last layer's output for a batch; the batch is the last axis.

        Every shape is checked before the first layer computes, so that the layers need not.
        """
        A = real_array(A, "Sequential: A")
        if A.shape[:-1] != self._accepted:
            self._accept(A.shape[:-1])
        outputs = []
        for layer, forward in zip(self.layers, self._forward, strict=True):
            A = forward(A)
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
        if input_gradient:
            for backward in reversed(self._backward):
                dA = backward(dA)
            return dA
        first = self._first_with_parameters
        if first is None:
            raise ValueError("Sequential: no layer has parameters: there is no gradient to compute")
        for backward in reversed(self._backward[first + 1 :]):
            dA = backward(dA)
        self._backward[first](dA, False)

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
        shape = tuple(input_shape)
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
        """Write the parameters to a NumPy archive, ``path`` ending in ``.npz``."""
        path = _archive(path, "save")
        np.savez(path, layers=self._described(), **self.parameters())

    def load(self, path):
        """Read parameters that a network of the same layers has saved.

        Raises
        ------
        ValueError
            The file is not a network's, or another network's. No parameter has changed.
        """
        import zipfile  # slow to import, and few programs load a network

        path = _archive(path, "load")
        with open(path, "rb") as file:
            try:
                # np.load alone would also take a file of one array
                with zipfile.ZipFile(file), np.load(file, allow_pickle=False) as archive:
                    stored = dict(archive)
            except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
                message = f"Sequential.load: {path} is not a saved network: {error}"
                raise ValueError(message) from None
        parameters = self.parameters()
        expected, got = self._described(), stored.pop("layers", np.array([])).tolist()
        if got != expected or stored.keys() != parameters.keys():
            raise ValueError(
                f"Sequential.load: {path}: expected the layers {expected} with "
                f"{list(parameters)}, got {got} with {list(stored)}"
            )
        for name, P in parameters.items():
            real_array(stored[name], f"Sequential.load: {path}: {name}", P.shape)
            if stored[name].dtype != P.dtype:
                raise ValueError(
                    f"Sequential.load: {path}: {name}: expected {P.dtype}, got {stored[name].dtype}"
                )
        for name, P in parameters.items():
            P[...] = stored[name]

    def _accept(self, accepted):
        shape = accepted
        for layer in self.layers:
            shape = layer.output_shape(shape)
        self._accepted = accepted

    def _described(self):
        return [repr(layer) for layer in self.layers]


def _archive(path, verb):
    path = os.fspath(path)
    if not path.endswith(".npz"):
        raise ValueError(f"Sequential.{verb}: path: expected a name ending in .npz, got {path!r}")
    return path
