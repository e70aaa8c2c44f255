"""The scalar graph: every operation's value and local derivatives, and the walk back."""

import ast
import cmath
import copy
import inspect
import math
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest

from backprop_lib import Value, graph

pytestmark = pytest.mark.filterwarnings("error")

# operation: the same function written with Value, with plain floats, and where to try it
OPERATIONS = {
    "add": (lambda a, b: a + b, lambda a, b: a + b, [(1.5, -2.25), (0.0, 3.0)]),
    "sub": (lambda a, b: a - b, lambda a, b: a - b, [(1.5, -2.25), (0.0, 3.0)]),
    "mul": (lambda a, b: a * b, lambda a, b: a * b, [(1.5, -2.25), (0.0, 3.0)]),
    "div": (lambda a, b: a / b, lambda a, b: a / b, [(1.5, -2.25), (-0.3, 0.7)]),
    "power": (lambda a, b: a**b, lambda a, b: a**b, [(1.5, -2.25), (0.7, 3.0), (2.0, 0.0)]),
    "neg": (lambda a: -a, lambda a: -a, [(1.5,), (0.0,)]),
    "square": (graph.square, lambda a: a**2, [(1.5,), (-0.7,), (0.0,)]),
    "sin": (graph.sin, math.sin, [(1.23,), (-4.0,)]),
    "cos": (graph.cos, math.cos, [(7.137,), (-0.2,)]),
    "exp": (graph.exp, math.exp, [(1.623,), (-3.0,)]),
    "log": (graph.log, math.log, [(0.2,), (5.0,)]),
    "tanh": (graph.tanh, math.tanh, [(0.3,), (-2.0,)]),
    "sigmoid": (graph.sigmoid, lambda a: 1 / (1 + math.exp(-a)), [(0.17,), (-3.0,)]),
    "relu": (graph.relu, lambda a: max(a, 0.0), [(0.4,), (-0.4,)]),
    "absolute": (abs, abs, [(0.4,), (-0.4,)]),
    "maximum": (graph.maximum, max, [(0.4, 0.3), (-0.4, 0.3)]),
}
CASES = [(name, point) for name, row in OPERATIONS.items() for point in row[2]]


def test_every_operation_is_tested():
    assert OPERATIONS.keys() == graph.OPERATIONS.keys()


def assert_right(record, plain, point):
    """Compare the value with the plain function, and each local derivative with its slope."""
    result = record(*map(Value, point))
    assert result.data == pytest.approx(plain(*point), rel=1e-15, abs=0)  # one or two roundings
    h = 1e-5
    for k, local in enumerate(result.local_derivatives()):
        up, down = list(point), list(point)
        up[k], down[k] = point[k] + h, point[k] - h
        slope = (plain(*up) - plain(*down)) / (up[k] - down[k])
        assert local == pytest.approx(slope, rel=1e-8, abs=1e-8)  # truncation and rounding ≈ 1e-10


@pytest.mark.parametrize("name, point", CASES)
def test_value_and_local_derivatives(name, point):
    record, plain, _ = OPERATIONS[name]
    assert record(*map(Value, point)).operation == name
    assert_right(record, plain, point)


def broken_formulas(formula):
    """Yield a formula with its sign turned, 0.05 % off, a and b swapped, each part left out."""
    yield f"-({formula})"
    yield f"1.0005 * ({formula})"
    yield re.sub(r"\b[ab]\b", lambda letter: {"a": "b", "b": "a"}[letter[0]], formula)
    for node in ast.walk(ast.parse(formula, mode="eval")):
        for part in ("left", "right", "operand"):
            if hasattr(node, part) and not isinstance(node, ast.Compare):
                rest = ast.get_source_segment(formula, getattr(node, part))
                yield formula[: node.col_offset] + rest + formula[node.end_col_offset :]


def formulas(recorded):
    """Return the formulas in a rule's source: its value and its local derivatives."""
    source = inspect.getsource(recorded)
    rule = ast.parse(source).body[0]
    value, returned = rule.body[1].value, rule.body[2].value
    return [ast.get_source_segment(source, node) for node in (value, *returned.elts[1:])]


def rule_of(name, forward, *local):
    """Return the function on Values that a rule of these formulas would be."""
    letters, record = ("a", graph._unary) if len(local) == 1 else ("a, b", graph._binary)
    lines = [f"def {name}({letters}):", f"out = {forward}", f"return out, {', '.join(local)}"]
    made = {}
    exec("\n    ".join(lines), vars(graph) | {"__name__": graph.__name__}, made)
    return record(made[name])


def broken_rules():
    """Yield every row of the table with one of its formulas broken."""
    symmetric = {"a + b", "a * b", "max(a, b)"}  # swapping a and b breaks nothing
    for name, recorded in graph.OPERATIONS.items():
        rule = formulas(recorded)
        for k, formula in enumerate(rule):
            for broken in broken_formulas(formula):
                unary = len(rule) == 2 and re.search(r"\bb\b", broken)
                swapped_in_vain = formula in symmetric and len(broken) == len(formula)
                if broken != formula and not unary and not swapped_in_vain:
                    changed = [*rule[:k], broken, *rule[k + 1 :]]
                    yield pytest.param(name, changed, id=f"{name}: {formula} -> {broken}")


@pytest.mark.parametrize("name, rule", list(broken_rules()))
def test_a_broken_rule_is_rejected(name, rule, monkeypatch):
    _, plain, points = OPERATIONS[name]
    monkeypatch.setitem(graph.OPERATIONS, name, None)  # puts back what the decorator replaces
    record = rule_of(name, *rule)
    with pytest.raises((AssertionError, ArithmeticError, ValueError)):
        for point in points:
            assert_right(record, plain, point)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_rule_is_code_that_can_be_read(name):
    recorded = graph.OPERATIONS[name]
    assert inspect.getsource(recorded).splitlines()[1].startswith(f"def {name}(a")
    record = rule_of(name, *formulas(recorded))
    for point in OPERATIONS[name][2]:
        assert_right(record, OPERATIONS[name][1], point)


def test_an_error_in_a_rule_names_file_and_line(monkeypatch):
    monkeypatch.setattr(graph.math, "sin", lambda a: a.no_such_thing)
    with pytest.raises(AttributeError) as caught:
        graph.sin(1.0)
    assert (caught.traceback[-2].path.name, caught.traceback[-2].name) == ("graph.py", "sin")


# The same formulas on complex numbers; relu, abs and maximum are not analytic
COMPLEX = {
    "sin": cmath.sin,
    "cos": cmath.cos,
    "exp": cmath.exp,
    "log": cmath.log,
    "tanh": cmath.tanh,
    "sigmoid": lambda a: 1 / (1 + cmath.exp(-a)),
}


@pytest.mark.parametrize("name, point", CASES)
def test_local_derivatives_are_the_complex_step(name, point):
    if name in {"relu", "absolute", "maximum"}:
        return
    record, plain, _ = OPERATIONS[name]
    h = 1e-30  # no difference is taken, so h may vanish beside the point
    for k, local in enumerate(record(*map(Value, point)).local_derivatives()):
        moved = [complex(x, h * (i == k)) for i, x in enumerate(point)]
        slope = COMPLEX.get(name, plain)(*moved).imag / h
        assert local == pytest.approx(slope, rel=1e-14, abs=1e-15)  # a few roundings


@pytest.mark.parametrize(
    "expression, data, grad",
    [
        (lambda a: a + 2, 5, 1),
        (lambda a: 2 + a, 5, 1),
        (lambda a: a - 2, 1, 1),
        (lambda a: 2 - a, -1, -1),
        (lambda a: a * 2, 6, 2),
        (lambda a: 2 * a, 6, 2),
        (lambda a: a / 2, 1.5, 0.5),
        (lambda a: 6 / a, 2, -6 / 9),
        (lambda a: np.float64(2) * a, 6, 2),
        (lambda a: a**2, 9, 6),
        (lambda a: 2**a, 8, 8 * math.log(2)),
        (lambda a: np.float64(2) ** a, 8, 8 * math.log(2)),
        (lambda a: a**-1, 1 / 3, -1 / 9),
        (lambda a: -a, -3, -1),
        (lambda a: abs(-a), 3, 1),
        (lambda a: graph.maximum(2, a), 3, 1),
        (lambda a: graph.maximum(a, 4), 4, 0),
    ],
)
def test_plain_numbers_mix_with_values_on_either_side(expression, data, grad):
    a = Value(3.0)
    result = expression(a)
    result.backward()
    assert isinstance(result, Value)
    assert (result.data, a.grad) == (data, pytest.approx(grad, rel=1e-15, abs=0))


@pytest.mark.parametrize(
    "expression, grad",
    [
        (lambda a: a + a, 2),
        (lambda a: a - a, 0),
        (lambda a: a * a, 6),
        (lambda a: a * a * a, 27),
        (lambda a: a / a, 0),
        (lambda a: (a + 1) * (a - 2), 5),  # a diamond: 2a − 1
        (lambda a: sum([a] * 1000, Value(0.0)), 1000),
    ],
)
def test_paths_that_meet_add(expression, grad):
    a = Value(3.0)
    expression(a).backward()
    assert a.grad == pytest.approx(grad, abs=1e-15)


def test_a_value_feeding_many_results_collects_all_of_them():
    a = Value(0.5)
    terms = [graph.sin(a), graph.exp(a), graph.tanh(a), a * 3, graph.square(a)]
    sum(terms, Value(0.0)).backward()
    expected = math.cos(0.5) + math.exp(0.5) + 1 - math.tanh(0.5) ** 2 + 3 + 1
    assert a.grad == pytest.approx(expected, rel=1e-15, abs=0)


def test_fan_out_after_a_long_and_a_short_path():
    """Recursion in the wrong order would hand on the middle value before it is complete."""
    a = Value(2.0)
    b = a * 3
    c = b * b
    (b + c).backward()
    assert (c.grad, b.grad, a.grad) == (1, 13, 39)


def test_backward_twice_equals_once():
    a, b = Value(2.0), Value(-3.0)
    out = graph.square(a * b + a)
    out.backward()
    once = a.grad, b.grad
    out.backward()
    assert (a.grad, b.grad) == once == (16.0, -16.0)


def test_backward_from_another_result_starts_afresh():
    a = Value(2.0)
    first, second = a * 5, a * 7
    first.backward()
    second.backward()
    assert a.grad == 7


def test_backward_of_a_leaf():
    a = Value(2.0)
    a.backward()
    assert a.grad == 1


def test_forward_recomputes_from_changed_leaves():
    a, b = Value(2.0), Value(5.0)
    out = a * b + graph.square(a)
    a.data = 3.0
    assert out.data == 14
    assert out.forward() == 24
    assert out.data == 24
    out.backward()
    assert (a.grad, b.grad) == (11, 3)


def test_a_chain_of_100_000_operations():
    a = out = Value(1.0)
    for _ in range(100_000):
        out = out + 1
    out.backward()
    assert (out.data, a.grad, len(out.ancestors())) == (100_001, 1, 200_001)
    a.data = 0.0
    assert out.forward() == 100_000


def test_the_rank_is_one_above_the_deeper_input():
    x = Value(2.0)
    deep = graph.sin(graph.sin(x))
    assert [v.rank for v in (x, deep, x + deep, deep + x)] == [0, 2, 3, 3]


def test_ancestors_list_inputs_before_results_each_once():
    a, b = Value(1.0), Value(2.0)
    c = a * b
    out = c + c * a
    order = out.ancestors()
    assert order[-1] is out
    assert len(order) == len({id(value) for value in order}) == 5
    place = {id(value): k for k, value in enumerate(order)}
    assert all(place[id(a)] < place[id(value)] for value in order for a in value.inputs)


def test_relu_has_derivative_zero_at_zero():
    for zero in (0.0, -0.0):
        a = Value(zero)
        out = graph.relu(a)
        out.backward()
        assert (out.data, a.grad) == (0, 0)


def test_abs_has_derivative_zero_at_zero():
    for zero in (0.0, -0.0):
        assert abs(Value(zero)).local_derivatives() == (0,)


def test_where_two_values_tie_the_maximum_belongs_to_the_first():
    assert graph.maximum(2.0, 2.0).local_derivatives() == (1, 0)
    a = Value(2.0)
    graph.maximum(a, a).backward()
    assert a.grad == 1


@pytest.mark.parametrize(
    "a, b, data, local",
    [
        (0.0, 2.0, 0, (0, 0)),
        (0.0, 1.0, 0, (1, 0)),
        (0.0, 0.0, 1, (0, 0)),
        (0.0, 0.5, 0, (math.inf, 0)),  # the root stands upright
        (1e-200, -1.0, 1e200, (math.inf, 1e200 * math.log(1e-200))),  # 1 / a² is no float
        (-2.0, 3.0, -8, (12, 0)),
        (-2.0, -1.0, -0.5, (-0.25, 0)),
        (-2.0, 0.0, 1, (0, 0)),
        (2.0, 0.0, 1, (0, math.log(2))),
    ],
)
def test_powers_at_and_below_zero(a, b, data, local):
    out = Value(a) ** Value(b)
    assert (out.data, out.local_derivatives()) == (data, local)


def test_a_gradient_that_is_not_finite_is_refused_and_changes_nothing():
    a, b = Value(0.0, "a"), Value(3.0, "b")
    root = a**0.5
    product = root * b
    (a * 5 + b).backward()
    with pytest.raises(OverflowError, match="backward: the gradient of a is inf"):
        product.backward()
    assert (a.grad, b.grad, root.grad, product.grad) == (5, 1, 0, 0)
    with pytest.raises(OverflowError, match="backward: the gradient of a is nan"):
        (0 * root).backward()
    with pytest.raises(OverflowError, match=r"the gradient of Value\(0, grad inf\) is inf"):
        (Value(0.0) ** 0.5).backward()


def test_gradients_whose_sum_alone_overflows_are_no_reason_to_refuse():
    a, b = Value(1e-10), Value(1e-10)
    ((a + b) * 1e308).backward()
    assert (a.grad, b.grad) == (1e308, 1e308)


def test_an_unknown_operation_is_refused():
    with pytest.raises(
        ValueError, match="Value: operation: expected one of add, sub, .* got 'sine'"
    ):
        Value.record("sine", 1.0)


@pytest.mark.parametrize("a, expected", [(1e4, 1.0), (-1e4, 0.0), (0.0, 0.5)])
def test_sigmoid_at_extremes(a, expected):
    out = graph.sigmoid(a)
    assert out.data == expected
    assert out.local_derivatives() == (expected * (1 - expected),)


def test_sigmoid_derivative_keeps_its_precision_where_the_value_rounds_to_one():
    (local,) = graph.sigmoid(40.0).local_derivatives()
    assert local == pytest.approx(math.exp(-40), rel=1e-15, abs=0)


@pytest.mark.parametrize(
    "expression, error, message",
    [
        (lambda: graph.log(Value(0.0, "p")), ValueError, "log of p = 0"),
        (lambda: graph.log(-1.0), ValueError, "log of value = -1"),
        (lambda: Value(1.0, "a") / Value(0.0, "b"), ZeroDivisionError, "div of a = 1, b = 0"),
        (lambda: graph.exp(Value(1000.0, "z")), OverflowError, "exp of z = 1000"),
        (lambda: Value(1e200) * 1e200, OverflowError, "mul of .*the result is inf"),
        (
            lambda: graph.square(Value(1e200, "e")),
            OverflowError,
            "square of e = 1e.200: beyond the largest float$",
        ),
        (lambda: Value(10.0, "t") ** 400, OverflowError, "power of t = 10, value = 400: beyond"),
        (lambda: Value(0.0, "a") ** -1, ZeroDivisionError, "power of a = 0, value = -1: 0 has no"),
        (lambda: Value(-8.0, "a") ** (1 / 3), ValueError, "power of a = -8, .*whole powers only"),
        (lambda: (-8) ** Value(0.5, "b"), ValueError, "power of value = -8, b = 0.5: a negative"),
        (lambda: Value(1.0) + "1", TypeError, "Value: expected a real number, got str"),
    ],
)
def test_a_result_that_is_not_a_number_names_the_operation_and_its_inputs(
    expression, error, message
):
    with pytest.raises(error, match=message):
        expression()


def test_forward_refuses_what_recording_would_refuse():
    a = Value(1.0, "a")
    out = graph.log(a)
    a.data = 0.0
    with pytest.raises(ValueError, match="log of a = 0"):
        out.forward()
    assert out.data == 0  # log 1: the last good value


@pytest.mark.parametrize("data", ["1", None, True, np.ones(2), 1j])
def test_forward_refuses_a_leaf_that_is_no_number_by_name(data):
    a = Value(1.0, "a")
    out = 2 * a
    a.data = data
    with pytest.raises(TypeError, match="forward: a: expected a real number, got"):
        out.forward()
    assert out.data == 2 and a.data is data


def test_forward_takes_numbers_of_other_kinds_as_floats():
    a = Value(1.0, "a")
    out = 2 * a
    a.data = np.float32(0.5)
    assert out.forward() == 1.0
    assert type(a.data) is type(out.data) is float


def test_a_refused_forward_changes_no_value_on_the_way():
    a = Value(1.0, "a")
    double = 2 * a
    out = double + graph.log(a)
    a.data = -1.0
    with pytest.raises(ValueError, match="log of a = -1"):
        out.forward()
    assert (double.data, out.data) == (2, 2)
    product = a * a
    last = product + graph.log(product - 0.5)
    a.data = 0.5
    with pytest.raises(ValueError, match="log of value = -0.25"):
        last.forward()
    assert product.local_derivatives() == (-1, -1)  # as before
    a.data = -1.0
    inverse = 1 / double
    a.data = 0.0
    with pytest.raises(ZeroDivisionError, match="div of value = 1, value = 0"):
        inverse.forward()
    assert (double.data, inverse.data) == (2, 0.5)
    late = Value(1.0)
    total, a.data, late.data = double + late, 5.0, "1"
    with pytest.raises(TypeError):
        total.forward()
    assert (double.data, total.data) == (2, 3)
    a.data = math.nan
    with pytest.raises(OverflowError, match="forward: a is nan"):
        graph.relu(3.0 * double).forward()


def test_a_refused_forward_leaves_the_local_derivatives_of_before():
    a = Value(1.0, "a")
    squared = graph.square(a)
    out = squared + graph.log(a)
    a.data = -1.0
    with pytest.raises(ValueError, match="log of a = -1"):
        out.forward()
    assert squared.local_derivatives() == (2.0,)  # not −2, of the refused forward
    a.data = 1.0
    out.backward()
    assert a.grad == 2.0 + 1.0


def test_forward_renews_the_local_derivatives():
    a = Value(2.0)
    out = graph.square(a)
    a.data = 5.0
    out.forward()
    out.backward()
    assert (out.data, a.grad, out.local_derivatives()) == (25, 10, (10,))


def test_the_functions_are_documented_where_they_are_imported_from():
    assert graph.sin.__doc__ == "Return sin a."
    assert (graph.sin.__module__, graph.sin.__name__) == ("backprop_lib.graph", "sin")


def test_a_pickled_graph_goes_on_as_if_it_had_been_recorded_here():
    x, y = Value(1.3, "x"), Value(0.7, "y")
    z = x * y + graph.sin(x)
    x2, z2 = pickle.loads(pickle.dumps((x, z)))
    for _ in range(50):
        Value(0.0)  # values of this process, older and younger than the loaded ones
    for a, result in [(x, z), (x2, z2)]:
        graph.square(result * result + a).backward()
    assert x2.grad == x.grad != 0
    assert [v.data for v in z2.ancestors()] == [v.data for v in z.ancestors()]


def test_a_graph_loaded_into_another_process_computes_what_it_did_here(tmp_path):
    """Its values meet younger ones there, whatever was recorded before."""
    x, y = Value(1.3, "x"), Value(0.7, "y")
    z = x * y + graph.sin(x)
    graph.square(z * z + x).backward()
    (tmp_path / "z").write_bytes(pickle.dumps((x, z)))
    code = f"""
import pickle
from backprop_lib import graph
x, z = pickle.load(open({str(tmp_path / "z")!r}, "rb"))
graph.square(z * z + x).backward()
print(repr(x.grad))
"""
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert float(out.stdout) == x.grad


def test_a_copied_graph_is_a_graph_of_its_own():
    x = Value(2.0, "x")
    out = graph.square(x) * x
    x2, out2 = copy.deepcopy((x, out))
    x2.data = 3.0
    assert (out2.forward(), out.data) == (27, 8)
    out2.backward()
    assert (x2.grad, x.grad) == (27, 0)
    assert copy.deepcopy(out).ancestors()[0].name == "x"


def test_a_deep_graph_is_copied_and_its_pickling_refused_by_name():
    a = out = Value(1.0)
    for _ in range(5_000):
        out = out + 1
    assert copy.deepcopy(out).forward() == 5_001
    for refused in (pickle.dumps, copy.copy):
        with pytest.raises(ValueError, match="Value: expected a graph of rank 100 or less to pick"):
            refused(out)
    out = a
    for _ in range(100):
        out = out + 1
    assert pickle.loads(pickle.dumps(out)).data == 101


def test_a_name_is_a_string():
    for name in (3.0, 5, None, b"x"):
        for give in (lambda name=name: Value(2.0, name), lambda name=name: Value(2.0).named(name)):
            with pytest.raises(TypeError, match="Value: name: expected a str, got"):
                give()


def test_names_and_repr():
    a = Value(0.5, "w")
    assert (a * 2).named("z").name == "z"
    assert repr(a) == "Value(w = 0.5, grad 0)"
    assert repr(Value(0.25)) == "Value(0.25, grad 0)"
