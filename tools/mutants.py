"""Test the tests: break the mathematical core in one small way after another.

    python tools/mutants.py [losses conv ...]  # these modules, or all

A broken module, a mutant, is killed by a test that fails. It is never written to a file: a forked
process imports it in place of the right one and runs the tests, the module's own first.

Prints the survivors and the score; the exit status is 1 below ``ENOUGH``.
"""

import ast
import os
import resource
import signal
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENOUGH = 0.95
SECONDS, MEMORY = 60, 8 * 2**30  # of computing, and bytes, that a mutant may take
NOT_CORE = {"__init__", "worked", "colours", "plots", "still", "tables"}  # data and pictures
MODULES = sorted({path.stem for path in (ROOT / "backprop_lib").glob("*.py")} - NOT_CORE)
NOT_UNIT = ("benchmarks", "pytorch", "repository")
TESTS = [path.stem.removeprefix("test_") for path in sorted(ROOT.glob("tests/test_*.py"))]
TESTS = [name for name in TESTS if not name.startswith(NOT_UNIT)]
OWN_TESTS = {"program": "compile", "_validate": "bad_input", "formulas": "live_formulas"}
OWN_TESTS |= dict.fromkeys(
    ["activations", "dense", "layer", "initializers", "conv", "conv_fast"], "layers"
)
OPTIONS = "-o addopts= -p no:cacheprovider -p no:terminal -x".split()

OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
OPERATORS |= dict.fromkeys([ast.MatMult, ast.Pow, ast.FloorDiv, ast.Mod], ast.Mult)
OPERATORS |= {ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
COMPARISONS = {ast.Lt: [ast.LtE, ast.GtE], ast.LtE: [ast.Lt, ast.Gt]}
COMPARISONS |= {ast.Gt: [ast.GtE, ast.LtE], ast.GtE: [ast.Gt, ast.Lt]}
COMPARISONS |= {ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is]}
COMPARISONS |= {ast.In: [ast.NotIn], ast.NotIn: [ast.In]}
NAMES = dict(a="b", b="a", sin="cos", cos="sin", max="min", min="max", any="all", all="any")
NAMES |= dict(maximum="minimum", argmax="argmin", zeros_like="ones_like", up="down")
SYMMETRIC = ("max", "min", "np.maximum", "np.logaddexp", "np.result_type")


def mutants(tree):
    """Yield the node in whose place the tree is now broken, and a line that says how.

    Docstrings and the wording of errors stay as they are.
    """
    for field, value in ast.iter_fields(tree):
        parts = value if isinstance(value, list) else [value]
        for k, node in enumerate(parts):
            if not isinstance(node, ast.AST):
                continue
            seen = {ast.dump(node)}
            for variant in variants(node, tree, field):
                if ast.dump(variant) in seen:
                    continue
                seen.add(ast.dump(variant))
                parts[k] = ast.fix_missing_locations(ast.copy_location(variant, node))
                setattr(tree, field, parts if parts is value else parts[0])
                before, after = (ast.unparse(each).partition("\n")[0] for each in (node, variant))
                yield node, f"{before}  ->  {after}"
            parts[k] = node
            setattr(tree, field, value)
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not is_docstring and not isinstance(node, ast.Raise):
                yield from mutants(node)


def variants(node, parent, field):
    """Yield what may stand in a node's place."""
    if field == "test" and not isinstance(node, ast.Constant):
        yield from (ast.Constant(True), ast.Constant(False))
    if isinstance(parent, ast.comprehension) and field == "ifs":
        yield ast.Constant(True)
    match node:
        case ast.BinOp(left, op, right):
            yield from (left, right, ast.BinOp(left, OPERATORS[type(op)](), right))
            if isinstance(op, (ast.MatMult, ast.Sub, ast.Div)):
                yield ast.BinOp(right, op, left)
        case ast.UnaryOp(_, operand):
            yield operand
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.And() if isinstance(op, ast.Or) else ast.Or(), values)
            for k in range(len(values)):
                rest = values[:k] + values[k + 1 :]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.Compare(left, ops, right):
            for k, op in enumerate(ops):
                for other in COMPARISONS[type(op)]:
                    yield ast.Compare(left, [*ops[:k], other(), *ops[k + 1 :]], right)
        case ast.IfExp(_, body, otherwise):
            yield from (body, otherwise)
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value) if not isinstance(parent, ast.UnaryOp):
            yield ast.Constant(value + 1)
        case ast.Constant(str() as value):
            yield ast.Constant(value + "X")
        case ast.Slice():
            for part in ("lower", "upper", "step"):
                if getattr(node, part):
                    yield _changed(node, **{part: None})
        case ast.Attribute(value, "T"):
            yield value
        case ast.Attribute(_, name, ast.Load()) if name in NAMES and len(name) > 1:
            yield _changed(node, attr=NAMES[name])
        case ast.Name(name, ast.Load()) if name in NAMES:
            yield _changed(node, id=NAMES[name])
        case ast.Call(function, arguments, options):
            for k, option in enumerate(options):
                if option.arg != "strict":  # without it is as with False, a mutant of its own
                    yield _changed(node, keywords=options[:k] + options[k + 1 :])
            if len(arguments) > 1 and ast.unparse(function) not in SYMMETRIC:
                yield _changed(node, args=[arguments[1], arguments[0], *arguments[2:]])
            match function, arguments:
                case ast.Attribute(ast.Name("np")), [argument]:
                    yield argument
                case ast.Attribute(value, "copy"), []:
                    yield value
        case ast.ExceptHandler(ast.Tuple(kinds)):
            for k in range(len(kinds)):
                yield _changed(node, type=ast.Tuple(kinds[:k] + kinds[k + 1 :], ast.Load()))
        case ast.Expr(ast.Call()) | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Return(value) if value and not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.AugAssign(target, op, value):
            yield from (ast.Pass(), ast.AugAssign(target, OPERATORS[type(op)](), value))
            yield ast.Assign([target], value)
        case ast.With([ast.withitem(_, None)], body):
            yield ast.If(ast.Constant(True), body, [])
        case ast.FunctionDef(decorator_list=decorators):
            for k, decorator in enumerate(decorators):
                if isinstance(decorator, ast.Call):
                    yield _changed(node, decorator_list=decorators[:k] + decorators[k + 1 :])


def _changed(node, **fields):
    return type(node)(**dict(ast.iter_fields(node)) | fields)


def survives(module, tree):
    """Run the tests with this tree in place of the module; say whether all of them pass."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(10 * SECONDS)  # should it wait for ever
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            status = _run_tests(module, tree)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _run_tests(module, tree):
    path = str(ROOT / "backprop_lib" / f"{module}.py")
    code, unbroken = compile(tree, path, "exec", dont_inherit=True), SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda at, name: code if at.path == path else unbroken(at, name)
    own = OWN_TESTS.get(module, module)
    for tests in ([own], [name for name in TESTS if name != own]):  # most die of their own tests
        files = [f"tests/test_{name}.py" for name in tests if name in TESTS]
        if files and (status := pytest.main([*OPTIONS, *files])):
            return status
    return 0


def hunt(module):
    """Print the survivors of a module and its score; return both numbers of the score."""
    tree = ast.parse((ROOT / "backprop_lib" / f"{module}.py").read_text(encoding="utf-8"))
    if not survives(module, tree):
        sys.exit(f"{module}: a test fails before anything is broken")
    count = alive = 0
    for node, text in mutants(tree):
        count += 1
        if survives(module, tree):
            alive += 1
            print(f"backprop_lib/{module}.py:{node.lineno}: {text}", flush=True)
    print(f"{module}: {count - alive} of {count} killed", flush=True)
    return count - alive, count


if __name__ == "__main__":
    os.chdir(ROOT)
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    import numpy  # noqa: F401 - once, before thousands of forks

    killed, total = map(sum, zip(*map(hunt, sys.argv[1:] or MODULES), strict=True))
    print(f"{killed} of {total} killed: {killed / total:.1%}; expected at least {ENOUGH:.0%}")
    sys.exit(killed / total < ENOUGH)
