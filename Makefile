# 巨量本地推 → 飞书多维表格. `make` or `make help` prints what can be made.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PORT ?= 8765
ENVIRONMENT ?= prod
export PATH := $(CURDIR)/.venv/bin:$(PATH)
PLUGINS := tap-oceanengine-local target-feishu-bitable target-csv target-jsonl feishu-notify
PACKAGES := tap-oceanengine-local target-feishu-bitable feishu-notify platform-sandbox
SOURCES := $(PACKAGES) tests deploy $(wildcard bench) .ci/errors-page chaos

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: .venv/plugins.stamp ## make this machine ready: .venv/bin/meltano and both plugins
	@echo "Ready: .venv/bin/meltano --version && .venv/bin/meltano --environment prod run tap-oceanengine-local target-feishu-bitable"

.PHONY: demo
demo: install ## run the real job three times against both platforms on this machine
	@python -m platform_sandbox.demo --port $(PORT) --project $(CURDIR)

.PHONY: sandbox
sandbox: install ## serve both platforms and their page on http://127.0.0.1:8765 (PORT= another port)
	@platform-sandbox serve --port $(PORT) --data-dir .sandbox --project $(CURDIR)

.PHONY: stop
stop: ## stop the sandbox of this folder
	@if [ -x .venv/bin/platform-sandbox ]; then platform-sandbox stop --data-dir .sandbox; fi

.PHONY: test
test: install .venv/dev.stamp ## run all tests (a quarter of an hour)
	@python -m pytest $(PYTEST_ARGS)

.PHONY: test-airflow
test-airflow: install .venv/dev.stamp .venv/warehouse.stamp .venv-airflow/airflow.stamp ## run the shards on a real Airflow and PostgreSQL (5 to 10 minutes)
	@.ci/services postgresql
	@REQUIRE_SERVICES=1 nice -n 10 python -m pytest -m airflow tests/airflow $(PYTEST_ARGS)

.PHONY: coverage
coverage: install .venv/dev.stamp ## run the tests and say which lines no test reaches (at least 95 % are)
	@python -m pytest --cov --cov-report=term-missing:skip-covered $(PYTEST_ARGS)

.PHONY: lint
lint: install .venv/dev.stamp ## ruff, mypy --strict, meltano compile --lint
	@ruff check --no-cache $(SOURCES)
	@ruff format --check $(SOURCES)
	@mypy $(PACKAGES)
	@.ci/lint-meltano

.PHONY: bench
bench: install .venv/dev.stamp ## measure everything, and other ways to do it (under 10 minutes)
	@python bench/run.py

.PHONY: chaos
chaos: install ## run the pipeline while everything goes wrong: SECONDS_=300 SEED=1 RUNS=1 ROUNDS=12
	@python chaos/run.py --seconds $(or $(SECONDS_),300) $(if $(SEED),--seed $(SEED)) \
	    $(if $(RUNS),--runs $(RUNS)) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: screenshot
screenshot: install .venv/dev.stamp ## take the READMEs' picture of the sandbox's page anew (needs Chromium)
	@SCREENSHOT=docs/images/sandbox.png REQUIRE_SERVICES=1 python -m pytest -q tests/pipeline/test_page.py

.PHONY: docs
docs: install ## write docs/errors.md anew from the error classes and .ci/errors.toml
	@python .ci/errors-page

.PHONY: resync
resync: install ## read and correct days again: FROM=2026-02-01 [TO=2026-02-28, else yesterday] [ENVIRONMENT=prod]
	@test -n "$(FROM)" || { echo "Say from which day: make resync FROM=2026-02-01 [TO=2026-02-28]" >&2; exit 2; }
	@TAP_OCEANENGINE_LOCAL_START_DATE=$(FROM) $(if $(TO),TAP_OCEANENGINE_LOCAL_END_DATE=$(TO)) \
	    meltano --environment $(ENVIRONMENT) run --no-state-update tap-oceanengine-local target-feishu-bitable

.PHONY: export
export: install ## write yesterday's rows into export/, or MONTH=2026-02 | FROM= TO= | DATE= [FORMAT=csv|jsonl] [ENVIRONMENT=prod]
	@python deploy/export.py --format $(or $(FORMAT),csv) --environment $(ENVIRONMENT) \
	    $(if $(MONTH),--month $(MONTH)) $(if $(DATE),--date $(DATE)) $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO))

.PHONY: pins
pins: .venv/runtime.stamp ## compile requirements.txt, requirements-dev.txt and constraints.txt anew
	@.ci/pins

.PHONY: clean
clean: stop ## remove what was installed, the sandbox's data and caches (never .env, tokens or Meltano's state of prod)
	@rm -rf .venv .venv-airflow .sandbox .oceanengine/sandbox-tokens.db* .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	@rm -rf .meltano/extractors .meltano/loaders .meltano/utilities .meltano/manifests plugins

# --- how it is installed -------------------------------------------------------------------------------------------

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Say which one to use: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .venv

.venv/runtime.stamp: requirements.txt $(PACKAGES:=/pyproject.toml) | .venv/bin/python
	@echo "Installing the pinned requirements into .venv …"
	@pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PACKAGES:%=-e ./%)
	@touch $@

# What meltano.yml has installed: written anew only when that changed, so that no other edit of it reinstalls the plugins.
.venv/plugins.txt: meltano.yml | .venv/bin/python
	@grep pip_url: $< | cmp -s - $@ || grep pip_url: $< > $@

.venv/plugins.stamp: .venv/runtime.stamp constraints.txt constraints-jsonl.txt .venv/plugins.txt
	@echo "Installing the plugins into their own environments …"
	@meltano --environment sandbox --log-level warning install --clean $(PLUGINS)
	@chmod 700 .meltano # below it Meltano keeps each plugin's settings in a file while it runs, secrets included
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/runtime.stamp
	@echo "Installing what the tests need …"
	@pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# Only for docs/scaling.md: a warehouse's target, and Airflow, which shares no environment with Meltano.
.venv/warehouse.stamp: .venv/plugins.stamp deploy/airflow/constraints.txt
	@meltano --environment sandbox --log-level warning install target-postgres
	@touch $@

.venv-airflow/airflow.stamp: deploy/airflow/requirements.txt .venv/runtime.stamp
	@echo "Installing Airflow into .venv-airflow …"
	@$(PYTHON) -m venv .venv-airflow
	@uv pip install --quiet --python .venv-airflow/bin/python --require-hashes -r deploy/airflow/requirements.txt
	@touch $@
