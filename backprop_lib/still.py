"""Pictures for whoever reads a notebook: the book, JupyterLab, GitHub, nbviewer, nbconvert.

A notebook that was downloaded is not trusted: of the HTML in its outputs the viewers drop
``<style>`` and ``<svg>``, and the letters that stood in them stay behind. An image whose address
holds the drawing survives everywhere, and so it is what ``text/html`` contains.

**Light and dark.** The drawing carries both palettes and its own paper. Browsers choose by the
``color-scheme`` of the element that the image stands in; where nobody sets one, by the reader's
system. The link beside the image sets it from the theme of the book and of JupyterLab; a viewer
that does not trust the notebook drops the link and leaves no trace of it.

**What moves** needs more than an image. ``two_faces`` keeps its page under a type that is the
book's own, ``PAGE``: the book's extension puts it in the place of ``text/html`` before a page is
made, and all others show the still with a line below it. nbval compares either type.

In a running kernel the widgets are a second output, and their style hides the still. A notebook
that is opened again has no widgets: the still is back, and its style hides JupyterLab's complaint.
"""

from base64 import b64encode
from html import escape

from backprop_lib._validate import instance

PAGE = "application/vnd.backprop.page+html"

STYLE = (
    ".bp-still{max-width:100%;height:auto}"
    "html[data-theme=light] .bp-still,body[data-jp-theme-light=true] .bp-still{color-scheme:light}"
    "html[data-theme=dark] .bp-still,body[data-jp-theme-light=false] .bp-still{color-scheme:dark}"
)

NO_WIDGET = (
    ".jp-OutputArea-child:has(.bp-face)+.jp-OutputArea-child>.jupyter-widgets:not(:has(*))"
    "{display:none}"
)


def picture(svg, description):
    """Return a self-contained SVG drawing as an HTML image.

    Parameters
    ----------
    svg : str
        One ``<svg>`` element with its namespace, its size and its style.
    description : str
        What is to be seen, for those who do not see it.
    """
    instance(svg, str, "picture: svg")
    instance(description, str, "picture: description")
    link = f'<link rel="stylesheet" href="{_address("text/css", STYLE)}">'
    return (
        f'{link}<img class="bp-still dark-light" alt="{escape(description)}" '
        f'src="{_address("image/svg+xml", svg)}">'
    )


def two_faces(page, svg, description, line, name):
    """Return what a cell's output holds of something that moves, by MIME type.

    Parameters
    ----------
    page : str
        The HTML that the book shows.
    svg, description : str
        The still, as ``picture`` takes it.
    line : str
        Stands below the still: how to make it move.
    name : str
        A class of its own, by which widgets hide the still.
    """
    link = f'<link rel="stylesheet" href="{_address("text/css", NO_WIDGET)}">'
    still = f"{link}{picture(svg, description)}<p>{escape(line)}</p>"
    return {"text/html": f'<div class="bp-face {name}">{still}</div>', PAGE: page}


def _address(kind, text):
    """Return a text as an address that holds it."""
    return f"data:{kind};base64,{b64encode(text.encode()).decode()}"
