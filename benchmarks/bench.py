"""Time the library against its peers: one command, one table.

    python benchmarks/bench.py [--quick] [--markdown]

One process for each number of threads, because a BLAS reads that number when it is loaded. In it
all peers are timed in turn, in blocks, so that a ratio compares neighbours in time. Every ratio
is ours ÷ theirs: smaller is better, and the target is an upper bound.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # run as a script, it imports its neighbours by their package's name

from benchmarks import digits, gemm, memory, network_peers, startup, toy_peers  # noqa: E402
from benchmarks.agreement import require_agreement  # noqa: E402
from benchmarks.table import Row, render, verdict  # noqa: E402
from benchmarks.timing import interleaved, medians, ratios  # noqa: E402
from benchmarks.workloads import COMPILED, WORKLOADS, mlp_of, worked  # noqa: E402

THREADS = (1, 2)
DTYPES = ("float64", "float32")
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")
GRADIENT_TO_FORWARD = 2.7
IMPORT_TO_NUMPY = 1.15
MEMORY_TO_PYTORCH = 1.5
COMPILED_TO_JAX = 1
ACCURACY = 0.98
DIGITS_REACHED, DIGITS_SECONDS, DIGITS_TO_PYTORCH = 0.95, 1, 0.5
FRESH_SEED = 1000  # the first of those that no recipe was chosen with


class Effort(NamedTuple):
    """How much is measured.

    ``rounds`` and ``block`` (in seconds) are those of ``interleaved``; ``processes`` is how many
    fresh ones measure the memory, ``imports`` how many the import, ``seeds`` how often digits are
    learnt.
    """

    rounds: int
    block: float
    processes: int
    imports: int
    seeds: int


FULL, QUICK = Effort(11, 0.02, 3, 15, 20), Effort(3, 0.002, 2, 3, 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short blocks, to see that it runs")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    effort = QUICK if options.quick else FULL
    if options.threads:
        print(json.dumps(measure(options.threads, effort)))
    else:
        print(_platform())
        report([_in_a_process(threads, options.quick) for threads in THREADS], options.markdown)


def report(measurements, markdown):
    """Print the one table."""
    for measurement in measurements:
        print(measurement["machine"])
    rows = [Row(*row) for measurement in measurements for row in measurement["rows"]]
    order = list(dict.fromkeys(row.workload for row in rows))
    rows.sort(key=lambda row: (order.index(row.workload), row.dtype != "float64"))
    print(render(rows, _absent(), markdown))
    met = [row.met for row in rows if row.met]
    print(f"targets: {met.count('yes')} met, {met.count('NO')} not met, {met.count('open')} open")
    if _absent():
        print(f"NOTHING WAS COMPARED WITH {', '.join(sorted(_absent()))}. `make peers` adds them.")


def measure(threads, effort):
    """Return everything that one process measures, ready for JSON."""
    _limit_pytorch(threads)
    rows = [*toy_rows(threads, effort), *compiled_rows(threads, effort)]
    for dtype in DTYPES:
        for workload in WORKLOADS:
            rows += network_rows(workload, dtype, threads, effort)
        rows += [gradient_to_forward(10**k, dtype, threads, effort) for k in range(2, 8)]
    if threads == 1:
        rows += [import_row(effort), *memory_rows(effort), *digits_rows(effort)]
    return {"machine": gemm_peak(threads), "rows": rows}


def toy_rows(threads, effort):
    """Yield the rows of the toy model, recorded anew or compiled."""
    peers = {name: peer() for name, peer in network_peers.installed(toy_peers.PEERS).items()}
    for workload, (ours, targets) in toy_peers.OURS.items():
        everyone = {"ours": ours()} | peers
        limits = {name: [limit] * 2 for name, limit in targets.items()} | {"JAX": [None] * 2}
        yield from _compared(workload, "float64", threads, effort, everyone, limits)


def compiled_rows(threads, effort):
    """Yield the rows of the worked networks as compiled scalar graphs."""
    for workload, example in COMPILED.items():
        problem = worked(example, "float64")
        installed = network_peers.installed(network_peers.PEERS)
        peers = {name: peer(problem) for name, peer in installed.items()}
        everyone = {"ours": network_peers.compiled(example)} | {n: p for n, p in peers.items() if p}
        limits = {"PyTorch": [None] * 2, "JAX": [COMPILED_TO_JAX] * 2}
        yield from _compared(workload, "float64", threads, effort, everyone, limits)


def network_rows(workload, dtype, threads, effort):
    """Yield the rows of one network: against PyTorch, JAX, and its matrix products alone."""
    problem = workload.build(dtype)
    installed = network_peers.installed(network_peers.PEERS)
    peers = {name: peer(problem) for name, peer in installed.items()}
    everyone = {"ours": network_peers.ours(problem)} | {n: p for n, p in peers.items() if p}
    limits = {name: by_dtype[dtype] for name, by_dtype in workload.targets.items()}
    limits |= {"JAX": [None] * 2}
    floor = {"GEMM floor": gemm.floor(problem)} if "GEMM floor" in limits else {}
    yield from _compared(workload.name, dtype, threads, effort, everyone, limits, floor)


def gradient_to_forward(parameters, dtype, threads, effort):
    """Return the row of an MLP: its gradient against its loss alone."""
    problem = mlp_of(parameters, dtype)
    steps = {"ours": network_peers.ours(problem).step, "forward": network_peers.forward(problem)}
    name = f"MLP of 10^{len(str(parameters)) - 1}, batch 32"
    seconds = interleaved(steps, effort.rounds, effort.block)
    return _row(name, dtype, threads, seconds, "forward", GRADIENT_TO_FORWARD)


def import_row(effort):
    """Return the row of the import."""
    seconds = startup.import_seconds(effort.imports)
    return _row("import", "–", 1, seconds, "numpy", IMPORT_TO_NUMPY)


def memory_rows(effort):
    """Yield the rows of the memory, where /proc is there to be asked."""
    if not Path("/proc/self/clear_refs").exists():
        return
    for dtype in DTYPES:
        growth = {
            library: [memory.peak_growth(library, dtype) for _ in range(effort.processes)]
            for library in ["ours", *network_peers.installed(memory.PEERS)]
        }
        for against, limit in [("PyTorch", MEMORY_TO_PYTORCH), ("JAX", None)]:
            yield _row("memory, CNN on 28×28", dtype, 1, growth, against, limit, unit="B")


def digits_rows(effort):
    """Yield the rows of the digits: how many fresh seeds reach the accuracy, and how soon."""
    peers = network_peers.installed(digits.PEERS)
    seconds, reached = {name: [] for name in ["ours", *peers]}, 0
    for seed in range(FRESH_SEED, FRESH_SEED + effort.seeds):
        accuracy, ours, _ = digits.train(seed)
        reached += accuracy >= ACCURACY
        seconds["ours"].append(ours)
        for name, peer_seconds in peers.items():
            seconds[name].append(peer_seconds(seed))
    slowest, enough = max(seconds["ours"]), ceil(DIGITS_REACHED * effort.seeds)
    name = f"digits to {ACCURACY:.0%}: {reached} of {effort.seeds}, ≤ {slowest:.2f} s"
    row = _row(name, "float32", 1, seconds, "PyTorch", DIGITS_TO_PYTORCH)
    reliable = reached >= enough and slowest <= DIGITS_SECONDS
    target = f"{row.target}, {enough} of {effort.seeds}, ≤ {DIGITS_SECONDS} s"
    yield row._replace(target=target, met=row.met if reliable else "NO")
    yield _row(name, "float32", 1, seconds, "JAX", None)


def gemm_peak(threads):
    """Return a line that says how fast the machine multiplies large matrices."""
    peaks = []
    for dtype in DTYPES:
        multiply, operations = gemm.square(dtype)
        seconds = min(interleaved({"GEMM": multiply}, rounds=5, block=0.02)["GEMM"])
        peaks.append(f"{operations / seconds / 1e9:.1f} GFLOP/s {dtype}")
    return f"GEMM peak, threads {threads}: {', '.join(peaks)}"


def _compared(workload, dtype, threads, effort, peers, limits, floor=None):
    """Yield a row for each competitor with a target, once all peers have been found to agree."""
    print(f"{workload}, {dtype}, threads {threads}", file=sys.stderr)
    results = {name: network_peers.result(peer) for name, peer in peers.items()}
    require_agreement(workload, dtype, results)
    steps = {name: peer.step for name, peer in peers.items()} | (floor or {})
    seconds = interleaved(steps, effort.rounds, effort.block)
    for name, limit in limits.items():
        yield _row(workload, dtype, threads, seconds, name, limit[threads - 1])


def _row(workload, dtype, threads, amounts, against, limit, unit="s"):
    ratio = ratios(amounts, "ours", against) if against in amounts else None
    target, met = "–" if limit is None else f"≤ {limit:.3g}", verdict(ratio, limit)
    return Row(workload, dtype, threads, medians(amounts), against, ratio, target, met, unit)


def _in_a_process(threads, quick):
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
    command = [sys.executable, __file__, f"--threads={threads}", *(["--quick"] if quick else [])]
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, encoding="utf-8")
    if run.returncode:  # it has said why
        sys.exit(run.returncode)
    return json.loads(run.stdout)


def _limit_pytorch(threads):
    if find_spec("torch"):
        import torch

        torch.set_num_threads(threads)


def _absent():
    peers = network_peers.PEERS
    return peers.keys() - network_peers.installed(peers).keys()


def _platform():
    packages = {"NumPy": "numpy", "PyTorch": "torch", "autograd": "autograd"}
    packages |= {"scikit-learn": "scikit-learn", "JAX": "jax"}
    there = {name: p for name, p in packages.items() if name not in _absent()}
    versions = ", ".join(f"{name} {version(package)}" for name, package in there.items())
    absent = f"; absent: {', '.join(sorted(_absent()))}" if _absent() else ""
    load = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before the start"
    return f"Python {platform.python_version()}, {versions}{absent}; {load}"


if __name__ == "__main__":
    main()
