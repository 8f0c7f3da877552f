# Two commands for a newcomer: `make demo` and `make test`. Both create .venv when it is not there.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# A process per core, four at most: each holds torch, JAX and PyMC. The default tests of one file share what they set up;
# slow ones share little, and the last file to finish would keep the others waiting.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4

.PHONY: demo test slow lint types docs site clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   train four small sizes, predict a larger one, verify it (minutes)"
	@echo "make test   the default tests"
	@echo "make slow   the slow tests"
	@echo "make lint   ruff, and a linter of the prose"
	@echo "make types  type hints"
	@echo "make docs   the documentation site, in build/docs"
	@echo "make site   the same, its notebooks executed (minutes)"

# Bytecode is compiled once, here: where Python may not write it, every process would compile 1,200 modules again.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 12) else "bayeskisl needs Python 3.12 or newer, found %d.%d; install one, or name it: make PYTHON=python3.13" % v[:2])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv || true
	@if [ -x $(BIN)/uv ]; then \
	  $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable '.[all]'; \
	else \
	  $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all]'; \
	fi
	@touch $@

demo: $(READY)
	$(BIN)/bayeskisl demo

test: $(READY)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --dist loadfile

slow: $(READY)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --dist worksteal -m 'slow and not alone'
	$(BIN)/python -m pytest -m 'slow and alone' $$(grep -rl --include='*.py' 'mark\.alone' tests)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/proselint --config .proselintrc.json check README.md CONTRIBUTING.md SECURITY.md docs

types: $(READY)
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html docs build/docs

site: $(READY)
	NOTEBOOKS=cache $(BIN)/sphinx-build --fail-on-warning --keep-going -b html docs build/docs

clean:
	rm -rf .venv build
