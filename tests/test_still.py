"""Pictures, plots and tables in stored outputs: whole where nobody trusts the notebook."""

import base64
import importlib.util
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from backprop_lib import colours, plots, still
from backprop_lib.tables import Table, printed_beside_right

ROOT = Path(__file__).resolve().parent.parent
ONE, TWO, Z = np.linspace(1, 2, 9), np.linspace(1, 3, 9), np.linspace(-8, 8, 9)
STEPS = 0.1 ** np.arange(1.0, 6)
PLOTS = {
    "loss_history": lambda: plots.loss_history(ONE),
    "stretched_lines": lambda: plots.stretched_lines([[1, 2], [2, 4]], ["x", "f(x)"], ["slope 2"]),
    "growing_rectangle": lambda: plots.growing_rectangle(6, 5, 0.6, 0.2, ["a", "b", "c", "d"]),
    "difference_errors": lambda: plots.difference_errors(STEPS, STEPS, STEPS**2, STEPS[:2]),
    "toy_gap": lambda: plots.toy_gap(ONE, TWO, (1, 2), 3),
    "two_starts": lambda: plots.two_starts(
        [ONE, TWO], ONE, [ONE, TWO], [(1, 2)], ["a", "b"], 'two <starts> & "ends"'
    ),
    "layer_edges": lambda: plots.layer_edges(np.ones((2, 3))),
    "relu_switch": plots.relu_switch,
    "delta_flow": plots.delta_flow,
    "sigmoid_and_slope": lambda: plots.sigmoid_and_slope(Z, ONE, TWO),
    "gradient_against_z": lambda: plots.gradient_against_z(Z, ONE, TWO),
    "two_losses_training": lambda: plots.two_losses_training(ONE, TWO),
    "learned_regions": lambda: plots.learned_regions(
        ONE, np.outer(ONE, ONE) / 4, np.ones((2, 4)), np.array([[0, 1, 0, 1]])
    ),
    "layer_stack": lambda: plots.layer_stack(["X", "Dense"], ["image", "classifier"]),
    "picture_grid": lambda: plots.picture_grid(np.ones((3, 3, 2)), ["a", "b"], "two", largest=2),
}


class Reader(HTMLParser):
    """What a viewer shows that knows a few harmless tags and keeps the text of all others."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], {}, ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes |= dict(attributes)

    def handle_data(self, text):
        self.text += text


def drawing_in(html):
    """Return the SVG text that an HTML image holds."""
    kind, encoded = Reader(html).attributes["src"].split(",")
    assert kind == "data:image/svg+xml;base64"
    return base64.b64decode(encoded).decode()


def test_every_plot_is_here():
    source = (ROOT / "backprop_lib" / "plots.py").read_text(encoding="utf-8")
    assert {*re.findall(r"(?m)^def ([a-z]\w+)", source)} - {"new_figure"} == PLOTS.keys()


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_one_image_and_leaves_no_letters(name):
    plot = PLOTS[name]()
    html = Reader(plot._repr_html_())
    assert (html.tags, html.text) == (["link", "img"], "")
    assert html.attributes["alt"] == plot.description
    assert repr(plot) == f"<plot: {plot.description}>"


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_a_drawing_of_its_own_the_same_on_every_machine(name):
    drawing = drawing_in(PLOTS[name]()._repr_html_())
    assert drawing == drawing_in(PLOTS[name]()._repr_html_())
    root = ElementTree.fromstring(drawing)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert re.findall(r"#0102\d\d|DejaVu|<metadata|\d\.\d{3}|[\s\"(]-0[\s,)\"]", drawing) == []
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert {*ids} == {f"i{k}" for k in range(len(ids))}  # each one once
    assert {*re.findall(r'(?:url\(|href=")#([^")]+)', drawing)} <= {*ids}
    light, dark = drawing.split("@media(prefers-color-scheme:dark)")
    for on_light, on_dark in (colours.PAPER, colours.INK, colours.FORWARD, colours.BACKWARD):
        assert on_light in light and on_dark in dark and on_dark not in light


def contrast(one, other):
    """Return the contrast of two colours as the Web Content Accessibility Guidelines define it."""
    luminances = []
    for colour in (one, other):
        rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        luminances.append(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    return max(luminances) / min(luminances)


@pytest.mark.parametrize("name", ["INK", "MUTED", "FORWARD", "BACKWARD"])
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_words_are_legible_on_their_paper(name, theme):
    assert contrast(getattr(colours, name)[theme], colours.PAPER[theme]) >= 4.5  # WCAG's AA


def test_what_moves_has_a_still_with_a_line_and_a_page_of_its_own():
    faces = still.two_faces("<script>1</script>", "<svg>no</svg>", 'a "b"', "Run & see", "it")
    assert faces.keys() == {"text/html", still.PAGE}
    assert faces[still.PAGE] == "<script>1</script>"
    html = Reader(faces["text/html"])
    assert (html.tags, html.text) == (["div", "link", "link", "img", "p"], "Run & see")
    assert html.attributes["alt"] == 'a "b"'
    assert drawing_in(faces["text/html"]) == "<svg>no</svg>"


def test_the_book_shows_the_page_where_there_is_one():
    spec = importlib.util.spec_from_file_location("book_ext", ROOT / "book/_ext/backprop_book.py")
    extension = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(extension)

    def shown(*outputs):
        source = [json.dumps({"cells": [{"source": "x"}, {"outputs": outputs}]})]
        extension.show_page_faces(None, "lesson", source)
        return json.loads(source[0])["cells"][1]["outputs"]

    plain, printed = {"data": {"text/html": "a plot"}}, {"output_type": "stream", "text": "1"}
    two = {"data": {"text/html": "a still", still.PAGE: ["it ", "moves"], "text/plain": "it"}}
    there = {"data": {"text/html": ["it ", "moves"], "text/plain": "it"}}
    assert shown(plain, printed, two) == [plain, printed, there]
    assert shown(plain, printed) == [plain, printed]
    markdown = [f"A page about `{still.PAGE[:12]}`"]
    extension.show_page_faces(None, "page", markdown)
    assert markdown == [f"A page about `{still.PAGE[:12]}`"]


def test_a_still_follows_the_theme_of_the_page_it_is_in():
    for theme in ("light", "dark"):
        dark = str(theme == "light").lower()
        places = f"html[data-theme={theme}] .bp-still,body[data-jp-theme-light={dark}] .bp-still"
        assert f"{places}{{color-scheme:{theme}}}" in still.STYLE


def test_a_table_is_read_without_its_style():
    W, b = np.array([[0.5, -1.25], [2, 3]]), np.array([[0.1], [0.2]])
    new = {"W": np.array([[False, True], [False, False]]), "b": np.array([[False], [False]])}
    table = printed_beside_right({"W": W, "b": b}, {"W": W, "b": b}, {"W": 2 * W, "b": b}, new, 2)
    html = table._repr_html_()
    assert "<style" not in html
    rows = [re.sub(r"<(?!/?b>|br>)[^>]*>", "|", row) for row in re.findall("<tr>.*?</tr>", html)]
    cells = [[cell for cell in row.split("|") if cell] for row in rows]
    assert cells == [
        ["printed", "redone", "right"],
        [
            "W",
            "0.50\u2003<b>−1.25</b> ✗<br>2.00\u20033.00",
            "0.50\u2003−1.25<br>2.00\u20033.00",
            "1.00\u2003−2.50<br>4.00\u20036.00",
        ],
        ["b", *["0.10<br>0.20"] * 3],
    ]
    assert repr(table) == "<table: printed numbers beside the right ones>"


ONE_NUMBER = {"W": [[1.0]]}


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: still.picture(None, "d"), TypeError, "picture: svg: expected a str, got NoneType"),
        (
            lambda: still.picture("<svg/>", 3),
            TypeError,
            "picture: description: expected a str, got",
        ),
        (lambda: Table("ab", [], "d"), TypeError, "Table: headings: expected a list, got str"),
        (
            lambda: Table(["a"], [["x", "y"]], "d"),
            ValueError,
            "Table: a row: expected 1 of them, g",
        ),
        (lambda: Table(["a"], [[2]], "d"), TypeError, "Table: a row: expected a str, got int"),
        (lambda: Table(["a"], [], None), TypeError, "Table: description: expected a str, got None"),
        (lambda: audit(printed=None), TypeError, "printed: expected a dict, got NoneType"),
        (lambda: audit(right={}), ValueError, "right: expected arrays named W, got $"),
        (lambda: audit(new={"b": [[True]]}), ValueError, "new: expected arrays named W, got b"),
        (lambda: audit(new={"W": [[True] * 2]}), ValueError, r"new: W: expected shape \(1, 1\), "),
        (lambda: audit(follows={"W": [[1, 2]]}), ValueError, r"follows: W: expected shape \(1, 1"),
        (lambda: audit(printed={"W": [["a"]]}), TypeError, "printed: W: expected real numbers"),
        (lambda: audit(right={"W": [[np.nan]]}), ValueError, "right: W: expected finite numbers"),
        (lambda: audit(printed={"W": np.ones((1, 1, 1))}), ValueError, "W: expected shape .rows"),
        (lambda: audit(digits=-1), ValueError, "digits: expected a whole number >= 0, got -1"),
    ],
)
def test_what_tables_and_pictures_refuse(call, error, message):
    with pytest.raises(error, match=message):
        call()


def audit(printed=ONE_NUMBER, follows=ONE_NUMBER, right=ONE_NUMBER, digits=3, **new):
    """Return the table of one number with some of its arguments changed."""
    return printed_beside_right(printed, follows, right, new.get("new", {"W": [[True]]}), digits)


def test_a_table_s_row_is_named_by_its_first_cell():
    html = Table(["", "a"], [["x", "1"]], 'of "x"')._repr_html_()
    assert re.findall(r'<th scope="(\w+)"[^>]*>(.*?)</th>', html) == [
        ("col", ""),
        ("col", "a"),
        ("row", "x"),
    ]
    assert Reader(html).attributes["aria-label"] == 'of "x"'
