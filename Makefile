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

.PHONY: help install demo test test-all trust test-versions coverage lint types format notebooks docs bench results gpu-check audit package clean

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
	$(BIN)/pytest -m trust --trust-table=docs/trust.md --numprocesses auto --maxprocesses 4 --dist worksteal

# Both ends of the ranges of pyproject.toml; a check of one of them: make test-versions ENDS=lowest
ENDS ?= lowest newest
test-versions:  ## the core tests with the lowest and the newest versions, each in an environment of its own
	@for end in $(ENDS); do $(PYTHON) .ci/versions.py $$end || exit; done

coverage: export OMP_NUM_THREADS := 1
coverage: install  ## the tests of every change with branch coverage, and the least covered files
	$(BIN)/pytest -m "not slow" --numprocesses auto --maxprocesses 4 --dist worksteal --cov --cov-branch --cov-report=
	$(BIN)/coverage report --skip-covered --sort=cover

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

audit: install  ## licences of the pinned packages, and their known vulnerabilities where pip-audit can ask
	$(BIN)/python .ci/licences.py
	$(BIN)/python .ci/advisories.py

# The time of the commit in all archives: two builds of one commit are equal byte for byte.
package: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 315532800)
package: install  ## build dist/: sdist, wheel, bill of materials and checksums
	rm -rf build dist *.egg-info
	$(BIN)/python -m build --quiet --no-isolation
	$(BIN)/python .ci/sbom.py dist
	cd dist && sha256sum *.tar.gz *.whl *.cdx.json > SHA256SUMS

clean:  ## remove generated files, except .venv, data/ and runs/
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .coverage docs/_build docs/api docs/configuration
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
