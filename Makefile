# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# All targets write below .work: environments from lock files, the built and installed collection, caches.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
ENGINE ?= python
ARGS ?=
TOOLS = $(if $(PYTHON),$(PYTHON),$(error Python 3.11 or newer is needed: none found on PATH, set PYTHON=/path/to/python3)) -B -m tests.tools

# Without bytecode, each module that calls Azure compiles the SDK again, which takes longer than its work.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.work/bytecode

.DEFAULT_GOAL := help
.PHONY: help demo test gates types format bind inferred index assumptions doctor pages environments install link lock bench acceptance clean

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: ## set up, protect and drill in the lab, twice (ENGINE=python or pwsh)
	@$(TOOLS).run demo --engine $(ENGINE) $(ARGS)

test: ## run all tests against the built and installed collection (ARGS='tests/unit -k vault', JOBS=2, LINK=1 without a build)
	@$(TOOLS).run test $(if $(LINK),--link) $(if $(JOBS),--jobs $(JOBS)) -- $(ARGS)

gates: ## run linters, types, documentation, changelog and sanity (ARGS='ruff types' for some)
	@$(TOOLS).gates $(ARGS)

types: ## run mypy --strict only
	@$(TOOLS).gates types

format: ## format the Python code and apply safe fixes (ARGS='tests/gates' for some)
	@$(TOOLS).run format $(ARGS)

bind: ## compare all scripts with their emulators in PowerShell, then write bindings.json
	@$(TOOLS).run bind

inferred: ## write docs/inferred.md: behavior that the lab imitates without a source
	@$(TOOLS).inferred

index: ## write extensions/lab/arm/index.json: api-versions, resource types and namespaces, from released clients
	@$(TOOLS).run index

assumptions: ## write docs/assumptions.md: assumptions about real systems, and how to settle each
	@$(TOOLS).assumptions

doctor: ## write docs/doctor.md: symptoms of known problems, with cause, fix and source
	@$(TOOLS).doctor

pages: ## write docs/playbooks.md, docs/roles.md and extensions/patterns from the specifications
	@$(TOOLS).run pages

environments: ## create all environments and print their interpreters (ARGS=main for one)
	@$(TOOLS).environments ensure $(ARGS)

install: ## build and install the collection, and print the collections folder
	@$(TOOLS).collection install

link: ## create a collections folder that points at the checkout, and print it
	@$(TOOLS).collection link

lock: ## resolve the lock files in tests/environments again (ARGS='main gates' for some)
	@$(TOOLS).environments lock $(ARGS)

bench: ## measure runs without changes, also next to azure.azcollection (ARGS='comparison' for some, ARGS=clients for other clients of Azure, ARGS=fuzz for odd requests)
	@$(TOOLS).run bench $(ARGS)

acceptance: ## run the scenarios against real servers: INVENTORY=...; they only read, unless CONSENT=changes
	@$(TOOLS).run acceptance --inventory "$(INVENTORY)" $(if $(CONSENT),--consent $(CONSENT)) $(ARGS)

clean: ## remove everything below .work
	@rm -rf .work
