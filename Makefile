.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
# For example another build of torch: make install PIP_FLAGS='--index-url ...'
PIP_FLAGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --no-input --disable-pip-version-check $(PIP_FLAGS)
PINS := requirements-cpu.txt
STAMP := $(VENV)/.installed

.PHONY: help install demo test test-all trust lint types format notebooks docs bench results gpu-check package clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## make .venv with the pinned CPU versions and the project

$(STAMP): $(PINS) pyproject.toml
	@echo "installing into $(VENV) (a few minutes at first)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# torch first and with its dependencies, which differ by platform; the list has the others
	@$(PIP) --constraint $(PINS) $$(grep '^torch==' $(PINS))
	@$(PIP) --no-deps --requirement $(PINS)
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

demo: install  ## train a small surrogate, then evaluate it
	$(BIN)/neurop train experiment=ns_decay_cpu
	$(BIN)/neurop superres ckpt=latest
	$(BIN)/neurop rollout ckpt=latest
	$(BIN)/neurop eval ckpt=latest

# On small tensors two threads wait for each other longer than they work.
test: export OMP_NUM_THREADS := 1
test: lint types  ## lint, types and the tests of every change
	$(BIN)/pytest -m "not slow" --numprocesses auto --maxprocesses 4 --dist worksteal

test-all: export OMP_NUM_THREADS := 1
test-all: lint types  ## lint, types and every test
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist worksteal

trust: export OMP_NUM_THREADS := 1
trust: install  ## try to break the promises of docs/trust.md, and write its table
	$(BIN)/pytest -m trust --trust-table docs/trust.md --numprocesses auto --maxprocesses 4 --dist worksteal

lint: install  ## style and format, changing nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: install  ## static types
	$(BIN)/mypy

format: install  ## fix style and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

notebooks: export OMP_NUM_THREADS := 1
notebooks: install  ## run every notebook
	$(BIN)/pytest --nbmake --nbmake-timeout=600 --numprocesses auto --maxprocesses 2 --dist worksteal notebooks

docs: install  ## build the documentation into docs/_build, warnings as errors
	@$(PIP) --no-deps --requirement requirements-docs.txt
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build

bench: install  ## time the engine compared with other implementations (minutes)
	$(BIN)/neurop bench

results: install  ## store the results of experiments, and write benchmarks/RESULTS.md
	$(BIN)/python benchmarks/results.py

gpu-check:  ## build, check and time the CUDA kernels on the GPU at hand, with the Python that has torch
	$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) benchmarks/gpu_check.py --out gpu_check

package: install  ## build dist/*.tar.gz and dist/*.whl
	$(BIN)/python -m build --quiet --no-isolation

clean:  ## remove generated files, except .venv, data/ and runs/
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .coverage docs/_build docs/api docs/configuration
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
