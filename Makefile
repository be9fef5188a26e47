# make: install and run the default pipeline, to figures and report.  make resume: go on with a pipeline that was killed;
# make resume CONFIG=config/paper.yaml that of another configuration.  make test: install and test.  make gpu: what
# backends genn, genn_cpu and cuda need of Python, and what is still missing.  make test-gpu: all tests of backends.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/installed
RUN := PATH="$$PWD/$(VENV)/bin:$$PATH"

CONFIGURED = $(if $(CONFIG),--configfile $(CONFIG))

.PHONY: all install test report paper resume gpu test-gpu clean

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

paper: install
	$(RUN) snakemake --configfile config/paper.yaml
	$(RUN) snakemake --configfile config/paper.yaml --report results/report-paper.zip

# A pipeline that was killed leaves its lock in the folder, and perhaps a file that is not complete.
resume: install
	$(RUN) snakemake $(CONFIGURED) --unlock
	$(RUN) snakemake $(CONFIGURED) --rerun-incomplete

gpu: install
	$(VENV)/bin/pip install --quiet --no-deps --requirement workflow/envs/gpu-packages.txt
	$(RUN) brian2zoo doctor

test-gpu: gpu
	$(RUN) pytest -m "gpu or not gpu" tests/backends

clean:
	rm -rf $(VENV) results/build results/checkpoints .snakemake
