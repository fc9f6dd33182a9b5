# Countersign: every target sets up what it needs, given only make and Python 3.11 or newer. `make` alone lists them.

# Recipes read these as shell variables ("$$DATA"), so values may contain spaces, apostrophes and dollar signs.
PORT ?= 8000
DATA ?= .local
EPHEMERAL ?= no
FOLLOW ?= no
STACK_NAME ?= countersign
YES ?= no
SUITES ?=
REQUIREMENTS ?=
QUICK ?= no
MUTANTS ?= 400
export PORT DATA EPHEMERAL FOLLOW STACK_NAME YES SUITES REQUIREMENTS QUICK MUTANTS
# Prefix of every command that uses containers, for an engine in a network namespace of its own.
SAM_LOCAL_PREFIX ?=

is_python = -I -c 'import sys, ensurepip, venv; sys.exit(not sys.version_info >= ($(1)))' 2>/dev/null
find_python = $(shell for python in python3.13 "$$HOME"/.pyenv/versions/3.13*/bin/python3.13 $(1); do \
	"$$python" $(call is_python,$(2)) && { echo "$$python"; break; }; done)
PYTHON ?= $(call find_python,python3.14 python3.12 python3.11 python3 python,3$(comma) 11)
PYTHON_313 ?= $(call find_python,,3$(comma) 13)
comma := ,
# A given PYTHON is checked too: some shells set it to the Python of another program.
checked = $(if $(1),$(if $(shell "$(1)" $(call is_python,$(2)) && echo yes),"$(1)"))
need_python = $(or $(call checked,$(PYTHON),3$(comma) 11),$(error Countersign needs Python 3.11 or newer with venv: install it, or say make PYTHON=/its/path))
need_python_313 = $(or $(call checked,$(PYTHON_313),3$(comma) 13),$(error The functions run on Python 3.13 and are built with it: install python3.13, or say make PYTHON_313=/its/path))

# An environment is ready when its stamp exists. The stamp is named after the content of the lock file.
content = $(shell cksum < $(1) | tr -d ' ')
STACK := .venv/.stack-$(call content,requirements/stack.txt)
DEV := .venv/.dev-$(call content,requirements/dev.txt)
SAM := .sam-venv/.sam-$(call content,requirements/sam.txt)

# -E: ignore the shell's PYTHONPATH, PYTHONSAFEPATH and PYTHONOPTIMIZE.
PROJECT_PYTHON := .venv/bin/python -E -s
# The tools run as modules, because the scripts of an environment contain its path and the folder may be moved.
SAM_CLI := .sam-venv/bin/python -E -s -m samcli
export SAM_CLI_TELEMETRY = 0
WITH_SAM = PATH="$$PWD/.sam-venv/bin:$$PATH"

.PHONY: help run test soak check record conformance bench states costs format pictures build deploy publish destroy sam-check lock
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

run: $(STACK) ## start the system on this machine: PORT=8000 DATA=.local EPHEMERAL=yes FOLLOW=yes
	@exec $(PROJECT_PYTHON) -m local --port "$$PORT" --data "$$DATA" --ephemeral "$$EPHEMERAL" --follow "$$FOLLOW"

test: $(DEV) $(SAM) ## run every suite and print what each proved: SUITES="unit api"
	@$(WITH_SAM) $(PROJECT_PYTHON) -m scripts.suites $$SUITES

check: $(DEV) ## run the static checks and the fast suites
	@$(PROJECT_PYTHON) -m scripts.suites static unit adapters workflow api template

soak: $(DEV) ## run the long versions: 240 kills, 2,000 pairs of faults, every view in every state, planted defects: MUTANTS=400
	@KILL_SEEDS=10 CRASH_PAIRS=2000 $(PROJECT_PYTHON) -m pytest tests/crash -q -s
	@$(PROJECT_PYTHON) -m pytest tests/browser -q --whole-matrix
	@$(PROJECT_PYTHON) -m scripts.mutants --sample "$$MUTANTS"

record: $(DEV) ## write the golden histories of the workflow after a change that is intended
	@$(PROJECT_PYTHON) -m pytest tests/workflow -q --record

conformance: $(DEV) ## run AWS's conformance requirements for durable functions: REQUIREMENTS=path
	@$(PROJECT_PYTHON) -m tests.conformance "$$REQUIREMENTS"

bench: $(DEV) ## measure the stack on this machine against its targets: QUICK=yes
	@PYTHONPATH=.:layers/orders .venv/bin/python -m scripts.bench --quick "$$QUICK"

states: $(DEV) ## rewrite the table of states in docs/product.md
	@PYTHONPATH=.:layers/orders .venv/bin/python -m scripts.states

costs: $(DEV) ## measure what an order costs and rewrite the tables in docs/costs.md
	@PYTHONPATH=.:functions/workflow:functions/approval_api:functions/notifier:layers/orders .venv/bin/python -m scripts.costs

format: $(DEV) ## format the sources
	@$(PROJECT_PYTHON) -m ruff check --fix --quiet . && $(PROJECT_PYTHON) -m ruff format .

pictures: $(DEV) ## take the README's pictures from a running stack
	@$(PROJECT_PYTHON) -m scripts.pictures

build: $(SAM) ## build the deployment packages in .aws-sam/build
	@$(WITH_SAM) $(SAM_CLI) build

deploy: build $(STACK) ## build, deploy to AWS, publish the page and print its address: STACK_NAME=countersign
	@$(WITH_SAM) $(SAM_CLI) deploy --stack-name "$$STACK_NAME" --no-confirm-changeset --no-fail-on-empty-changeset
	@$(MAKE) --no-print-directory publish

publish: $(STACK) ## publish the page of a deployed stack
	@$(PROJECT_PYTHON) -m scripts.publish_page --stack-name "$$STACK_NAME"

destroy: $(STACK) ## delete the stack and its data: YES=yes skips the question
	@$(PROJECT_PYTHON) -m scripts.destroy --stack-name "$$STACK_NAME" --yes "$$YES"

sam-check: build $(STACK) ## run each function with `sam local invoke` (needs a container engine)
	@$(WITH_SAM) $(SAM_LOCAL_PREFIX) $(PROJECT_PYTHON) -m scripts.sam_check

lock: $(DEV) ## update the locked dependencies in requirements/*.txt
	@$(PROJECT_PYTHON) -m scripts.lock

$(STACK):
	@$(need_python) -I scripts/environment.py .venv requirements/stack.txt $@

$(DEV): $(STACK)
	@$(need_python) -I scripts/environment.py .venv requirements/dev.txt $@

$(SAM):
	@$(need_python_313) -I scripts/environment.py .sam-venv requirements/sam.txt $@
