"""Test the tests: break the mathematical core in one small way after another.

    python tools/mutants.py              # everything
    python tools/mutants.py losses conv  # these modules

A broken module, a mutant, is killed by a test that fails. It is never written to a file: each
mutant lives in a forked process, which swaps the broken code into the functions that were
imported and runs the tests that reach the line, fastest first. What has its effect while a
module is imported (the table of operations, the decorators, the defaults) is imported afresh.

Prints the survivors and the score; the exit status is 1 below ``ENOUGH``.
"""

import ast
import gc
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: many small processes, one at a time

import coverage  # noqa: E402
import pytest  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
ENOUGH = 0.95
MEMORY = 8 * 2**30  # bytes that a mutant may take
MODULES = (
    "losses activations dense layer deltas initializers toy optim gradcheck graph program network "
    "_validate training datasets conv conv_fast"
).split()
TESTS = (
    "graph compile toy layers losses deltas network optim training datasets gradcheck bad_input "
    "extremes published sources"
).split()
OWN_TESTS = {"program": "compile", "_validate": "bad_input"} | dict.fromkeys(
    ["activations", "dense", "layer", "initializers", "conv", "conv_fast"], "layers"
)
OPTIONS = "-o addopts= -p no:cacheprovider -p no:terminal -s -x".split()

OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
COMPARISONS = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
NAMES = dict(a="b", b="a", sin="cos", cos="sin", max="min", min="max", any="all", all="any")
NAMES |= dict(maximum="minimum", argmax="argmin", zeros_like="ones_like", up="down")


# Which mutants there are


def mutants(tree):
    """Yield the node in whose place the tree is now broken, and a line that says how."""
    for parent in list(ast.walk(tree)):
        left_alone = getattr(parent, "left_alone", ()) or _left_alone(parent)
        for field, value in ast.iter_fields(parent):
            for k, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if not isinstance(node, ast.AST):
                    continue
                node.statement = node if isinstance(node, ast.stmt) else parent.statement
                node.left_alone = left_alone
                if not left_alone:
                    yield from _broken(parent, field, k, node)


def _left_alone(node):
    """Say whether the parts of a node stay: docstrings, the wording of errors, formulas."""
    match node:
        case ast.Expr(ast.Constant()) | ast.Raise() | ast.Call(ast.Name("Operation")):
            return True
    return False


def _broken(parent, field, k, node):
    """Put each variant of a node in its place in turn, and then the node again."""

    def put(new):
        if k is None:
            setattr(parent, field, new)
        else:
            getattr(parent, field)[k] = new

    seen = {ast.dump(node)}
    for variant in variants(node, parent, field):
        if ast.dump(variant) not in seen:
            seen.add(ast.dump(variant))
            put(ast.fix_missing_locations(ast.copy_location(variant, node)))
            yield node, f"{_in_short(node)}  ->  {_in_short(variant)}"
            put(node)


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
        case ast.Call(ast.Name("Operation"), [forward, ast.Tuple(locals_), doc]):
            formulas = [forward, *locals_]
            for k, formula in enumerate(formulas):
                for other in _formulas(formula.value):
                    first, *more = [*formulas[:k], ast.Constant(other), *formulas[k + 1 :]]
                    yield _changed(node, args=[first, ast.Tuple(more, ast.Load()), doc])
        case ast.Call(function, arguments, options):
            for k, option in enumerate(options):
                if option.arg != "strict":  # without it is as with False, a mutant of its own
                    yield _changed(node, keywords=options[:k] + options[k + 1 :])
            if len(arguments) > 1 and not _is_symmetric(function):
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
        case ast.FunctionDef():
            for k, decorator in enumerate(node.decorator_list):
                if isinstance(decorator, ast.Call):
                    rest = node.decorator_list[:k] + node.decorator_list[k + 1 :]
                    yield _changed(node, decorator_list=rest)


def _formulas(formula):
    """Yield a formula of the scalar graph in every broken form."""
    expression = ast.parse(formula, mode="eval")
    expression.statement = None
    for _ in mutants(expression):
        yield ast.unparse(expression)


def _is_symmetric(function):
    return ast.unparse(function) in ("max", "min", "np.maximum", "np.logaddexp", "np.result_type")


def _changed(node, **fields):
    return type(node)(**dict(ast.iter_fields(node)) | fields)


def _in_short(node):
    first, *more = ast.unparse(node).splitlines() or [""]
    return first + " ..." * bool(more)


# How a mutant meets the tests


class Hunt:
    """A pytest plugin: instead of running the collected tests once, run them on every mutant."""

    def __init__(self, modules):
        self.modules = modules
        self.total, self.survivors = Counter(), []

    def pytest_runtestloop(self, session):
        self.items = {item.nodeid: item for item in session.items}
        with tempfile.TemporaryFile() as file:
            self._must_pass(lambda: self._measure(file))
            file.seek(0)
            self.reached, self.seconds = pickle.load(file)
        path = _path("layer")
        unbroken = _compiled(ast.parse(path.read_text(encoding="utf-8")), path)
        self._must_pass(lambda: self._run(sorted(self.items, key=self.seconds.get)))
        self._must_pass(lambda: _run_afresh("layer", unbroken))
        for module in self.modules:
            self._hunt(module)
        return True

    def _must_pass(self, run):
        """See that a way of running the tests kills nothing by itself."""
        if _in_child(run, 3600):
            pytest.exit("a test fails before anything is broken", returncode=2)

    def pytest_runtest_logreport(self, report):
        if report.failed:
            os._exit(1)  # in a child: the mutant is killed

    def _measure(self, file):
        """Note which tests reach a line of the core, and how long each test takes."""
        paths = [str(_path(module)) for module in self.modules]
        measured = coverage.Coverage(data_file=None, config_file=False, include=paths)
        seconds = {}
        with measured.collect():
            for name in self.items:
                measured.switch_context(name)
                start = time.perf_counter()
                self._run([name])
                seconds[name] = time.perf_counter() - start
        data = measured.get_data()
        pickle.dump(({path: data.contexts_by_lineno(path) for path in paths}, seconds), file)
        file.flush()

    def _run(self, names):
        for name in names:
            item = self.items[name]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)

    def _hunt(self, module):
        path = _path(module)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tree.statement = None
        before = _compiled(tree, path)
        functions = [
            f
            for f in gc.get_objects()
            if type(f) is FunctionType and f.__code__.co_filename == str(path)
        ]
        count, start = 0, time.perf_counter()
        for node, text in mutants(tree):
            count += 1
            if self._survives(module, path, node.statement, before, tree, functions):
                self.survivors.append((module, node.lineno, text))
                print(f"{path.relative_to(ROOT)}:{node.lineno}: {text}", flush=True)
        self.total[module] = count
        killed = count - sum(name == module for name, *_ in self.survivors)
        seconds = time.perf_counter() - start
        print(f"{module}: {killed} of {count} killed, {seconds:.0f} s", flush=True)

    def _survives(self, module, path, statement, before, tree, functions):
        try:
            after = _compiled(tree, path)
        except (SyntaxError, TypeError, ValueError):
            return False
        names = self._tests_that_reach(module, statement)
        swaps = _swaps(before, after, functions) if names else None
        if swaps is None:
            seconds = sum(self.seconds.values())
            return _in_child(lambda: _run_afresh(module, after), 10 + 3 * seconds) == 0

        def run():
            for function, code in swaps:
                function.__code__ = code
            self._run(names)

        return _in_child(run, 10 + 3 * sum(self.seconds[name] for name in names)) == 0

    def _tests_that_reach(self, module, statement):
        """Return the tests that run a statement, or the head of a compound one: the module's own
        first, and of these the fastest.
        """
        end = statement.end_lineno
        if body := getattr(statement, "body", None):
            end = max(statement.lineno, body[0].lineno - 1)
        decorators = getattr(statement, "decorator_list", [])
        start = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
        lines, own = self.reached[str(_path(module))], _files([_own(module)])[0]
        names = {name for line in range(start, end + 1) for name in lines.get(line, ()) if name}
        return sorted(names, key=lambda name: (self.items[name].path != own, self.seconds[name]))


def _path(module):
    return ROOT / "backprop_lib" / f"{module}.py"


def _compiled(tree, path):
    return compile(tree, path, "exec", dont_inherit=True)


def _codes(code):
    """Yield a code object and those of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _swaps(before, after, functions):
    """Return the live functions that changed, each with its new code; None if that isn't all."""
    pairs = list(zip(_codes(before), _codes(after), strict=False))
    new = {old: code for old, code in pairs if old != code}
    swaps = [(f, new[f.__code__]) for f in functions if f.__code__ in new]
    if any(f.__code__.co_freevars != code.co_freevars for f, code in swaps):
        return None
    covered = {code for f, _ in swaps for code in _codes(f.__code__)}
    changed = {old for old, code in pairs if _alone(old) != _alone(code)}
    return swaps if changed <= covered else None


def _alone(code):
    """Return a code object without those of the functions in it."""
    constants = (c for c in code.co_consts if not isinstance(c, CodeType))
    return code.replace(co_consts=tuple(constants))


def _in_child(work, seconds):
    """Do the work in a forked process and return its exit status; beyond the limits it fails."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.alarm(10 * int(seconds))
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            status = work() or 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run_afresh(module, code):
    """Import the broken module and the tests anew; return the exit status of the tests."""
    unbroken = SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda loader, name: (
        code if loader.path == str(_path(module)) else unbroken(loader, name)
    )
    own = _own(module)
    for tests in ([own], [name for name in TESTS if name != own]):  # most die of their own tests
        for name in list(sys.modules):
            if name.startswith(("backprop_lib", "helpers", "conftest", "test_")):
                del sys.modules[name]
        if status := pytest.main([*OPTIONS, *map(str, _files(tests))]):
            return status
    return 0


def _own(module):
    return OWN_TESTS.get(module, module)


def _files(tests):
    return [ROOT / "tests" / f"test_{name}.py" for name in tests]


def main(modules):
    """Hunt in these modules, print the score of each and of all; return the exit status."""
    os.chdir(ROOT)
    hunt = Hunt(modules or MODULES)
    status = pytest.main([*OPTIONS, *map(str, _files(TESTS))], plugins=[hunt])
    total, alive = hunt.total.total(), len(hunt.survivors)
    if status or not total:
        return 1
    score = 1 - alive / total
    print(f"{total - alive} of {total} mutants killed: {score:.1%}; expected at least {ENOUGH:.0%}")
    return int(score < ENOUGH)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
