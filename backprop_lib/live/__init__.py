"""Live figures: in a page the script moves them, in a running notebook Python does."""

from backprop_lib.live.explorer import Explorer
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.figures import (
    chain_figure,
    kernel_explorer,
    network_figure,
    paths_figure,
    toy_figure,
)
from backprop_lib.live.heatmap import Matrices, heatmap, side_by_side
from backprop_lib.live.views import CurveView, GraphView, NetworkView

__all__ = [
    "CurveView",
    "Explorer",
    "Figure",
    "GraphView",
    "Matrices",
    "NetworkView",
    "Slider",
    "chain_figure",
    "heatmap",
    "kernel_explorer",
    "network_figure",
    "paths_figure",
    "side_by_side",
    "toy_figure",
]
