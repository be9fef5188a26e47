# make: install and run the default pipeline, to figures and report.  make test: install and test.  make gpu: what
# backends genn, genn_cpu and cuda need of Python, and what is still missing.  make test-gpu: all tests of backends.
# make fuzz: mutants, damage and kills at full size, to docs/fuzz.md; FUZZ="--texts 100 --kill 0" makes it smaller.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/installed
RUN := PATH="$$PWD/$(VENV)/bin:$$PATH"

.PHONY: all install test fuzz report paper gpu test-gpu clean

all: install
	$(RUN) snakemake
	$(RUN) snakemake --report results/report.zip

install: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --editable '.[test]'
	touch $@

test: install
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) pytest

fuzz: install
	cd tests && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" python -m fuzz $(FUZZ)

paper: install
	$(RUN) snakemake --configfile config/paper.yaml
	$(RUN) snakemake --configfile config/paper.yaml --report results/report-paper.zip

gpu: install
	$(VENV)/bin/pip install --quiet --no-deps --requirement workflow/envs/gpu-packages.txt
	$(RUN) brian2zoo doctor

test-gpu: gpu
	$(RUN) pytest -m "gpu or not gpu" tests/backends

clean:
	rm -rf $(VENV) results/build results/checkpoints .snakemake
