# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Everything is made below .work: environments from lock files, the built and installed collection, caches.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
ENGINE ?= python
ARGS ?=
TOOLS = $(if $(PYTHON),$(PYTHON),$(error Python 3.11 or newer is needed: none found on PATH, set PYTHON=/path/to/python3)) -B -m tests.tools

.DEFAULT_GOAL := help
.PHONY: help demo test gates types format bind inferred environments install link lock bench acceptance clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: ## site.yml over the lab, twice (ENGINE=python or pwsh)
	@$(TOOLS).run demo --engine $(ENGINE) $(ARGS)

test: ## every test against the built and installed collection (ARGS='tests/unit -k vault', JOBS=2, LINK=1: without a build)
	@$(TOOLS).run test $(if $(LINK),--link) $(if $(JOBS),--jobs $(JOBS)) -- $(ARGS)

gates: ## linters, types, documentation, sanity (ARGS='ruff types' for some)
	@$(TOOLS).gates $(ARGS)

types: ## mypy --strict alone
	@$(TOOLS).gates types

format: ## let ruff format and mend (ARGS='tests/gates' for some)
	@$(TOOLS).run format $(ARGS)

bind: ## compare every script with its emulator in PowerShell, then write bindings.json
	@$(TOOLS).run bind

inferred: ## write docs/inferred.md: what the lab imitates without a document to go by
	@$(TOOLS).inferred

environments: ## make every environment now; print their pythons
	@$(TOOLS).environments ensure

install: ## build and install the collection; print the collections folder
	@$(TOOLS).collection install

link: ## a collections folder that points at the checkout; print it
	@$(TOOLS).collection link

lock: ## resolve the lock files in tests/environments afresh (ARGS='main gates' for some)
	@$(TOOLS).environments lock $(ARGS)

bench: ## what a run that finds nothing to do costs, also beside azure.azcollection (ARGS='beside' for some)
	@$(TOOLS).run bench $(ARGS)

acceptance: ## the scenarios against a real subscription and VMM: INVENTORY=..., reading ones unless CONSENT=changes
	@$(TOOLS).run acceptance --inventory "$(INVENTORY)" $(if $(CONSENT),--consent $(CONSENT)) $(ARGS)

clean: ## remove everything that was made
	@rm -rf .work
