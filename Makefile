# The commands that people and CI use. `make` alone lists them.
GO ?= go
TOOLS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/configtrail-tools
GOLANGCI_VERSION := v2.12.2
VERSITYGW_VERSION := v1.8.0
CYCLONEDX_VERSION := v1.10.0
FUZZTIME ?= 10s
# What the linter remembers holds file names, so each checkout has its own.
LINT_CACHE := $(TOOLS)/lint-$(shell echo '$(CURDIR)' | cksum | cut -d' ' -f1)

.PHONY: help demo build test vet lint fuzz world servers stack e2e athena-smoke bench tools docs release versitygw-path cyclonedx-path functions template infra
help: ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## make a small organisation, ingest it, print its month report
	$(GO) run ./cmd/configtrail demo

build: ## the binary, in bin/
	$(GO) build -trimpath -ldflags '-s -w' -o bin/configtrail ./cmd/configtrail

test: ## the tests; those that need a server say so and are skipped
	$(GO) test ./...

vet: ## what the go command finds
	$(GO) vet ./...

lint: $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) ## golangci-lint, with the reasons in .golangci.yml
	GOLANGCI_LINT_CACHE=$(LINT_CACHE) $< run ./...

fuzz: ## each fuzz target for FUZZTIME (seeds run in every test)
	./scripts/fuzz $(FUZZTIME)

servers: bin/servers $(TOOLS)/versitygw-$(VERSITYGW_VERSION) ## the tests against real S3, Glue, Trino and Athena's API on loopback
	VERSITYGW=$(TOOLS)/versitygw-$(VERSITYGW_VERSION) TRINO_HOME=$$(./scripts/trino) bin/servers -- \
		$(GO) test -count=1 -timeout 20m ./internal/testserver/... $$(grep -rlE --include='*_test.go' 'testserver/(stack|versity)"' internal cmd | xargs -n1 dirname | sort -u | sed 's|^|./|')

stack: bin/servers $(TOOLS)/versitygw-$(VERSITYGW_VERSION) ## the same servers, until interrupted, for tests run by hand
	VERSITYGW=$(TOOLS)/versitygw-$(VERSITYGW_VERSION) TRINO_HOME=$$(./scripts/trino) bin/servers

e2e: bin/servers $(TOOLS)/versitygw-$(VERSITYGW_VERSION) ## the whole way from deliveries in S3 to the answer, and what it costs
	VERSITYGW=$(TOOLS)/versitygw-$(VERSITYGW_VERSION) TRINO_HOME=$$(./scripts/trino) bin/servers -- \
		$(GO) test -count=1 -timeout 30m -v ./internal/testserver/e2e

athena-smoke: ## every question on a real Athena, read-only: CONFIGTRAIL_ATHENA_SMOKE=database,workgroup,region,max-bytes
	$(GO) test -count=1 -v -run '^TestSmoke$$' ./internal/engine/athena

.PHONY: bin/servers # the go command knows what has changed
bin/servers:
	$(GO) build -o $@ ./internal/testserver/stack/run

# Of the functions that are deployed: a processor of Lambda's, and a version.
ARCH ?= arm64
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
SETTINGS ?= infra/configtrail.yaml

functions: dist/configtrail-lambda.zip dist/configtrail-ingest.zip ## the functions' code, in dist/: make functions ARCH=arm64

.PHONY: dist/configtrail-lambda.zip dist/configtrail-ingest.zip # the go command knows what has changed
dist/configtrail-lambda.zip dist/configtrail-ingest.zip: dist/%.zip:
	@mkdir -p dist
	CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o dist/$*.bootstrap ./cmd/$*
	$(GO) run -C infra ./zip ../dist/$*.bootstrap ../$@
	@rm dist/$*.bootstrap

template: ## dist/configtrail.template.json, for those without CDK: make template SETTINGS=mine.yaml
	@mkdir -p dist
	cd infra && $(GO) run . -settings '$(abspath $(SETTINGS))' -template '$(CURDIR)/dist/configtrail.template.json'

infra: functions ## the stack's tests, and cfn-lint and checkov over every shape of it
	cd infra && $(GO) vet ./... && $(GO) test ./...
	./infra/check

world: build ## hold the ledger against a bucket made by another program, where there is one
	./scripts/world

bench: ## ratios against yardsticks on the same data, in one run
	./bench/run

docs: build ## docs/cli from the commands
	./bin/configtrail docs docs/cli

release: ## what is published of a VERSION, in dist/release: binaries, functions, template, checksums, contents
	./scripts/release $(VERSION)

versitygw-path: $(TOOLS)/versitygw-$(VERSITYGW_VERSION)
	@echo $<

tools: $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) $(TOOLS)/versitygw-$(VERSITYGW_VERSION) ## fetch what lint and servers need

$(TOOLS)/golangci-lint-$(GOLANGCI_VERSION):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS)/tmp $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(TOOLS)/tmp/golangci-lint $@

$(TOOLS)/versitygw-$(VERSITYGW_VERSION):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS)/tmp $(GO) install github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW_VERSION)
	@mv $(TOOLS)/tmp/versitygw $@

cyclonedx-path: $(TOOLS)/cyclonedx-gomod-$(CYCLONEDX_VERSION)
	@echo $<

$(TOOLS)/cyclonedx-gomod-$(CYCLONEDX_VERSION):
	@mkdir -p $(TOOLS)
	@GOBIN=$(TOOLS)/tmp $(GO) install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_VERSION)
	@mv $(TOOLS)/tmp/cyclonedx-gomod $@
