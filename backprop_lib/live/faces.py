"""What every live figure is: one object that a page, a notebook and a still show each in its way."""

from zlib import crc32

from IPython.display import display

from backprop_lib.still import two_faces

STILL_LINE = "Run this cell in JupyterLab, on Binder or in Colab to make the figure move."
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class TwoFaced:
    """A live figure as a cell's output.

    A kind of figure says what its controls are, ``_Controls``, made the figure when first asked for,
    and has ``title``, ``html()``, ``still()`` and ``description()``.
    """

    _controls = None

    @property
    def controls(self):
        """The ipywidgets sliders and buttons."""
        if self._controls is None:
            self._controls = self._Controls(self)
        return self._controls

    @property
    def face(self):
        """The class of the still in a notebook."""
        return f"bp-face-{crc32(self.title.encode()):08x}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        said = self.description()
        faces = two_faces(self.html(), self.still(), said, STILL_LINE, self.face)
        return faces | {"text/plain": f"<{said}>"}

    def _ipython_display_(self):
        """Show the still, and widgets that take its place as long as there is a kernel."""
        display(self._repr_mimebundle_(), raw=True)
        widgets = self.controls.box._repr_mimebundle_()
        display({WIDGET_VIEW: widgets[WIDGET_VIEW]}, raw=True)
