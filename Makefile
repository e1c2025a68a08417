# Two commands: `make bench` measures this machine, `make test` tests the project.
# Each makes what it needs in .venv first; nothing outside this folder is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What `make test` is to test, or to leave out, in words of pytest: TESTS=tests/bridge
TESTS ?=

.DELETE_ON_ERROR:
.PHONY: bench test check clean help

help:  ## say what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

bench: $(VENV)/.bench  ## measure this machine (about two minutes) and leave a report
	$(BIN)/python -m benchmarks run --preset quick
	$(BIN)/python -m benchmarks report

test: $(VENV)/.dev  ## run the tests
	$(BIN)/python -m pytest -m "not slow" $(TESTS)

check: $(VENV)/.dev  ## lint, types, and branch coverage of the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m "not slow" --cov --cov-report=term

clean:  ## forget the environment and unpublished sessions
	rm -rf $(VENV) .bench .asv

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "bridge needs Python 3.11 or newer, and $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.bench: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench,report]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.bench
