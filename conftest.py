"""Before any test, also of a notebook alone: the kernels get the same environment everywhere."""

from tools.notebooks import prepare_environment

prepare_environment()
