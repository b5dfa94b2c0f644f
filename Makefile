# Each target sets up .venv by itself and then does its job. pip, not uv: it takes the torch that the machine offers.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help train eval bench ablate tensorboard test check lint format gate perf readme clean
.DEFAULT_GOAL := help

help:  ## What the targets do
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13

# `args` are further options, for example: make bench args="--budget 60"
train: $(READY)  ## Train LeNet and AlexNet; names="resnet50 …" for others
	$(BIN)/benchbox train $(or $(names),lenet alexnet) $(args)

eval: $(READY)  ## Evaluate the best checkpoint of LeNet; names="…" for others
	$(BIN)/benchbox eval $(or $(names),lenet) $(args)

bench: $(READY)  ## Speed, size and accuracy of the six in one table
	$(BIN)/benchbox bench $(or $(names),--all) $(args)

ablate: $(READY)  ## LeNet and AlexNet with sigmoid and with ReLU
	$(BIN)/benchbox ablate $(or $(factor),activation) $(args)

# Loopback alone: TensorBoard asks nobody for a password.
tensorboard: $(READY)  ## Curves and traces of the newest report in a browser; dir="…" for another
	$(BIN)/tensorboard --host 127.0.0.1 --logdir $(or $(dir),reports/latest) $(args)

# A file of tests is run by one worker: what its tests share is made once.
test: $(READY)  ## The tests, on all cores
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(args)

check: lint test  ## Format, lint, types, import contract, tests

lint: $(READY)  ## Format, lint, types, import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## Bring the code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Nothing is timed, so that it holds on any machine and takes seconds: fit for a hook before a commit.
gate: $(READY)  ## Parameters, FLOPs and bytes of the zoo against reports/baseline.jsonl
	$(BIN)/benchbox baseline record --all --metrics exact --out reports/exact.jsonl --force --quiet > /dev/null
	$(BIN)/benchbox compare reports/baseline.jsonl reports/exact.jsonl --metrics exact $(args)

perf: $(READY)  ## Benchmarks of benchbox itself; args="overhead" for one, timm must be installed for its own
	PYTHONPATH=tests:tests/gate $(BIN)/python -m performance $(args)

readme: $(READY)  ## Fill the README's tables from reports/kept
	$(BIN)/python .ci/readme.py

clean:  ## Remove the environment and caches; pictures and reports stay
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(READY)
