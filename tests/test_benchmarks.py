"""The benchmarks: everyone computes the same, and the ratios are what they say. No clock is read."""

import subprocess
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from backprop_lib import gradcheck
from benchmarks import bench, closures, gemm, memory, network_peers, startup, toy_peers
from benchmarks.agreement import Disagreement, require_agreement
from benchmarks.network_peers import result
from benchmarks.table import Row, amount, render, verdict
from benchmarks.timing import interleaved, medians, ratios
from benchmarks.workloads import WORKLOADS, cnn, mlp, mlp_of

NETWORK_PEERS = network_peers.installed(network_peers.PEERS)
TOY_PEERS = network_peers.installed(toy_peers.PEERS)
SMALLER = {
    "CNN on 28×28, batch 64": partial(cnn, 28, 2)
}  # the same network, in a tenth of the time


BUILD = {workload.name: workload.build for workload in WORKLOADS} | SMALLER


@cache
def problem(name, dtype):
    return BUILD[name](dtype)


# --- Everyone computes the same -------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("workload", BUILD)
@pytest.mark.parametrize("name", NETWORK_PEERS)
def test_peer_agrees_on_the_network(name, workload, dtype):
    peer = NETWORK_PEERS[name](problem(workload, dtype))
    if peer is not None:
        ours = result(network_peers.ours(problem(workload, dtype)))
        require_agreement(workload, dtype, {"ours": ours, name: result(peer)})


@pytest.mark.parametrize("name", TOY_PEERS)
@pytest.mark.parametrize("workload", toy_peers.OURS)
def test_peer_agrees_on_the_toy_model(name, workload):
    ours, _ = toy_peers.OURS[workload]
    results = {"ours": result(ours()), name: result(TOY_PEERS[name]())}
    require_agreement(workload, "float64", results)


def peers_of(workload, dtype):
    peers = {name: peer(problem(workload, dtype)) for name, peer in NETWORK_PEERS.items()}
    return {name: peer for name, peer in peers.items() if peer is not None}


def test_which_peer_is_given_which_network():
    small, _, _, dense, images, _ = BUILD
    everywhere = {"PyTorch", "autograd", "JAX"} & NETWORK_PEERS.keys()
    assert peers_of(small, "float64").keys() == everywhere | {"closures"}
    assert peers_of(small, "float32").keys() == everywhere
    assert peers_of(dense, "float32").keys() - {"scikit-learn"} == everywhere
    assert peers_of(images, "float64").keys() == everywhere


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_peers_compute_in_the_precision_of_the_problem(dtype):
    for peer in peers_of("MLP 784-128-64-10, batch 64", dtype).values():
        _, gradients = result(peer)
        assert {np.asarray(G).dtype for G in gradients} == {np.dtype(dtype)}


GOOD = 2.0, [np.array([[1.0, -4.0]]), np.array([0.5])]


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-8), ("float32", 1e-3)])
def test_agreement_is_relative_to_the_largest_entry(dtype, tolerance):
    def moved(by):
        return 2.0, [np.array([[1.0 + 4 * by, -4.0]]), np.array([0.5])]

    require_agreement("net", dtype, {"ours": GOOD, "theirs": moved(0.9 * tolerance)})
    with pytest.raises(Disagreement, match=f"net, {dtype}: theirs differs from ours"):
        require_agreement("net", dtype, {"ours": GOOD, "theirs": moved(1.1 * tolerance)})


@pytest.mark.parametrize(
    "bad",
    [
        (2.1, GOOD[1]),
        (2.0, [GOOD[1][0], np.array([np.nan])]),
        (2.0, [np.array([[np.nan, -4.0]]), GOOD[1][1]]),
        (2.0, [GOOD[1][0], np.array([0.5, 0.5])]),
    ],
    ids=["loss", "NaN last", "NaN first", "size"],
)
def test_disagreement_is_not_timed(bad):
    with pytest.raises(Disagreement, match="third differs"):
        require_agreement("net", "float64", {"ours": GOOD, "second": GOOD, "third": bad})


def test_a_gradient_that_is_missing_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        require_agreement("net", "float64", {"ours": GOOD, "theirs": (2.0, GOOD[1][:1])})


def test_disagreement_stops_the_benchmark_before_the_clock():
    def never():
        raise AssertionError("was timed")

    right = network_peers.Peer(lambda: GOOD, lambda out: out)
    wrong = network_peers.Peer(lambda: (3.0, GOOD[1]), lambda out: out)
    rows = bench._compared(
        "net", "float64", 1, bench.QUICK, {"ours": right, "theirs": wrong}, {}, {"floor": never}
    )
    with pytest.raises(Disagreement):
        list(rows)


# --- The closures ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sin", "cos", "exp", "sigmoid", "relu"])
@pytest.mark.parametrize("at", [0.7, -0.4])
def test_closure_against_central_differences(name, at):
    function = getattr(closures, name)
    a = closures.Value(at)
    function(a).backward()
    expected = gradcheck.numerical_gradient(
        lambda moved: function(closures.Value(float(moved[0]))).data, np.array([at])
    )
    assert a.grad == pytest.approx(expected[0], abs=1e-8)  # truncation and rounding, 4e-11 each


def test_closures_add_where_paths_meet():
    a, b = closures.Value(3.0), closures.Value(5.0)
    (a * b - a + a * a).backward()
    assert (a.grad, b.grad) == (5.0 - 1.0 + 6.0, 3.0)


# --- Workloads ------------------------------------------------------------------------------


@pytest.mark.parametrize("power", range(2, 7))
def test_mlp_of_about_so_many_parameters(power):
    count = sum(P.size for P in mlp_of(10**power, "float32").network.parameters().values())
    assert abs(count / 10**power - 1) < 0.11  # 90 of 100: the width is a whole number


def test_floor_has_the_products_of_one_gradient(monkeypatch):
    multiply = gemm.floor(mlp((5, 4, 3, 2), 7, "float64"))
    done = []
    monkeypatch.setattr(np, "dot", lambda a, b, out: done.append((a.shape, b.shape, out.shape)))
    multiply()
    forward = [((4, 5), (5, 7), (4, 7)), ((3, 4), (4, 7), (3, 7)), ((2, 3), (3, 7), (2, 7))]
    weights = [((4, 7), (7, 5), (4, 5)), ((3, 7), (7, 4), (3, 4)), ((2, 7), (7, 3), (2, 3))]
    inputs = [((4, 3), (3, 7), (4, 7)), ((3, 2), (2, 7), (3, 7))]  # none for the first layer
    assert sorted(done) == sorted(forward + weights + inputs)


# --- Timing ---------------------------------------------------------------------------------


class Clock:
    """A clock that only its own steps advance, and a record of who ran."""

    def __init__(self):
        self.now, self.ran = 0.0, []

    def __call__(self):
        return self.now

    def step(self, name, seconds):
        def run():
            self.ran.append(name)
            self.now += seconds

        return run


def test_interleaved_takes_turns_in_blocks_of_the_wanted_length():
    clock = Clock()
    steps = {"a": clock.step("a", 1.0), "b": clock.step("b", 3.0)}
    seconds = interleaved(steps, rounds=3, block=10, clock=clock)
    assert seconds == {"a": [1.0] * 3, "b": [3.0] * 3}
    turn = (
        "a" * 11 + "b" * 5
    )  # 10 and 4 timed calls, the first that fill 10 seconds, after one untimed
    assert "".join(clock.ran).endswith(turn * 3)


def test_known_ratio():
    clock = Clock()
    steps = {"ours": clock.step("a", 1.0), "theirs": clock.step("b", 4.0)}
    seconds = interleaved(steps, rounds=5, block=1, clock=clock)
    assert ratios(seconds, "ours", "theirs") == [0.25] * 3


def test_ratios_are_taken_round_by_round():
    seconds = {"ours": [1.0, 4.0, 9.0], "theirs": [2.0, 4.0, 3.0]}  # 0.5, 1, 3: not 4 / 3
    assert ratios(seconds, "ours", "theirs") == [0.75, 1.0, 2.0]
    assert medians(seconds) == {"ours": 4.0, "theirs": 3.0}


def test_import_is_counted_without_the_interpreter(monkeypatch):
    measured = {"ours": [5.0, 9.0], "numpy": [4.0, 6.0], "nothing": [2.0, 3.0]}
    monkeypatch.setattr(startup, "interleaved", lambda *args, **options: measured)
    assert startup.import_seconds(2) == {"ours": [3.0, 6.0], "numpy": [2.0, 3.0]}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads /proc")
def test_growth_is_the_peak_since_the_start():
    np.ones(2**24)  # 128 MiB, gone before the start
    sizes = iter([2**20, 2**23, 2**21])  # 8, 64 and 16 MiB, one after another
    grown = memory.growth(lambda: np.ones(next(sizes)))
    assert 63 < grown / 2**20 < 72  # the kernel counts pages in batches; the interpreter's own


# --- The table ------------------------------------------------------------------------------


def row(ratio=(0.2, 0.25, 0.3), **changes):
    amounts = {"ours": 1e-3, "PyTorch": 4e-3}
    values = ("net", "float64", 1, amounts, "PyTorch", ratio, "≤ 0.5", "yes")
    return Row(*values)._replace(**changes)


@pytest.mark.parametrize(
    "ratio, said",
    [
        ([0.8, 0.9, 1.0], "yes"),
        ([0.8, 0.9, 1.1], "open"),
        ([1.0, 1.1, 1.2], "open"),
        ([1.01, 1.1, 1.2], "NO"),
        (None, ""),
    ],
)
def test_verdict(ratio, said):
    assert verdict(ratio, 1.0) == said


def test_amounts_are_read_with_three_digits():
    seconds = [amount(s, "s") for s in (2.5, 0.0123, 4.5678e-5, 3.21e-7)]
    assert seconds == ["2.5 s", "12.3 ms", "45.7 µs", "321 ns"]
    assert amount(3 * 2**19, "B") == "1.5 MiB"


def test_table_names_who_is_absent():
    head, line = render([row()], absent={"JAX"}).splitlines()
    assert head.split()[:4] == ["workload", "type", "threads", "ours"]
    assert line.split() == (
        "net float64 1 1 ms 4 ms – – – absent PyTorch 0.250 0.200 to 0.300 ≤ 0.5 yes".split()
    )


def test_table_of_a_comparison_that_could_not_be_made():
    line = render([row(None, amounts={"ours": 1e-3}, met="")], absent={"PyTorch"}).splitlines()[1]
    assert line.split() == "net float64 1 1 ms absent – – – – PyTorch – – to – ≤ 0.5".split()


def test_table_in_markdown():
    lines = render([row(), row()], absent=set(), markdown=True).splitlines()
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {15}


# --- The command ----------------------------------------------------------------------------


def test_each_number_of_threads_has_its_process(monkeypatch):
    asked = []

    def run(command, env, **options):
        asked.append((command[2:], {name: env[name] for name in bench.THREAD_VARIABLES}))
        return subprocess.CompletedProcess(command, 0, '{"rows": []}')

    monkeypatch.setattr(bench.subprocess, "run", run)
    assert bench._in_a_process(2, quick=True) == {"rows": []}
    variables = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"]
    assert asked == [(["--threads=2", "--quick"], dict.fromkeys(variables, "2"))]


def test_a_process_that_fails_stops_the_command(monkeypatch):
    failed = subprocess.CompletedProcess([], 3, "")
    monkeypatch.setattr(bench.subprocess, "run", lambda *args, **options: failed)
    with pytest.raises(SystemExit) as stopped:
        bench._in_a_process(1, quick=False)
    assert stopped.value.code == 3
