"""What every layer and every loss has in common: a memory of the forward pass, and checked inputs."""

from functools import wraps
from types import MethodType

from backprop_lib._validate import real_array


class Step:
    """A step of a computation: ``forward`` saves what ``backward`` needs in ``self.saved``."""

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


def takes(letter, shape):
    """Check the array that a layer's ``forward`` or ``backward`` takes, before it runs.

    Parameters
    ----------
    letter : str
        The array's name in the error message.
    shape : callable
        Returns, for the layer, the shape that is expected; as in ``real_array``.
    """

    def decorate(method):
        @wraps(method)
        def checked(self, array, *options, **named_options):
            array = real_array(array, f"{self.name}: {letter}", shape(self))
            return method(self, array, *options, **named_options)

        return checked

    return decorate


def unchecked(method):
    """Return a layer's method without the check of ``takes``, for who knows that the array fits."""
    function = getattr(method, "__wrapped__", None)
    return MethodType(function, method.__self__) if function else method


def read_only(array):
    """Return a view of the array that cannot be written to: nothing is copied."""
    view = array[...]
    view.setflags(write=False)
    return view


class Layer(Step):
    """A step of a network, from array to array; the contract for a layer of your own.

    ``forward(A)`` returns the output and keeps in ``self.saved`` what ``backward`` needs.
    ``backward(dZ)``, handed the loss's gradient by the output, returns that by the input, and sets
    ``self.dW`` for each name ``"W"`` in ``parameter_names``. Called twice, it overwrites its
    gradients: it never accumulates. It may take ``input_gradient=True`` as well: a network in
    training hands False to its first layer, which need not return anything then.

    ``backward`` belongs to the last ``forward``, whoever called it: after a look at other samples,
    call ``forward`` again. Nothing is copied on the way, so neither inputs, outputs nor parameters
    may be changed in place in between; where a layer computes nothing (``Identity``, ``Flatten``),
    its output shares the input's memory and is read-only.
    """

    parameter_names = ()
    setting_names = ()

    def __repr__(self):
        shapes = [f"{name}: {array.shape}" for name, array in self.parameters().items()]
        settings = [f"{name}={getattr(self, name)}" for name in self.setting_names]
        return f"{self.name}({', '.join(shapes + settings)})"

    def forward(self, A):
        """Return the output for a batch; the batch is the last axis."""
        raise NotImplementedError(f"{self.name}: forward is not written")

    def backward(self, dZ):
        """Return d loss / d input for dZ, which is d loss / d output."""
        raise NotImplementedError(f"{self.name}: backward is not written")

    def parameters(self):
        """Return the parameters as a dict of name to array (not copies)."""
        return {name: getattr(self, name) for name in self.parameter_names}

    def gradients(self):
        """Return d loss / d parameter by the parameter's name, as of the last ``backward``."""
        try:
            return {name: getattr(self, f"d{name}") for name in self.parameter_names}
        except AttributeError:
            sets = ", ".join(f"d{name}" for name in self.parameter_names)
            raise RuntimeError(
                f"{self.name}: call backward before asking for gradients: it sets {sets}"
            ) from None

    def output_shape(self, input_shape):
        """Return the shape of one sample's output, without the batch axis."""
        return input_shape
