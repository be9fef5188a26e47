# make: install and run the default pipeline, to figures and report.  make resume: go on with a pipeline that was killed;
# make resume CONFIG=papers/erbp/mnist.yaml that of another configuration.  make test: install and test.  make gpu: what
# backends genn, genn_cpu and cuda need of Python, and what is still missing.  make test-gpu: all tests of backends.
# make gpu-check: the first minutes on a GPU, with the packages that make gpu-wheels has put into wheelhouse/, if any.
# make docs: the documentation site, results/site/index.html.
# make matrix: install and a few tests under Python 3.11, 3.12 and 3.13, as many of them as are here.
# make fuzz: mutants, damage and kills at full size, to docs/fuzz.md; FUZZ="--texts 0 --configurations 0 --commands 0
# --damage 0" the kills alone, whose row they replace.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/installed
RUN := PATH="$$PWD/$(VENV)/bin:$$PATH"
# of make gpu-check: where its result goes, further options, and packages over those of $(PYTHON)
OUT ?= results/benchmarks
CHECK ?=
SITE := .gpu-site
WHEELS := $(wildcard wheelhouse/*.whl)

FIRST_PAGE = --report-stylesheet workflow/report/style.css
# What was made, and where.
told = printf '%s\n' '' 'Figures, each as .png and .pdf:' $$(ls -d results/figures/*/*/*.png) '' \
	'All of them with captions, and published values beside measured ones: results/figures/index.html' \
	'The same with every job, its program and its time: $(1)' \
	'The figures of all papers, how to make them and what is published: brian2zoo figures'
CONFIGURED = $(if $(CONFIG),--configfile $(CONFIG))

.PHONY: all install test matrix docs fuzz report paper resume gpu test-gpu gpu-wheels gpu-check clean

all: install
	$(RUN) snakemake
	$(RUN) snakemake --report results/report.zip $(FIRST_PAGE)
	@$(call told,results/report.zip)

install: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --editable '.[test]'
	touch $@

test: install
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) snakefmt --check Snakefile workflow
	$(RUN) pytest

docs: install
	$(VENV)/bin/pip install --quiet --editable '.[docs]'
	$(RUN) snakemake docs
	@echo 'Open results/site/index.html'

matrix:
	tests/matrix.sh $(MATRIX)

fuzz: install
	cd tests && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" python -m fuzz $(FUZZ)

paper: install
	$(RUN) snakemake --configfile papers/erbp/mnist.yaml
	$(RUN) snakemake --configfile papers/erbp/mnist.yaml --report results/report-paper.zip $(FIRST_PAGE)
	@$(call told,results/report-paper.zip)

# A pipeline that was killed leaves its lock in the folder, and perhaps a file that is not complete.
resume: install
	$(RUN) snakemake $(CONFIGURED) --unlock
	$(RUN) snakemake $(CONFIGURED) --rerun-incomplete

gpu: install
	$(VENV)/bin/pip install --quiet --no-deps --requirement workflow/envs/gpu-packages.txt
	$(RUN) brian2zoo doctor

test-gpu: gpu
	$(RUN) pytest -m "gpu or not gpu" tests/backends

gpu-wheels: install
	rm -rf wheelhouse
	$(VENV)/bin/pip download --quiet --no-deps --only-binary :all: --implementation cp --python-version 3.12 \
		--platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 --dest wheelhouse \
		--requirement workflow/envs/gpu-packages.txt --requirement workflow/envs/gpu-check-packages.txt
	du -chL wheelhouse data/mnist

gpu-check:
	$(if $(WHEELS),$(PYTHON) -m pip install --quiet --no-index --no-deps --no-compile --upgrade --target $(SITE) $(WHEELS))
	PYTHONPATH="$$PWD/src:$$PWD/$(SITE)" PYTHONUNBUFFERED=1 \
		$(PYTHON) benchmarks/gpu_check.py run --output "$(OUT)/gpu-check.nc" $(CHECK)

clean:
	rm -rf $(VENV) results/build results/checkpoints .snakemake
