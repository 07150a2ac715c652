# Every target sets itself up: an environment in .venv, and what the target needs in the cache.
PYTHON ?= python3
BIN := .venv/bin
export HF_HUB_DISABLE_TELEMETRY := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: demo test lint bench clean

demo: .venv/installed
	$(BIN)/safeladder run examples/demo.yaml --store store

# One thread per worker: two that spin for the same cores take five times as long.
test: export OMP_NUM_THREADS := 1
test: .venv/installed
	$(BIN)/python -m pytest -n 2 --dist loadgroup --durations 15

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed
	for script in $(filter-out $(if $(SAFELADDER_DATA),,benchmarks/cleaning.py benchmarks/robustness.py),$(wildcard benchmarks/*.py)); do $(BIN)/python $$script --quick || exit 1; done

# torch first and by its exact version: a range would let the resolver pick another build.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 13), "Python 3.11 to 3.13 is needed, set PYTHON=..."'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep ^torch== constraints.txt)" -c constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train,annotate,postgres,s3,ocr,dev]' -c constraints.txt
	touch $@

clean:
	rm -rf .venv store out build *.egg-info
