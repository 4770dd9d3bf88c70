# Everything runs in .venv, which `make setup` fills from uv.lock, whatever the shell tells pip and uv to do elsewhere.
# It compiles the bytecode, for containers often forbid that later: without, `import tensorflow` takes twice as long.
UV := 0.13.9
BIN := .venv/bin
# JAX for the processor is always there, because the tests run on both engines: JAX=1 alone changes nothing.
ASKED := .synced$(if $(LEAN),-lean)$(if $(GPU),$(if $(JAX),-jax)-gpu)
# `make run` and the others take what `make setup` made last, unless they name something else.
KEPT := $(if $(filter setup,$(MAKECMDGOALS))$(LEAN)$(GPU)$(JAX),,$(notdir $(firstword $(wildcard .venv/.synced*))))
STAMP := .venv/$(or $(KEPT),$(ASKED))
GROUPS := $(if $(findstring -lean,$(STAMP)),--no-group dev --group jax --extra demo --extra s3 --extra signing) \
	$(if $(findstring -gpu,$(STAMP)),--no-group cpu --group gpu) $(if $(findstring -jax,$(STAMP)),--group jax-gpu)
# The scripts of an environment hold its folder's path: in a folder that was moved or copied they are another's.
MOVED := $(shell grep -qsvxF "$$(pwd -P)" .venv/.synced* && echo moved)
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$python && break; done)

.DEFAULT_GOAL := help
.PHONY: help setup moved run server serve test test-long check bench bench-peers wheels bench-gpu
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv as uv.lock says; GPU=1 for an NVIDIA card, JAX=1 GPU=1 for JAX on it too; LEAN=1 without what tests need

moved:
	@echo "the environment in .venv was made for another folder, and is made anew"
	@rm -rf .venv

# Python 3.11 reads the path to src in the locale's encoding, which may not have the letters of this folder's name.
$(STAMP): export LC_ALL := C.UTF-8
$(STAMP): uv.lock pyproject.toml $(MOVED)
	@test -z "$(GPU)" || test "$$(uname -s)" = Linux || { echo "GPU=1: NVIDIA's libraries are published for Linux" >&2; exit 1; }
	@test -n "$(PYTHON)" || { echo "alexnet-pipe needs Python 3.11, 3.12 or 3.13: install one of them" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -c 'import importlib.metadata as m, sys; sys.exit(m.version("uv") != "$(UV)")' 2>/dev/null \
		|| env -u PIP_TARGET -u PIP_PREFIX -u PIP_ROOT PIP_USER=0 \
			$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@rm -f .venv/.synced*
	@VIRTUAL_ENV= UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --quiet --compile-bytecode --python $(BIN)/python $(GROUPS)
	@for path in .venv/lib/python3.*/site-packages/*alexnet_pipe.pth; do echo ../../../../src > "$$path"; done
	@$(BIN)/python -m compileall -q src flows
	@pwd -P > $@

run: setup ## run the pipeline: sample in, evaluated model and report out
	@$(BIN)/alexnet-pipe run

server: setup ## start the Prefect server, for this machine alone
	@$(BIN)/alexnet-pipe server

serve: setup ## run what is due or asked for in the server's UI; CRON="0 3 * * *" sets when to retrain
	@$(BIN)/alexnet-pipe serve $(if $(CRON),--cron "$(CRON)",)

test: setup ## run all tests, three files at a time, because some of them wait for servers
	@$(BIN)/python -m pytest -q -n 3 --dist loadgroup --no-loadscope-reorder -m "not long"

test-long: setup ## run property tests with thousands of cases, 40,000 mutated images, the notebook, the schedule twenty times
	@HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -q tests/hostile tests/endurance

check: setup ## lint, format, types, import rules, fast tests
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow"

bench: setup ## measure speed and memory: ratios, all from one run
	@$(BIN)/python -m benchmarks

bench-peers: setup ## measure beside PyTorch, OpenVINO and others, in .venv-peers (up to 8 GB); ARGS="step --repeats 3"
	@$(BIN)/python -m benchmarks.peers $(ARGS)

# What JAX itself needs comes with JAX.
FOR = $(shell $(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
MACHINE = $(shell uname -m)
wheels: setup ## collect what bench-gpu needs besides JAX; FOR=3.12 MACHINE=aarch64 for another Python and processor
	@rm -rf wheels && mkdir wheels
	@$(BIN)/uv export --frozen --quiet --no-hashes --only-group bench-gpu --output-file wheels/packages.txt \
		$(foreach name,numpy scipy ml-dtypes,--no-emit-package $(name))
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --dest wheels --requirement wheels/packages.txt \
		--only-binary :all: --implementation cp --python-version $(FOR) \
		$(foreach glibc,5 12 17 24 26 27 28,--platform manylinux_2_$(glibc)_$(MACHINE)) --platform manylinux2014_$(MACHINE)

bench-gpu: ## measure on an NVIDIA card, with this machine's JAX and no network, for nine minutes; PHOTOGRAPHS=FOLDER, SMALL=1
	@test -n "$(wildcard wheels/*.whl)" || { echo "wheels/ is empty: run \`make wheels\` where there is a package index" >&2; exit 1; }
	@rm -rf wheels/unpacked
	@for wheel in wheels/*.whl; do $(PYTHON) -m zipfile -e "$$wheel" wheels/unpacked || exit 1; done
	@PYTHONPATH="src:wheels/unpacked:$$PYTHONPATH" $(PYTHON) -m benchmarks.gpu --to bench-gpu \
		$(if $(SMALL),--small) $(if $(PHOTOGRAPHS),--photographs "$(PHOTOGRAPHS)")
