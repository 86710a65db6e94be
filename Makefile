# Every target sets up what it needs, once: Python 3.10 or newer, make and, for the panel, Node 20.19 or newer must be there.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
unexport PYTHONDONTWRITEBYTECODE  # where it is set, each kernel start compiles its imports anew

PYTHON ?= python3
OLDEST_PYTHON ?= $(shell python3.10 --version >/dev/null 2>&1 && echo python3.10 || echo $(PYTHON))

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
NODE_PACKAGES := labextension/node_modules/.installed
PANEL := jupyter_repro/labextension/package.json
PANEL_SOURCES := $(wildcard labextension/*.json labextension/src/*.ts* labextension/src/*/*.ts* labextension/style/*)
IN_VENV := PATH="$(CURDIR)/$(BIN):$$PATH"
CORE_TESTS := tests/unit tests/integration/test_record.py tests/integration/test_exported_notebook.py
NPM := $(shell command -v npm)

# Installs a Debian package, where this user may.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo "sudo -n")
apt = { $(SUDO) apt-get update && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(1); } </dev/null >/dev/null

.PHONY: help
help:  ## what there is to make
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: install
install: $(INSTALLED) panel  ## a development environment in .venv, with the panel

.PHONY: demo
demo: $(INSTALLED)  ## record a messy Keras session, export what its results need, prove it (minutes)
	$(IN_VENV) bash examples/demo.sh

.PHONY: test
test: lint panel-test chromium  ## every check: lint, the panel's tests, then unit, integration and browser tests
	$(BIN)/pytest -n 2 --dist loadgroup

.PHONY: lint
lint: $(INSTALLED)  ## ruff, mypy and the layers; with Node prettier and eslint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: minimum
minimum: .venv-minimum/.installed  ## unit and core integration tests with the oldest dependencies that are allowed
	.venv-minimum/bin/pytest -n 2 --dist loadgroup -W default $(CORE_TESTS)

.PHONY: airflow
airflow: $(INSTALLED) .venv-airflow/.installed  ## the DAG file of a schedule under Airflow 3, in an environment of its own (minutes)
	$(BIN)/pytest tests/integration/test_airflow.py

.PHONY: bench
bench: $(INSTALLED)  ## what recording costs, against the plain kernel
	$(BIN)/python benchmarks/run.py

.PHONY: panel panel-test
ifdef NPM
panel: $(PANEL)
panel-test: $(PANEL)
	cd labextension && npm run check
	cd labextension && $(IN_VENV) npm test
else
panel panel-test:
	@echo "The JupyterLab panel is neither built nor tested: npm is missing. Recording and jrepro work without it."
	@test -z "$${CI:-}"
endif

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || $(call apt,chromium) || \
	{ echo "The browser tests can't run: Chromium is missing and can't be installed."; test -z "$${CI:-}"; }

.PHONY: clean
clean:  ## away with all that make made
	rm -rf .venv .venv-minimum .venv-airflow labextension/node_modules labextension/lib labextension/*.tsbuildinfo jupyter_repro/labextension
	rm -rf dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# Debian keeps venv's pip in a package of its own.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV) || { $(call apt,python3-venv) && $(PYTHON) -m venv --clear $(VENV); }

# Without the build hook: here the panel is built when its sources changed, by the rule below.
$(INSTALLED): pyproject.toml labextension/package.json | $(BIN)/python
	HATCH_BUILD_NO_HOOKS=true $(BIN)/pip install --quiet --editable ".[lab,schedule,test,tensorflow,dev]"
	@touch $@

$(NODE_PACKAGES): labextension/package-lock.json
	cd labextension && npm ci --loglevel=error
	@touch $@

$(PANEL): $(PANEL_SOURCES) $(NODE_PACKAGES) $(INSTALLED)
	cd labextension && $(IN_VENV) npm run build
	$(BIN)/jupyter-builder develop . --overwrite
	@touch $@

.venv-minimum/.installed: pyproject.toml labextension/package.json
	$(OLDEST_PYTHON) -m venv --clear .venv-minimum
	sed -nE '/^dependencies = /,/^\]/ s/^  "([A-Za-z_-]+)>=([0-9.]+)",$$/\1==\2/p' pyproject.toml >.venv-minimum/minimum.txt
	HATCH_BUILD_NO_HOOKS=true .venv-minimum/bin/pip install --quiet -c .venv-minimum/minimum.txt --editable ".[schedule,test]"
	@touch $@

.venv-airflow/.installed:
	$(PYTHON) -m venv --clear .venv-airflow
	.venv-airflow/bin/pip install --quiet "apache-airflow>=3,<4" "apache-airflow-providers-papermill>=3.9" ipykernel
	@touch $@
