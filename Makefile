# On a fresh machine, `make demo` and `make test` are enough.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

# Where the program finds its model runtime and its models; set them to use others.
export ORT_DYLIB_PATH ?= $(ROOT)/.deps/onnxruntime/libonnxruntime.so
export REDACT_MODELS ?= $(ROOT)/models

ifneq ($(wildcard $(ROOT)/../shared/models),)
export REDACT_MODEL_MIRROR ?= $(abspath $(ROOT)/../shared/models)
endif

# A freshly installed Rust is not on the PATH of the shell that installed it.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

# The recording that `make demo` redacts.
export CLIP ?= fixtures/demo.mp4

# `make demo` leaves out what it does not show, the queue and single sign-on, unless the program
# already has them.
PROGRAM := $(or $(CARGO_TARGET_DIR),$(ROOT)/target)/release/redact
DEMO_FEATURES = $(shell $(PROGRAM) --version 2>/dev/null | grep -q '^features: queue, single' || \
  echo --no-default-features)

.PHONY: help setup web build verifier checker package demo test lint clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(ROOT)/Makefile

setup: ## Install system packages, ONNX Runtime, models and Node.js; takes a second if done
	@$(ROOT)/scripts/setup

web: setup ## Build the page of the release desk, which is embedded in the program
	@$(ROOT)/scripts/web build

build: setup ## Build the program and its bill of materials; without npm, it has no page
	@$(ROOT)/scripts/web build || echo 'build: the program is built without the page of the desk'
	cargo build --release --locked --workspace --bin redact
	@$(ROOT)/scripts/sbom redact

verifier: ## Build redact-verify as one static file; needs only Rust and a C linker
	@$(ROOT)/scripts/verifier

checker: ## verify.html, which checks a release in a browser: needs Rust and Node.js alone
	@$(ROOT)/scripts/checker

package: ## Debian packages in target/package; needs scripts/package --setup once
	@$(ROOT)/scripts/package

demo: setup ## Redact a clip and verify the release (another clip: make demo CLIP=PATH)
	@$(ROOT)/scripts/web build || echo 'demo: the program is built without the page of the desk'
	cargo build --release --locked --workspace --bin redact $(DEMO_FEATURES)
	@$(ROOT)/scripts/demo "$$CLIP"

test: web ## Run all tests
	cargo test --release --workspace --locked
	@$(ROOT)/scripts/web test

lint: ## Check formatting, clippy, docs, scripts, the page, and licenses with cargo-deny
	cargo fmt --all --check
	@$(ROOT)/scripts/lint
	@$(ROOT)/scripts/web check
	cargo clippy --release --workspace --all-targets --locked --features redact-fuzz/libfuzzer -- \
	  -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' \
	  cargo doc --release --workspace --no-deps --document-private-items --locked
	@if cargo deny --version >/dev/null 2>&1; then \
	  cargo deny --config .deny.toml check --hide-inclusion-graph bans licenses sources; \
	else \
	  echo 'lint: licenses not checked: cargo-deny is missing (cargo install cargo-deny)'; \
	fi

clean: ## Remove what was built, except models and the ONNX Runtime library
	cargo clean
