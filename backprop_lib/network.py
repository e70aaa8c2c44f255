"""A network is a list of layers: forward through all, backward through all in reverse."""

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

    def forward(self, A):
        """Return the last layer's output for a batch; the batch is the last axis."""
        self.outputs = []
        for layer in self.layers:
            A = layer.forward(A)
            self.outputs.append(A)
        return A

    def backward(self, dA):
        """Return d loss / d input; every layer's gradients are set on the way."""
        for layer in reversed(self.layers):
            dA = layer.backward(dA)
        return dA

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
