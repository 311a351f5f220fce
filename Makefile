# Souk. `make` lists what there is; each target is one obvious command.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

OVERLAY ?= deploy/kustomize/overlays/local
PORT ?= 8080
SERVICE ?= order

PYTHON_BIN := .souk/venv/bin
SOUK := .souk/mesh-venv/bin/souk
# The programs that wheels brought come before those of the machine.
export PATH := $(CURDIR)/$(PYTHON_BIN):$(CURDIR)/.souk/bin:$(PATH)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

doctor: ## Say what is missing on this machine, and how to mend it
	@scripts/environment doctor

env: ## Install and build everything under .souk/
	@scripts/environment

up: env ## Start the shop on the local mesh: make up PORT=8080
	@$(SOUK) up -k $(OVERLAY) --port $(PORT)
	@$(PYTHON_BIN)/python scripts/demo.py --port $(PORT)

down: ## Stop it; with PURGE=1 also remove its data
	@if [ -x $(SOUK) ]; then $(SOUK) down $(if $(PURGE),--purge); else echo "nothing is running"; fi

status: ## Show what runs, and why something doesn't
	@$(SOUK) status

logs: ## Show the log of a service: make logs SERVICE=order
	@$(SOUK) logs $(SERVICE)

split: ## Shift traffic: make split SERVICE=payment TO="v1=90 v2=10"
	@$(SOUK) split $(SERVICE) $(TO)

canary: env ## Try a bad version of payment on a mesh of its own: it is rolled back, and a report says why
	@scripts/environment "packages of the experiments"
	@scripts/canary payment-v2-bad 3

canary-good: env ## Try a good version: it gets everything
	@scripts/environment "packages of the experiments"
	@scripts/canary payment-v2-good 0

canary-trials: env ## Run the recorded series of experiments, or what is missing of it: make canary-trials ONLY=errors-30
	@scripts/environment "packages of the experiments"
	@cd experiments && ../.souk/canary-venv/bin/python -m trials $(ONLY)

tour: ## Run the README's tour, command by command
	@PORT=$(PORT) $(PYTHON_BIN)/python scripts/tour.py

protos: env ## Generate what is derived from the protos
	@$(PYTHON_BIN)/python scripts/protos.py

lock: env ## Pin the dependencies anew; UPGRADE=--upgrade takes the newest
	@scripts/lock

lint: env ## Check style, types, imports, protos, manifests and scripts
	@scripts/environment "packages of the experiments" linters
	@scripts/lint

test: env ## Run every test
	@scripts/environment "packages of the experiments" linters
	@scripts/test

fidelity: env ## Write docs/fidelity.md: what of Istio's API the local mesh does, field by field
	@cd mesh/local && ../../.souk/mesh-venv/bin/python -m fidelity

behaviour: env ## Run the behavioural cases on the local mesh; with KUBE=1, on the cluster that kubectl speaks to
	@cd mesh/local && ../../.souk/mesh-venv/bin/pytest $(if $(PROVE),behaviour/prove_cases.py,behaviour)

oracle: env ## Ask istiod about the local mesh's cases: make oracle, or make oracle ONLY="routes/weights tls"
	@cd mesh/local && PYTHONPATH=oracle ../../.souk/mesh-venv/bin/python -m souk_oracle $(ONLY)

analyze: env ## Ask istioctl what it finds in the overlays
	@scripts/analyze

e2e-cluster: env ## Run the end-to-end tests on the cluster that kubectl speaks to, which has the images; OVERLAY=… instead of dev
	@KUBE=1 pytest tests --ignore tests/rollout
	@KUBE=1 pytest tests/rollout -s

torture: env ## Run the long versions of the tests that kill and race
	@TORTURE=full $(PYTHON_BIN)/pytest tests/reliability tests/rollout tests/openapi -s

bench: env ## Measure speed and size: make bench, or make bench ONLY="chassis_vs_bare growth"
	@scripts/environment "packages of the benchmarks"
	@.souk/bench-venv/bin/python -m bench $(ONLY)

canary-study: env ## Simulate the canary's rule beside those of other tools, and write docs/canary-study.md
	@scripts/environment "packages of the experiments"
	@cd experiments && ../.souk/canary-venv/bin/python -m study $(if $(TELL),--tell)

mutate: env ## See whether the mesh's tests notice changes to it: make mutate SAMPLE=500
	@scripts/environment "packages of the mutation run"
	@.souk/mutation-venv/bin/python scripts/mutate.py $(SAMPLE)

images: ## Build the services' images: make images SERVICE=order, or all of them
	@scripts/images $(if $(filter command line,$(origin SERVICE)),$(SERVICE))

.PHONY: help doctor env up down status logs split canary canary-good canary-trials tour protos lock lint test oracle analyze behaviour fidelity torture bench canary-study mutate images e2e-cluster
