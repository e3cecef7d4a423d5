# Two commands do everything: `make chat` and `make test`. Both set up what is missing, once, in .venv.

PYTHON ?= python3
PORT ?= 7860
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup chat test check format eval bench bench-peers bench-size bench-soak screenshots clean

help:
	@echo "make chat         serve the web chat over the bundled article, at http://127.0.0.1:$(PORT)"
	@echo "make test         run all checks and tests, the browser's too"
	@echo "make check        lint and type-check only"
	@echo "make eval         measure the answers; writes eval-report/report.html"
	@echo "make bench        measure the speed; writes benchmarks/results (bench-peers, bench-size and bench-soak take long)"
	@echo "make screenshots  make the README's pictures anew"
	@echo "make setup        only set up .venv"
	@echo "make clean        remove what was set up and built"

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# The page's tests drive a Chromium. The system's is taken; else it is installed, where that can be done unasked.
$(VENV)/.browser: $(VENV)/.ready
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else \
		echo "The tests of the page need Chromium. Install it, for instance: sudo apt-get install chromium" >&2; exit 1; \
	fi
	@touch $@

chat: $(VENV)/.ready
	$(BIN)/qa chat --port $(PORT)

test: $(VENV)/.ready $(VENV)/.browser check
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

eval: $(VENV)/.ready
	$(BIN)/qa eval --split dev,test --out eval-report --gate tests/baselines/bundled.json
	$(BIN)/qa eval --split fresh --out eval-report/fresh

# Figures are ratios to what is measured beside them; still, close other programs.
bench: $(VENV)/.ready
	$(BIN)/python -m benchmarks.question
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.precision --limit 20
	$(BIN)/python -m benchmarks.folder
	$(BIN)/python -m benchmarks.feedback
	$(BIN)/python -m benchmarks.size --sizes 1000 10000
	$(BIN)/python -m benchmarks.load

bench-peers: $(VENV)/.ready
	$(BIN)/python -m benchmarks.against

bench-size: $(VENV)/.ready
	$(BIN)/python -m benchmarks.size

bench-soak: $(VENV)/.ready
	$(BIN)/python -m benchmarks.soak

screenshots: $(VENV)/.ready $(VENV)/.browser
	$(BIN)/python tests/screenshots.py

clean:
	rm -rf $(VENV) eval-report dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
