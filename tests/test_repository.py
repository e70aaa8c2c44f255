"""What no run can notice by itself: how notebooks are stored, what imports what, what is pinned."""

import ast
import copy
import os
import re
import statistics
import subprocess
import sys

import nbformat
import pytest
import yaml
from helpers import ROOT

from tools.notebooks import prepare_environment, tidy

LESSONS = sorted((ROOT / "lessons").glob("*.ipynb"))
TRACKED = subprocess.run(
    ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
).stdout.split("\0")[:-1]
DOCUMENTS = [name for name in TRACKED if name.endswith(".md")]


# --- Notebooks ------------------------------------------------------------------------------

MAX_LINES = 15  # of one code cell
MAX_MEDIAN = 4  # lines, over the code cells of a lesson
WORDS_PER_LINE = 10  # of prose, to a line of code
FOLDED = {"hide-cell", "hide-input", "remove-cell", "remove-input"}
TAGS = FOLDED | {"hide-output", "remove-output", "raises-exception"}
NBVAL_COMMENT = re.compile(r"#\s*(NBVAL_|PYTEST_VALIDATE_IGNORE_OUTPUT)")


def complaints(notebook):
    """Return what is wrong with a stored notebook, one sentence each."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = [complaint for cell in cells for complaint in cell_complaints(cell)]
    if [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        found.append("the code cells were not all run once, from top to bottom")
    if not any(cell.outputs for cell in cells):
        found.append("no output is stored")
    tidied = copy.deepcopy(notebook)
    tidy(tidied)
    if tidied != notebook:
        found.append("it was not stored by `make notebooks`")
    lines = [len(lines_of(cell)) for cell in cells]
    if lines and statistics.median(lines) > MAX_MEDIAN:
        found.append(f"the median code cell has {statistics.median(lines)} lines")
    words = sum(len(words_of(cell)) for cell in notebook.cells if cell.cell_type == "markdown")
    if words < WORDS_PER_LINE * sum(lines):
        found.append(f"{words} words of prose to {sum(lines)} lines of code")
    return found


def cell_complaints(cell):
    """Yield what is wrong with one code cell."""
    name = f"cell {cell.execution_count}"
    tags = set(cell.metadata.get("tags", []))
    if tags - TAGS:
        yield f"{name} has tags that are not among those allowed: {sorted(tags - TAGS)}"
    if NBVAL_COMMENT.search(cell.source):
        yield f"{name} keeps its output from being compared"
    raised = any(output.output_type == "error" for output in cell.outputs)
    if raised != ("raises-exception" in tags):
        yield f"{name} " + ("raised an error" if raised else "should have raised an error")
    if not lines_of(cell):
        yield f"{name} is empty"
    if len(lines_of(cell)) > MAX_LINES:
        yield f"{name} has {len(lines_of(cell))} lines"
    if not tags & FOLDED and re.search(r"\bplt\.|\bmatplotlib\b", cell.source):
        yield f"{name} draws with matplotlib in sight of the reader"


def lines_of(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def words_of(cell):
    """Return the words of a cell's prose: neither formulas nor code count."""
    prose = re.sub(r"(?s)```.*?```|\$\$.*?\$\$|\$[^$]*\$|`[^`]*`", " ", cell.source)
    return re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", prose)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_is_stored_as_it_was_run(path):
    assert complaints(nbformat.read(path, as_version=4)) == []


def good_notebook():
    """A notebook in which there is nothing to complain about."""
    v4 = nbformat.v4
    stream = v4.new_output("stream", text="4\n")
    error = v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    notebook = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("A chain of words about slopes that multiply. " * 5),
            v4.new_code_cell("print(2 + 2)", execution_count=1, outputs=[stream]),
            v4.new_code_cell(
                "raise ValueError('no')",
                execution_count=2,
                outputs=[error],
                metadata={"tags": ["raises-exception"]},
            ),
            v4.new_code_cell("x = 1", execution_count=3),
        ]
    )
    tidy(notebook)
    return notebook


def test_good_notebook_is_accepted():
    assert complaints(good_notebook()) == []


# The docstring of a tampering is the complaint that it must call forth.


def tamper_never_run(notebook):
    """not all run once"""
    for cell in notebook.cells[1:]:
        cell.update(execution_count=None, outputs=[])


def tamper_one_cell_not_run(notebook):
    """not all run once"""
    notebook.cells[3].execution_count = None


def tamper_out_of_order(notebook):
    """not all run once"""
    notebook.cells[1].execution_count, notebook.cells[3].execution_count = 3, 1


def tamper_outputs_cleared(notebook):
    """no output is stored"""
    for cell in notebook.cells[1:]:
        cell.update(outputs=[])
        cell.metadata.pop("tags", None)


def tamper_error_stored(notebook):
    """cell 2 raised an error"""
    notebook.cells[2].metadata.tags = []


def tamper_error_expected_but_absent(notebook):
    """cell 3 should have raised an error"""
    notebook.cells[3].metadata.tags = ["raises-exception"]


def tamper_skipped_by_tag(notebook):
    """['nbval-skip']"""
    notebook.cells[1].metadata.tags = ["nbval-skip"]


def tamper_ignored_by_tag(notebook):
    """['nbval-ignore-output']"""
    notebook.cells[1].metadata.tags = ["nbval-ignore-output"]


def tamper_ignored_by_comment(notebook):
    """cell 1 keeps its output from being compared"""
    notebook.cells[1].source += "\n# NBVAL_IGNORE_OUTPUT"


def tamper_long_cell(notebook):
    """cell 3 has 16 lines"""
    notebook.cells[0].source *= 20
    notebook.cells[3].source = "x = 1\n" * 16


def tamper_long_median(notebook):
    """the median code cell has 5"""
    notebook.cells[0].source *= 20
    for cell in notebook.cells[1:]:
        cell.source += "\ny = 2" * 4


def tamper_little_prose(notebook):
    """2 words of prose to 3 lines"""
    notebook.cells[0].source = "Too short. $x$ `code` " + "```\nwords in a block\n```" * 20


def tamper_empty_cell(notebook):
    """cell 3 is empty"""
    notebook.cells[3].source = "\n"


def tamper_visible_plotting(notebook):
    """cell 3 draws with matplotlib"""
    notebook.cells[3].source = "plt.plot(x)"


def tamper_timestamps(notebook):
    """not stored by `make notebooks`"""
    notebook.cells[1].metadata.execution = {"iopub.status.busy": "2020-01-01T00:00:00Z"}


def tamper_widget_state(notebook):
    """not stored by `make notebooks`"""
    notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {}}


def tamper_kernel_version(notebook):
    """not stored by `make notebooks`"""
    notebook.metadata.language_info.version = "3.11.7"


def tamper_progress_states(notebook):
    """not stored by `make notebooks`"""
    notebook.cells[1].outputs[0].text = "\r 10%\r100%\n"


@pytest.mark.parametrize(
    "tamper", [item for name, item in globals().items() if name.startswith("tamper_")]
)
def test_tampered_notebook_is_refused(tamper):
    notebook = good_notebook()
    tamper(notebook)
    assert any(tamper.__doc__ in complaint for complaint in complaints(notebook))


def test_a_kernel_hears_nothing_of_the_progress_bars_that_somebody_likes(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    prepare_environment()
    assert "TQDM_DISABLE" not in os.environ


def test_a_kernel_does_not_report_a_home_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    environment = os.environ | dict.fromkeys(["HOME", "USERPROFILE"], str(tmp_path / "file"))
    for name in ["MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"]:
        environment.pop(name, None)
    kernel = [sys.executable, "-c", "import matplotlib.font_manager"]
    code = f"""
import subprocess
from tools.notebooks import prepare_environment
prepare_environment()
print(subprocess.run({kernel}, capture_output=True, encoding="utf-8", check=True).stderr)
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert run.stdout.strip() == ""


def test_contents_list_every_lesson():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = {chapter["file"] for part in toc["parts"] for chapter in part["chapters"]}
    lessons = {f"lessons/{path.stem}" for path in LESSONS}
    assert {name for name in listed if name.startswith("lessons/")} == lessons


# --- Imports --------------------------------------------------------------------------------

OUTER = {"live", "plots", "exercises", "scale"}  # they may import the mathematics, never back
MODULES = [path for path in (ROOT / "backprop_lib").glob("*.py") if path.stem not in OUTER]


SLOW = {"matplotlib", "ipywidgets", "tqdm", "pooch", "dataclasses", "zipfile", "gzip"}


def test_import_loads_numpy_and_nothing_slow():
    code = f"import sys, backprop_lib; print({SLOW} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_mathematics_imports_only_numpy_and_itself(path):
    allowed = sys.stdlib_module_names | {"numpy", "tqdm", "pooch"}  # these two inside functions
    for name in imported_names(ast.parse(path.read_text(encoding="utf-8"))):
        package, _, inner = name.partition(".")
        if package == "backprop_lib":
            assert inner.split(".")[0] not in OUTER, name
        else:
            assert package in allowed, name


HELD_APART = {  # files: what none of them imports
    "tests/*.py": ("playwright", "axe_playwright_python", "tools.browser"),
    "tests/**/*.py": ("benchmarks",),
    "benchmarks/*.py": ("tests", "conftest", "helpers"),
}


@pytest.mark.parametrize("files", HELD_APART)
def test_unit_tests_browser_tests_and_benchmarks_are_held_apart(files):
    for path in ROOT.glob(files):
        for name in imported_names(ast.parse(path.read_text(encoding="utf-8"))):
            assert not f"{name}.".startswith(tuple(f"{held}." for held in HELD_APART[files])), path


def imported_names(tree):
    """Return every dotted name that a module imports, wherever in it; relative: of backprop_lib."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, ["backprop_lib" if node.level else "", node.module]))
            names += [f"{module}.{alias.name}" for alias in node.names]
    return names


# --- Encodings ------------------------------------------------------------------------------

NO_TEXT_FILES = {"archive.open", "os.open", "webbrowser.open", "Image.open"}


def unnamed_encodings(source):
    """Yield each call that reads or writes text in whatever encoding the machine prefers."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or "encoding" in {option.arg for option in call.keywords}:
            continue
        function = ast.unparse(call.func)
        name = function.rpartition(".")[2]
        modes = {ast.unparse(mode) for mode in call.args} & {"'rb'", "'wb'"}
        opens = name == "open" and function not in NO_TEXT_FILES and not modes
        runs = {option.arg for option in call.keywords} & {"text", "universal_newlines"}
        if name in {"read_text", "write_text"} or opens or "subprocess" in function and runs:
            yield ast.unparse(call)


def test_every_text_names_its_encoding():
    """Windows and a bare C locale prefer others than UTF-8."""
    for name in TRACKED:
        if name.endswith(".py"):
            source = (ROOT / name).read_text(encoding="utf-8")
            assert list(unnamed_encodings(source)) == [], name


@pytest.mark.parametrize(
    "call",
    [
        "path.read_text()",
        "(root / 'x').write_text('5')",
        "open(path)",
        "path.open('w')",
        "subprocess.run(command, text=True)",
    ],
)
def test_an_encoding_that_is_not_named_is_found(call):
    assert list(unnamed_encodings(f"x = {call}")) == [call]


# --- Pins, addresses, documents -------------------------------------------------------------


def test_lock_pins_and_hashes_every_requirement_and_names_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=\S)", lock.strip())
    assert len(requirements) > 50
    for requirement in requirements:
        assert re.match(r"[\w.-]+==\S+", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement
    assert not re.search(r"://|index-url|find-links|\s@\s", lock)


def test_no_file_names_a_package_registry():
    registry = re.compile(r"pythonhosted\.|pypi\.org|/simple/|(?<!no-emit-)index-url|trusted-host")
    found = []
    for name in set(TRACKED) - {"tests/test_repository.py"}:
        text = (ROOT / name).read_bytes().decode(errors="ignore")
        found += [f"{name}: {match[0]}" for match in registry.finditer(text)]
    assert found == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_name_no_missing_file(name):
    path = ROOT / name
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!\w+:)([^)#\s]+)", text)
    names = re.findall(r"`([\w./-]+\.(?:py|md|ipynb|toml|lock|yml|js|css|cff|bib))`", text)
    assert [link for link in links if not (path.parent / link).exists()] == []
    folders = [ROOT, path.parent, ROOT / "backprop_lib"]
    assert [file for file in names if not any((at / file).exists() for at in folders)] == []


def test_the_readme_names_every_folder_tool_and_module():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    folders = {f"`{name.split('/')[0]}/`" for name in TRACKED if "/" in name}
    tools = {f"`tools/{path.name}`" for path in (ROOT / "tools").glob("*.py")}
    modules = {f"`{path.stem}`" for path in MODULES if path.stem[0] != "_"}
    assert {name for name in folders | tools | modules if name not in readme} == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_name_no_missing_command(name):
    targets = re.findall(
        r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    named = re.findall(
        r"(?:`|^\s*\$?\s*)make ([a-z]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(named) <= set(targets)
