# Needs make and any Python 3.11 or newer with venv. Everything else is installed into .venv, by hash.

# The first of these that fits makes the virtual environment; to choose one: make PYTHON=/path/to/python3.12 setup
PYTHON ?= python3 python3.11 python3.12 python3.13 python3.14 python
# One more than the cores that most machines for this have: many tests wait for a process and not for a processor.
TEST_PROCESSES ?= 3
TEST_OPTIONS ?=
CHAOS_OPTIONS ?=
LOCK_OPTIONS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL_LOCKED := $(PIP) install -qq --require-hashes --only-binary :all: -r
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(LOCK_OPTIONS)

# Each stamp is written last, so a set-up that was cut short is done again.
READY_TO_RUN := $(VENV)/.ready-to-run
READY_TO_TEST := $(VENV)/.ready-to-test
READY_TO_BENCH := $(VENV)/.ready-to-bench

FITS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

# Where this is set every process compiles all that it imports, each time anew; the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup demo test long chaos contract live check bench build lock clean

help: ## List these tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY_TO_TEST) ## Make .venv with everything to run, test and check Waybill

demo: $(READY_TO_RUN) ## Install a skill end to end on real servers and a sandbox provider, then leave nothing behind
	@$(BIN)/waybill demo

test: check ## Check the code, then run every test (TEST_PROCESSES=3, TEST_OPTIONS="-k name")
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder $(TEST_OPTIONS)

long: $(READY_TO_TEST) ## Run what takes long: a Waybill killed and started again, restored, rotated, over TLS, traced; and properties on new examples
	@$(BIN)/python -m pytest -m long $(TEST_OPTIONS)
	@WAYBILL_NEW_EXAMPLES=1 $(BIN)/python -m pytest -m hypothesis $(TEST_OPTIONS)

chaos: $(READY_TO_TEST) ## Kill, freeze and cut off everything, and look what is lost (CHAOS_OPTIONS="--rounds 3 --seed 7 --only F1")
	@$(BIN)/python -m tests.chaos $(CHAOS_OPTIONS)

contract: $(READY_TO_TEST) ## Write fixtures/ and docs/openapi.json anew, from the API as it is now
	@WAYBILL_WRITE_FIXTURES=1 $(BIN)/python -m pytest tests/adapters/http/test_fixtures.py -k a_fixture_for_each_exchange
	@$(BIN)/waybill openapi > docs/openapi.json
	@echo "Look at the difference, go through docs/05-api-contract.md, and put this into it: $$($(BIN)/waybill openapi --digest)"

live: $(READY_TO_TEST) ## Ask the real providers whose keys are in WAYBILL_LIVE_{OPENAI,CLAUDE,GEMINI}_KEY; skip the others
	@$(BIN)/python -m pytest -rs tests/live/providers.py tests/live/chat_models.py

check: $(READY_TO_TEST) ## Check style, formatting, types, the rooms' walls and known weaknesses, without running anything
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive domain commands queries projections adapters workers
	@$(BIN)/python .ci/audit.py requirements.txt

bench: $(READY_TO_BENCH) ## Measure Waybill beside procrastinate, DBOS and pgqueuer on the same Postgres
	@$(BIN)/python -m benchmarks.run

build: $(READY_TO_RUN) ## Make the wheel in dist/ and prove that it runs where there is no checkout
	@rm -rf dist
	@$(PIP) wheel -qq --no-deps --no-build-isolation --wheel-dir dist .
	@set -e; proof=$$(mktemp -d); trap 'rm -rf "$$proof"' EXIT; trap 'exit 130' INT TERM; \
	$(BIN)/python -m venv "$$proof/venv"; \
	install="$$proof/venv/bin/python -m pip --disable-pip-version-check install -qq"; \
	$$install --require-hashes --only-binary :all: -r requirements.txt; \
	$$install --no-deps --no-index dist/*.whl; \
	mkdir "$$proof/elsewhere"; cd "$$proof/elsewhere"; \
	../venv/bin/waybill --version; ../venv/bin/waybill demo
	@echo "Made, installed and ran $$(echo dist/*.whl)"

lock: $(READY_TO_TEST) ## Write the lock files again from pyproject.toml (LOCK_OPTIONS=--upgrade for newer versions)
	@$(LOCK) --extra build --extra embedded --output-file requirements.txt
	@$(LOCK) --extra build --extra embedded --extra telemetry --extra dev --constraint requirements.txt --output-file requirements-dev.txt
	@$(LOCK) --extra build --extra embedded --extra bench --constraint requirements-dev.txt --output-file requirements-bench.txt

clean: ## Remove everything that make has made
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY_TO_RUN): requirements.txt pyproject.toml
	@$(BIN)/python -c 'import pip; $(FITS)' >/dev/null 2>&1 || { \
	  for python in $(PYTHON); do $$python -c '$(FITS)' >/dev/null 2>&1 && break; python=; done; \
	  if [ -z "$$python" ]; then \
	    echo "Waybill needs Python 3.11 or newer with venv, which is none of: $(PYTHON). Try: make PYTHON=/path/to/python3.11" >&2; \
	    exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$($$python --version)"; \
	  $$python -m venv --clear $(VENV); \
	}
	@echo "Installing requirements.txt"
	@$(INSTALL_LOCKED) requirements.txt
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_TO_TEST): $(READY_TO_RUN) requirements-dev.txt
	@echo "Installing requirements-dev.txt"
	@$(INSTALL_LOCKED) requirements-dev.txt
	@touch $@

$(READY_TO_BENCH): $(READY_TO_RUN) requirements-bench.txt
	@echo "Installing requirements-bench.txt"
	@$(INSTALL_LOCKED) requirements-bench.txt
	@touch $@
