# QuantScout. `make` alone prints the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: build runtime audit cost cost-page scale crash dynalite state golden funnel bench-sweep bench-ccxt bench-score bench-replay evidence soak walk help setup run test unit e2e fuzz properties check format validate docs lock clean

# Python 3.13 (the Lambda runtime) from PATH, uv or pyenv; else 3.12 or 3.11. Override with make PYTHON=/path/to/python
PYTHON ?= $(shell ./tools/find-python)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# SAM's command line pins boto3 and others exactly: it has an environment of its own.
SAM := .venv-sam/bin/sam
# ccxt does, too.
CCXT := .venv-bench/.ready
# What Lambda brings by itself, compiled as there, and nothing of ours.
RUNTIME := .venv-runtime/.ready
BUILT := .aws-sam/x86_64.ready
# checkov brings an old boto3 and half a hundred packages of its own.
AUDIT := .venv-audit/.ready
DYNALITE := tools/dynalite/node_modules/.ready
# Two at a time on a small machine; pytest-xdist spreads the files.
WORKERS ?= 2
# A folder of recorded series (README); it is not part of the repository.
MARKET ?= ../shared/market
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

$(AUDIT): requirements-audit.txt
	@test -x .venv-audit/bin/python || $(PYTHON) -m venv .venv-audit
	@./tools/install .venv-audit/bin/python requirements-audit.txt
	@touch $@

$(RUNTIME): requirements-runtime.txt
	@test -x .venv-runtime/bin/python || $(PYTHON) -m venv .venv-runtime
	@./tools/install .venv-runtime/bin/python requirements-runtime.txt
	@.venv-runtime/bin/python -m compileall -q .venv-runtime/lib
	@touch $@

run: $(READY) ## Run one hour on the embedded market (ARGS="--at ... --market ..." for another)
	@$(BIN)/quantscout run $(ARGS)

test: $(READY) ## Run all tests, offline
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

unit: $(READY) ## Run the tests of the core and of the parsers, without those on the recorded market (about a minute on two cores)
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not e2e" -k "not second_implementation and not real_properties" \
	  tests/core tests/venues $(ARGS)

e2e: $(READY) ## Run the tests of the whole way (simulator, moto server, real handlers), then make runtime
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile -m e2e $(ARGS)
	@$(MAKE) --no-print-directory runtime

build: $(READY) $(SAM) ## Build functions and layers into .aws-sam, check sizes and contents (ARCH=arm64 for one; TWICE=1 compares two builds)
	@ARCH=$(ARCH) TWICE=$(TWICE) PYTHONPATH=. $(BIN)/python -P -m artefact
	@test "$(ARCH)" = arm64 || touch $(BUILT)

runtime: $(READY) $(SAM) $(RUNTIME) $(BUILT) ## Run an hour through the built artefact in Lambda's runtime emulator: cold start, billed time, peak memory
	@PYTHONPATH=. $(BIN)/python -P -m runtime

$(BUILT): template.yaml $(shell find functions shared layers -type f -not -name '*.pyc') | $(READY) $(SAM)
	@ARCH=x86_64 PYTHONPATH=. $(BIN)/python -P -m artefact
	@touch $@

fuzz: $(READY) ## Read 10,000 generated answers per parser, and bodies of 5 MB (minutes; CASES=2000 for fewer)
	@FUZZ_CASES=$(or $(CASES),10000) $(BIN)/pytest -n $(WORKERS) --dist worksteal --hypothesis-profile=default \
	  -m fuzz tests/fuzz $(ARGS)

properties: $(READY) ## Hold 100 real hours against a look ahead and 50 against the second implementation (minutes; HOURS=20 for fewer)
	@LOOK_AHEAD_HOURS=$(or $(HOURS),100) AGREEMENT_HOURS=$(or $(HOURS),50) $(BIN)/pytest -n $(WORKERS) --dist worksteal -m long tests/core $(ARGS)

check: $(READY) ## Lint, formatting, types, dependency direction, template, generated documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@for app in functions/*/app.py; do $(BIN)/mypy "$$app"; done
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory validate
	@$(BIN)/quantscout schema | diff -u docs/report.schema.json - || { echo "docs/report.schema.json is stale: run make docs" >&2; exit 1; }
	@$(BIN)/quantscout scoring | diff -u docs/scoring.md - || { echo "docs/scoring.md is stale: run make docs" >&2; exit 1; }

validate: $(READY) $(SAM) ## Check template.yaml with cfn-lint and SAM
	@$(BIN)/cfn-lint template.yaml && echo "cfn-lint: no findings"
	@AWS_DEFAULT_REGION=eu-central-1 SAM_CLI_TELEMETRY=0 $(SAM) validate --lint --template template.yaml

audit: $(READY) $(AUDIT) ## Check the template by three sets of rules, licences, and packages for known vulnerabilities (asks PyPI)
	@./tools/audit

format: $(READY) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

docs: $(READY) ## Write what is generated: JSON Schema, scoring.md, and the README's e-mail (from make run)
	@$(BIN)/quantscout schema > docs/report.schema.json
	@$(BIN)/quantscout scoring > docs/scoring.md
	@$(BIN)/python tools/licences.py
	@PYTHONPATH=. $(BIN)/python -P -m costing --page
	@if [ -f out/email.txt ]; then $(BIN)/python tools/readme_examples.py out; fi

dynalite: $(DYNALITE) ## Install dynalite, a second DynamoDB for the tests of the state (needs Node; without it they run on moto alone)

$(DYNALITE): tools/dynalite/package-lock.json
	@cd tools/dynalite && npm ci --ignore-scripts
	@touch $@

state: $(READY) ## Play 720 real hours on the state alone: units, sizes, load times; it must equal the archive (HOURS=60 for fewer)
	@MARKET="$(MARKET)" HOURS=$(HOURS) PYTHONPATH=. $(BIN)/python -P -m month

lock: $(READY) ## Pin all requirements anew, with hashes
	@./tools/lock $(BIN)/python

bench-sweep: $(READY) ## Time one full-scale hour under the venues' limits and latency, against its lower bound
	@PYTHONPATH=. $(BIN)/python -P -m bench.sweep

bench-ccxt: $(READY) $(CCXT) ## Fetch the same bars with ccxt and with ours, from the same simulator: at least 10 times faster
	@PYTHONPATH=. $(BIN)/python -P -m bench.ccxt_klines .venv-bench/bin/python

bench-score: $(READY) $(CCXT) ## Decide an hour of 1,300 contracts with ours and with pandas, on one core: at least 10 times faster
	@PYTHONPATH=. $(BIN)/python -P -m bench.score .venv-bench/bin/python

bench-replay: $(READY) $(CCXT) ## Replay the whole archive: time, memory, growth with months, and pandas beside it
	@PYTHONPATH=. $(BIN)/python -P -m bench.replay .venv-bench/bin/python

cost: $(READY) ## Measure an hour and what AWS would bill for it, write docs/cost.md (minutes)
	@PYTHONPATH=. $(BIN)/python -P -m costing

cost-page: $(READY) ## Write docs/cost.md and docs/scale.md anew from the stored figures, after a price or the template has changed
	@PYTHONPATH=. $(BIN)/python -P -m costing --page

scale: $(READY) ## Measure the hour at 1,300, 5,000 and 10,000 contracts, write docs/scale.md (half an hour; CONTRACTS=5000 for one)
	@CONTRACTS=$(CONTRACTS) PYTHONPATH=. $(BIN)/python -P -m costing --scale

evidence: $(READY) ## Replay the whole archive, write out/evidence.html and docs/evidence.md (minutes; MARKET=DIR for another)
	@$(BIN)/quantscout replay --market $(MARKET)
	@$(BIN)/quantscout evidence --market $(MARKET)
	@$(BIN)/python -m quantscout_local.evidence.evidence_doc out/replay docs/evidence.md $(MARKET)

soak: $(READY) ## Play 500 hours under faults in virtual time, every row checked (minutes; HOURS=20 for fewer, SEED=)
	@HOURS=$(HOURS) SEED=$(SEED) PYTHONPATH=. $(BIN)/python -P -m soak

golden: $(READY) ## Compare ten hours of the real archive with their stored results; UPDATE=1 stores them anew (MARKET=DIR for another)
	@MARKET="$(MARKET)" UPDATE=$(UPDATE) PYTHONPATH=. $(BIN)/python -P -m golden

funnel: $(READY) ## Write docs/funnel.md: what became of the contracts in 100 hours of the real archive (a minute; MARKET=DIR for another)
	@MARKET="$(MARKET)" PYTHONPATH=. $(BIN)/python -P -m golden.funnel

crash: $(READY) ## Kill the run at every stage and at 50 random moments, deliver it again, compare (minutes; CASES=6 for fewer, SEED=)
	@CASES=$(CASES) SEED=$(SEED) PYTHONPATH=. $(BIN)/python -P -m crash

walk: ## Walk the newcomer's way in a clean clone: every command of README and docs/deploy.md that needs no AWS (minutes; HERE=1: files as they are)
	@$(PYTHON) tools/walk.py $(if $(HERE),--here)

clean: ## Remove .venv, caches and outputs
	@rm -rf $(VENV) .venv-sam .venv-bench .venv-audit .venv-runtime out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .aws-sam
