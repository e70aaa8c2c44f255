"""The memory that three training steps of the larger CNN need, beyond model and data.

    python -m benchmarks.memory PyTorch float32

prints the growth of resident memory in bytes. A fresh process for each measurement: an allocator
that has grown once does not grow again. Linux only: it reads /proc.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks import network_peers
from benchmarks.workloads import cnn

STEPS = 3
ROOT = Path(__file__).resolve().parent.parent
PROCESS = Path("/proc/self")  # on Linux


def peak_growth(library, dtype):
    """Return what another process measured, in bytes."""
    command = [sys.executable, "-m", "benchmarks.memory", library, dtype]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return int(run.stdout)


def our_training(problem):
    """Return a call that takes one training step with Adam."""
    from backprop_lib import Adam

    gradient, optimizer = network_peers.ours(problem).step, Adam()

    def step():
        gradient()
        optimizer.step(problem.network.parameters(), problem.network.gradients())

    return step


def pytorch_training(problem):
    """Return a call that takes the same step in PyTorch."""
    import torch

    model, loss, X, Y = network_peers.in_pytorch(problem)
    optimizer = torch.optim.Adam(model.parameters())

    def step():
        optimizer.zero_grad()
        loss(model(X), Y).backward()
        optimizer.step()

    return step


def jax_training(problem):
    """Return a call that takes the same step in JAX, compiled beforehand."""
    import jax

    function, parameters, X, Y = network_peers.in_jax(problem)
    adam, state = network_peers.jax_adam(function, parameters, X, Y)
    rate = parameters[0].dtype.type(0.001)

    def step():
        nonlocal state
        state = jax.block_until_ready(adam(state, X, Y, rate))

    return step


PEERS = {"PyTorch": ("torch", pytorch_training), "JAX": ("jax", jax_training)}


def growth(step):
    """Return by how many bytes resident memory grows at most while ``STEPS`` steps are taken."""
    before = _status("VmRSS")
    (PROCESS / "clear_refs").write_bytes(b"5")  # the peak starts again from here
    for _ in range(STEPS):
        step()
    return _status("VmHWM") - before


def main():
    library, dtype = sys.argv[1:]
    training = {"ours": our_training} | network_peers.installed(PEERS)
    print(growth(training[library](cnn(28, 64, dtype))))


def _status(field):
    status = (PROCESS / "status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if field in line)
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    main()
