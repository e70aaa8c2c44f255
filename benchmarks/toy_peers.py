"""One gradient of the scalar toy model, by this library and by its peers.

The expression is written once, with ordinary operators. The parameters, x and y are there
beforehand; what is recorded on the way is recorded anew each time.
"""

from backprop_lib import graph, program
from backprop_lib.worked import TOY
from benchmarks import closures
from benchmarks.network_peers import Peer

NUMBERS = (*TOY.beta, *TOY.omega)


def loss(ops, beta0, beta1, beta2, beta3, omega0, omega1, omega2, omega3, x, y):
    """Return ℓ = (f − y)²; ``ops`` has sin, exp and cos."""
    h1 = ops.sin(beta0 + omega0 * x)
    h2 = ops.exp(beta1 + omega1 * h1)
    h3 = ops.cos(beta2 + omega2 * h2)
    error = beta3 + omega3 * h3 - y
    return error * error


def tape():
    """The library's recorded graph."""
    parameters = [graph.Value(number) for number in NUMBERS]
    x, y = graph.Value(TOY.x), graph.Value(TOY.y)

    def step():
        J = loss(graph, *parameters, x, y)
        J.backward()
        return J

    return Peer(step, lambda J: (J.data, [P.grad for P in parameters]))


def compiled():
    """The library's recorded graph as a straight-line program, made once."""
    names = [f"beta{k}" for k in range(4)] + [f"omega{k}" for k in range(4)]
    parameters = [graph.Value(a, name) for a, name in zip(NUMBERS, names, strict=True)]
    x, y = graph.Value(TOY.x, "x"), graph.Value(TOY.y, "y")
    lines = program.compile(loss(graph, *parameters, x, y))
    data = {leaf.name: leaf.data for leaf in (*parameters, x, y)}
    numbers = [data[name] for name in lines.leaves]

    def read(out):
        J, *gradient = out
        d = dict(zip(lines.leaves, gradient, strict=True))
        return J, [d[name] for name in names]

    return Peer(lambda: lines.gradient(*numbers), read)


def closure_tape():
    """The micrograd style, whose gradients add up unless they are set to zero."""
    parameters = [closures.Value(number) for number in NUMBERS]
    x, y = closures.Value(TOY.x), closures.Value(TOY.y)

    def step():
        for P in parameters:
            P.grad = 0.0
        J = loss(closures, *parameters, x, y)
        J.backward()
        return J

    return Peer(step, lambda J: (J.data, [P.grad for P in parameters]))


def pytorch():
    """PyTorch scalars: float64 tensors without axes."""
    import torch

    parameters = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in NUMBERS]
    x, y = torch.tensor(TOY.x, dtype=torch.float64), torch.tensor(TOY.y, dtype=torch.float64)

    def step():
        J = loss(torch, *parameters, x, y)
        return J, torch.autograd.grad(J, parameters)

    return Peer(step, lambda out: (out[0].item(), [G.item() for G in out[1]]))


def autograd():
    """HIPS autograd on Python floats."""
    import autograd.numpy
    from autograd import value_and_grad

    gradient = value_and_grad(lambda *P: loss(autograd.numpy, *P, TOY.x, TOY.y), tuple(range(8)))
    return Peer(lambda: gradient(*NUMBERS), lambda out: out)


def jax():
    """JAX, compiled."""
    import jax
    import jax.numpy

    jax.config.update("jax_enable_x64", True)
    function = jax.value_and_grad(lambda *P: loss(jax.numpy, *P, TOY.x, TOY.y), tuple(range(8)))
    gradient = jax.jit(function)
    parameters = [jax.numpy.float64(number) for number in NUMBERS]
    return Peer(lambda: jax.block_until_ready(gradient(*parameters)), lambda out: out)


OURS = {
    "toy model, tape": (tape, {"PyTorch": 1 / 15, "closures": 1 / 5}),
    "toy model, compiled": (compiled, {"PyTorch": 1 / 100}),
}
PEERS = {
    "PyTorch": ("torch", pytorch),
    "autograd": ("autograd", autograd),
    "closures": ("benchmarks", closure_tape),
    "JAX": ("jax", jax),
}
