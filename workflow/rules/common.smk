# Functions the rules use; the only file with Python of its own.
import json
import os
import re
import shlex
import sys
import types
from pathlib import Path

# The pipeline of a clone runs the package and reads the files of that clone, whichever is installed, and wherever
# results go.
ROOT = str(Path(workflow.current_basedir).resolve().parents[1])
sys.path.insert(0, f"{ROOT}/src")

from brian2zoo.pipeline.config import load_config
from brian2zoo.formats.papers import papers
from brian2zoo.formats.experiments import NO_ENCODER
from brian2zoo.formats.files import fingerprint
from brian2zoo.formats.language import Refused
from brian2zoo.errors import ZooError
from brian2zoo.formats.settings import BACKENDS, ON_GPU, choices_of, joined, name_of, parts_of
from brian2zoo.cli.unforeseen import told
from brian2zoo.formats.zoo import ROOT_VARIABLE, Zoo, read_yaml
from snakemake.exceptions import WorkflowError


def in_clone(path):
    """A path as it is written in the clone's folder."""
    path = Path(path)
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


# Results and figures say which command makes them, in the clone's folder.
CONFIGFILES = [in_clone(path) for path in workflow.overwrite_configfiles]
SNAKEMAKE = [
    "snakemake",
    *([] if os.path.samefile(os.curdir, ROOT) else ["--directory", os.getcwd()]),
    *(["--configfile", *CONFIGFILES] if CONFIGFILES else []),
]

# The scripts run with the Python that runs Snakemake, whether or not its environment is activated.
ENVIRONMENT = {
    "SCRIPTS": f"{ROOT}/workflow/scripts",
    "PYTHONPATH": f"{ROOT}/src",
    ROOT_VARIABLE: ROOT,
    "BRIAN2ZOO_SNAKEMAKE": shlex.join(SNAKEMAKE),
}
exported = " ".join(f"{name}={shlex.quote(value)}" for name, value in ENVIRONMENT.items())
shell.prefix(f"set -euo pipefail; export PATH={shlex.quote(os.path.dirname(sys.executable))}:$PATH {exported}; ")

ZOO = Zoo(ROOT)
try:
    # A mistake names the file that makes it.
    CONFIGURED = [Path(ROOT, "config", "config.yaml"), *map(Path, workflow.overwrite_configfiles)]
    SOURCES = [(in_clone(path), read_yaml(path)) for path in CONFIGURED]
    SOURCES.append(("--config", workflow.config_settings.config))
    CONFIG = load_config(config, SOURCES, Path(ROOT))
    TRAININGS = CONFIG.trainings()
    PAPERS = papers(Path(ROOT))
    if workflow.is_main_process:
        from brian2zoo.check import check_zoo, errors
        from brian2zoo.pipeline.plan import check_config

        # What nothing here names may be half-written.
        asked = {("experiment", name) for name in CONFIG.experiments()} & {
            ("experiment", name) for name in ZOO.names("experiment")
        }
        mistakes = errors(check_zoo(ZOO, asked)) or check_config(CONFIG, ZOO, SOURCES)
        if mistakes:
            raise WorkflowError("\n".join(dict.fromkeys(str(error) for error in mistakes)))
except WorkflowError:
    raise
except Exception as error:
    raise WorkflowError(told(error))


wildcard_constraints:
    dataset="|".join(map(re.escape, CONFIG.datasets)),  # one of these: names have underscores, as those of published files between them
    inputs=r"\w+",  # an encoder; two, not "a,b": on a cluster Snakemake gives a job its wildcards joined by commas
    labels=r"\w+",
    backend="|".join(BACKENDS),
    experiment="|".join(map(re.escape, ZOO.names("experiment"))),
    layers=r"\d+(-\d+)+",
    setting=r"[^/]+",
    seed=r"\d+",
    variant=r"[^/]+=[^/]+",
    mode=r"train|test|final|trace|count_train|count_test",
    counting=r"count_train|count_test",
    chip=r"\w+",
    placement=r"\w+",
    paper=r"\w+",
    stage="train|evaluate|ledger|bits|trace|map|rtrl|cim",
    result=r".+",


def structure(wildcards):
    """What the program of an experiment depends on."""
    mode = "test" if wildcards.mode in ("test", "final", "count_test") else "train"
    choices, _ = variant(wildcards)
    return fingerprint(ZOO.experiment(wildcards.experiment, choices).structure(mode))


def variant(wildcards):
    """Of a program, the choices that replace the experiment's, and how many networks are abreast."""
    parts = parts_of(getattr(wildcards, "variant", "default"))
    networks = [int(part.partition("=")[2]) for part in parts if part.startswith("abreast=")]
    return joined(part for part in parts if not part.startswith("abreast=")), (networks or [1])[0]


def setting(wildcards):
    """The setting of a path, with what its name stands for if it has one."""
    try:
        return CONFIG.in_full(wildcards.setting)
    except Refused as error:
        raise WorkflowError(str(error.at("config", "settings"))) from None


def numbers(wildcards):
    """What a result of an experiment depends on, beside its inputs; a path with a name does not say its numbers."""
    found = fingerprint(ZOO.experiment(wildcards.experiment, choices_of(setting(wildcards))).numbers())
    return f"{found} {setting(wildcards)}" if name_of(wildcards.setting) else found


def encoding(wildcards):
    """What encoded data depend on, beside the data set."""
    names = [name for name in (wildcards.inputs, wildcards.labels) if name != NO_ENCODER]
    return fingerprint([ZOO.encoder(name).content() for name in names])


def dataset_settings(wildcards):
    """Settings of a data set as JSON."""
    return CONFIG.datasets[wildcards.dataset].model_dump_json()


def encoded(split):
    """Input function: the encoded split of an experiment's data set."""

    def path(wildcards):
        encoders = ZOO.experiment(wildcards.experiment).stated.encoders
        return f"results/encoded/{wildcards.dataset}/{encoders.folder}/{split}.nc"

    return path


def program(mode, networks=1):
    """Input function: the program of an experiment, on the backend that it or the setting names."""
    abreast = [f"abreast={networks}"] if networks > 1 else []

    def path(wildcards):
        chosen = ZOO.experiment(wildcards.experiment, setting(wildcards)).backend
        network = f"{chosen}/{wildcards.experiment}/{wildcards.layers}"
        of_setting = joined([*parts_of(choices_of(setting(wildcards))), *abreast])
        folder = "" if of_setting == "default" else f"{of_setting}/"
        return f"results/build/{network}/{folder}{mode.format(wildcards=wildcards)}"

    return path


def gpus(wildcards):
    """How many GPUs a run takes; what Snakemake is given by --resources gpu=N bounds how many run at a time."""
    return int(ZOO.experiment(wildcards.experiment, setting(wildcards)).backend in ON_GPU)


def training(wildcards):
    """The configuration's entry for a training."""
    try:
        return CONFIG.training_of(wildcards.dataset, wildcards.experiment, wildcards.layers, wildcards.setting)
    except ZooError as error:
        raise WorkflowError(str(error)) from None


def starts(wildcards):
    """File that a training starts from, if it does not draw all of its weights."""
    return training(wildcards).starts([wildcards.seed])


def start_options(paths):
    """Options of the script that trains: what each network starts from."""
    return " ".join(f"--start {shlex.quote(path)}" for path in paths)


def sharing():
    """Trainings whose networks share programs: what is trained, and the seeds in each program."""
    return [(key, seeds) for key, entry in TRAININGS.items() for seeds in entry.seed_groups]


def options(name, values):
    """An option of a script for each of some values."""
    return " ".join(f"--{name} {shlex.quote(value)}" for value in values)


def for_each(seeds, outputs):
    """Options of the script that trains: each seed with its output."""
    return " ".join(f"--seed {seed} --output {shlex.quote(path)}" for seed, path in zip(seeds, outputs))


def network_options(wildcards):
    """Options of the script that trains: which network."""
    named = {name: getattr(wildcards, name) for name in ("dataset", "experiment", "layers")}
    named["setting"] = setting(wildcards)
    if name_of(wildcards.setting):
        named["setting-name"] = wildcards.setting
    return " ".join(f"--{name} {shlex.quote(value)}" for name, value in named.items())


def run_path(key, seed):
    """Folder and file of one run below the folder of its stage."""
    dataset, experiment, layers, setting = key
    return f"{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc"


def training_path(key, seed):
    return f"results/train/{run_path(key, seed)}"


def default_trainings(stage, paper=None, seeds=slice(None)):
    """Results of a stage for all trainings of the configuration, or those of a paper's experiments, but the sweeps."""
    return [
        f"results/{stage}/{run_path(key, seed)}"
        for key, entry in CONFIG.listed().items()
        if paper in (None, ZOO.experiment(key[1]).paper)
        for seed in entry.seeds[seeds]
    ]


def sweep_paths(stage, experiment, settings):
    """Results of a stage for some settings of the sweep over bits; none where no experiment is named."""
    sweep = CONFIG.bits
    keys = [(sweep.dataset, experiment, sweep.layers, setting) for setting in settings if experiment]
    return [f"results/{stage}/{run_path(key, seed)}" for key in keys for seed in sweep.seeds]


def compared_samples():
    """The encoded split of the samples whose gradients are compared."""
    encoders = ZOO.experiment(CONFIG.rtrl.experiments[0]).stated.encoders
    return f"results/encoded/{CONFIG.rtrl.dataset}/{encoders.folder}/test.nc"


def watched(wildcards):
    """What is watched closely of the paper that an experiment is of."""
    paper = ZOO.experiment(wildcards.experiment).paper
    if paper not in CONFIG.trace:
        raise WorkflowError(f"config: trace: nothing is watched of paper '{paper}', that of {wildcards.experiment}")
    return CONFIG.trace[paper]


def mapped(wildcards):
    """The configuration's entry for a network on chips."""
    key = (wildcards.dataset, wildcards.experiment, wildcards.layers, wildcards.setting)
    for entry in CONFIG.map:
        if (entry.dataset, entry.experiment, entry.layers, entry.setting) == key:
            return entry
    raise WorkflowError(f"config: map: there is no entry for {' '.join(key)}")


def mappings(paper=None):
    """Results of mapping all networks of the configuration, or those of a paper."""
    return [
        f"results/map/{chip}/{entry.placement}/count_{mode}/"
        + run_path((entry.dataset, entry.experiment, entry.layers, entry.setting), entry.seed)
        for entry in CONFIG.map
        if paper in (None, ZOO.experiment(entry.experiment).paper)
        for chip in entry.chips
        for mode in entry.modes
    ]


def counted_data(wildcards):
    """The split whose spikes are counted: of a network that learns the training split."""
    return encoded(wildcards.counting.removeprefix("count_"))(wildcards)


def chip(wildcards):
    """What a mapping depends on beside the network: the chip's numbers and the placement."""
    files = [ZOO.chip(wildcards.chip)]
    if wildcards.placement != "filled":
        files.append(ZOO.placement(wildcards.placement))
    return fingerprint([file.content() for file in files])


def figure_dataset(paper):
    """Data set that a paper's figures are drawn for: of its first training, else of the first of all."""
    of_paper = (entry.dataset for key, entry in CONFIG.listed().items() if ZOO.experiment(key[1]).paper == paper)
    return next(of_paper, CONFIG.training[0].dataset)


def figure_stem(paper, name):
    """File of a figure, without its ending."""
    return f"results/figures/{paper}/{figure_dataset(paper)}/{name}"


def simulated_runs():
    """The file of runs that the model of a compute-in-memory chip is compared with."""
    return os.path.relpath(os.path.join(ROOT, CONFIG.cim.runs)) if CONFIG.cim else []


def cim(wildcards):
    """What costs on a compute-in-memory chip depend on, beside networks."""
    return fingerprint(ZOO.cim(wildcards.chip).content())


def deep_paths():
    """Costs over depth on the compute-in-memory chip."""
    return [f"results/cim/{CONFIG.cim.chip}/depth/{deep.name}.nc" for deep in CONFIG.cim.deep]


def deep(wildcards):
    """The configuration's entry for costs over depth."""
    return next(deep for deep in CONFIG.cim.deep if deep.name == wildcards.deep)


def traced(paper):
    """The watched network of a paper."""
    shown = CONFIG.trace[paper]
    return [f"results/trace/{run_path((shown.dataset, shown.experiment, shown.layers, shown.setting), 0)}"]


def of_chip(name):
    """A result of the compute-in-memory chip."""
    return [f"results/cim/{CONFIG.cim.chip}/{name}.nc"]


# The results of each kind that a paper's figure may name.
SOURCES = {
    "trainings": lambda paper: default_trainings("train", paper),
    "weights": lambda paper: default_trainings("train", paper),
    "evaluations": lambda paper: default_trainings("evaluate", paper),
    # Costs are the same under every seed, up to a few spikes; the first will do.
    "ledgers": lambda paper: [path for each in CONFIG.paper for path in default_trainings("ledger", each, slice(1))],
    "bits": lambda paper: [f"results/bits/{CONFIG.bits.dataset}/{CONFIG.bits.layers}.nc"],
    "trace": traced,
    "mappings": mappings,
    "gradients": lambda paper: ["results/rtrl/gradients.nc"],
    "agreement": lambda paper: of_chip("agreement"),
    "depths": lambda paper: deep_paths(),
    "in_place": lambda paper: of_chip("trainings") if default_trainings("train", paper) else [],
}


def figure_data(paper, name):
    """The results a paper's figure is drawn from."""
    return [path for source in PAPERS[paper].figures[name].data for path in SOURCES[source](paper)]
