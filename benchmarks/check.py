"""Check the benchmarks: everyone computes the same, and the ratios are what they say.

    python -m benchmarks.check

No clock is read. ``make test`` runs this and looks at the exit code only.
"""

import io
import subprocess
import unittest
from contextlib import redirect_stdout
from functools import cache, partial
from pathlib import Path
from unittest import mock

import numpy as np

from backprop_lib import Adam, gradcheck
from benchmarks import bench, closures, digits, gemm, memory, network_peers, startup, toy_peers
from benchmarks.agreement import Disagreement, require_agreement
from benchmarks.network_peers import result
from benchmarks.table import Row, amount, render, verdict
from benchmarks.timing import interleaved, medians, ratios
from benchmarks.workloads import COMPILED, WORKLOADS, cnn, mlp, mlp_of, worked

DTYPES = "float64", "float32"
NETWORK_PEERS = network_peers.installed(network_peers.PEERS)
TOY_PEERS = network_peers.installed(toy_peers.PEERS)
SMALLER = {
    "CNN on 28×28, batch 64": partial(cnn, 28, 2)
}  # the same network, in a tenth of the time
BUILD = {workload.name: workload.build for workload in WORKLOADS} | SMALLER
GOOD = 2.0, [np.array([[1.0, -4.0]]), np.array([0.5])]


@cache
def problem(name, dtype):
    return BUILD[name](dtype)


def peers_of(workload, dtype):
    peers = {name: peer(problem(workload, dtype)) for name, peer in NETWORK_PEERS.items()}
    return {name: peer for name, peer in peers.items() if peer is not None}


class EveryoneComputesTheSame(unittest.TestCase):
    def test_peers_agree_on_the_networks(self):
        for workload in BUILD:
            for dtype in DTYPES:
                ours = result(network_peers.ours(problem(workload, dtype)))
                for name, peer in peers_of(workload, dtype).items():
                    with self.subTest(workload, dtype=dtype, peer=name):
                        require_agreement(workload, dtype, {"ours": ours, name: result(peer)})

    def test_compiled_graphs_agree_with_the_layers(self):
        for workload, example in COMPILED.items():
            with self.subTest(workload):
                layers = network_peers.ours(worked(example, "float64"))
                results = {
                    "layers": result(layers),
                    "ours": result(network_peers.compiled(example)),
                }
                require_agreement(workload, "float64", results)

    def test_peers_agree_on_the_toy_model(self):
        for workload, (ours, _) in toy_peers.OURS.items():
            for name, peer in TOY_PEERS.items():
                with self.subTest(workload, peer=name):
                    results = {"ours": result(ours()), name: result(peer())}
                    require_agreement(workload, "float64", results)

    def test_which_peer_is_given_which_network(self):
        small, _, _, dense, images, _ = BUILD
        everywhere = {"PyTorch", "autograd", "JAX"} & NETWORK_PEERS.keys()
        self.assertEqual(peers_of(small, "float64").keys(), everywhere | {"closures"})
        self.assertEqual(peers_of(small, "float32").keys(), everywhere)
        self.assertEqual(peers_of(dense, "float32").keys() - {"scikit-learn"}, everywhere)
        self.assertEqual(peers_of(images, "float64").keys(), everywhere)

    def test_peers_compute_in_the_precision_of_the_problem(self):
        for dtype in DTYPES:
            for name, peer in peers_of("MLP 784-128-64-10, batch 64", dtype).items():
                with self.subTest(dtype=dtype, peer=name):
                    _, gradients = result(peer)
                    found = {np.asarray(G).dtype for G in gradients}
                    self.assertEqual(found, {np.dtype(dtype)})

    def test_peers_of_the_digits_and_of_the_memory_are_those_that_train(self):
        for peers in (digits.PEERS, memory.PEERS):
            self.assertEqual(peers.keys(), {"PyTorch", "JAX"})
            packages = {name: package for name, (package, _) in peers.items()}
            self.assertEqual(packages, {name: network_peers.PEERS[name][0] for name in peers})

    @unittest.skipUnless("JAX" in NETWORK_PEERS, "JAX is not installed")
    def test_adam_in_jax_takes_our_steps(self):
        network, loss, X, Y = ours = cnn(8, 4, "float64")
        function, *arrays = network_peers.in_jax(ours)
        step, state = network_peers.jax_adam(function, *arrays, beta2=0.99)
        adam = Adam(0.01, beta2=0.99)
        for _ in range(3):
            loss.forward(network.forward(X), Y)
            network.backward(loss.backward(), input_gradient=False)
            adam.step(network.parameters(), network.gradients())
            state = step(state, X, Y, np.float64(0.01))
        for P, expected in zip(state[0], network.parameters().values(), strict=True):
            np.testing.assert_allclose(P, expected, rtol=1e-8, atol=1e-10)  # other orders of sums


class Agreement(unittest.TestCase):
    def test_it_is_relative_to_the_largest_entry(self):
        def moved(by):
            return 2.0, [np.array([[1.0 + 4 * by, -4.0]]), np.array([0.5])]

        for dtype, tolerance in [("float64", 1e-8), ("float32", 1e-3)]:
            require_agreement("net", dtype, {"ours": GOOD, "theirs": moved(0.9 * tolerance)})
            with self.assertRaisesRegex(Disagreement, f"net, {dtype}: theirs differs from ours"):
                require_agreement("net", dtype, {"ours": GOOD, "theirs": moved(1.1 * tolerance)})

    def test_disagreement_is_not_timed(self):
        bad = {
            "loss": (2.1, GOOD[1]),
            "NaN last": (2.0, [GOOD[1][0], np.array([np.nan])]),
            "NaN first": (2.0, [np.array([[np.nan, -4.0]]), GOOD[1][1]]),
            "size": (2.0, [GOOD[1][0], np.array([0.5, 0.5])]),
        }
        for what, third in bad.items():
            with self.subTest(what), self.assertRaisesRegex(Disagreement, "third differs"):
                results = {"ours": GOOD, "second": GOOD, "third": third}
                require_agreement("net", "float64", results)

    def test_a_gradient_that_is_missing_is_refused(self):
        with self.assertRaisesRegex(ValueError, "shorter"):
            require_agreement("net", "float64", {"ours": GOOD, "theirs": (2.0, GOOD[1][:1])})

    def test_disagreement_stops_the_benchmark_before_the_clock(self):
        def never():
            raise AssertionError("was timed")

        right = network_peers.Peer(lambda: GOOD, lambda out: out)
        wrong = network_peers.Peer(lambda: (3.0, GOOD[1]), lambda out: out)
        peers = {"ours": right, "theirs": wrong}
        rows = bench._compared("net", "float64", 1, bench.QUICK, peers, {}, {"floor": never})
        with self.assertRaises(Disagreement):
            list(rows)


class Closures(unittest.TestCase):
    def test_each_function_against_central_differences(self):
        for name in ["sin", "cos", "exp", "sigmoid", "relu"]:
            function = getattr(closures, name)
            for at in (0.7, -0.4):
                with self.subTest(name, at=at):
                    a = closures.Value(at)
                    function(a).backward()
                    (expected,) = gradcheck.numerical_gradient(
                        lambda moved, f=function: f(closures.Value(float(moved[0]))).data,
                        np.array([at]),
                    )
                    # truncation and rounding, 4e-11 each
                    self.assertAlmostEqual(a.grad, expected, delta=1e-8)

    def test_gradients_add_where_paths_meet(self):
        a, b = closures.Value(3.0), closures.Value(5.0)
        (a * b - a + a * a).backward()
        self.assertEqual((a.grad, b.grad), (5.0 - 1.0 + 6.0, 3.0))


class Workloads(unittest.TestCase):
    def test_mlp_of_about_so_many_parameters(self):
        for power in range(2, 7):
            parameters = mlp_of(10**power, "float32").network.parameters()
            count = sum(P.size for P in parameters.values())
            # 90 of 100: the width is a whole number
            self.assertLess(abs(count / 10**power - 1), 0.11)

    def test_floor_has_the_products_of_one_gradient(self):
        multiply = gemm.floor(mlp((5, 4, 3, 2), 7, "float64"))
        done = []

        def note(a, b, out):
            done.append((a.shape, b.shape, out.shape))

        with mock.patch.object(np, "dot", note):
            multiply()
        forward = [((4, 5), (5, 7), (4, 7)), ((3, 4), (4, 7), (3, 7)), ((2, 3), (3, 7), (2, 7))]
        weights = [((4, 7), (7, 5), (4, 5)), ((3, 7), (7, 4), (3, 4)), ((2, 7), (7, 3), (2, 3))]
        inputs = [((4, 3), (3, 7), (4, 7)), ((3, 2), (2, 7), (3, 7))]  # none for the first layer
        self.assertEqual(sorted(done), sorted(forward + weights + inputs))


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


class Timing(unittest.TestCase):
    def test_interleaved_takes_turns_in_blocks_of_the_wanted_length(self):
        clock = Clock()
        steps = {"a": clock.step("a", 1.0), "b": clock.step("b", 3.0)}
        seconds = interleaved(steps, rounds=3, block=10, clock=clock)
        self.assertEqual(seconds, {"a": [1.0] * 3, "b": [3.0] * 3})
        # 10 and 4 timed calls, the first that fill 10 seconds, after one untimed
        turn = "a" * 11 + "b" * 5
        self.assertTrue("".join(clock.ran).endswith(turn * 3))

    def test_known_ratio(self):
        clock = Clock()
        steps = {"ours": clock.step("a", 1.0), "theirs": clock.step("b", 4.0)}
        seconds = interleaved(steps, rounds=5, block=1, clock=clock)
        self.assertEqual(ratios(seconds, "ours", "theirs"), [0.25] * 3)

    def test_ratios_are_taken_round_by_round(self):
        seconds = {"ours": [1.0, 4.0, 9.0], "theirs": [2.0, 4.0, 3.0]}  # 0.5, 1, 3: not 4 / 3
        self.assertEqual(ratios(seconds, "ours", "theirs"), [0.75, 1.0, 2.0])
        self.assertEqual(medians(seconds), {"ours": 4.0, "theirs": 3.0})

    def test_import_is_counted_without_the_interpreter(self):
        measured = {"ours": [5.0, 9.0], "numpy": [4.0, 6.0], "nothing": [2.0, 3.0]}
        with mock.patch.object(startup, "interleaved", lambda *args, **options: measured):
            seconds = startup.import_seconds(2)
        self.assertEqual(seconds, {"ours": [3.0, 6.0], "numpy": [2.0, 3.0]})

    @unittest.skipUnless(Path("/proc/self/clear_refs").exists(), "reads /proc")
    def test_growth_is_the_peak_since_the_start(self):
        np.ones(2**24)  # 128 MiB, gone before the start
        sizes = iter([2**20, 2**23, 2**21])  # 8, 64 and 16 MiB, one after another
        grown = memory.growth(lambda: np.ones(next(sizes))) / 2**20
        self.assertTrue(63 < grown < 72, grown)  # the kernel counts pages in batches; its own


def row(ratio=(0.2, 0.25, 0.3), **changes):
    amounts = {"ours": 1e-3, "PyTorch": 4e-3}
    values = ("net", "float64", 1, amounts, "PyTorch", ratio, "≤ 0.5", "yes")
    return Row(*values)._replace(**changes)


class Table(unittest.TestCase):
    def test_verdict(self):
        said = [
            ([0.8, 0.9, 1.0], "yes"),
            ([0.8, 0.9, 1.1], "open"),
            ([1.0, 1.1, 1.2], "open"),
            ([1.01, 1.1, 1.2], "NO"),
            (None, ""),
        ]
        for ratio, expected in said:
            self.assertEqual(verdict(ratio, 1.0), expected)
        self.assertEqual(verdict([0.8, 0.9, 1.0], None), "")

    def test_a_row_without_a_target_is_only_looked_at(self):
        seconds = {"ours": [1.0, 1.0], "JAX": [2.0, 2.0]}
        found = bench._row("net", "float64", 1, seconds, "JAX", None)
        self.assertEqual((found.ratio, found.target, found.met), ([0.5] * 3, "–", ""))
        missing = bench._row("net", "float64", 1, {"ours": [1.0, 1.0]}, "JAX", 1)
        self.assertEqual((missing.ratio, missing.target, missing.met), (None, "≤ 1", ""))

    def test_amounts_are_read_with_three_digits(self):
        seconds = [amount(s, "s") for s in (2.5, 0.0123, 4.5678e-5, 3.21e-7)]
        self.assertEqual(seconds, ["2.5 s", "12.3 ms", "45.7 µs", "321 ns"])
        self.assertEqual(amount(3 * 2**19, "B"), "1.5 MiB")

    def test_it_names_who_is_absent(self):
        head, line = render([row()], absent={"JAX"}).splitlines()
        self.assertEqual(head.split()[:4], ["workload", "type", "threads", "ours"])
        expected = "net float64 1 1 ms 4 ms – – – absent PyTorch 0.250 0.200 to 0.300 ≤ 0.5 yes"
        self.assertEqual(line.split(), expected.split())

    def test_a_comparison_that_could_not_be_made(self):
        nothing = row(None, amounts={"ours": 1e-3}, met="")
        line = render([nothing], absent={"PyTorch"}).splitlines()[1]
        expected = "net float64 1 1 ms absent – – – – PyTorch – – to – ≤ 0.5"
        self.assertEqual(line.split(), expected.split())

    def test_an_absent_peer_is_told_aloud(self):
        measurement = {"machine": "", "rows": [row()]}
        for absent, expected in [({"PyTorch", "JAX"}, "JAX, PyTorch"), (set(), None)]:
            said = io.StringIO()
            with mock.patch.object(bench, "_absent", lambda a=absent: a), redirect_stdout(said):
                bench.report([measurement], markdown=False)
            aloud = f"NOTHING WAS COMPARED WITH {expected}. `make peers` adds them."
            last = said.getvalue().splitlines()[-1]
            self.assertEqual(last, aloud if absent else "targets: 1 met, 0 not met, 0 open")

    def test_markdown(self):
        lines = render([row(), row()], absent=set(), markdown=True).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual({line.count("|") for line in lines}, {15})


class Command(unittest.TestCase):
    def test_each_number_of_threads_has_its_process(self):
        asked = []

        def run(command, env, **options):
            asked.append((command[2:], {name: env[name] for name in bench.THREAD_VARIABLES}))
            return subprocess.CompletedProcess(command, 0, '{"rows": []}')

        with mock.patch.object(bench.subprocess, "run", run):
            self.assertEqual(bench._in_a_process(2, quick=True), {"rows": []})
        variables = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"]
        expected = ["--threads=2", "--quick"], dict.fromkeys(variables, "2")
        self.assertEqual(asked, [expected])

    def test_a_process_that_fails_stops_the_command(self):
        failed = subprocess.CompletedProcess([], 3, "")
        with (
            mock.patch.object(bench.subprocess, "run", lambda *args, **options: failed),
            self.assertRaises(SystemExit) as stopped,
        ):
            bench._in_a_process(1, quick=False)
        self.assertEqual(stopped.exception.code, 3)


if __name__ == "__main__":
    unittest.main()
