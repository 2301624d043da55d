# QuantScout. `make` alone prints the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: bench-sweep bench-ccxt soak help setup run test unit e2e fuzz check format validate docs lock clean

# Python 3.13 (the Lambda runtime) from PATH, uv or pyenv; else 3.12 or 3.11. Override with make PYTHON=/path/to/python
PYTHON ?= $(shell ./tools/find-python)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# SAM's command line pins boto3 and others exactly: it has an environment of its own.
SAM := .venv-sam/bin/sam
# ccxt does, too.
CCXT := .venv-bench/.ready
# Two at a time on a small machine; pytest-xdist spreads the files.
WORKERS ?= 2
ARGS ?=

help: ## Print the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9_-]+:.*## / {printf "  \033[36m%-10s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST) \
	  | if [ -n "$${NO_COLOR:-}" ] || [ ! -t 1 ]; then sed 's/\x1b\[[0-9;]*m//g'; else cat; fi

setup: $(READY) ## Create .venv with everything, pinned (done by the other targets when needed)

$(READY): requirements-dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 to 3.13 found; install one, or say make PYTHON=/path/to/python" >&2; exit 2; }
	@echo "setting up $(VENV) with $$($(PYTHON) --version)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@./tools/install $(BIN)/python requirements-dev.txt
	@$(BIN)/python tools/link_project.py .
	@touch $@

$(SAM): requirements-sam.txt
	@test -x .venv-sam/bin/python || $(PYTHON) -m venv .venv-sam
	@./tools/install .venv-sam/bin/python requirements-sam.txt
	@touch $@

$(CCXT): requirements-bench.txt
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@./tools/install .venv-bench/bin/python requirements-bench.txt
	@touch $@

run: $(READY) ## Run one hour on the embedded market (ARGS="--at ... --market ..." for another)
	@$(BIN)/quantscout run $(ARGS)

test: $(READY) ## Run all tests, offline
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

unit: $(READY) ## Run the tests that start no servers (under a minute)
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not e2e" $(ARGS)

e2e: $(READY) ## Run the tests of the whole way: simulator, moto server, real handlers
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile -m e2e $(ARGS)

fuzz: $(READY) ## Read 10,000 generated answers per parser, and bodies of 5 MB (minutes; CASES=2000 for fewer)
	@FUZZ_CASES=$(or $(CASES),10000) $(BIN)/pytest -n $(WORKERS) --dist worksteal -m fuzz tests/fuzz $(ARGS)

check: $(READY) ## Lint, formatting, types, dependency direction, template, published schema
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@for app in functions/*/app.py; do $(BIN)/mypy "$$app"; done
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory validate
	@$(BIN)/quantscout schema | diff -u docs/report.schema.json - || { echo "docs/report.schema.json is stale: run make docs" >&2; exit 1; }

validate: $(READY) $(SAM) ## Check template.yaml with cfn-lint and SAM
	@$(BIN)/cfn-lint template.yaml && echo "cfn-lint: no findings"
	@AWS_DEFAULT_REGION=eu-central-1 SAM_CLI_TELEMETRY=0 $(SAM) validate --lint --template template.yaml

format: $(READY) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

docs: $(READY) ## Write what is generated: the report's JSON Schema, and the README's e-mail (from make run)
	@$(BIN)/quantscout schema > docs/report.schema.json
	@if [ -f out/email.txt ]; then $(BIN)/python tools/readme_examples.py out; fi

lock: $(READY) ## Pin all requirements anew, with hashes
	@./tools/lock $(BIN)/python

bench-sweep: $(READY) ## Time one full-scale hour under the venues' limits and latency, against its lower bound
	@PYTHONPATH=. $(BIN)/python -P -m bench.sweep

bench-ccxt: $(READY) $(CCXT) ## Fetch the same bars with ccxt and with ours, from the same simulator: at least 10 times faster
	@PYTHONPATH=. $(BIN)/python -P -m bench.ccxt_klines .venv-bench/bin/python

soak: $(READY) ## Play 500 hours under faults in virtual time, every row checked (minutes; HOURS=20 for fewer, SEED=)
	@HOURS=$(HOURS) SEED=$(SEED) PYTHONPATH=. $(BIN)/python -P -m soak

clean: ## Remove .venv, caches and outputs
	@rm -rf $(VENV) .venv-sam .venv-bench out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .aws-sam
