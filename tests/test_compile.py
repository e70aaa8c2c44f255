"""The recorded graph as a program: its text, its numbers against Value, and what it refuses."""

import math
import random

import numpy as np
import pytest

from backprop_lib import Value, graph, toy, worked

pytestmark = pytest.mark.filterwarnings("error")

TOY_SOURCE = """\
def gradient(x, y, beta0, beta1, beta2, beta3, omega0, omega1, omega2, omega3):
    f0 = beta0 + omega0 * x
    h1 = sin(f0)
    f1 = beta1 + omega1 * h1
    h2 = exp(f1)
    f2 = beta2 + omega2 * h2
    h3 = cos(f2)
    f3 = beta3 + omega3 * h3
    loss = (f3 - y) ** 2
    if not isfinite(f0 + f1 + f2 + f3 + loss):
        raise OverflowError
    df3 = 2 * (f3 - y)
    dh3 = df3 * omega3
    df2 = dh3 * -sin(f2)
    dh2 = df2 * omega2
    df1 = dh2 * h2
    dh1 = df1 * omega1
    df0 = dh1 * cos(f0)
    domega3 = df3 * h3
    domega2 = df2 * h2
    domega1 = df1 * h1
    domega0 = df0 * x
    dbeta3 = df3
    dbeta2 = df2
    dbeta1 = df1
    dbeta0 = df0
    dy = -df3
    dx = df0 * omega0
    if not isfinite(dx + dy + dbeta0 + dbeta1 + dbeta2 + dbeta3 + domega0 + domega1 + domega2 + domega3):
        raise OverflowError
    return loss, dx, dy, dbeta0, dbeta1, dbeta2, dbeta3, domega0, domega1, domega2, domega3
"""


def recorded_toy():
    return toy.record(worked.TOY.beta, worked.TOY.omega, worked.TOY.x, worked.TOY.y)["loss"]


def leaves_of(out):
    return [value for value in out.ancestors() if value.name and value.operation is None]


def assert_same(out):
    """Value, gradient and forward pass of the program equal those of the graph, bit for bit."""
    program, leaves = graph.compile(out), leaves_of(out)
    out.backward()
    numbers = [leaf.data for leaf in leaves]
    expected = (out.data, *(leaf.grad for leaf in leaves))
    assert program.leaves == tuple(leaf.name for leaf in leaves)
    assert program.gradient(*numbers) == expected, program.source
    assert program.value(*numbers) == out.data
    return program


def test_the_toy_model_line_by_line():
    program = assert_same(recorded_toy())
    assert program.source == str(program) == TOY_SOURCE


def test_the_toy_model_s_twins_by_name():
    value, gradient = graph.compile(recorded_toy())(
        x=0.4,
        y=-1.0,
        **{f"beta{k}": 0.1 * k for k in range(4)},
        **{f"omega{k}": 1.0 - k for k in range(4)},
    )
    model = toy.ToyModel([0.1 * k for k in range(4)], [1.0 - k for k in range(4)])
    assert value == model.forward(0.4, -1.0)
    expected = model.backward()
    for name in gradient.keys() - {"x", "y"}:
        # the twins write exp(f1) where the program has h2: the same number
        assert gradient[name] == expected[name], name


@pytest.mark.parametrize(
    "expression, lines",
    [
        (lambda a, b: a * a + a, ["t1 = a * a + a", "da = 1.0 + a + a"]),
        (lambda a, b: a - (b - a), ["t1 = a - (b - a)", "db = -1.0", "da = 1.0 + 1.0"]),
        (
            lambda a, b: graph.square(-a) * b,
            ["t1 = (-a) ** 2 * b", "db = (-a) ** 2", "da = -(b * (2 * -a))"],
        ),
        (  # a twin of its own: in db it would be lost before da is written
            lambda a, b: graph.square(b * a),
            ["t1 = (b * a) ** 2", "dt2 = 2 * (b * a)", "db = dt2 * a", "da = dt2 * b"],
        ),
        (
            lambda a, b: graph.sigmoid(a * b),
            [
                "t1 = a * b",
                "t2 = sigmoid(t1)",
                "dt1 = t2 * sigmoid(-t1)",
                "db = dt1 * a",
                "da = dt1 * b",
            ],
        ),
        (
            lambda a, b: graph.square(a + b) + graph.square(a - b),
            [
                "t1 = (a + b) ** 2 + (a - b) ** 2",
                "dt2 = 2 * (a - b)",
                "dt3 = 2 * (a + b)",
                "db = -dt2 + dt3",
                "da = dt2 + dt3",
            ],
        ),
        (lambda a, b: (a * 2 + b).named("c") / 4, ["c = a * 2.0 + b", "t1 = c / 4.0"]),
        (lambda a, b: a * -((b + a) ** 3), ["t1 = b + a", "t2 = pow(t1, 3.0)"]),
        (  # a constant has no derivative, so nothing but b's line needs that of the factor
            lambda a, b: graph.square(3 * graph.sin(a * b) + 1),
            ["t3 = (3.0 * t2 + 1.0) ** 2", "dt2 = 2 * (3.0 * t2 + 1.0) * 3.0"],
        ),
        (  # the sum hands its derivative on to dt1; its other term has no line of its own
            lambda a, b: graph.square((a * b + 2) + graph.exp(b)) * a,
            ["dt1 = a * (2 * (a * b + 2.0 + t1))", "db = dt1 * t1 + dt1 * a"],
        ),
        (
            lambda a, b: graph.relu(a) * b,
            ["t1 = max(a, 0.0)", "da = dt1 * (1.0 if a > 0 else 0.0)"],
        ),
    ],
)
def test_what_a_person_would_write(expression, lines):
    program = assert_same(expression(Value(3.0, "a"), Value(-1.5, "b")))
    written = [line.strip() for line in program.source.splitlines()]
    assert [line for line in written if line in lines] == lines, program.source


def test_constants_are_folded_and_have_no_derivative():
    a = Value(3.0, "a")
    program = assert_same(graph.square(Value(2.0) * -3) * a - Value(-0.5))
    assert "t1 = 36.0 * a - -0.5\n" in program.source
    assert "da = 36.0\n" in program.source
    minus_two = Value(-2.0)
    assert "c = (-2.0) ** 2\n" in assert_same(graph.square(minus_two).named("c") * a).source


def test_a_leaf_that_is_the_result():
    program = assert_same(Value(2.5, "a"))
    assert program.gradient(7.0) == (7, 1)


def test_a_leaf_the_result_does_not_reach_is_no_argument():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    _ = a * b
    assert graph.compile(graph.square(a)).leaves == ("a",)


def test_a_long_sum_and_a_long_chain():
    a = Value(0.5, "a")
    assert_same(sum([a] * 500, Value(0.0)))
    out = a
    for _ in range(300):
        out = graph.sin(out) + a
    program = assert_same(out)
    assert max(map(len, program.source.splitlines())) < 150


UNARY = ["neg", "square", "sin", "cos", "tanh", "sigmoid", "relu", "abs", "exp"]
BINARY = ["add", "sub", "mul", "div", "maximum", "pow"]


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
                graph.compile(out).gradient(*(leaf.data for leaf in leaves_of(out)))
            continue
        assert_same(out)
        used |= {value.operation for value in out.ancestors()}
    assert used >= {*UNARY, *BINARY}


def test_every_operation_can_be_compiled():
    a, b = Value(0.7, "a"), Value(0.4, "b")
    for name, rule in graph.OPERATIONS.items():
        assert_same(Value.record(name, *[a, b][: len(rule.local)]))


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
        graph.compile(Value(1.0, "x") * Value(2.0, name))


def test_names_beyond_the_alphabet_and_names_like_the_fresh_ones():
    program = assert_same(graph.sin(Value(0.5, "β0") * Value(2.0, "t1") + Value(1.0, "dt2")))
    assert "t3 = β0 * t1 + dt2\n" in program.source


def test_what_is_no_value_or_has_no_named_leaf():
    with pytest.raises(TypeError, match="compile: loss: expected a Value, got float"):
        graph.compile(1.0)
    with pytest.raises(ValueError, match="compile: loss: expected at least one leaf with a name"):
        graph.compile(Value(2.0) * 3)


@pytest.mark.parametrize(
    "expression, numbers, error, message",
    [
        (lambda a, b: graph.log(a) + b, (-1.0, 0.0), ValueError, "log of a = -1"),
        (lambda a, b: a / b, (1.0, 0.0), ZeroDivisionError, "div of a = 1, b = 0"),
        (lambda a, b: graph.exp(a) + b, (800.0, 0.0), OverflowError, "exp of a = 800"),
        (lambda a, b: a**b, (-8.0, 0.5), ValueError, "pow of a = -8, b = 0.5: a negative"),
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
    program = graph.compile(expression(Value(2.0, "a"), Value(3.0, "b")))
    for run in (program.gradient, program.value):
        with pytest.raises(error, match=message):
            run(*numbers)


def test_a_gradient_that_is_not_finite():
    program = graph.compile(Value(4.0, "a") ** 0.5)
    assert program.value(0.0) == 0
    with pytest.raises(OverflowError, match="backward: the gradient of a is inf"):
        program.gradient(0.0)


def test_values_whose_sum_alone_overflows_are_computed():
    program = graph.compile((Value(1.0, "a") * 1e308).named("p") / 4 + Value(1.0, "b") * 1e308)
    assert program.gradient(1.0, 1.0) == (1.25e308, 2.5e307, 1e308)
    assert program.value(1.0, 1.0) == 1.25e308


def test_arguments_are_real_numbers_and_become_floats():
    program = graph.compile(graph.square(Value(2.0, "a")))
    for number in (3, np.int64(3), np.float32(3)):
        value, slope = program.gradient(number)
        assert (value, slope, type(value), type(slope)) == (9, 6, float, float)
    for bad in (True, "3", 3j, None):
        for run in (program.value, program.gradient):
            with pytest.raises(TypeError, match="Program: a: expected a real number, got"):
                run(bad)


def test_leaves_by_name_must_be_all_and_no_others():
    program = graph.compile(Value(2.0, "a") * Value(3.0, "b"))
    assert program(b=5, a=np.float64(4)) == (20, {"a": 5, "b": 4})
    for found in ("a", "a, b, c", "none"):
        leaves = dict.fromkeys(found.split(", "), 1.0) if found != "none" else {}
        with pytest.raises(TypeError, match=f"Program: expected the leaves a, b, got {found}$"):
            program(**leaves)


def test_the_program_does_not_touch_the_graph():
    out = recorded_toy()
    program, before = graph.compile(out), [(v.data, v.grad) for v in out.ancestors()]
    program.gradient(*range(10))
    with pytest.raises(ArithmeticError):
        program.gradient(*[1e300] * 10)
    assert [(v.data, v.grad) for v in out.ancestors()] == before
