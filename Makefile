# Everything a reader or a contributor runs. Needs make and a Python of at least 3.11.
ifeq ($(OS),Windows_NT)  # in Git Bash, which has the commands used here
    PYTHON ?= python
    SCRIPTS := Scripts
else
    PYTHON ?= python3
    SCRIPTS := bin
endif
VENV := .venv
BIN := $(VENV)/$(SCRIPTS)
STAMP := $(VENV)/.installed

# The matrix products here are small: more threads would spin and wait, each in the others' way
export OPENBLAS_NUM_THREADS ?= 1

# A file of tests, or a notebook, stays on one worker, in the order of collection: the slow ones,
# in the browser, come first, and the notebooks last
TWO_WORKERS := -n 2 --dist loadscope --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help book test test-fast test-deep mutants peers bench bench-figures lab notebooks lock clean

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

book: $(STAMP)  ## build the book from the stored outputs, and open it
	$(BIN)/python tools/book.py

test: $(STAMP)  ## style, unit tests, every notebook re-run and compared, the book in a browser
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pytest $(TWO_WORKERS)

test-fast: $(STAMP)  ## the unit tests alone, in half a minute: no browser, no notebook
	$(BIN)/pytest tests --ignore=tests/browser

test-deep: $(STAMP)  ## 5,000 random networks against PyTorch, where `make test` takes 300
	DEEP=1 $(BIN)/pytest tests/test_pytorch.py

mutants: $(STAMP)  ## break the core in small ways: do the tests notice? takes an hour
	$(BIN)/python tools/mutants.py

peers: $(STAMP)  ## add PyTorch and JAX, which some tests and benchmarks compare with
	$(BIN)/pip install --quiet --no-build-isolation -e ".[peers]"

bench: $(STAMP)  ## time the library against PyTorch and others, one table
	$(BIN)/python benchmarks/bench.py

bench-figures: $(STAMP)  ## time the live figures in a page and in JupyterLab, beside interact
	$(BIN)/python -m benchmarks.bench_figures

lab: $(STAMP)  ## open the lessons in JupyterLab, with live sliders
	$(BIN)/jupyter trust lessons/*.ipynb
	$(BIN)/jupyter lab lessons

notebooks: $(STAMP)  ## run every lesson again and store its outputs
	$(BIN)/python tools/notebooks.py lessons/*.ipynb

lock:  ## resolve the dependencies again (LOCK_FLAGS=--upgrade for newer ones)
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/$(SCRIPTS)/pip install --quiet uv
	$(VENV)-lock/$(SCRIPTS)/uv pip compile pyproject.toml --universal \
	    --extra book --extra test --extra lab --extra mnist --extra bench \
	    --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-annotate --no-header --quiet $(LOCK_FLAGS) -o requirements.lock
	rm -rf $(VENV)-lock

clean:  ## remove the environment and everything that was built
	rm -rf $(VENV) $(VENV)-lock _build build *.egg-info .pytest_cache .ruff_cache
	find backprop_lib benchmarks book lessons tests tools -name __pycache__ -o -name .ipynb_checkpoints \
	    | xargs rm -rf

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "This book needs Python 3.11 or newer; try: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
