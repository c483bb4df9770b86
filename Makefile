# Every habit of this project. Needs Python 3.11 to 3.13 and make, nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
NIGHT  := .venv-distributed
STEP   := @tools/step
PORT   ?= 8321
ROWS   ?= 200000

# uv does not read pip's settings: a mirror that is set for pip serves uv too.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
export UV_LINK_MODE ?= copy

.PHONY: help setup demo test crash lint format sandbox airflow bench distributed services build lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.ready ## make the environment, from the committed lock

$(VENV)/.ready: requirements/bootstrap.lock requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Python 3.11 to 3.13 is needed; name one: make PYTHON=python3.12"; exit 1; }
	$(STEP) "make the environment $(VENV)" $(PYTHON) -m venv $(VENV)
	$(STEP) "install the installer" $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
	$(STEP) "install what is locked" env VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements/bootstrap.lock requirements/dev.lock
	$(STEP) "install the provider itself" env VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## a month of consumption into a warehouse, a payment and transfers, all against the sandbox
	$(STEP) "demo" $(BIN)/python -m demo

test: setup ## all tests
	$(STEP) "tests" $(BIN)/pytest -n 2 --dist loadgroup

crash: setup ## kill workers at a hundred random instants, on both databases
	$(STEP) "crashes" env IRANPAY_CRASHES=100 $(BIN)/pytest -q -n 2 --dist loadgroup tests/crash

lint: setup ## style, types, layers
	$(STEP) "ruff" $(BIN)/ruff check .
	$(STEP) "ruff format" $(BIN)/ruff format --check .
	$(STEP) "mypy, strict" $(BIN)/mypy
	$(STEP) "layers" $(BIN)/lint-imports
	$(STEP) "docs that are generated" $(BIN)/python -m tools.coverage --check

format: setup ## write the code as the linters want it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sandbox: setup ## serve the sandbox on localhost (PORT=8321)
	$(BIN)/python -m airflow_provider_iranpay.sandbox serve --port $(PORT)

airflow: setup ## a standalone Airflow with sandbox, connections and DAGs in place
	@PORT=$(PORT) tools/airflow

bench: setup ## measure, side by side with peers; writes benchmarks/results.json
	$(STEP) "benchmarks" $(BIN)/python -m benchmarks

distributed: $(NIGHT)/.ready ## Celery workers share a bulk run and one is killed; prints the proof (ROWS=200000)
	$(STEP) "distributed night" $(NIGHT)/bin/python -m benchmarks.distributed --rows $(ROWS)

services: $(NIGHT)/.ready ## the tests that need servers: a small distributed night
	$(STEP) "service tests" $(NIGHT)/bin/pytest -m service

$(NIGHT)/.ready: $(VENV)/.ready requirements/distributed.lock
	$(STEP) "make the environment $(NIGHT)" $(PYTHON) -m venv $(NIGHT)
	$(STEP) "install what is locked" env VIRTUAL_ENV=$(NIGHT) $(BIN)/uv pip sync --quiet --require-hashes requirements/distributed.lock
	$(STEP) "install the provider itself" env VIRTUAL_ENV=$(NIGHT) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

build: setup ## the wheel, and an import of it in a clean environment
	$(STEP) "build the wheel" $(BIN)/python -m hatchling build -t wheel -t sdist
	$(STEP) "import it elsewhere" tools/try-wheel

lock: setup ## lock again, after pyproject.toml changed
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--group dev --all-extras pyproject.toml --output-file requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--group distributed --all-extras --constraints requirements/dev.lock pyproject.toml --output-file requirements/distributed.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header \
		--all-extras pyproject.toml --output-file requirements/constraints.txt

clean: ## forget everything that was made
	rm -rf $(VENV) $(NIGHT) .demo .airflow dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
