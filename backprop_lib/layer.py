"""What every layer has in common: parameters by name, and a memory of the forward pass."""


class Layer:
    """A step of a network: ``forward`` saves what ``backward`` needs in ``self.saved``.

    ``backward`` may be called twice: it overwrites its gradients, it never accumulates.
    """

    parameter_names = ()
    saved = None

    def recall(self):
        """Return what ``forward`` saved, or say that it has not run."""
        if self.saved is None:
            raise RuntimeError(f"{self.name}: call forward before backward")
        return self.saved

    @property
    def name(self):
        """The class's name, which opens every error message."""
        return type(self).__name__

    def parameters(self):
        """Return the parameters as a dict of name to array (not copies)."""
        return {name: getattr(self, name) for name in self.parameter_names}

    def gradients(self):
        """Return d loss / d parameter by the parameter's name, as of the last ``backward``."""
        if self.parameter_names and not hasattr(self, f"d{self.parameter_names[0]}"):
            raise RuntimeError(f"{self.name}: call backward before asking for gradients")
        return {name: getattr(self, f"d{name}") for name in self.parameter_names}

    def output_shape(self, input_shape):
        """Return the shape of one sample's output, without the batch axis."""
        return input_shape
