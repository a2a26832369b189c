# `make help` lists the commands. Everything happens in .venv; only the first run needs the network.

PYTHON ?= python3
CORES ?= 2
BIN := .venv/bin
# Modules are compiled once, not by each of the processes that the workflow and its tests start.
export PYTHONDONTWRITEBYTECODE :=
# A worker has one core, so more threads would stand in line.
TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(CORES) --dist worksteal
INSTALLED := .venv/.installed

# TORCH=cpu installs PyTorch without CUDA: `make demo TORCH=cpu`. What is installed stays until another one is asked for.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH_HERE := $(if $(wildcard $(INSTALLED)),$(or $(shell cat $(INSTALLED)),cuda),$(if $(wildcard .venv),unknown))
TORCH ?= $(or $(filter cpu cuda,$(TORCH_HERE)),cuda)
ifeq ($(filter cpu cuda,$(TORCH)),)
$(error TORCH: expected cpu or cuda, got $(TORCH))
endif
CUDA_LIBRARIES := ^(cuda-[a-z]+|nvidia-(cu|n)[a-z0-9-]+|triton)==

.PHONY: help demo progress test test-slow test-slurm check docs lock clean switch

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## the study of config.yaml on embedded data, from images to results/report.html
	$(BIN)/snakemake --cores $(CORES) --quiet rules
	$(BIN)/snakemake --quiet all --report results/report.html --report-stylesheet workflow/report/report.css
	@echo "The report is in $$(pwd)/results/report.html"

progress: ## how far the run in this folder is, and when it will end
	@$(BIN)/python -m plasticity.jobs.run_progress

test: check ## all checks and the fast tests
	$(TEST) -m "not slow and not slurm"

test-slow: $(INSTALLED) ## whole workflows, stopped and killed at random moments, and other long tests
	$(TEST) -m "slow and not slurm"

test-slurm: $(INSTALLED) ## the workflow on a Slurm cluster that the tests start: Debian's slurm-wlm and munge, as root
	$(BIN)/python -m pytest -m slurm

check: $(INSTALLED) ## style, types, layers, spelling and the workflow's lint
	$(BIN)/ruff check src tests workflow/scripts
	$(BIN)/ruff format --check src tests workflow/scripts
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

$(INSTALLED): requirements.lock pyproject.toml $(if $(filter $(TORCH),$(TORCH_HERE)),,switch)
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), 'expected Python >= 3.11, got ' + sys.version"
	$(PYTHON) -m venv .venv
	rm -f $@
ifneq ($(filter-out $(TORCH),$(TORCH_HERE)),)
	$(BIN)/python -m pip uninstall --quiet --yes torch torchvision $$(grep -oE '$(CUDA_LIBRARIES)' requirements.lock | tr -d =)
endif
ifeq ($(TORCH),cpu)
	grep -vE '$(CUDA_LIBRARIES)' requirements.lock > .venv/cpu.lock
	$(BIN)/python -m pip install --quiet --no-deps --index-url $(TORCH_INDEX) $$(grep -E '^torch(vision)?==' requirements.lock)
	$(BIN)/python -m pip install --quiet --requirement .venv/cpu.lock
else
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
endif
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	echo $(TORCH) > $@

docs: $(INSTALLED) ## the documentation site, in site/index.html
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --builder html docs site
	@echo "The site is in $$(pwd)/site/index.html"

lock: $(INSTALLED) ## renew requirements.lock: the newest versions that pyproject.toml allows
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --upgrade --universal --fork-strategy fewest --extra agents --extra docs --extra slurm --extra tensorboard --extra test --no-header --no-emit-index-url \
	  --output-file requirements.lock pyproject.toml

clean: ## remove results and logs, keep the environment
	rm -rf results/data results/config results/curves results/across_sections results/benchmarks results/warm_start results/permuted results/random_labels results/train_test_collapse results/agents results/locomotion results/report.html site logs .snakemake
