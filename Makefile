# One command runs everything, one tests everything. `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
INSTALLED_DEV := .venv/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help run test lint dev bench lock clean

help:  ## list these commands
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  ##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(INSTALLED)  ## set up, run the whole pipeline, print a summary (ARGS="--lake PATH" and the like)
	@$(BIN)/mtw run $(ARGS)

test: lint  ## set up, check style, types and imports, and run all tests (ARGS="-k name")
	@sh tests/debian_packages.sh chromium=chromium curl=curl
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

lint: $(INSTALLED_DEV)  ## check style, types, direction of imports and SQL
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint warehouse/models warehouse/tests

dev: $(INSTALLED)  ## open Dagster's UI on http://127.0.0.1:3000, and the dashboard on http://127.0.0.1:8000
	@$(BIN)/mtw dev

bench: $(INSTALLED_DEV)  ## measure, and print each figure beside its baseline and its limit (ARGS=scrape: only that table)
	@sh tests/debian_packages.sh wrk=wrk chromium=chromium
	@PYTHONPATH=tests $(BIN)/python -m benchmarks $(ARGS)

lock: .venv/bin/python  ## pin the newest versions that pyproject.toml allows
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-header pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@for lock in requirements.txt requirements-dev.txt; do echo '-e .' >> $$lock; done

clean:  ## stop the database and delete what runs made: data, history, weights, builds
	@if [ -x $(BIN)/mtw ]; then $(BIN)/mtw db stop; fi
	rm -rf data models .dagster target logs .tmp_dagster_home_*

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version 2>&1). Name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(INSTALLED): requirements.txt pyproject.toml | .venv/bin/python
	@echo "installing the locked dependencies into .venv (about a minute, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt pyproject.toml | .venv/bin/python
	@echo "installing the locked dependencies and test tools into .venv (about a minute, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(INSTALLED)
