# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint bench cuda gpu-check clean

demo: $(VENV)/demo  ## measure a real recursion on the documentation every Python carries
	$(BIN)/collapse-stats demo

test: $(VENV)/test lint cuda  ## everything CI checks
	$(BIN)/pytest
	$(BIN)/pytest benchmarks --benchmark-disable -q

lint: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest collapse_stats._native collapse_stats._cuda --allowlist src/stubtest.allowlist

bench: $(VENV)/test  ## timings; sizes and peers in benchmarks/README.md
	$(BIN)/pytest benchmarks --benchmark-only --benchmark-columns=median,rounds

# The GPU's steps compiled for GPUs, which takes CUDA's compiler but no GPU.
cuda: $(VENV)/test
ifeq ($(shell command -v nvcc),)
	@echo "cuda: skipped, nvcc is not on the PATH"
else
cuda: build/cuda-site
	PYTHONPATH=build/cuda-site $(BIN)/python tools/cuda_module_check.py
endif

build/cuda-site: $(VENV)/test
	CUDAARCHS=$${CUDAARCHS:-90} $(BIN)/pip install --quiet --upgrade --no-deps --target $@ \
	  --config-settings=cmake.define.COLLAPSE_CUDA=ON \
	  --config-settings=cmake.define.CMAKE_COMPILE_WARNING_AS_ERROR=ON \
	  --config-settings=build-dir=build/cuda-wheel .
	touch $@

gpu-check:  ## on a machine with a GPU, with $(PYTHON): build, tests, sanitizers, speeds
	$(PYTHON) tools/gpu_check.py

clean:
	rm -rf $(VENV) build dist

SOURCES := pyproject.toml CMakeLists.txt $(shell find cmake csrc src python -type f -not -name '*.pyc' -not -name '*.so')

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo: $(BIN)/python $(SOURCES)
	$(BIN)/pip install --quiet .
	touch $@

$(VENV)/test: $(BIN)/python $(SOURCES)
	$(BIN)/pip install --quiet --config-settings=cmake.define.COLLAPSE_STATS_EMULATED_CUDA=ON \
	  '.[test,lint,bench]'
	touch $@ $(VENV)/demo
