.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test test-fast test-stack lint format docs lock chaos bench bench-generator bench-kafka realism clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The stamps name what is installed; a changed pin or package description installs again.
$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Stafford needs into $(VENV) (once; one to three minutes)"
	$(BIN)/python -m pip install --quiet --progress-bar off --no-deps --require-hashes --requirement requirements/run.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --progress-bar off --no-deps --require-hashes --requirement requirements/dev.txt
	touch $@

demo: $(VENV)/.run ## Run the whole platform once and prove it (ARGS="--events 20000 --seed 7")
	$(BIN)/stafford demo $(ARGS)

# Two files at a time: most tests wait for a broker, a JVM or dbt. ARGS="-n 0" runs one after the other.
test: $(VENV)/.dev lint ## Prove everything: lint, types, unit, integration, end to end
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-fast: $(VENV)/.dev ## Only what needs neither broker, Spark, dbt, PostgreSQL nor browser
	$(BIN)/python -m pytest -m "not kafka and not spark and not dbt and not postgres and not browser and not slow" $(ARGS)

test-stack: $(VENV)/.dev ## Run the Docker stack for real, and break it (starts an engine where it can)
	$(BIN)/python -m tests.stack.engine
	$(BIN)/python -m pytest tests/stack $(ARGS)

lint: $(VENV)/.dev ## Style, types, the law of imports, Dockerfiles and scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint docker/images/*/Dockerfile tests/stack/standin/*/Dockerfile
	$(BIN)/shellcheck .ci/run docker/*/*.sh superset/*.sh tests/stack/standin/*/*.sh

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## Derive schemas and reference pages from contracts and commands
	$(BIN)/stafford contracts derive
	$(BIN)/python -m tests.docs.cli_reference
	$(BIN)/python -m tests.docs.stack_reference
	$(BIN)/python -m tests.docs.topics_reference
	$(BIN)/python -m tests.docs.metrics_reference

lock: $(VENV)/.dev ## Compile the requirements anew from pyproject.toml
	$(BIN)/python requirements/compile.py

chaos: $(VENV)/.run ## Break the running platform in every way we know, and reconcile (ARGS="--faults power-cut")
	$(BIN)/python -m chaos $(ARGS)

bench: $(VENV)/.run ## Measure Kafka to bronze to silver, in about half an hour (ARGS="--quick")
	$(BIN)/python -m benchmarks.lakehouse $(ARGS)

bench-generator: $(VENV)/.run ## Measure the generator beside others, in about eight minutes (ARGS="--large" or "--quick")
	$(BIN)/python -m benchmarks.generator $(ARGS)

bench-kafka: $(VENV)/.run ## Measure Kafka's settings beside its own tools, in about ten minutes (ARGS="--quick")
	$(BIN)/stafford bench kafka $(ARGS)

realism: $(VENV)/.run ## Hold every kind of shop against its targets, with three seeds, in about twenty minutes
	$(BIN)/python -m benchmarks.realism $(ARGS)

clean: ## Remove everything that runs wrote, and the environment
	rm -rf data $(VENV)
