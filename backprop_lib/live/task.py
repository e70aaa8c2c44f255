"""A task in a figure: a goal that the figure recognises, however it is reached."""

import ast
import operator
from dataclasses import dataclass, field
from functools import reduce

from backprop_lib._validate import instance, real_number

OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "abs": abs,
}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
SIGNS |= {ast.Lt: "<", ast.Gt: ">", ast.LtE: "<=", ast.GtE: ">=", ast.Eq: "=="}
OF_THE_RUN = ("steepest", "updates", "before")
OF_THE_CONTROLS = ("eta", "updates", "example")  # what else than leaves a solution can set


@dataclass
class Task:
    """Something to bring about in a figure.

    Parameters
    ----------
    id : str
        Under which a browser remembers that it is done: never changed, never used again.
    text : str
        What to do, in one sentence.
    goal : str
        A Python condition on values by name and gradients as ``grad.x``:
        ``"abs(grad.z) < 0.01 and a > 0.9"``. Besides, ``steepest`` is the largest gradient of any
        slider in size, ``updates`` how many updates were made since the last movement by hand,
        ``before`` the loss before the last of them (no number, and no comparison true, if none).
    why : str
        One sentence that explains, once it is done.
    hint : str
    solution : dict of str to float
        Numbers for sliders; ``eta``; ``example``, the place of one in the choice; ``updates``, how
        many to make.
    """

    id: str
    text: str
    goal: str
    why: str
    hint: str
    solution: dict
    tree: list = field(init=False)

    def __post_init__(self):
        for name in ("id", "text", "goal", "why", "hint"):
            instance(getattr(self, name), str, f"Task: {name}")
        owner = f"Task {self.id}"
        given = instance(self.solution, dict, f"{owner}: solution").items()
        self.solution = {name: real_number(x, f"{owner}: solution: {name}") for name, x in given}
        try:
            self.tree = _tree(ast.parse(self.goal, mode="eval").body)
        except SyntaxError as error:
            raise ValueError(f"{owner}: goal: expected a condition, got {self.goal!r}") from error

    def names(self):
        """Return the names of the graph that the goal speaks of."""
        return {part[1] for part in _parts(self.tree) if part[0] in ("value", "grad")}

    def done(self, read):
        """Whether the goal is reached; ``read(kind, name)`` tells what it asks for."""
        return bool(_evaluated(self.tree, read))


def _tree(node):
    """Turn a condition into lists: ["<", ["abs", ["grad", "z"]], 0.01]."""
    match node:
        case ast.Constant(value=int() | float() as x):
            return float(x)
        case ast.Name(id=name):
            return [name] if name in OF_THE_RUN else ["value", name]
        case ast.Attribute(value=ast.Name(id="grad"), attr=name):
            return ["grad", name]
        case ast.Call(func=ast.Name(id="abs"), args=[inside], keywords=[]):
            return ["abs", _tree(inside)]
        case ast.UnaryOp(op=ast.USub(), operand=inside):
            return ["-", 0.0, _tree(inside)]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in SIGNS:
            return [SIGNS[type(op)], _tree(left), _tree(right)]
        case ast.BoolOp(op=op, values=values):
            return ["and" if isinstance(op, ast.And) else "or", *map(_tree, values)]
        case ast.Compare(left=left, ops=ops, comparators=right) if {*map(type, ops)} <= {*SIGNS}:
            ends = [_tree(part) for part in (left, *right)]
            pairs = zip(ops, ends, ends[1:], strict=False)
            pairs = [[SIGNS[type(op)], a, b] for op, a, b in pairs]
            return pairs[0] if len(pairs) == 1 else ["and", *pairs]
    raise ValueError(f"Task: goal: cannot be asked of a figure: {ast.unparse(node)}")


def _parts(tree):
    """Yield every list in a tree."""
    if isinstance(tree, list):
        yield tree
        for part in tree[1:]:
            yield from _parts(part)


def _evaluated(tree, read):
    if isinstance(tree, float):
        return tree
    head, *parts = tree
    if head in ("value", "grad", *OF_THE_RUN):
        return read(head, *parts)
    parts = [_evaluated(part, read) for part in parts]
    if head in ("and", "or"):
        return all(parts) if head == "and" else any(parts)
    return reduce(OPERATORS[head], parts) if len(parts) > 1 else OPERATORS[head](parts[0])
