# GNU make. `make` alone lists the targets; CONTRIBUTING.md says which to run when.

GOLANGCI_LINT_VERSION := v2.15.0
GORELEASER_VERSION    := v2.16.0

# A toolchain is never fetched and go.mod never changed behind anyone's back; the caller's other flags stay.
export GOTOOLCHAIN := local
export GOWORK      := off
export GOFLAGS     := $(strip $(filter-out -mod=%,$(shell go env GOFLAGS)) -mod=readonly)

ROOT          := $(CURDIR)
MODULE        := github.com/kubectl-magnum/kubectl-magnum
MAIN          := ./cmd/kubectl-magnum
GOLANGCI_LINT := $(ROOT)/.bin/golangci-lint-$(GOLANGCI_LINT_VERSION)/golangci-lint
GORELEASER    := $(ROOT)/.bin/goreleaser-$(GORELEASER_VERSION)/goreleaser

# The flags of a release, so that what is measured is what is shipped. This program speaks HTTP/1.1 alone
# (docs/adr/0020-no-http2.md).
TAGS      := nethttpomithttp2
RELEASE   := CGO_ENABLED=0 go build -trimpath -tags $(TAGS) -ldflags "-s -w"
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
SYSTEMS   := linux darwin windows

# With RACE=required, `make test` fails where the race detector cannot run, in place of doing without.
RACE             ?= auto
FUZZTIME         ?= 30s
MAX_BINARY_BYTES := 12500000
MAX_PACKAGES     := 140

# What .ci/run runs, in this order. The first two are what README.md tells a newcomer to run.
CHECKS := demo test lint cross size e2e e2e-openstack bench krew

.DEFAULT_GOAL := help
.NOTPARALLEL:

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build ./bin/kubectl-magnum for this machine
	CGO_ENABLED=0 go build -trimpath -tags $(TAGS) -o bin/ $(MAIN)

.PHONY: demo
demo: ## Show the main job on a real kube-apiserver (the first run builds it: some ten minutes)
	cd e2e && go run ./cmd/demo

.PHONY: test
test: ## Run the tests, with the race detector where there is a C compiler
	@if go test -race -run '^$$' errors >/dev/null 2>&1; then race=-race; \
	elif test '$(RACE)' = required; then \
	  echo 'test: the race detector needs a C compiler with its headers, and there is none' >&2; exit 1; \
	else race=; echo 'test: without -race, which needs a C compiler with its headers'; fi; \
	set -x; go test $$race ./...

.PHONY: script
script: ## Run only the script tests, which run the whole program; UPDATE_SCRIPTS=1 rewrites what they expect
	go test -count=1 -run '^TestScript' $(MAIN)

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZTIME (30s)
	@set -e; for package in $$(go list ./...); do \
	  listed=$$(go test -list '^Fuzz' $$package); \
	  for target in $$listed; do \
	    case $$target in Fuzz*) ;; *) continue ;; esac; \
	    echo "fuzz: $$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

.PHONY: cover
cover: ## Run the tests and say how much of the code they run
	@mkdir -p bin
	go test -coverpkg=./... -coverprofile=bin/cover.out ./...
	@go tool cover -func bin/cover.out | tail -n 1

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Check format, imports and the rules of .golangci.yml, for every system
	@for module in . e2e e2e/clients e2e/krew; do \
	  echo "lint: go.mod of $$module"; (cd $$module && go mod tidy -diff) || exit 1; \
	done
	$(GOLANGCI_LINT) fmt --diff
	@for system in $(SYSTEMS); do \
	  echo "lint: $$system"; CGO_ENABLED=0 GOOS=$$system $(GOLANGCI_LINT) run || exit 1; \
	done
	@for module in e2e e2e/clients e2e/krew; do \
	  echo "lint: $$module"; (cd $$module && CGO_ENABLED=0 $(GOLANGCI_LINT) run) || exit 1; \
	done

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the code
	$(GOLANGCI_LINT) fmt

.PHONY: cross
cross: ## Build and vet for linux, darwin and windows, on amd64 and arm64, without cgo
	@set -e; for platform in $(PLATFORMS); do \
	  echo "cross: $$platform"; \
	  export GOOS=$${platform%/*} GOARCH=$${platform#*/}; \
	  $(RELEASE) -o bin/$$GOOS-$$GOARCH/ $(MAIN); \
	  CGO_ENABLED=0 go vet -trimpath -tags $(TAGS) ./...; \
	done

.PHONY: size
size: cross ## Check the size of each binary and the number of packages of others in it
	@set -e; for platform in $(PLATFORMS); do \
	  export GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0; \
	  bytes=$$(cat bin/$$GOOS-$$GOARCH/kubectl-magnum* | wc -c); \
	  packages=$$(go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}' $(MAIN) | grep -c .); \
	  echo "size: $$platform: $$bytes bytes of $(MAX_BINARY_BYTES), $$packages packages of $(MAX_PACKAGES)"; \
	  test $$bytes -le $(MAX_BINARY_BYTES); \
	  test $$packages -le $(MAX_PACKAGES); \
	done

# One package after the other: some have crowds of processes, which would make others late. Only the one that sleeps for
# most of its five minutes runs beside them.
.PHONY: e2e
e2e: ## Test with a real kube-apiserver, kubectl, shells and keyring (E2E_REQUIRE=keyring,shells skips none)
	cd e2e && go run ./cmd/build >/dev/null && { \
	  go test -count=1 -timeout 30m ./rotation/longrunning & \
	  go test -count=1 -timeout 30m -p 1 $$(go list ./... | grep -vE '/(openstack|wallets|longrunning|nightly)$$') && wait $$!; \
	}

.PHONY: e2e-openstack
e2e-openstack: ## Test with the real Keystone and Magnum that Debian packages
	cd e2e && go run ./cmd/build >/dev/null && \
	E2E_REQUIRE="$${E2E_REQUIRE:-openstack}" go test -count=1 -timeout 30m ./openstack/...

.PHONY: nightly
nightly: ## Test what takes 25 minutes of real time: short-lived certificates; not part of check
	cd e2e && go run ./cmd/build >/dev/null && \
	E2E_REQUIRE="$${E2E_REQUIRE:-keyring}" E2E_NIGHTLY=1 go test -count=1 -timeout 60m -v -run 'Lives$$' ./shortlived/nightly ./openstack

.PHONY: wallets
wallets: ## Test with a real KWallet and KeePassXC; not part of check
	cd e2e && E2E_REQUIRE="$${E2E_REQUIRE:-wallets}" go test -count=1 -timeout 10m ./wallets

.PHONY: bench
bench: ## Measure what a credential costs, cached or not, beside an empty program and the keyring alone
	cd e2e && go run ./bench

.PHONY: snapshot
snapshot: $(GORELEASER) ## Build the archives and the krew manifest of a release into ./dist
	$(GORELEASER) release --snapshot --clean
	@mkdir -p dist/krew
	go run ./krew/render dist < krew/magnum.yaml > dist/krew/magnum.yaml

.PHONY: krew
krew: snapshot ## Install the snapshot with a real krew and run it, offline
	@kubectl=$$(cd e2e && go run ./cmd/build | sed -n 's/^kubectl //p') && test -n "$$kubectl" && set -x && \
	cd e2e/krew && E2E_DIST=$(ROOT)/dist E2E_KUBECTL="$$kubectl" go test -count=1 ./...

.PHONY: tools
tools: $(GOLANGCI_LINT) $(GORELEASER) ## Build the tools at their pinned versions into ./.bin

$(GOLANGCI_LINT):
	CGO_ENABLED=0 GOBIN=$(@D) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

$(GORELEASER):
	CGO_ENABLED=0 GOBIN=$(@D) go install github.com/goreleaser/goreleaser/v2@$(GORELEASER_VERSION)

.PHONY: check
check: $(CHECKS) ## Run what CI runs; .ci/run says what it needs installed

.PHONY: list-checks
list-checks:
	@echo $(CHECKS)

.PHONY: clean
clean: ## Remove what the targets above built in this tree, tools included
	rm -rf .bin bin dist
