# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint bench clean

demo: $(VENV)/demo  ## measure a real recursion on the documentation every Python carries
	$(BIN)/collapse-stats demo

test: $(VENV)/test lint  ## everything CI checks
	$(BIN)/pytest
	$(BIN)/pytest benchmarks --benchmark-disable -q

lint: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest collapse_stats._native collapse_stats._cuda --allowlist src/stubtest.allowlist

bench: $(VENV)/test  ## timings; sizes and peers in benchmarks/README.md
	$(BIN)/pytest benchmarks --benchmark-only --benchmark-columns=median,rounds

clean:
	rm -rf $(VENV) build dist

SOURCES := pyproject.toml CMakeLists.txt $(shell find csrc src python -type f -not -name '*.pyc' -not -name '*.so')

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo: $(BIN)/python $(SOURCES)
	$(BIN)/pip install --quiet .
	touch $@

$(VENV)/test: $(BIN)/python $(SOURCES)
	$(BIN)/pip install --quiet '.[test,lint,bench]'
	touch $@ $(VENV)/demo
