# make demo: the whole chain on invented people. make test: the tests. Everything else: make help.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Python 3.11 or 3.12, whichever is called that here; PYTHON=/path/to/python chooses another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $$p && break; done)
UV_VERSION := 0.13.9
READY := .venv/.ready
RUN := .venv/bin
# uv asks the index that pip is configured to ask (UV_DEFAULT_INDEX overrides it), and trusts the certificates of this
# machine. Every download is checked by its hash, so it does not matter which index a file comes from.
UV := env -u VIRTUAL_ENV UV_SYSTEM_CERTS=true UV_PYTHON_DOWNLOADS=never sh -c '\
	index=$$(.venv/tools/bin/pip config get global.index-url 2>/dev/null) && export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$index}"; \
	exec .venv/tools/bin/uv "$$@"' uv

# Compiled modules halve the time Airflow takes to start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo example test check bench up lock clean
help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

# Releases of the demo stand beside the example.
demo up: export LINKAGE_OUTPUTS ?= outputs

setup: $(READY) ## Set up .venv and nothing else

demo: $(READY) ## Run the whole chain on 60,000 invented people, and show what came out
	@$(RUN)/linkage demo

test: $(READY) ## Run the tests
	@$(RUN)/pytest -q -rs -n 2 --dist loadfile --no-loadscope-reorder

example: $(READY) ## Make the committed example release anew
	@$(RUN)/pytest -q tests/test_pipeline.py -k example --remake-example

check: $(READY) ## Lint, format and types
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check .
	@$(RUN)/mypy

bench: $(READY) ## Link data nobody here invented (FEBRL4), with precision and recall
	@$(RUN)/python -m benchmarks.febrl4

up: $(READY) ## Open the Airflow UI on the demo's workspace; Ctrl-C stops it
	@exec $(RUN)/linkage up

lock: $(READY) ## Choose new versions of the dependencies, with hashes
	@$(UV) pip compile --quiet --universal --generate-hashes --upgrade --all-extras --no-emit-index-url \
		--no-emit-find-links --python-version 3.11 --output-file requirements.lock pyproject.toml
	@echo "requirements.lock is new. make test, then commit it."

clean: ## Remove the environment, the demo's workspace and caches; releases stay
	rm -rf .venv workspace .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11 or 3.12 is needed and was not found (tried python3.11, python3.12, python3)." >&2; \
		echo "Install it (Debian: apt install python3.11 python3.11-venv), or say where it is: make PYTHON=/path $(MAKECMDGOALS)" >&2; \
		exit 1; }
	@echo "Setting up .venv (once; about a minute) …"
	@test -x $(RUN)/python || $(PYTHON) -m venv .venv
	@test -x .venv/tools/bin/uv || { $(PYTHON) -m venv .venv/tools && \
		.venv/tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@$(UV) pip sync --quiet --python $(RUN)/python --require-hashes --compile-bytecode requirements.lock
	@$(UV) pip install --quiet --python $(RUN)/python --no-deps --no-build-isolation --editable .
	@touch $@
