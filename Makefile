# StoreMax: every command that a person types. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory --warn-undefined-variables
.DEFAULT_GOAL := help

PYTHON ?= python3
PY := .venv/bin/python
ARGS ?=
ORDERS ?=
export NUMBA_CACHE_DIR ?= $(CURDIR)/.build/numba
export PYTHONDONTWRITEBYTECODE ?=

say = @printf '\033[1m» %s\033[0m\n' "$(1)"

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# --- set-up: each step runs again only when what it depends on has changed -------------------------------------------

.PHONY: setup
setup: .venv/stamp node_modules/stamp .build/python_modules.stamp .build/pyodide/stamp .build/frontend/stamp .build/numba/stamp ## install everything (nothing outside this folder)

.venv/stamp: requirements/dev.lock
	$(call say,Python packages into .venv (about a minute the first time))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=/path/to/python3"; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv .venv || { echo "venv is missing: on Debian, apt-get install python3-venv"; exit 1; }
	@$(PY) -m pip install --quiet --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.lock || { echo "pip could not install requirements/dev.lock: is the package index reachable? See the lines above."; exit 1; }
	@touch $@

# Not `npm ci`: it refuses a lock file that lacks other platforms' workerd, which not every registry mirror carries.
node_modules/stamp: package-lock.json package.json
	$(call say,npm packages: wrangler and workerd and Pyodide (about half a minute the first time))
	@command -v npm >/dev/null || { echo "npm is missing: on Debian, apt-get install npm"; exit 1; }
	@npm install --no-save --no-audit --no-fund --loglevel=error || { echo "npm install failed: is the registry reachable? See the lines above."; exit 1; }
	@test -x node_modules/.bin/node || { echo "The node package did not install its program: npm 11 needs the allowScripts of package.json"; exit 1; }
	@touch $@

# Its stamp lies outside: all of python_modules is uploaded.
.build/python_modules.stamp: requirements/edge.lock .venv/stamp
	$(call say,Python packages of the edge (WebAssembly wheels) into python_modules)
	@rm -rf python_modules
	@$(PY) -m pip install --quiet --quiet --disable-pip-version-check --target python_modules --require-hashes --no-deps --no-compile \
	  --only-binary=:all: --python-version 3.14 --implementation cp --abi cp314 --abi none \
	  --platform pyemscripten_2026_0_wasm32 --platform any -r requirements/edge.lock
	@mkdir -p $(@D) && touch $@

.build/pyodide/stamp: node_modules/stamp .venv/stamp $(wildcard local/bundle/*)
	$(call say,Pyodide bundle for workerd)
	@$(PY) -m local.bundle.build node_modules .build/pyodide
	@touch $@

.build/frontend/stamp: node_modules/stamp $(shell find frontend -path '*/node_modules' -prune -o -path frontend/dist -prune -o -type f -print 2>/dev/null)
	$(call say,Dashboard)
	@PATH="$(CURDIR)/node_modules/.bin:$$PATH" npm run --silent build --workspace frontend && mkdir -p $(@D) && touch $@

.build/numba/stamp: .venv/stamp $(shell find containers/optimizer -name '*.py')
	$(call say,Compiled kernels of the optimizer (a minute or two the first time))
	@$(PY) -m containers.optimizer.warm
	@mkdir -p $(@D) && touch $@

# --- running ---------------------------------------------------------------------------------------------------------

.PHONY: demo dev
demo: setup ## the whole stack and the main job on it; ORDERS=file.csv for your own order lines, ARGS=--once to end after the result
	@$(PY) -m local.demo $(if $(ORDERS),--orders $(ORDERS)) $(ARGS)

dev: setup ## the whole stack, until Ctrl-C; prints the addresses and an admin key
	@$(PY) -m local.dev $(ARGS)

# --- checking --------------------------------------------------------------------------------------------------------

FAST := tests/contracts tests/consistency tests/worker tests/durable_objects tests/containers tests/local tests/tools

.PHONY: check test test-fast test-edge test-stack
check: .venv/stamp node_modules/stamp ## linters and types: ruff, mypy strict, TypeScript
	$(call say,ruff)
	@.venv/bin/ruff check . && .venv/bin/ruff format --check --quiet .
	$(call say,mypy)
	@.venv/bin/mypy contracts worker durable_objects containers local
	$(call say,TypeScript)
	@PATH="$(CURDIR)/node_modules/.bin:$$PATH" npm run --silent check

test: setup check ## everything: pure logic, the edge in real workerd, the whole stack, the page in a browser
	@PATH="$(CURDIR)/node_modules/.bin:$$PATH" npm test --silent
	@$(MAKE) test-fast test-edge test-stack

test-fast: setup ## pure logic on CPython, on every core
	$(call say,Pure logic)
	@.venv/bin/pytest $(FAST) -n auto --dist loadfile

test-edge: setup ## the Worker and its objects inside real workerd
	$(call say,The edge in workerd)
	@.venv/bin/pytest tests/edge

test-stack: setup ## the whole stack, faults, and the page in a browser
	$(call say,The whole stack)
	@.venv/bin/pytest tests/e2e tests/faults tests/browser

# --- measuring -------------------------------------------------------------------------------------------------------

.PHONY: bench bench-quality faults
bench: setup .build/rivals/stamp ## every figure of the README, as ratios; writes benchmarks/results/latest.json
	@$(PY) -m benchmarks $(ARGS)

bench-quality: setup .build/rivals/stamp ## plan quality on public instances; ARGS="henn --seconds 10 --limit 20" for a part
	@$(PY) -m benchmarks.quality $(ARGS)

# Beside .venv, which must not hold them; a platform that lacks one of them measures without it.
.build/rivals/stamp: requirements/rivals.lock .venv/stamp
	$(call say,Programs to measure beside)
	@rm -rf $(@D) && mkdir -p $(@D)
	@if $(PY) -m pip install --quiet --quiet --disable-pip-version-check --target $(@D) --require-hashes --no-deps -r $<; \
	  then touch $@; else echo "not installed (see above): the rows of these programs are left out, and the next run tries again"; fi

faults: setup ## the long form of the fault tests: 200 jobs while their containers are killed, 20 kills of workerd
	@STOREMAX_FAULT_JOBS=200 STOREMAX_FAULT_KILLS=20 .venv/bin/pytest tests/faults --timeout=3600

CASES ?= 10000
.PHONY: fuzz
fuzz: setup ## 10,000 cases each: optimization problems, the served OpenAPI document, raw HTTP; no 5xx, no wrong plan (CASES=, ARGS="--seed 2")
	@$(PY) -m tests.fuzz.problems --cases $(CASES) $(ARGS)
	@$(PY) -m tests.fuzz.schema --cases $(CASES) $(ARGS)
	@$(PY) -m tests.fuzz.raw --cases $(CASES) $(ARGS)

.PHONY: load
load: setup ## a mixed load over loopback: error rate below 0.01 %, latency beside a bare Worker
	@$(PY) -m benchmarks.load $(ARGS)

# --- the agents' image -----------------------------------------------------------------------------------------------

.PHONY: image-test sbom audit
image-test: .venv/stamp ## build the agents' image, start each agent, solve, stop, weigh (needs Docker)
	@$(PY) -m tools.image_test $(ARGS)

sbom: .venv/stamp ## the image's bill of materials (CycloneDX) in .build/sbom-agents.json
	@mkdir -p .build && .venv/bin/cyclonedx-py requirements requirements/agents.lock --output-format JSON --output-file .build/sbom-agents.json
	@echo "written: .build/sbom-agents.json"

audit: .venv/stamp ## known vulnerabilities of the locked packages; a package that cannot be looked up fails it
	@$(PY) -m tools.audit $(ARGS)

# --- maintaining -----------------------------------------------------------------------------------------------------

.PHONY: lock clean
lock: .venv/stamp ## pin the packages anew, with hashes
	@$(PY) -m pip install --quiet uv
	@for set in "edge:" "agents:--group agents" "dev:--group dev" \
	    "rivals:--group rivals -c requirements/dev.lock --no-emit-package numpy --no-emit-package matplotlib"; do \
	  name="$${set%%:*}"; options="$${set#*:}"; source="pyproject.toml"; case "$$name" in agents | rivals) source="" ;; esac; \
	  $(PY) -m uv pip compile $$source $$options --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --no-annotate -o requirements/$$name.lock; done

clean: ## remove all that was installed or built
	rm -rf .venv node_modules python_modules .build .storemax .wrangler frontend/dist frontend/node_modules
