# One command runs everything, one tests everything. `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
INSTALLED_DEV := .venv/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help run test lint fuzz chaos audit dev bench lock clean

help:  ## list these commands
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  ##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(INSTALLED)  ## set up, run the whole pipeline, print a summary (ARGS="--lake PATH" and the like)
	@$(BIN)/mtw run $(ARGS)

# In the order of the folders: long files of few tests first, or the last of them would keep one core waiting.
test: lint  ## set up, check style, types and imports, and run all tests (ARGS="-k name")
	@sh tests/debian_packages.sh chromium=chromium curl=curl prometheus=prometheus docker-compose=docker-compose systemd-analyze=systemd
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(INSTALLED_DEV)  ## check style, types, direction of imports and SQL, and that no secret is committed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint warehouse/models warehouse/tests
	@$(BIN)/python tests/committed_secrets.py

fuzz: $(INSTALLED_DEV)  ## feed every parser of foreign data with damaged files, for long (FUZZ_EXAMPLES=5000)
	@$(BIN)/python -m pytest tests/fuzz --hypothesis-profile long --timeout 0 -n 2 $(ARGS)

chaos: $(INSTALLED_DEV)  ## kill, tear, fill and cut off whatever can be, and compare with an undisturbed run (ARGS=--short)
	@sh tests/debian_packages.sh faketime=faketime
	@PYTHONPATH=tests $(BIN)/python -m chaos $(ARGS)

# Each package that could not be looked up fails it: pip-audit alone would find no holes where it reached nobody.
audit: $(INSTALLED_DEV)  ## ask pypi.org whether anything that is locked has a known hole (needs the internet)
	@said=$$(grep -v '^-e ' requirements-dev.txt | $(BIN)/pip-audit --strict --no-deps --disable-pip \
	  --progress-spinner off -r /dev/stdin 2>&1); status=$$?; echo "$$said" | tail -n 50; \
	case "$$status $$said" in 0*|*"Found "*" known vulnerabilit"*) ;; *) \
	  echo "nothing was audited: pypi.org did not tell of every package; run this where the internet is" >&2 ;; esac; \
	exit $$status

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
