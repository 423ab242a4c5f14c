# Everything a developer or CI runs. The virtual environment is made at the first need and again when
# pyproject.toml or constraints.txt changes.
#   make test T=tests/unit/law                     some of the tests: anything that pytest takes
#   make test T='-k lapse'
#   make test PYTHON=python3.13 VENV=.venv-3.13    the same with another interpreter

SHELL   := /bin/bash
VENV    ?= .venv
# The first interpreter that runs and is one of the tested versions.
PYTHON  ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$python && break; done)
PIP     := $(VENV)/bin/python -m pip --disable-pip-version-check
# pip says what it does, line by line, to who looks at a terminal; elsewhere only what goes wrong.
INSTALL := $(PIP) install $(shell [ -t 2 ] || echo --quiet) -c constraints.txt
# tests run in two processes: the size of the smallest machine that builds this
JOBS    ?= 2
# What to test; everything when it is empty.
T       ?=
PYTEST  := $(VENV)/bin/python -m pytest
BESIDE  := -n $(JOBS) --dist worksteal
NOT_ONCE := "not once and not soak and not bench and not interop"

# Where this is set, every process compiles everything again: a third of what starting one takes.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo run test coverage soak gestoria interop lint format vectors ci bench bench-check bench-scale bench-load fuzz worst lock clean
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | while IFS=$$'\t' read -r name text; do \
	printf '  make %-11s %s\n' "$$name" "$$text"; done

demo: $(VENV)/.runtime ## Start a sandbox, pull and accept 1,000 notifications, verify everything, stop
	$(VENV)/bin/notigateway demo

run: $(VENV)/.runtime ## Start a sandbox with 1,000 notifications on port 8080 and leave it running
	$(VENV)/bin/notigateway sandbox .sandbox --notifications 1000 --port 8080

test: $(VENV)/.test ## Run the tests; T=tests/unit/law or T='-k lapse' runs some of them
	$(PYTEST) $(BESIDE) $(T)

coverage: $(VENV)/.test ## Run the tests with branch coverage, which must reach 90 %, but for those marked `once`
	$(PYTEST) $(BESIDE) -m $(NOT_ONCE) --cov --cov-report=term $(T)

soak: $(VENV)/.test ## Run the tests that take minutes
	$(PYTEST) -n 2 --dist worksteal -m soak $(T)

gestoria: $(VENV)/.test ## Play the year of a bureau of 5,000 clients, with its archives, on the disk (8 GB): takes an hour
	PYTEST_DEBUG_TEMPROOT=/var/tmp GESTORIA=1 $(PYTEST) -m soak -s --timeout 0 tests/functional/test_gestoria.py

interop: $(VENV)/.test ## Call every operation with independent SOAP clients and print what they verified
	$(PYTEST) -m "not soak and not bench" tests/interop

vectors: $(VENV)/.test ## Write the vectors of the specification of verification anew
	cd tests && ../$(VENV)/bin/python -m vectors --write

format: $(VENV)/.dev ## Format the code, and correct what can be corrected
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

lint: $(VENV)/.dev ## Check style, types and import directions
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

ci: ## Run everything that continuous integration runs: over half an hour
	.ci/run

bench: $(VENV)/.test ## Measure CPU per signed request beside this machine's RSA-2048, and beside Apache CXF
	$(VENV)/bin/python -m bench

bench-check: $(VENV)/.test ## Compare the last `make bench` with the committed one; fail where a ratio is worse
	$(VENV)/bin/python -m bench.check

# How many notifications, each number a repository; on which database: sqlite, postgresql or both.
ROWS    ?= 10000 1000000
DB      ?= both
bench-scale: $(VENV)/.test ## Fill repositories of ROWS notifications and measure who acts for many
	$(VENV)/bin/python -m bench.scale --rows $(ROWS) --database $(DB)

bench-load: $(VENV)/.test ## Measure a running server under many connections
	$(VENV)/bin/python -m bench.load --database $(DB) $(if $(REQUESTS),--requests $(REQUESTS)) \
		$(if $(CONNECTIONS),--connections $(CONNECTIONS)) $(if $(WORKERS),--workers $(WORKERS))

worst: $(VENV)/.test ## List the slowest ten of the hostile requests at maximum size
	$(VENV)/bin/python -m bench.worst

FUZZ_SECONDS ?= 60
fuzz: ## Run the coverage-guided fuzzer for FUZZ_SECONDS (60) in an environment of its own
	@$(MAKE) --no-print-directory VENV=.venv-fuzz .venv-fuzz/.fuzz
	.venv-fuzz/bin/python -m fuzz --seconds $(FUZZ_SECONDS)

clean: ## Remove virtual environments, caches and the sandbox
	rm -rf .venv* .bench .fuzz .lock .sandbox .coverage* htmlcov .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@[ -n "$(PYTHON)" ] || { echo "No Python 3.11, 3.12 or 3.13 found; name one: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "This Python cannot make virtual environments. On Debian or Ubuntu run:" >&2; \
	echo "    sudo apt-get install -y python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Each stamp stands for one set of packages; they only ever add to the environment.
$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the locked packages into $(VENV): about a minute"
	$(INSTALL) -e .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the locked packages into $(VENV): about a minute"
	$(INSTALL) -e '.[test]'
	@touch $@ $(VENV)/.runtime

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the locked packages into $(VENV): about a minute"
	$(INSTALL) -e '.[test,dev]'
	@touch $@ $(VENV)/.test $(VENV)/.runtime

$(VENV)/.fuzz: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the locked packages into $(VENV): about a minute"
	$(INSTALL) -e '.[fuzz]'
	@touch $@ $(VENV)/.runtime

# Resolves anew on every supported Python. A package may appear once only: where two interpreters got
# different versions the check fails, and both lines are kept by hand with a `; python_version` marker.
LOCK_PYTHONS ?= python3.11 python3.12 python3.13
lock: ## Resolve all dependencies again and rewrite constraints.txt
	rm -rf .lock && mkdir .lock
	set -e; for python in $(LOCK_PYTHONS); do \
	  name=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  $$python -m venv .lock/$$name; \
	  .lock/$$name/bin/pip install --quiet --only-binary :all: --no-binary spyne '.[test,dev]'; \
	  .lock/$$name/bin/pip freeze --exclude notigateway > .lock/$$name.txt; \
	done
	sort -fu .lock/*.txt > .lock/all
	! cut -d= -f1 .lock/all | uniq -di | grep .
	{ sed -n '/^#/p;/^--/p;/^$$/q' constraints.txt; echo; cat .lock/all; } > .lock/constraints.txt
	mv .lock/constraints.txt constraints.txt && rm -rf .lock
