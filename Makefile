# What a person types. Everything works from a fresh clone: each target makes what it needs first.

PYTHON ?= python3
# Test processes; `make test N=0` runs in one, for a debugger.
N ?= 2
# Narrows the tests: `make test TESTS=tests/domain`.
TESTS ?=
# `make lock UPGRADE=--upgrade` moves every pin forward; without it only what pyproject.toml asks for changes.
UPGRADE ?=

BIN := .venv/bin
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)

.DEFAULT_GOAL := run
.PHONY: run demo test check fmt golden bench lock dev system

run:  ## Set up and serve the clinic's register
	@$(PYTHON) run.py

demo:  ## Serve a synthetic clinic, with a printed list of sign-ins
	@AUDIT_HOME="$${AUDIT_HOME:-./var-demo}" $(PYTHON) run.py demo --serve

dev:  ## The virtual environment with what tests and checks need
	@$(PYTHON) run.py --dev

system:  ## Programs that tests start: a browser, PDF readers
	@.ci/system-packages

test: dev system  ## Every test: both databases, a real browser, PDF readers
	$(BIN)/python -m pytest -n $(N) --dist loadfile $(TESTS)

check: dev  ## Format, lint, types, import directions, security lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml audit run.py

fmt: dev  ## Rewrite files as `make check` wants them
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: dev  ## Rewrite the golden files; say why in the commit
	WRITE_GOLDEN=1 $(BIN)/python -m pytest -k golden

bench: dev  ## Measure against rivals and write docs/performance.md
	$(BIN)/python -m benchmarks

lock: dev  ## Write the lock files anew from pyproject.toml
	$(COMPILE) --group pyproject.toml:build --output-file requirements-build.lock
	$(COMPILE) pyproject.toml --extra postgres --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra postgres --group dev --constraint requirements.lock \
		--output-file requirements-dev.lock
