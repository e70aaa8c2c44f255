"""A picture in a real browser: its paper is that of the page around it, in either theme."""

import io

import pytest
from PIL import Image, ImageColor

from backprop_lib import colours, plots
from backprop_lib.still import picture

THEMES = [  # attributes of html and of body, what the reader's system prefers, the paper expected
    ("data-theme=light", "", "dark", "light"),
    ("data-theme=dark", "", "light", "dark"),
    ("", "data-jp-theme-light=true", "dark", "light"),
    ("", "data-jp-theme-light=false", "light", "dark"),
    ("", "", "light", "light"),
    ("", "", "dark", "dark"),
]


@pytest.mark.parametrize("html, body, system, paper", THEMES)
def test_a_picture_follows_the_theme(visit, tmp_path, html, body, system, paper):
    path, plot = tmp_path / "picture.html", plots.relu_switch()
    path.write_text(
        f"<!doctype html><html lang=en {html}><meta charset=utf-8><title>picture</title>"
        f"<body {body}>{picture(plot.svg(), plot.description)}",
        encoding="utf-8",
    )
    page = visit(path, color_scheme=system, width=320)
    image = page.locator("img")
    shot = Image.open(io.BytesIO(image.screenshot())).convert("RGB")
    assert shot.getpixel((1, 1)) == ImageColor.getrgb(colours.PAPER[paper == "dark"])
    assert shot.width <= 320  # drawn smaller on a narrow page
    assert page.complaints == []
