PYTHON ?= python3
BIN := .venv/bin
PYTEST := PATH="$(CURDIR)/.toolchain/bin:$$PATH" $(BIN)/python -m pytest
# Each line is a run of its own: Pulumi's mocks keep a process's event loop to themselves, the engine's tests hurry the
# stand-in of their process, whole deployments share the machine with one other, and loads have it for themselves.
MOCKED := tests/components tests/stack
ENGINE := tests/engine
WHOLE := tests/end_to_end
ALONE := tests/inference_app/test_load.py tests/inference_app/test_stopping.py

.PHONY: help setup up down test test-engines test-clients image-test check campaign bench lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## Make the virtual environment and get the Pulumi CLI; does nothing twice
	@$(PYTHON) -m toolchain base

up: setup ## Deploy to the sandbox on this machine and ask the model a question
	@$(BIN)/aca-inference sandbox up

down: ## Destroy what `make up` deployed and stop the sandbox
	@if [ -d .sandbox ]; then $(MAKE) --no-print-directory setup && $(BIN)/aca-inference sandbox down; \
	else echo "nothing to take down"; fi

test: ## Check everything and run the tests
	@$(PYTHON) -m toolchain test
	@$(MAKE) --no-print-directory check
	@$(PYTEST) -n 4 --dist loadfile $(addprefix --ignore ,tests/campaign tests/clients tests/engines tests/image $(MOCKED) $(ENGINE) $(WHOLE) $(ALONE))
	@$(PYTEST) -n 2 --dist loadfile $(MOCKED)
	@$(PYTEST) -n 3 --dist loadfile $(ENGINE)
	@$(PYTEST) -n 2 --dist loadfile $(WHOLE)
	@$(PYTEST) $(ALONE)

test-engines: ## Test the engines vLLM and transformers for real, on this machine's processors; 6 GB of packages
	@$(PYTHON) -m toolchain engines
	@.toolchain/engines/bin/python -m pytest tests/engines

test-clients: ## Test the sandbox with az, Azure's own command line; 750 MB of packages
	@$(PYTHON) -m toolchain dev
	@AZ="$$($(BIN)/python -c 'from toolchain.azure_cli import azure_cli; print(azure_cli())' | tail -1)" $(BIN)/python -m pytest tests/clients

image-test: ## Build the CPU image on a Debian made here and start it; needs root, debootstrap, podman and packages
	@$(PYTHON) -m toolchain dev
	@$(BIN)/python -m pytest tests/image --timeout 1500

check: ## Format, lint, types and import rules
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet . && $(BIN)/basedpyright --warnings && $(BIN)/lint-imports --no-cache

campaign: ## The long tests, all or the one in ONLY; their figures go to docs/campaigns.md
	@$(PYTHON) -m toolchain test
	@$(PYTEST) $(if $(ONLY),'$(ONLY)',tests/campaign) -p no:cacheprovider --timeout 7200

bench: ## Measure against what a user would use instead, all or what ONLY names; prints tables
	@$(PYTHON) -m toolchain test
	@PATH="$(CURDIR)/.toolchain/bin:$$PATH" $(BIN)/python -m bench $(ONLY)

UV_COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11

lock: ## Resolve the requirements anew, with pins and hashes
	@cd requirements && ../$(UV_COMPILE) base.in -o base.txt && ../$(UV_COMPILE) dev.in -c base.txt -o dev.txt
	@cd requirements && ../$(UV_COMPILE) --no-annotate app.in -c base.txt -o app.txt
	@cd requirements && ../$(subst --universal,--python-platform x86_64-manylinux_2_28,$(UV_COMPILE)) --no-annotate app-gpu.in -o app-gpu.txt
	@cd requirements && ../$(UV_COMPILE) --no-annotate engines.in --override engines-overrides.txt -o engines.txt
	@cd requirements && ../$(UV_COMPILE) --no-deps --no-annotate model.in -o model.txt && ../$(UV_COMPILE) --no-annotate tools.in -o tools.txt

clean: down ## Take everything down and remove what set-up made here
	@rm -rf .venv .toolchain .sandbox *.egg-info
