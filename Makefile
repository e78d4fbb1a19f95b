# make run      install what is needed, start everything with a demo, open http://127.0.0.1:8501
# make test     install what is needed, run all tests
# make check    style, types, import floors, tests
# make simulate SEEDS=2000 [SEED=1] [SIMULATE="--twice --switches"]   two-way histories in bad weather, judged
# make crashes  kill two-way runs at every point, commit and call, on both kinds of table (7 min on two quiet cores)
# make laws     the laws of the merge over ROWS=200000 rows
# make bench    ours against the limit and a peer; SIZES=10k,100k,1M ROUNDS=3 BENCH="--dlt-up-to 100k"
# make screenshots  the pictures of docs/screens.md, taken from the demo
# make bench-screens  how the screens bear much data and many readers
# PYTHON=python3.12 make ... chooses the Python; .venv is made once and again when requirements change.

PYTHON ?= python3
BIN := .venv/bin
SIZES ?= 10k,100k,1M
ROUNDS ?= 3
SEEDS ?= 2000
SEED ?= 1
ROWS ?= 200000

.PHONY: help venv run test check lint simulate crashes laws bench bench-screens screenshots clean

help:
	@sed -n 's/^# //p' Makefile

venv:
	@command -v "$(PYTHON)" >/dev/null || { echo "There is no $(PYTHON) here. Install Python 3.11 or newer, then run make again."; exit 1; }
	@"$(PYTHON)" .ci/venv.py requirements-dev.txt

run: venv
	@$(BIN)/python -m glsync up --browser

test: venv
	@$(BIN)/python .ci/chromium.py || true
	$(BIN)/python -m pytest -n auto --reruns 1 -r aR

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

simulate: venv
	$(BIN)/python -m tests.twoway.simulate --seeds $(SEEDS) --seed $(SEED) $(SIMULATE)

crashes: venv
	GLSYNC_TEST_CRASHES=all $(BIN)/python -m pytest -n auto tests/twoway/test_crashes.py

laws: venv
	GLSYNC_MERGE_ROWS=$(ROWS) GLSYNC_MERGE_SEED=$(SEED) $(BIN)/python -m pytest -q tests/engine/test_merge_laws.py

bench: venv
	@$(BIN)/python .ci/venv.py requirements-bench.txt
	$(BIN)/python -m benchmarks.run --sizes $(SIZES) --rounds $(ROUNDS) $(BENCH)
	$(BIN)/python -m benchmarks.flights

bench-screens: venv
	$(BIN)/python -m benchmarks.screens

screenshots: venv
	$(BIN)/python -m tests.browser.screenshots

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis benchmarks/out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
