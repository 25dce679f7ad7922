# Kabinet. `make` alone lists what there is to do.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help run test bench check features lock clean screenshots

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/.runtime ## start the portal with the demo company on http://127.0.0.1:8000 (PORT= another)
	@KABINET_PUBLIC_URL=$${KABINET_PUBLIC_URL:-http://127.0.0.1:$(PORT)} exec $(VENV)/bin/flask --app app serve --port $(PORT)

test: $(VENV)/.dev ## install what the tests need and run them all (ARGS= for pytest)
	@bash .ci/ground $(PY)
	@$(PY) -m pytest $(ARGS)

bench: $(VENV)/.dev ## measure pages and servers beside their controls; a table and JSON
	@bash .ci/ground $(PY)
	@$(PY) -m tests.bench $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts
	@$(PY) -m ruff format --check --quiet . || { echo 'Run: $(PY) -m ruff format .'; exit 1; }
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-cache --no-logo

features: ## each row of docs/features.md with the number of its tests
	@$(PYTHON) tests/features.py

screenshots: $(VENV)/.dev ## pictures of the main pages into docs/screenshots
	@bash .ci/ground $(PY)
	@$(PY) -m tests.screenshots $(ARGS)

lock: $(VENV)/.dev ## write the exact versions and hashes anew (UPGRADE=--upgrade for newer ones)
	@$(PIP) install uv==0.13.8
	@for name in requirements requirements-dev; do \
		$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			--no-emit-index-url --no-emit-find-links $(UPGRADE) $$name.in -o $$name.txt || exit 1; done

clean: ## remove the virtual environment and caches; the data in var/ stays
	@rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Kabinet needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV) || { echo 'Debian and Ubuntu: apt-get install python3-venv'; exit 1; }
	@touch $@

$(VENV)/.runtime: requirements.txt | $(VENV)/.made
	@echo 'Installing what the portal needs…'
	@$(PIP) install --require-hashes -r $<
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/.made
	@echo 'Installing what the tests and checks need…'
	@$(PIP) install --require-hashes -r $<
	@touch $@
