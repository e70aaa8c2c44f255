"""Live figures: in a page the script moves them, in a running notebook Python does."""

from backprop_lib.live.bars import BarsView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.figures import (
    chain_figure,
    network_figure,
    paths_figure,
    toy_figure,
)
from backprop_lib.live.heatmap import Matrices, heatmap, side_by_side
from backprop_lib.live.matrix import Block, MatrixView
from backprop_lib.live.plane import PlaneView
from backprop_lib.live.shapes import cnn_figure, delta_figure, matrix_figure, secant_figure
from backprop_lib.live.views import CurveView, GraphView, NetworkView

__all__ = [
    "BarsView",
    "Block",
    "MatrixView",
    "PlaneView",
    "cnn_figure",
    "delta_figure",
    "matrix_figure",
    "secant_figure",
    "CurveView",
    "Figure",
    "GraphView",
    "Matrices",
    "NetworkView",
    "Slider",
    "chain_figure",
    "heatmap",
    "network_figure",
    "paths_figure",
    "side_by_side",
    "toy_figure",
]
