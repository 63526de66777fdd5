# `make demo` and `make test` set up all they need in .venv, in a fresh clone and again.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench docs venv clean

demo: venv
	$(BIN)/semcomm run error-free --fresh

test: venv
	$(BIN)/pytest

check: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: venv
	$(BIN)/python benchmarks/entropy_coding.py
	$(BIN)/python benchmarks/training.py

docs: venv
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build

venv: .venv/installed

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf .venv docs/_build
