# Each target sets up all it needs in .venv, in a fresh clone and again: `make demo` and `make
# reference` what semcomm runs with, the others also what tests and documentation take.

PYTHON ?= python3
BIN := .venv/bin

# Two processes; the tests of a file stay together, as they share fixtures.
PYTEST := $(BIN)/pytest -n 2 --dist=loadfile --no-loadscope-reorder

.PHONY: demo reference test test-fast check format bench docs venv clean

demo: .venv/semcomm
	$(BIN)/semcomm run error-free --fresh

reference: .venv/semcomm
	$(BIN)/semcomm run reference-small --fresh
	$(BIN)/semcomm report results/reference-small

test: venv
	$(PYTEST) --durations=15

test-fast: venv
	$(PYTEST) -m "not slow and not browser and not docs and not cluster and not kills"

check: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Those that send CIFAR-10 need its folder in SEMCOMM_DATA.
ONE_THREAD := OMP_NUM_THREADS=1 $(BIN)/python
WITH_DATA := memory scaling steps throughput workers

bench: venv
	$(BIN)/python benchmarks/entropy_coding.py
	$(BIN)/python benchmarks/training.py
	$(ONE_THREAD) benchmarks/damaged_frames.py
	mkdir -p results
	$(ONE_THREAD) benchmarks/ldpc.py --table results/ldpc.csv
ifdef SEMCOMM_DATA
	for name in $(WITH_DATA); do \
	    $(ONE_THREAD) benchmarks/$$name.py --data-root "$(SEMCOMM_DATA)" || exit; done
	$(ONE_THREAD) benchmarks/budget.py ecvq-n128-nu16 "$(SEMCOMM_DATA)" 480 512 600
	$(BIN)/python benchmarks/context_round_trips.py ecvq-n128-nu16 "$(SEMCOMM_DATA)"
else
	@echo "skipped: $(WITH_DATA) budget context_round_trips; they need CIFAR-10 in SEMCOMM_DATA"
endif

docs: venv
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build

venv: .venv/installed

.venv/semcomm: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/installed: .venv/semcomm
	$(BIN)/pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf .venv docs/_build
