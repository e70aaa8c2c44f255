"""The live figure of lesson 7: one kernel on a digit."""

from backprop_lib._validate import label_array
from backprop_lib.datasets import load_digits
from backprop_lib.live.curve_view import CurveView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.matrix_view import Block, MatrixView
from backprop_lib.live.task import Task
from backprop_lib.record import VERTICAL_STROKE, record_kernel_network


def cnn_figure(kernel=VERTICAL_STROKE, samples=(0, 11, 2, 3, 4, 5, 6, 7, 8, 9)):
    """Return one 3×3 kernel on a digit: map, ReLU, loss of a fixed head, and the way back.

    The head is that of ``record.kernel_network``; the gradient reaches the kernel and every pixel.
    """
    images, labels = load_digits()
    samples = label_array(samples, "cnn_figure: samples", classes=len(labels)).tolist()
    start = samples[min(1, len(samples) - 1)]
    v = record_kernel_network(images[0, :, :, start], labels[start], kernel)
    examples = {}
    for sample in (start, *(s for s in samples if s != start)):
        setting = {f"p{r}{c}": float(images[0, r, c, sample]) for r in range(8) for c in range(8)}
        label = int(labels[sample])
        examples[f"a {label}"] = setting | {f"t{k}": float(k == label) for k in range(10)}
    return Figure(
        v["J"],
        title="One kernel on a digit, forward and back",
        sliders=[Slider(v[name], -2, 2, group="kernel") for name in v if name[0] == "w"],
        views=[MatrixView(_blocks()), CurveView()],
        learning_rate=0.05,
        tasks=TASKS if kernel is VERTICAL_STROKE and start == 11 else (),
        examples=examples,
        terms=_terms(),
        apart=True,  # the lesson's small examples have kernels of their own
    )


TASKS = [
    Task(
        "kernel-wins",
        "Let the 1 win: at most 3 updates until its score is the highest.",
        goal="t1 == 1 and s1 > s3 and s1 > s8 and 0 < updates <= 3",
        why="Only the nine numbers of the kernel moved; all windows share them.",
        hint="Press Update ×1 and compare the scores of 1 and 3.",
        solution={"updates": 2},
    ),
    Task(
        "kernel-blind",
        "Make a kernel that sees nothing: every number after ReLU is 0.",
        goal="steepest == 0",
        why="Where ReLU lets nothing through, no gradient comes back: this kernel cannot learn any more.",
        hint="Pixels are never negative. What if the kernel is?",
        solution={f"w{r}{c}": -1 for r in range(3) for c in range(3)},
    ),
]


def _blocks():
    """Return the heat maps by row: forward, backward, then a column for each of the ten digits."""
    p, w, z, a = (
        [[f"{letter}{r}{c}" for c in range(n)] for r in range(n)]
        for letter, n in [("p", 8), ("w", 3), ("z", 6), ("a", 6)]
    )
    digits = [str(k) for k in range(10)]
    scores, targets = [[f"s{k}" for k in digits]], [[f"t{k}" for k in digits]]
    softmax = [[("L", f"s{k}") for k in digits]]  # the slope of log Σ exp is the probability
    largest = "scores, the largest marked"
    image = {"digits": -1, "cell": (15, 15)}
    small = {"digits": 1, "cell": (26, 19), "scale": "Z and ReLU"}
    row = {"cell": (32, 19)}
    return [
        [
            Block("image", p, scale=1, **image),
            Block("kernel W", w, scale=2, digits=2, cell=(30, 24)),
            Block("feature map Z", z, **small),
            Block("ReLU(Z)", a, **small),
        ],
        [
            Block("∂J/∂ image", p, of="grad", **image),
            Block("dZ", z, of="grad", digits=2, cell=(32, 19)),
            Block("dW", w, of="grad", cell=(46, 24)),
        ],
        [Block(largest, scores, scale="scores", digits=1, columns=digits, **row)],
        [Block("probability: softmax of the scores", softmax, "local", 1, 2, **row)],
        [Block("target", targets, scale=1, digits=0, **row)],
        [Block("∂J/∂ scores = probability − target", scores, of="grad", scale=1, digits=2, **row)],
    ]


def _terms():
    """Return what the lesson's formulas call the blocks."""
    (_, kernel, z, a), (_, dZ, dW), _, (p,), _, (slopes,) = (
        [(block.of, sum(block.names, start=[])) for block in row] for row in _blocks()
    )
    error = dict.fromkeys(["p - y", "P - Y", "p_j - y_j"], slopes)
    return {"W": kernel, "Z": z, "A": a, "dW": dW, "dZ": dZ, "P": p} | error


FIGURES = {"kernel": cnn_figure}
