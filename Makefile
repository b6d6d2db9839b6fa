# make report, make test: each makes .venv and installs what it needs if that is missing.
.DEFAULT_GOAL := help
.PHONY: help report full-report explore test check bench stub fuzz soak mutants docs browse dist sbom
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

report: $(INSTALLED)  ## the main job on the embedded data, into report/
	@$(BIN)/tamoxres report -o report

full-report: $(INSTALLED)  ## fetch METABRIC's cascade genes, then the report
	@$(BIN)/tamoxres fetch metabric
	@$(BIN)/tamoxres report -o report

explore: $(INSTALLED)  ## the explorer in a browser, on this machine alone
	@$(BIN)/tamoxres explore

test: $(INSTALLED)  ## all tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal -q

check: $(INSTALLED)  ## format, lint, spelling, types, floors
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/codespell
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_floors.py

bench: $(INSTALLED)  ## side-by-side timings against the peers
	@if [ -f benchmarks/run.py ]; then $(BIN)/python benchmarks/run.py; else echo "There are no benchmarks yet."; fi

docs: $(INSTALLED)  ## the site, into docs/_build/html; warnings are errors
	@$(BIN)/python -c 'import sphinx, pydata_sphinx_theme, numpydoc, myst_nb, sphinx_design' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --editable '.[docs]'
	@$(BIN)/python docs/assemble.py docs/_build/source
	@$(BIN)/python -m sphinx -q -W --keep-going -b html -c docs -d docs/_build/doctrees docs/_build/source docs/_build/html
	@echo "docs/_build/html/index.html"

browse: docs  ## open the built site in headless Chromium: console, network, access, width, search
	@$(BIN)/python docs/browse.py

dist: $(INSTALLED)  ## wheel and source archive, into dist/, checked as PyPI would
	@rm -rf dist
	@$(BIN)/python -m build --outdir dist >/dev/null
	@$(BIN)/python -m twine check --strict dist/*

sbom: $(INSTALLED)  ## what the package rests on, as CycloneDX JSON, into sbom.json
	@$(BIN)/python benchmarks/sbom.py sbom.json

fuzz: $(INSTALLED)  ## hostile inputs for every reader: make fuzz INPUTS=20000 SEED=7
	@$(BIN)/python tests/fuzz/run.py --inputs $(or $(INPUTS),10000) --seed $(or $(SEED),1)

soak: $(INSTALLED)  ## 200,000 hostile inputs, 300 kills, 40 hostile servers, into benchmarks/SOAK.md (hours)
	@$(BIN)/python tests/fuzz/soak.py --inputs $(or $(INPUTS),200000) --kills $(or $(KILLS),300) \
		--servers $(or $(SERVERS),40) --seed $(or $(SEED),1)

mutants: $(INSTALLED)  ## which small faults the tests do not see: make mutants ROOMS="meta" MUTANTS=100 SEED=2
	@$(BIN)/python benchmarks/mutants.py --mutants $(or $(MUTANTS),40) --seed $(or $(SEED),1) $(ROOMS)

stub: $(INSTALLED)  ## write tamoxres/__init__.pyi anew from the lazy names
	@$(BIN)/python tests/make_stub.py

$(INSTALLED): pyproject.toml
	@PYTHON='$(PYTHON)' .ci/venv $(VENV)
	@touch $@
