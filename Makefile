.DEFAULT_GOAL := help
.PHONY: help install run test check bench drills lock clean

help:  ## what this Makefile can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

# Any Python from 3.11 on; PYTHON=… names another one.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

# uv takes a quarter of pip's time. It is told of pip's index; where it gets no further, pip installs.
PIP = .venv/bin/python -m pip --quiet --disable-pip-version-check
UV = env $${index:+UV_DEFAULT_INDEX="$$index"} .venv/bin/uv pip --quiet
INSTALL = @index=$${PIP_INDEX_URL:-$$($(PIP) config get global.index-url 2>/dev/null)}; \
	$(UV) install --python .venv/bin/python --compile-bytecode $(1) || $(PIP) install $(1)

.venv/installed: requirements.lock requirements-uv.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; PYTHON=/path/to/python3 names one" >&2; exit 1; }
	@test -x .venv/bin/pip || "$(PYTHON)" -m venv --clear .venv \
		|| { echo "the module venv is needed too (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Installing what requirements.lock names into .venv"
	@$(PIP) install --only-binary :all: --require-hashes -r requirements-uv.lock || true
	$(call INSTALL,--require-hashes -r requirements.lock)
	$(call INSTALL,--no-deps --editable .)
	@touch .venv/installed

install: .venv/installed  ## create .venv and install what requirements.lock names

run: install  ## serve http://127.0.0.1:8000 (data in .duban, or in DUBAN_DATA_DIR)
	.venv/bin/duban serve

test: install  ## every test
	.venv/bin/pytest -n 2

# migrate.py runs each file in one transaction; small numbers are small on purpose.
# It sets no timeouts of its own: an operator migrates while the service is stopped or waits for it.
SQUAWK = --assume-in-transaction --pg-version 15.0 \
	--exclude prefer-bigint-over-int,prefer-bigint-over-smallint,require-lock-timeout,require-statement-timeout

# `make check test` runs the fast tests once, with all the others.
check: install  ## format, lint, types, architecture, migrations, fast tests
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/squawk $(SQUAWK) adapters/postgres/migrations/*.sql
	$(if $(filter test,$(MAKECMDGOALS)),,.venv/bin/pytest -n 2 -m "not database and not slow and not faults and not browser")

bench: install  ## the figures, each beside the raw limit of the same run
	.venv/bin/python -m benchmarks

drills: install  ## everything that fails on purpose, in earnest: about an hour
	DUBAN_KILLS=100 DUBAN_CUTS=200 DUBAN_REQUESTS=100000 DUBAN_SEEDS=10000 .venv/bin/pytest tests/faults

LOCK = build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-annotate --custom-compile-command 'make lock'

lock:  ## pin the newest allowed releases: all in requirements.lock, those the service needs in requirements-run.lock, uv in its own
	rm -rf build/lock
	"$(PYTHON)" -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<1'
	$(LOCK) --upgrade pyproject.toml --extra dev --output-file requirements.lock
	$(LOCK) pyproject.toml --constraint requirements.lock --output-file requirements-run.lock
	echo 'uv>=0.13,<1' | $(LOCK) --upgrade - --output-file requirements-uv.lock
	rm -rf build/lock

clean:  ## remove what can be made again; never the data in .duban
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
