# Everything from a fresh machine with Python 3.11 or newer, pip and make.
#
#   make verify    derive every built-in pair, simulate it, and say whether they agree
#   make test      run the tests
#   make test-neural  the tests of real generators and real weights, with PyTorch in an environment of its own
#   make lint      ruff and mypy
#   make typed     pyright and mypy --strict on a user's script
#   make notebooks execute proofs_notebooks/ again and keep the outputs
#   make docs      build the documentation into build/docs/html; warnings are errors, and so are pages wider than a phone
#   make fuzz      a million hostile inputs (INPUTS=…, SEED=…)
#   make release-check  wheel and sdist built, and installed in an empty environment
#   make test-minimal   a part of the tests with the least versions of everything
#   make bench     measure speed, side by side with a plain NumPy loop
#   make bench-compare BASE=COMMIT  the same work by another commit and by this one, in turns

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name))))
VENV   := .venv
BIN    := $(VENV)/bin
NEURAL := .venv-neural
MINIMAL := .venv-minimal
RELEASE := build/release
JOBS   ?= 2
# What rests on PyTorch, gguf, safetensors, tokenizers or RDKit, in whole or in part.
OPTIONAL := numerics/neural tests/numerics/neural tests/numerics/editing tests/numerics/datasets
STUDY  ?=
OUTPUT ?=

# Tests start hundreds of processes: each would compile the library again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: verify test test-neural lint typed notebooks docs fuzz release-check test-minimal bench bench-compare clean

verify: $(VENV)/.installed
	$(BIN)/selfgen verify $(STUDY) $(if $(OUTPUT),--output $(OUTPUT))

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

test-neural: $(NEURAL)/.installed
	$(NEURAL)/bin/python -m pytest $(OPTIONAL) -n $(JOBS) --dist loadgroup

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/mypy

# pyright comes by npm, which not every machine reaches.
typed: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pyright
	$(BIN)/pyright
	$(BIN)/mypy --strict --follow-imports=silent tests/typed/user_script.py

notebooks: $(VENV)/.installed-test
	$(BIN)/python proofs_notebooks/build.py

docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx -W --keep-going docs build/docs/html
	$(BIN)/python tests/helpers/narrow.py build/docs/html

fuzz: $(VENV)/.installed-test
	INPUTS=$(or $(INPUTS),1000000) SEED=$(or $(SEED),1) $(BIN)/python -m pytest tests/selfgen/test_fuzz.py -n $(JOBS)

# The wheel is made from the sdist, so that both are tried; --version, list and derive run from outside the checkout.
release-check: $(VENV)/.installed-test
	rm -rf $(RELEASE)
	$(BIN)/python -m build --outdir $(RELEASE) .
	$(PYTHON) -m venv $(RELEASE)/venv
	$(RELEASE)/venv/bin/python -m pip install --quiet --disable-pip-version-check $(RELEASE)/*.whl
	cd $(RELEASE) && venv/bin/selfgen --version && venv/bin/selfgen list > list.txt && venv/bin/selfgen derive regular accumulate

test-minimal: $(MINIMAL)/.installed
	$(MINIMAL)/bin/python -m pytest tests/theory/test_risk.py tests/theory/test_code.py tests/numerics/test_evaluate.py \
	    tests/theory/test_names.py tests/selfgen/test_study.py tests/selfgen/commands/test_derive.py -n $(JOBS)

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks

bench-compare: $(VENV)/.installed
	@test -n "$(BASE)" || { echo "give the commit to compare with: make bench-compare BASE=COMMIT" >&2; exit 1; }
	$(BIN)/python -m benchmarks.compare $(BASE)

clean:
	rm -rf $(VENV) $(NEURAL) $(MINIMAL) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "selfgen needs Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("selfgen needs Python 3.11 or newer, not " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

# Stamps: installed again only when pyproject.toml changes. The install is editable, so sources need no reinstall.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,dev]'
	@touch $@ $(VENV)/.installed

# PyTorch apart from the rest: everything else must pass where it is not installed.
$(NEURAL)/.installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "selfgen needs Python 3.11 or newer" >&2; exit 1; }
	$(PYTHON) -m venv $(NEURAL)
	$(NEURAL)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 tokenizers rdkit safetensors
	$(NEURAL)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,neural,editing]'
	@touch $@

$(MINIMAL)/.installed: pyproject.toml
	$(PYTHON) -m venv $(MINIMAL)
	$(PYTHON) -c "import tomllib; print(*(each.replace('>=', '==') for each in tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']), sep='\n')" > $(MINIMAL)/least.txt
	$(MINIMAL)/bin/python -m pip install --quiet --disable-pip-version-check --editable . -r $(MINIMAL)/least.txt
	$(MINIMAL)/bin/python -m pip install --quiet --disable-pip-version-check hypothesis pytest pytest-xdist
	@touch $@

$(VENV)/.installed-docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@
