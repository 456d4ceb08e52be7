# `make run` shows it, `make test` tries it. Needs Python 3.11 or newer and a package index; PYTHON=... chooses which.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
LOCK := $(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-emit-find-links \
	--no-emit-index-url --no-emit-trusted-host

.DEFAULT_GOAL := help
.PHONY: help run test check soak bench bench-review docs screenshots lock clean

help:
	@echo "make run     a playground: a gateway, three mailboxes, a few messages on hold"
	@echo "make test    all tests but the long ones"
	@echo "make check   format, lint, types, imports"
	@echo "make soak    the long races and faults (hours)"
	@echo "make bench   speed and memory, beside a real Postfix"
	@echo "make bench-review   how well the review finds mistakes, on mail in DATA=folder"
	@echo "make docs    the pages that are made from the code"
	@echo "make screenshots  the pages as pictures, in both languages and both themes"
	@echo "make lock    choose the versions in requirements/ anew"
	@echo "make clean   remove what the others made"

run: $(VENV)/run.stamp
	$(BIN)/takeback demo

test: $(VENV)/dev.stamp
	sh scripts/install-services
	$(PYTEST) -m "not soak" -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: $(VENV)/dev.stamp
	sh scripts/install-services
	$(PYTEST) -m soak --timeout 7200

bench: $(VENV)/dev.stamp
	sh scripts/install-services
	$(BIN)/python -m bench

bench-review: $(VENV)/dev.stamp
	$(BIN)/python -m bench.review $(if $(DATA),--data $(DATA))

screenshots: $(VENV)/dev.stamp
	sh scripts/install-services
	$(BIN)/python -m scripts.screenshots

docs: $(VENV)/dev.stamp
	$(BIN)/python -m scripts.write_docs

lock: $(VENV)/dev.stamp
	$(BIN)/pip install --quiet pip-tools
	$(LOCK) --output-file requirements/run.txt pyproject.toml
	$(LOCK) --constraint requirements/run.txt --extra dev --output-file requirements/dev.txt pyproject.toml

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# One environment; its stamps say which list of packages went into it. Each file of that list carries its hash.
$(VENV)/%.stamp: requirements/%.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Takeback needs Python 3.11 or newer. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
