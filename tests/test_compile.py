"""The recorded graph as a program: its text, its numbers against Value, and what it refuses."""

import ast
import inspect
import math
import random

import numpy as np
import pytest

from backprop_lib import Value, graph, toy, worked
from backprop_lib.program import compile

pytestmark = pytest.mark.filterwarnings("error")

TOY_SOURCE = """\
def gradient(omega0, x, beta0, omega1, beta1, omega2, beta2, omega3, beta3, y):
    t1 = omega0 * x
    f0 = beta0 + t1
    h1 = sin(f0)
    t2 = omega1 * h1
    f1 = beta1 + t2
    h2 = exp(f1)
    t3 = omega2 * h2
    f2 = beta2 + t3
    h3 = cos(f2)
    t4 = omega3 * h3
    f3 = beta3 + t4
    t5 = f3 - y
    loss = t5 ** 2
    dloss = 1.0
    dt5 = dloss * (2.0 * t5)
    df3 = dt5
    dt4 = df3
    dh3 = dt4 * omega3
    df2 = dh3 * (-sin(f2))
    dt3 = df2
    dh2 = dt3 * omega2
    df1 = dh2 * h2
    dt2 = df1
    dh1 = dt2 * omega1
    df0 = dh1 * cos(f0)
    dt1 = df0
    dy = dt5 * (-1.0)
    dbeta3 = df3
    domega3 = dt4 * h3
    dbeta2 = df2
    domega2 = dt3 * h2
    dbeta1 = df1
    domega1 = dt2 * h1
    dbeta0 = df0
    dx = dt1 * omega0
    domega0 = dt1 * x
    if not isfinite(
        omega0 + x + beta0 + omega1 + beta1 + omega2 + beta2 + omega3 + beta3 + y + t1 + f0 + h1
        + t2 + f1 + h2 + t3 + f2 + h3 + t4 + f3 + t5 + loss
        + domega0 + dx + dbeta0 + domega1 + dbeta1 + domega2 + dbeta2 + domega3 + dbeta3 + dy
        + dt1 + df0 + dh1 + dt2 + df1 + dh2 + dt3 + df2 + dh3 + dt4 + df3 + dt5 + dloss
    ):
        raise OverflowError
    return loss, domega0, dx, dbeta0, domega1, dbeta1, domega2, dbeta2, domega3, dbeta3, dy
"""


def recorded_toy():
    return toy.record(worked.TOY.beta, worked.TOY.omega, worked.TOY.x, worked.TOY.y)["loss"]


def leaves_of(out):
    return [value for value in out.ancestors() if value.name and value.operation is None]


def assert_same(out):
    """Value and gradient of the program equal those of the graph, bit for bit."""
    program, leaves = compile(out), leaves_of(out)
    out.backward()
    numbers = [leaf.data for leaf in leaves]
    expected = (out.data, *(leaf.grad for leaf in leaves))
    assert program.leaves == tuple(leaf.name for leaf in leaves)
    assert program._gradient(*numbers) == expected, program.source
    assert program.gradient(*numbers) == expected
    return program


def test_the_toy_model_line_by_line():
    program = assert_same(recorded_toy())
    assert program.source == str(program)
    assert ast.dump(ast.parse(program.source)) == ast.dump(ast.parse(TOY_SOURCE))
    lines = [line for line in TOY_SOURCE.splitlines() if " = " in line]
    assert [line for line in program.source.splitlines() if " = " in line] == lines


def test_the_toy_model_s_twins():
    program = compile(recorded_toy())
    beta, omega = [0.1 * k for k in range(4)], [1.0 - k for k in range(4)]
    leaves = {f"beta{k}": b for k, b in enumerate(beta)} | {"x": 0.4, "y": -1.0}
    leaves |= {f"omega{k}": w for k, w in enumerate(omega)}
    value, *gradient = program.gradient(*(leaves[name] for name in program.leaves))
    model = toy.ToyModel(beta, omega)
    assert value == model.forward(0.4, -1.0)
    expected = model.backward()
    for name, slope in zip(program.leaves, gradient, strict=True):
        # the twins write exp(f1) where the program has h2: the same number
        assert name in "xy" or slope == expected[name], name


@pytest.mark.parametrize(
    "expression, lines",
    [
        (lambda a, b: a * a + a, ["t1 = a * a", "da = dt2 + dt1 * a + dt1 * a"]),
        (lambda a, b: a - (b - a), ["dt1 = dt2 * (-1.0)", "db = dt1", "da = dt2 + dt1 * (-1.0)"]),
        (
            lambda a, b: graph.square(-a) * b,
            ["t2 = t1 ** 2", "dt1 = dt2 * (2.0 * t1)", "db = dt3 * t2"],
        ),
        (
            lambda a, b: graph.sigmoid(a * b),
            ["t2 = sigmoid(t1)", "dt1 = dt2 * (t2 * sigmoid(-t1))"],
        ),
        (lambda a, b: (a * 2 + b).named("c") / 4, ["t1 = 2.0 * a", "dc = dt2 * 0.25"]),
        (
            lambda a, b: a / -((b + a) ** 3),
            ["t2 = power(t1, 3.0)", "dt3 = dt4 * (-t4 / t3)", "dt1 = dt2 * power_slope(t1, 3.0)"],
        ),
        (lambda a, b: 2**a * b, ["t1 = power(2.0, a)", "da = dt1 * (t1 * log_or_0(2.0))"]),
        (lambda a, b: graph.relu(a) * b, ["t1 = max(a, 0.0)", "da = dt1 * step(a)"]),
        (lambda a, b: abs(a) * b, ["t1 = abs(a)", "da = dt1 * sign(a)"]),
        (
            lambda a, b: graph.maximum(a, b),
            ["t1 = max(a, b)", "db = dt1 * (1 - is_first(a, b))", "da = dt1 * is_first(a, b)"],
        ),
        (
            lambda a, b: graph.tanh(a) - graph.exp(b),
            ["t1 = tanh(a)", "da = dt1 * (1 - t1 ** 2)", "db = dt2 * t2"],
        ),
    ],
)
def test_what_a_person_would_write(expression, lines):
    program = assert_same(expression(Value(3.0, "a"), Value(-1.5, "b")))
    written = [line.strip() for line in program.source.splitlines()]
    found = [line for line in written if line in lines]
    assert sorted(found) == sorted(lines), program.source


def test_one_line_for_each_recorded_value_and_one_for_its_twin():
    out = recorded_toy()
    lines = [line.split(" = ")[0].strip() for line in compile(out).source.splitlines()[1:-3]]
    computed = [v for v in out.ancestors() if v.operation]
    assert len(lines) == 2 * len(computed) + 10  # the leaves have twins only


def test_constants_have_no_twin():
    a = Value(3.0, "a")
    program = assert_same(graph.square(Value(2.0) * -3) * a - Value(-0.5))
    assert "t1 = -6.0\n" in program.source and "t4 = t3 + 0.5\n" in program.source
    minus_two = Value(-2.0)
    assert "c = 4.0\n" in assert_same(graph.square(minus_two).named("c") * a).source


def test_a_leaf_that_is_the_result():
    program = assert_same(Value(2.5, "a"))
    assert program.gradient(7.0) == (7, 1)


def test_a_leaf_the_result_does_not_reach_is_no_argument():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    _ = a * b
    assert compile(graph.square(a)).leaves == ("a",)


def test_a_long_sum_and_a_long_chain():
    a = Value(0.5, "a")
    assert_same(sum([a] * 500, Value(0.0)))
    out = a
    for _ in range(300):
        out = graph.sin(out) + a
    assert_same(out)
    assert_same(sum([a] * 5_000, Value(0.0)))  # more terms than Python's parser would nest


UNARY = ["neg", "square", "sin", "cos", "tanh", "sigmoid", "relu", "absolute", "exp"]
BINARY = ["add", "sub", "mul", "div", "maximum", "power"]


def random_graph(rng):
    """Return the end of a small random graph with fan-out, constants, names, kinks and powers."""
    values = [Value(rng.uniform(-2, 2), name) for name in "abc"] + [Value(0.5), Value(-2.0)]
    for k in range(rng.randrange(1, 14)):
        a, b = rng.choice(values), rng.choice(values)
        try:
            if rng.random() < 0.4:
                value = Value.record(rng.choice(UNARY), a)
            else:
                value = Value.record(rng.choice(BINARY), a, b)
        except (ArithmeticError, ValueError):
            continue
        values.append(value.named(f"v{k}") if rng.random() < 0.3 else value)
    return values[-1] + values[0]


def test_random_graphs():
    rng, used = random.Random(7), set()
    for _ in range(400):
        out = random_graph(rng)
        try:
            out.backward()
        except OverflowError:
            with pytest.raises(OverflowError, match="the gradient of"):
                compile(out).gradient(*(leaf.data for leaf in leaves_of(out)))
            continue
        assert_same(out)
        used |= {value.operation for value in out.ancestors()}
    assert used >= {*UNARY, *BINARY}


def test_every_operation_can_be_compiled():
    a, b = Value(0.7, "a"), Value(0.4, "b")
    for name, record in graph.OPERATIONS.items():
        assert_same(Value.record(name, *[a, b][: len(inspect.signature(record).parameters)]))


@pytest.mark.parametrize(
    "name, message",
    [
        ("w 2", "expected a Python identifier as name, got 'w 2'"),
        ("a; import os", "expected a Python identifier"),
        ("ℓ", "expected a Python identifier as name, got 'ℓ'"),  # Python would read it as l
        ("lambda", "the name lambda is taken"),
        ("el", "the name del is taken"),  # of its derivative
        *((name, f"the name {name} is taken") for name in ("sin", "abs", "max", "OverflowError")),
        ("isfinite", "the name isfinite is taken"),
        ("__debug__", "the name __debug__ is taken"),
        ("x", "are called x"),
        ("dx", "are called dx"),
    ],
)
def test_names_that_can_not_stand_in_a_program(name, message):
    with pytest.raises(ValueError, match=f"compile: .*{message}"):
        compile(Value(1.0, "x") * Value(2.0, name))


def test_names_beyond_the_alphabet_and_names_like_the_fresh_ones():
    program = assert_same(graph.sin(Value(0.5, "β0") * Value(2.0, "t1") + Value(1.0, "dt2")))
    assert "t4 = t3 + dt2\n" in program.source


def test_what_is_no_value_or_has_no_named_leaf():
    with pytest.raises(TypeError, match="compile: loss: expected a Value, got float"):
        compile(1.0)
    with pytest.raises(ValueError, match="compile: loss: expected at least one leaf with a name"):
        compile(Value(2.0) * 3)


@pytest.mark.parametrize(
    "expression, numbers, error, message",
    [
        (lambda a, b: graph.log(a) + b, (-1.0, 0.0), ValueError, "log of a = -1"),
        (lambda a, b: a / b, (1.0, 0.0), ZeroDivisionError, "div of a = 1, b = 0"),
        (lambda a, b: graph.exp(a) + b, (800.0, 0.0), OverflowError, "exp of a = 800"),
        (lambda a, b: a**b, (-8.0, 0.5), ValueError, "power of a = -8, b = 0.5: a negative"),
        (lambda a, b: a * b, (1e200, 1e200), OverflowError, "mul of a = .*the result is inf"),
        # infinity on the way to a finite end
        (lambda a, b: graph.tanh(a * b), (1e200, 1e200), OverflowError, "mul of a"),
        (lambda a, b: graph.tanh(a / b), (1e200, 1e-200), OverflowError, "div of a"),
        (lambda a, b: 1 / (a * b), (1e200, 1e200), OverflowError, "mul of a"),
        (lambda a, b: graph.relu(a * b), (1e200, -1e200), OverflowError, "mul of a"),
        (lambda a, b: graph.relu(a * b - a * b), (1e200, 1e200), OverflowError, "mul of a"),
        (lambda a, b: graph.maximum(a, b), (1.0, math.nan), ValueError, "b: .*finite.* nan"),
        (lambda a, b: graph.relu(a) + b, (-math.inf, 1.0), ValueError, "a: .*finite.*inf"),
        (lambda a, b: 1 / a + b, (math.inf, 1.0), ValueError, "a: .*finite.*inf"),
        (lambda a, b: a + b, ("1", 1.0), TypeError, "Program: a: expected a real number, got str"),
        (lambda a, b: a + b, (1.0, True), TypeError, "Program: b: .* got bool"),
        (lambda a, b: a + b, (np.ones(1), 1.0), TypeError, "Program: a: .* got ndarray"),
        (lambda a, b: a + b, (1.0,), TypeError, r"expected 2 numbers \(a, b\), got 1"),
    ],
)
def test_what_value_refuses_the_program_refuses(expression, numbers, error, message):
    program = compile(expression(Value(2.0, "a"), Value(3.0, "b")))
    with pytest.raises(error, match=message):
        program.gradient(*numbers)


def test_a_gradient_that_is_not_finite():
    program = compile(Value(4.0, "a") ** 0.5)
    with pytest.raises(OverflowError, match="backward: the gradient of a is inf"):
        program.gradient(0.0)


def test_values_whose_sum_alone_overflows_are_computed():
    program = compile((Value(1.0, "a") * 1e308).named("p") / 4 + Value(1.0, "b") * 1e308)
    assert program.gradient(1.0, 1.0) == (1.25e308, 2.5e307, 1e308)


def test_arguments_are_real_numbers_and_become_floats():
    program = compile(graph.square(Value(2.0, "a")))
    for number in (3, np.int64(3), np.float32(3)):
        value, slope = program.gradient(number)
        assert (value, slope, type(value), type(slope)) == (9, 6, float, float)
    for bad in (True, "3", 3j, None):
        with pytest.raises(TypeError, match="Program: a: expected a real number, got"):
            program.gradient(bad)


def test_the_program_does_not_touch_the_graph():
    out = recorded_toy()
    program, before = compile(out), [(v.data, v.grad) for v in out.ancestors()]
    program.gradient(*range(10))
    with pytest.raises(ArithmeticError):
        program.gradient(*[1e300] * 10)
    assert [(v.data, v.grad) for v in out.ancestors()] == before
