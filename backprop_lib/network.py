"""A network is a list of layers: forward through all, backward through all in reverse."""

import os
import zipfile

import numpy as np

from backprop_lib._validate import all_finite, real_array
from backprop_lib.layer import Layer


class Sequential:
    """Layers applied one after another.

    Parameters
    ----------
    layers : sequence of Layer
        Each object once: a layer remembers one forward pass only.

    Attributes
    ----------
    outputs : list of arrays
        What each layer returned in the last ``forward``, first layer first.
    """

    def __init__(self, layers):
        self.layers = list(layers)
        if not self.layers:
            raise ValueError("Sequential: expected at least one layer, got none")
        for layer in self.layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential: expected layers, got {type(layer).__name__}")
        if len({id(layer) for layer in self.layers}) < len(self.layers):
            raise ValueError("Sequential: the same layer object occurs twice; make two layers")
        self.outputs = []
        self._accepted = None

    def forward(self, A):
        """Return the last layer's output for a batch; the batch is the last axis."""
        A = real_array(A, "Sequential: A")
        if A.shape[:-1] != self._accepted:
            self._accept(A.shape[:-1])
        outputs = []
        for layer in self.layers:
            A = layer.hand(layer.forward, A)
            outputs.append(A)
        self.outputs = outputs
        if not all_finite(A):
            raise ValueError(f"Sequential: {self._first_overflow()}")
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
            for layer in reversed(self.layers):
                dA = layer.hand(layer.backward, dA)
            return dA
        first, *later = self._from_first_parameters()
        for layer in reversed(later):
            dA = layer.hand(layer.backward, dA)
        first.hand(first.backward, dA, False)

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
        path = _archive(path, "load")
        with open(path, "rb") as file:
            try:
                # np.load alone would also take a file of one array
                with zipfile.ZipFile(file), np.load(file, allow_pickle=False) as archive:
                    stored = dict(archive)
            except (ValueError, EOFError, zipfile.BadZipFile) as error:
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

    def _accept(self, input_shape):
        """Refuse a shape that some layer does not fit before the first one has computed."""
        shape = input_shape
        for layer in self.layers:
            shape = layer.output_shape(shape)
        self._accepted = input_shape

    def _from_first_parameters(self):
        for number, layer in enumerate(self.layers):
            if layer.parameter_names:
                return self.layers[number:]
        raise ValueError("Sequential: no layer has parameters: there is no gradient to compute")

    def _described(self):
        return [repr(layer) for layer in self.layers]

    def _first_overflow(self):
        for number, (layer, A) in enumerate(zip(self.layers, self.outputs, strict=True), start=1):
            if not all_finite(A):
                return f"layer {number}, {layer.name}: the output is not finite"


def _archive(path, verb):
    path = os.fspath(path)
    if not path.endswith(".npz"):
        raise ValueError(f"Sequential.{verb}: path: expected a name ending in .npz, got {path!r}")
    return path
