# For people who like make; each line works on its own too.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install app build test lint quality speed

install: $(BIN)/ruff

$(BIN)/ruff: requirements.txt requirements-light.txt requirements-formats.txt requirements-test.txt requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -r requirements.txt -r requirements-dev.txt
	@touch $@

app: install
	$(BIN)/python app.py

build: install
	$(BIN)/python -m rag.build

test: install
	$(BIN)/python -m pytest

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

quality: install
	$(BIN)/python -m rag.evaluate --golden benchmarks/golden/corpus.jsonl

speed: install
	$(BIN)/python -m benchmarks.speed
