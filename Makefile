# Everything a person or a build machine runs. `make` alone lists it.
#
# The environment in .venv is made on first use from requirements/*.txt (exact versions, with hashes) and brought up
# to date only when those files change. Nothing outside this directory is installed or changed.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
# The first interpreter that is new enough; override with `make PYTHON=/path/to/python3.12 test`.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
# Twice quiet: errors only.
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header

# Extra arguments for pytest, as in: make test ARGS="tests/core -x"
ARGS ?=
WORKERS ?= auto

CREATED := $(VENV)/.created
BUILD := $(VENV)/.build-installed
FULL := $(VENV)/.full-installed
DEV := $(VENV)/.dev-installed
PACKAGE := $(VENV)/.package-installed
AXE_VERSION := 4.14.1
AXE := .venv-axe/node_modules/axe-core/axe.min.js
SERVER_VENV := .venv-server
SERVER := $(SERVER_VENV)/.installed
DOCS_VENV := .venv-docs
DOCS := $(DOCS_VENV)/.installed
SCALE_VENV := .venv-scale
SCALE := $(SCALE_VENV)/.installed
# Only asked for where no server is installed.
POSTGRES := $(if $(wildcard /usr/lib/postgresql/*/bin/initdb)$(shell command -v initdb),,postgres)
# dev.txt contains full.txt, so an environment for development needs nothing more for the demo.
DEMO_ENVIRONMENT := $(if $(wildcard $(DEV)),$(DEV),$(FULL))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: $(DEMO_ENVIRONMENT) $(PACKAGE) ## show the whole way on simulated models: no key, no network
	@$(BIN)/itas demo

.PHONY: test
test: dev ## run the tests
	$(BIN)/pytest -n $(WORKERS) --maxprocesses 4 $(ARGS)

.PHONY: test-slow
test-slow: dev ## run the tests marked slow or scale
	$(BIN)/pytest -n $(WORKERS) --maxprocesses 4 -m "(slow or scale) and not network and not gpu" --timeout 1800 $(ARGS)

.PHONY: test-clients
test-clients: dev ## run unchanged API clients against a server, each in its own environment
	$(BIN)/pytest -n0 -m clients tests/serve/test_clients.py $(ARGS)

.PHONY: test-browser
test-browser: dev $(AXE) ## open every page in a real Chromium (ITAS_CHROMIUM names it)
	AXE_RULES=$(CURDIR)/$(AXE) $(BIN)/pytest -n0 -m browser tests/report/browser tests/view $(ARGS)

.PHONY: test-scale
test-scale: $(SCALE) $(POSTGRES) ## run the tests on a real PostgreSQL server and a Ray cluster of two nodes
	SCALE_REQUIRED=1 $(SCALE_VENV)/bin/python -m pytest -n0 -m "scale and not slow" --timeout 1800 \
		tests/scale tests/models/store tests/faults $(ARGS)

.PHONY: test-server
test-server: dev $(SERVER) ## run the tests against a real inference server, in an environment of its own
	SERVER_PYTHON=$(SERVER_VENV)/bin/python $(BIN)/pytest -m server tests/server $(ARGS)

.PHONY: docs
docs: $(DOCS) ## build the documentation as a site in build/docs/site, in an environment of its own; broken links fail
	@$(DOCS_VENV)/bin/python docs/build_site.py

.PHONY: check
check: dev ## check format, lint, types and the directions of imports
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/pyright
	$(BIN)/pytest -q tests/test_imports.py tests/test_project.py

.PHONY: format
format: dev ## format, and repair what the linter can repair
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: lock
lock: dev ## resolve requirements/*.txt again (UPGRADE=1: to the newest versions)
	@echo "Resolving requirements/*.txt"
	@$(LOCK) $(if $(UPGRADE),--upgrade) -o requirements/dev.txt pyproject.toml requirements/build.in \
		--extra dev --extra report --extra serve --extra math --extra otel --extra optuna --extra parquet --extra postgres
	@$(LOCK) -c requirements/dev.txt -o requirements/full.txt pyproject.toml --extra report
	@$(LOCK) -c requirements/dev.txt -o requirements/run.txt pyproject.toml
	@$(LOCK) -c requirements/dev.txt -o requirements/serve.txt pyproject.toml --extra serve
	@$(LOCK) -c requirements/dev.txt -o requirements/build.txt requirements/build.in
	@$(LOCK) -o requirements/server.txt requirements/server.in
	@$(LOCK) -c requirements/dev.txt -o requirements/scale.txt pyproject.toml requirements/build.in \
		--extra dev --extra report --extra serve --extra math --extra otel --extra optuna --extra postgres --extra ray
	@$(LOCK) -o requirements/docs.txt requirements/docs.in

.PHONY: clean
clean: ## remove the environment, caches and build results
	rm -rf $(VENV) $(SERVER_VENV) $(SCALE_VENV) $(DOCS_VENV) .venv-axe build dist .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- environment ---------------------------------------------------------------------------------------------

.PHONY: dev
dev: $(DEV) $(PACKAGE) ## make the environment for development in .venv

$(CREATED):
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer found. Install one, or name it: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11, or does not start." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(BUILD): requirements/build.txt | $(CREATED)
	@$(PIP_INSTALL) --require-hashes -r requirements/build.txt
	@touch $@

$(FULL): requirements/full.txt | $(CREATED)
	@echo "Installing requirements/full.txt"
	@$(PIP_INSTALL) --require-hashes -r requirements/full.txt
	@touch $@

$(DEV): requirements/dev.txt | $(CREATED)
	@echo "Installing requirements/dev.txt (a minute or two)"
	@$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

# The rules of axe for `make test-browser`; 4 MB, its licence (MPL 2.0) is why it is fetched and not kept here.
$(AXE):
	@command -v npm >/dev/null || { echo "npm is needed to fetch axe-core. On Debian and Ubuntu: apt install npm" >&2; exit 1; }
	@echo "Installing axe-core $(AXE_VERSION) in .venv-axe"
	@npm install --silent --no-audit --no-fund --ignore-scripts --no-save --prefix .venv-axe axe-core@$(AXE_VERSION)
	@touch $@

# A real inference server for `make test-server`; about 100 MB.
$(SERVER): requirements/server.txt
	@echo "Installing requirements/server.txt in $(SERVER_VENV)"
	@$(PYTHON) -m venv --clear $(SERVER_VENV)
	@$(SERVER_VENV)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/server.txt
	@touch $@

$(DOCS): requirements/docs.txt
	@echo "Installing requirements/docs.txt in $(DOCS_VENV)"
	@$(PYTHON) -m venv --clear $(DOCS_VENV)
	@$(DOCS_VENV)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/docs.txt
	@touch $@

# Ray and everything that the tests need, for `make test-scale`; about 300 MB more.
$(SCALE): requirements/scale.txt
	@echo "Installing requirements/scale.txt in $(SCALE_VENV)"
	@$(PYTHON) -m venv --clear $(SCALE_VENV)
	@$(SCALE_VENV)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/scale.txt
	@$(SCALE_VENV)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: postgres
postgres:
	@test "$$(id -u)" = 0 && command -v apt-get >/dev/null || \
		{ echo "No PostgreSQL server is installed. On Debian and Ubuntu: sudo apt-get install postgresql" >&2; exit 1; }
	apt-get install -y -qq --no-install-recommends postgresql

# The package itself, editable; the build tools come from the lock too, so nothing unpinned is fetched.
$(PACKAGE): pyproject.toml $(BUILD) | $(CREATED)
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
