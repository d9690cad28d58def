# Every target is one command; `make help` lists them, under the headings that begin with ##@. Needs Python 3.11 or newer, git and make.

PYTHON ?= python3
UV_VERSION := 0.13.9
# A uv on the PATH is used; otherwise one is put into .uv, from the Python package index.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
STOCKS := .venv/bin/stocks
ARGS ?=
# Private names of dependencies, their licences, and that all can be imported.
GUARDS := tests/unit/engine/test_private.py tests/unit/engine/test_private_fetched.py tests/unit/sources/alpaca \
	tests/unit/deploy/release/test_licences.py tests/unit/test_imports.py

# What a user writes as `make replay FILE=bars.csv SPEED=100`.
REPLAY := $(if $(FILE),"$(FILE)") \
	$(if $(SOURCE),--source $(SOURCE)) $(if $(DATE),--date $(DATE)) $(if $(SYMBOLS),--symbols "$(SYMBOLS)") \
	$(if $(SPEED),--speed $(SPEED)) $(if $(PROFILE),--profile $(PROFILE)) $(if $(SEED),--seed $(SEED)) \
	$(if $(SESSIONS),--sessions $(SESSIONS)) $(if $(TO),--to $(TO)) $(if $(FEED),--feed $(FEED)) $(if $(RUN),--run-id "$(RUN)") \
	$(if $(MAP),--map '$(MAP)') $(ARGS)

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^##@ / {print "\n" substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo 'More options go into ARGS, for example: make demo ARGS=--exit'

.venv/.done: pyproject.toml uv.lock | $(UV)
	$(UV) sync --locked --quiet --extra stack
	@touch $@

.uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": set PYTHON=" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

##@ Try it

.PHONY: demo
demo: env ## Watch signals being made of a synthetic session: stack, worker, producer, all in one. Ctrl-C stops it.
	@$(STOCKS) demo $(ARGS)

.PHONY: signals
signals: env ## Print the signals topic: ARGS="--json --until-end".
	@exec $(STOCKS) tail signals --from-beginning $(ARGS)

##@ Run it

.PHONY: stack-up
stack-up: env ## Start a local Kafka and schema registry.
	@$(STOCKS) stack up $(ARGS)

.PHONY: stack-down
stack-down: env ## Stop them; their data stays.
	@$(STOCKS) stack down

.PHONY: stack-status
stack-status: env ## Say whether they run, and where.
	@$(STOCKS) stack status $(ARGS)

.PHONY: worker
worker: env ## Run a worker in the foreground; PROCESSES=4 runs four that share the partitions.
	@exec $(STOCKS) worker $(if $(PROCESSES),--processes $(PROCESSES)) $(ARGS)

.PHONY: replay
replay: env ## Send bars: FILE=bars.csv (ARGS=--check only looks), or SOURCE=, DATE=, SYMBOLS=, SPEED=max|bars a second|realtime.
	@exec $(STOCKS) replay $(REPLAY)

.PHONY: live
live: env ## Send Alpaca's bars as they come; keys in .env. SYMBOLS=AAPL,SPY, STREAM=1 for the websocket.
	@exec $(STOCKS) live $(ARGS)

##@ See what is wrong, and start over

.PHONY: doctor
doctor: env ## Check broker, registry, topics, schemas and versions.
	@$(STOCKS) doctor $(ARGS)

.PHONY: clean
clean: ## Stop the local stack; remove the environment, the stack's data and the worker's tables. YES=1: do not ask.
	@if [ -x $(STOCKS) ]; then $(STOCKS) stack down; YES="$(YES)" .venv/bin/python -m app.cli.clean; fi
	rm -rf .venv .uv .stack data

##@ Change it

.PHONY: env
env: .venv/.done ## Create the environment .venv from the lock.

.PHONY: lint
lint: env ## Check style and the direction of imports.
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/lint-imports

.PHONY: type
type: env ## Check types.
	.venv/bin/mypy

.PHONY: test
test: env ## Run all tests; those that need Kafka and a registry start their own.
	.venv/bin/pytest -n 4 --dist worksteal $(ARGS)

.PHONY: fuzz
fuzz: env ## Feed every decoder with broken bytes, 5 minutes each: ARGS="avro csv --minutes 1".
	@$(UV) sync --locked --quiet --extra stack --group fuzz
	@.venv/bin/python -m tests.harness.fuzzing $(ARGS)

##@ Measure it, and let faults happen

.PHONY: bench
bench: env ## Measure, beside other programs for the same job: ARGS=--quick, ARGS="--quick --with-jvm", ARGS=--help.
	@.venv/bin/python -m tests.bench $(ARGS)

.PHONY: chaos
chaos: env ## Let faults happen for long, and judge what is left: ARGS="--faults 300 --seed 7".
	@.venv/bin/python -m tests.harness.chaos $(ARGS)

.PHONY: soak
soak: env ## Send 15 sessions of 1,000 symbols at full speed with a fault every 10 s; memory must stay flat.
	@.venv/bin/python -m tests.harness.soak $(ARGS)

.PHONY: pressure
pressure: env ## Measure memory and waiting under more than one worker can take; some minutes.
	@.venv/bin/python -m tests.harness.pressure $(ARGS)

.PHONY: compose-test
compose-test: env ## Build and start docker-compose.yml, kill its parts in turn, scale, take it down and up; six minutes.
	@.venv/bin/python -m tests.compose $(ARGS)

.PHONY: screenshots
screenshots: env ## Make the pictures of the page in docs/images, in a Chromium that is installed.
	@.venv/bin/python -m tests.browser.screenshots

##@ Release it

.PHONY: upgrade
upgrade: $(UV) ## Take the newest versions of all dependencies into uv.lock, and run the tests that guard what we use of them.
	$(UV) lock --upgrade
	@$(MAKE) --no-print-directory env
	.venv/bin/pytest -q -n 2 $(GUARDS)

.PHONY: release
release: env ## Check, build, test what was built, and tag: VERSION=1.2.0, ARGS="--dry-run --without-image".
	@.venv/bin/python -m deploy.release "$(VERSION)" --uv "$(UV)" $(ARGS)
