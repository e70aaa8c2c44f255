"""Live figures: in a page the script moves them, in a running notebook Python does.

One file for each lesson; ``FIGURES`` lists them all.
"""

from backprop_lib.live import (
    lesson_01_chain_rule,
    lesson_02_toy_model,
    lesson_04_matrix_form,
    lesson_05_delta_equations,
    lesson_07_cnn,
)
from backprop_lib.live.bars_view import BarsView
from backprop_lib.live.curve_view import CurveView
from backprop_lib.live.explore import explore
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.graph_view import GraphView
from backprop_lib.live.heatmap import Matrices, heatmap
from backprop_lib.live.layers_view import LayersFigure
from backprop_lib.live.lesson_01_chain_rule import chain_figure, paths_figure, secant_figure
from backprop_lib.live.lesson_02_toy_model import toy_figure
from backprop_lib.live.lesson_04_matrix_form import matrix_figure, network_figure
from backprop_lib.live.lesson_05_delta_equations import delta_figure
from backprop_lib.live.lesson_06_training import layers_figure, path_figure
from backprop_lib.live.lesson_07_cnn import cnn_figure
from backprop_lib.live.lesson_08_autodiff import tape_figure
from backprop_lib.live.matrix_view import Block, MatrixView
from backprop_lib.live.network_view import NetworkView
from backprop_lib.live.path_view import PathFigure
from backprop_lib.live.plane_view import PlaneView
from backprop_lib.live.slide_figure import slide_figure
from backprop_lib.live.slide_view import SlideFigure
from backprop_lib.live.tape_view import TapeFigure
from backprop_lib.live.task import Task

LESSONS = [
    lesson_01_chain_rule,
    lesson_02_toy_model,
    lesson_04_matrix_form,
    lesson_05_delta_equations,
    lesson_07_cnn,
]
FIGURES = {name: make for lesson in LESSONS for name, make in lesson.FIGURES.items()}

__all__ = [
    "FIGURES",
    "LESSONS",
    "BarsView",
    "Block",
    "CurveView",
    "Figure",
    "GraphView",
    "LayersFigure",
    "Matrices",
    "MatrixView",
    "NetworkView",
    "PathFigure",
    "PlaneView",
    "SlideFigure",
    "Slider",
    "Task",
    "TapeFigure",
    "chain_figure",
    "cnn_figure",
    "delta_figure",
    "explore",
    "heatmap",
    "layers_figure",
    "matrix_figure",
    "network_figure",
    "path_figure",
    "paths_figure",
    "secant_figure",
    "slide_figure",
    "tape_figure",
    "toy_figure",
]
