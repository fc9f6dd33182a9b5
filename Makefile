# Countersign: every target sets up what it needs, given only make and Python 3.11 or newer. `make` alone lists them.

PORT ?= 8000
DATA ?= .local
EPHEMERAL ?=
FOLLOW ?=
STACK_NAME ?= countersign
YES ?=
SUITES ?=
REQUIREMENTS ?=
QUICK ?=
MUTANTS ?= 400
# Put before every command that talks to containers, for an engine that lives in a network namespace of its own.
SAM_LOCAL_PREFIX ?=

find_python = $(shell for python in python3.13 "$$HOME"/.pyenv/versions/3.13*/bin/python3.13 $(1); do \
	"$$python" -c 'import sys, ensurepip, venv; sys.exit(not sys.version_info >= ($(2)))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)
PYTHON ?= $(call find_python,python3.14 python3.12 python3.11 python3 python,3$(comma) 11)
PYTHON_313 ?= $(call find_python,,3$(comma) 13)
comma := ,
need_python = $(or $(PYTHON),$(error Countersign needs Python 3.11 or newer with venv: install it, or say make PYTHON=/its/path))
need_python_313 = $(or $(PYTHON_313),$(error The functions run on Python 3.13 and are built with it: install python3.13, or say make PYTHON_313=/its/path))

# An environment is ready when its stamp, named after the content of its lock, is there: a second run costs nothing.
content = $(shell cksum < $(1) | tr -d ' ')
STACK := .venv/.stack-$(call content,requirements/stack.txt)
DEV := .venv/.dev-$(call content,requirements/dev.txt)
SAM := .sam-venv/.sam-$(call content,requirements/sam.txt)

export SAM_CLI_TELEMETRY = 0
WITH_SAM = PATH="$(CURDIR)/.sam-venv/bin:$$PATH"

.PHONY: help run test soak check conformance bench costs format pictures build deploy publish destroy sam-check lock
.DEFAULT_GOAL := help

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

run: $(STACK) ## the whole system on this machine: PORT=8000 DATA=.local EPHEMERAL=1 FOLLOW=1
	@exec .venv/bin/python -m local --port $(PORT) --data $(DATA) $(if $(filter-out 0,$(EPHEMERAL)),--ephemeral) $(if $(filter-out 0,$(FOLLOW)),--follow)

test: $(DEV) $(SAM) ## every suite, a few side by side, and what each proved: SUITES="unit api"
	@$(WITH_SAM) .venv/bin/python -m scripts.suites $(SUITES)

check: $(DEV) ## lint, types, import rules and the fast suites
	@.venv/bin/python -m scripts.suites static unit adapters workflow api template

soak: $(DEV) ## the long versions: 240 kills, 2,000 pairs of faults, every look of every view, planted defects: MUTANTS=400
	@KILL_SEEDS=10 CRASH_PAIRS=2000 .venv/bin/python -m pytest tests/crash -q -s
	@.venv/bin/python -m pytest tests/browser -q --whole-matrix
	@.venv/bin/python -m scripts.mutants --sample $(MUTANTS)

conformance: $(DEV) ## AWS's conformance requirements for durable functions on the local stack: REQUIREMENTS=path
	@.venv/bin/python -m tests.conformance "$(REQUIREMENTS)"

bench: $(DEV) ## measure the stack on this machine and print it beside the targets: QUICK=1
	@PYTHONPATH=.:layers/orders .venv/bin/python -m scripts.bench $(if $(filter-out 0,$(QUICK)),--quick)

costs: $(DEV) ## count what an order costs, operation by operation, and rewrite the tables of docs/costs.md
	@PYTHONPATH=.:functions/workflow:functions/approval_api:functions/notifier:layers/orders .venv/bin/python -m scripts.costs

format: $(DEV) ## rewrite the sources as `make check` wants them
	@.venv/bin/ruff check --fix --quiet . && .venv/bin/ruff format .

pictures: $(DEV) ## the README's pictures, taken from a running stack
	@.venv/bin/python -m scripts.pictures

build: $(SAM) ## the deployment packages, in .aws-sam/build
	@$(WITH_SAM) sam build

deploy: build $(STACK) ## build, deploy to AWS, publish the page, print its address: STACK_NAME=countersign
	@$(WITH_SAM) sam deploy --stack-name $(STACK_NAME) --no-confirm-changeset --no-fail-on-empty-changeset
	@$(MAKE) --no-print-directory publish

publish: $(STACK) ## only the page of a deployed stack
	@.venv/bin/python -m scripts.publish_page --stack-name $(STACK_NAME)

destroy: $(STACK) ## delete the stack with everything in it: YES=1 does not ask
	@.venv/bin/python -m scripts.destroy --stack-name $(STACK_NAME) $(if $(YES),--yes)

sam-check: build $(STACK) ## each function by real `sam local invoke` (needs a container engine)
	@$(WITH_SAM) $(SAM_LOCAL_PREFIX) .venv/bin/python -m scripts.sam_check

lock: $(DEV) ## choose the newest allowed versions again and write requirements/*.txt
	@.venv/bin/python -m scripts.lock

$(STACK):
	@$(need_python) scripts/environment.py .venv requirements/stack.txt $@

$(DEV): $(STACK)
	@$(need_python) scripts/environment.py .venv requirements/dev.txt $@

$(SAM):
	@$(need_python_313) scripts/environment.py .sam-venv requirements/sam.txt $@
