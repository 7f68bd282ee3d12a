# The front door: every target does the set-up it needs, once, and is quick when nothing changed.
# The work itself is in cluster/ (set-up, lint), cmake/ and CMakePresets.json (build), tests/run.sh (tests).

BUILD := build/release
JOBS ?= $(shell nproc)
# make test LABEL=fast runs one label; INTEROP=0 does without the Python environment of the interoperability tests.
LABEL ?=
INTEROP ?= 1
# make bench-peers ROWS='movielens-* base-*' ROUNDS=5: which rows, and how often both sides take turns.
ROWS ?=
ROUNDS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup encoder-mpnet build demo test test-setup bench bench-build bench-growth bench-peers format lint clean

help: ## this list
	@echo 'make TARGET, where TARGET is one of'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'Variables: JOBS=N, LABEL=fast|full|slow (test), INTEROP=0 (test), ROWS=PATTERNS ROUNDS=N (bench-peers), COLDFRAME_TORCH_ROOT=DIR (setup, build).'

setup: ## Debian packages, LibTorch, encoder and data into .deps
	@cluster/setup.sh build

encoder-mpnet: ## all-mpnet-base-v2 into .deps/encoders, an encoder of base size (0.4 GB to download)
	@cluster/setup.sh encoder-mpnet

$(BUILD)/build.ninja:
	cmake --preset release

build: setup $(BUILD)/build.ninja ## the program, build/release/bin/coldframe
	@cmake --build $(BUILD) --parallel $(JOBS) --target coldframe

demo: build ## train three strategies on MovieLens-100K, replay newcomers, write a report (about 6 minutes)
	@experiments/demo/run.sh $(BUILD)/bin/coldframe

test-setup: setup
	@cluster/setup.sh test
ifneq ($(INTEROP),0)
	@cluster/setup.sh interop || echo 'make test: no interoperability environment; the tests that need it will be skipped' >&2
endif

test: test-setup $(BUILD)/build.ninja ## build everything and run every test
	@cmake --build $(BUILD) --parallel $(JOBS)
	@tests/run.sh $(BUILD) $(if $(LABEL),-L '^$(LABEL)$$')

bench-build: setup
	@cluster/setup.sh bench
	@cmake --preset release -DCOLDFRAME_BENCHMARKS=ON >/dev/null
	@cmake --build $(BUILD) --parallel $(JOBS) --target coldframe benchmarks

bench: bench-build ## build and run the benchmarks: kernels, training jobs on one and two cores, the simulator (about 4 minutes)
	@tests/benchmarks/run.sh $(BUILD)

bench-growth: bench-build ## speed against batch, text length, width and ranks, and a cost model (about 8 minutes)
	@python3 tests/benchmarks/growth/run_growth.py --build $(BUILD)

bench-peers: bench-build ## the same jobs against sentence-transformers (ROWS='movielens-*' ROUNDS=3; about an hour)
	@cluster/setup.sh interop
	@set -f; .deps/venv-interop/bin/python tests/benchmarks/peers/run_peers.py --build $(BUILD) $(if $(ROWS),--rows $(ROWS)) \
	  --rounds $(ROUNDS)

format: ## lay out our own sources with clang-format
	@cluster/setup.sh lint
	@cluster/lint.sh format

lint: setup ## layout and clang-tidy on the files that changed since main (ALL=1: on all)
	@cluster/setup.sh lint test
	@cluster/lint.sh check $(if $(ALL),all,changed)

clean: ## remove build/ (keeps .deps)
	rm -rf build
