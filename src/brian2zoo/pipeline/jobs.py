"""What each job of the pipeline reads, depends on and is called with; the rules of workflow/rules ask here.

A job is told apart by its wildcards, whose names are those of the folders below results/.
"""

import json
import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from brian2zoo.errors import ZooError
from brian2zoo.formats.experiments import NO_ENCODER
from brian2zoo.formats.files import fingerprint
from brian2zoo.formats.language import Refused
from brian2zoo.formats.papers import Paper
from brian2zoo.formats.settings import ON_GPU, choices_of, joined, name_of, numbers_of, parts_of, values_of
from brian2zoo.formats.zoo import Zoo
from brian2zoo.pipeline.config import FILLED, Config, Deep, Mapped, Training, Watched

RUN = "{dataset}/{experiment}/{layers}/{setting}/seed={seed}"
"""Path of one run below the folder of its stage, without its ending."""
_NETWORK = ("dataset", "experiment", "layers", "setting")
_TARGET = re.compile("/".join([r"results/\w+", *(rf"(?P<{name}>[^/]+)" for name in _NETWORK), r"seed=\d+\.nc"]))
"""Path of one run."""
_ABREAST = "abreast="
"""Of a program in which several networks are abreast, so begins the part of its folder's name that says how many."""

Key = tuple[str, str, str, str]
"""Data set, experiment, layers and setting of a network."""


def run_path(stage: str, key: Key, seed: int) -> str:
    """File of one run in the folder of a stage."""
    return f"results/{stage}/{RUN}.nc".format(**dict(zip(_NETWORK, key, strict=True)), seed=seed)


def within(folder: Path, path: str) -> str:
    """A path as it is written in a folder, if it lies below it."""
    return str(Path(path).relative_to(folder) if Path(path).is_relative_to(folder) else path)


def options(name: str, values: Iterable[str]) -> str:
    """An option of a script for each of some values."""
    return " ".join(f"--{name} {shlex.quote(value)}" for value in values)


def for_each(seeds: Iterable[object], outputs: Iterable[str]) -> str:
    """Options of the script that trains: each seed with its output."""
    pairs = zip(seeds, outputs, strict=True)
    return " ".join(f"--seed {seed} {options('output', [path])}" for seed, path in pairs)


def growing(megabytes: int) -> Callable[..., int]:
    """Resource function: this much memory, and as much again with each further attempt, as in profiles/slurm."""
    return lambda wildcards, attempt: megabytes * attempt


def variant(wildcards: Any) -> tuple[str, int]:
    """Of a program, the choices that replace the experiment's, and how many networks are abreast."""
    parts = parts_of(getattr(wildcards, "variant", "default"))
    networks = [int(part.removeprefix(_ABREAST)) for part in parts if part.startswith(_ABREAST)]
    return joined(part for part in parts if not part.startswith(_ABREAST)), (networks or [1])[0]


@dataclass(frozen=True)
class Jobs:
    """The jobs of a configuration. Methods that take wildcards are Snakemake's input and parameter functions."""

    config: Config
    zoo: Zoo
    papers: Mapping[str, Paper]

    @cached_property
    def _trainings(self) -> dict[Key, Training]:
        return self.config.trainings()

    def setting(self, wildcards: Any) -> str:
        """That of a path, with what its name stands for if it has one."""
        try:
            return self.config.in_full(wildcards.setting)
        except Refused as error:
            raise error.at("config", "settings") from None

    def network_options(self, wildcards: Any) -> str:
        """Options of the script that trains: which network."""
        given = {name: getattr(wildcards, name) for name in _NETWORK} | {"setting": self.setting(wildcards)}
        given |= {"setting-name": wildcards.setting} if name_of(wildcards.setting) else {}
        return " ".join(options(name, [value]) for name, value in given.items())

    # --- What results depend on beside their inputs ------------------------------------------------

    def structure(self, wildcards: Any) -> str:
        """Of a program: its equations, sizes and times."""
        mode = "test" if wildcards.mode in ("test", "final", "count_test") else "train"
        choices, _ = variant(wildcards)
        return fingerprint(self.zoo.experiment(wildcards.experiment, choices).structure(mode))

    def numbers(self, wildcards: Any) -> str:
        """Of a result of an experiment; a path with a name does not say its numbers."""
        setting = self.setting(wildcards)
        found = fingerprint(self.zoo.experiment(wildcards.experiment, choices_of(setting)).numbers())
        return f"{found} {setting}" if name_of(wildcards.setting) else found

    def encoding(self, wildcards: Any) -> str:
        """Of encoded data, beside the data set."""
        names = [name for name in (wildcards.inputs, wildcards.labels) if name != NO_ENCODER]
        return fingerprint([self.zoo.encoder(name).content() for name in names])

    def dataset_settings(self, wildcards: Any) -> str:
        """Settings of a data set as JSON."""
        return self.config.datasets[wildcards.dataset].model_dump_json()

    def capacity(self, wildcards: Any) -> int:
        """Most samples that a program takes in one run."""
        return self.watched(wildcards).samples if wildcards.mode == "trace" else self.config.capacity

    def gradients(self, wildcards: Any) -> list[str]:
        """Of the rules whose gradients are compared."""
        return [fingerprint(self.zoo.experiment(name).numbers()) for name in self.config.rtrl.experiments]

    def chip(self, wildcards: Any) -> str:
        """Of a mapping on a chip of spiking cores: its numbers and the placement."""
        files = [self.zoo.chip(wildcards.chip)]
        if wildcards.placement != FILLED:
            files.append(self.zoo.placement(wildcards.placement))
        return fingerprint([file.content() for file in files])

    def cim(self, wildcards: Any) -> str:
        """Of costs on a compute-in-memory chip."""
        return fingerprint(self.zoo.cim(wildcards.chip).content())

    # --- Which inputs ------------------------------------------------------------------------------

    def encoded(self, split: str) -> Callable[[Any], str]:
        """Input function: the encoded split of an experiment's data set."""
        return lambda wildcards: self._encoded(wildcards.dataset, wildcards.experiment, split)

    def counted(self, wildcards: Any) -> str:
        """The split whose spikes are counted: of a network that learns the training split."""
        return self._encoded(wildcards.dataset, wildcards.experiment, wildcards.counting.removeprefix("count_"))

    def compared(self, wildcards: Any) -> str:
        """The encoded split of the samples whose gradients are compared."""
        return self._encoded(self.config.rtrl.dataset, self.config.rtrl.experiments[0], "test")

    def _encoded(self, dataset: str, experiment: str, split: str) -> str:
        folder = self.zoo.experiment(experiment).stated.encoders.folder
        return f"results/encoded/{dataset}/{folder}/{split}.nc"

    def program(self, mode: str, networks: int = 1) -> Callable[[Any], str]:
        """Input function: the program of an experiment, on the backend that it or the setting names.

        Parameters
        ----------
        mode : train, test, final or trace; or a wildcard in braces that says it.
        networks : how many are abreast.
        """
        abreast = [f"{_ABREAST}{networks}"] if networks > 1 else []

        def path(wildcards: Any) -> str:
            setting = self.setting(wildcards)
            backend = self.zoo.experiment(wildcards.experiment, setting).backend
            chosen = joined([*parts_of(choices_of(setting)), *abreast])
            folders = [backend, wildcards.experiment, wildcards.layers, *([] if chosen == "default" else [chosen])]
            return "/".join(["results/build", *folders, mode.format(wildcards=wildcards)])

        return path

    def simulated_runs(self) -> list[str]:
        """The file of runs that the model of a compute-in-memory chip is compared with, from the working directory."""
        return [os.path.relpath(self.zoo.root / self.config.cim.runs)] if self.config.cim else []

    def starts(self, wildcards: Any) -> list[str]:
        """The file that a training starts from, if it does not draw all of its weights."""
        return self.training(wildcards).starts([wildcards.seed])

    # --- Which entry of the configuration ----------------------------------------------------------

    def training(self, wildcards: Any) -> Training:
        """That for a training; without one, that of the same numbers, on another backend or by a name."""
        *network, setting = (getattr(wildcards, name) for name in _NETWORK)
        if found := self._trainings.get((*network, setting)):
            return found
        wanted = self._numbers(setting)
        for key, entry in self._trainings.items():
            if list(key[:3]) == network and self._numbers(key[3]) == wanted:
                return entry
        raise _no_entry("training", *network, numbers_of(setting))

    def _numbers(self, setting: str) -> dict[str, str]:
        return values_of(numbers_of(self.config.in_full(setting)))

    def check_targets(self, words: Iterable[str]) -> None:
        """`ZooError` if a word of a command line is the path of a run that the configuration does not describe."""
        for run in filter(None, map(_TARGET.fullmatch, words)):
            wildcards = SimpleNamespace(**run.groupdict())
            self.setting(wildcards)
            self.training(wildcards)

    def watched(self, wildcards: Any) -> Watched:
        """What is watched closely of the paper that an experiment is of."""
        paper = self.zoo.experiment(wildcards.experiment).paper
        if paper not in self.config.trace:
            problem = f"nothing is watched of paper '{paper}', that of {wildcards.experiment}"
            raise ZooError("config", "trace", problem, f"add {paper} to trace")
        return self.config.trace[paper]

    def mapped(self, wildcards: Any) -> Mapped:
        """That for a network on chips of spiking cores."""
        key = tuple(getattr(wildcards, name) for name in _NETWORK)
        for entry in self.config.map:
            if (entry.dataset, entry.experiment, entry.layers, entry.setting) == key:
                return entry
        raise _no_entry("map", *key)

    def deep(self, wildcards: Any) -> Deep:
        """That for costs over depth."""
        return next(deep for deep in self.config.cim.deep if deep.name == wildcards.deep)

    def sharing(self) -> list[tuple[Key, tuple[int, ...]]]:
        """Trainings whose networks share programs: what is trained, and the seeds in each program."""
        return [(key, seeds) for key, entry in self._trainings.items() for seeds in entry.seed_groups]

    # --- Which resources ---------------------------------------------------------------------------

    def gpus(self, wildcards: Any) -> int:
        """How many GPUs a run takes; --resources gpu=N bounds how many such jobs run at a time."""
        return int(self.zoo.experiment(wildcards.experiment, self.setting(wildcards)).backend in ON_GPU)

    # --- All results of a kind ---------------------------------------------------------------------

    def trained(self) -> list[str]:
        """Every training that the configuration asks for."""
        return [run_path("train", key, seed) for key, entry in self._trainings.items() for seed in entry.seeds]

    def listed(self, stage: str, paper: str | None = None, seeds: slice = slice(None)) -> list[str]:
        """Results of a stage for all trainings that are listed, or those of a paper's experiments; not the sweeps."""
        return [
            run_path(stage, key, seed)
            for key, entry in self.config.listed().items()
            if paper in (None, self.zoo.experiment(key[1]).paper)
            for seed in entry.seeds[seeds]
        ]

    def swept(self, stage: str, experiment: str, settings: Sequence[str]) -> list[str]:
        """Results of a stage for some settings of the sweep over bits; none where no experiment is named."""
        sweep = self.config.bits
        keys = [(sweep.dataset, experiment, sweep.layers, setting) for setting in settings if experiment]
        return [run_path(stage, key, seed) for key in keys for seed in sweep.seeds]

    def mappings(self, paper: str | None = None) -> list[str]:
        """Networks on chips, all of the configuration or those of a paper."""
        return [
            run_path(f"map/{chip}/{entry.placement}/count_{mode}", _key(entry), entry.seed)
            for entry in self.config.map
            if paper in (None, self.zoo.experiment(entry.experiment).paper)
            for chip in entry.chips
            for mode in entry.modes
        ]

    # --- Figures -----------------------------------------------------------------------------------

    def drawn(self) -> list[tuple[str, str]]:
        """Paper and name of each figure that the configuration has results for."""
        figures = ((paper, name) for paper in self.config.paper for name in self.papers[paper].figures)
        return [(paper, name) for paper, name in figures if self.figure_data(paper, name)]

    def figure_dataset(self, paper: str) -> str:
        """The data set that a paper's figures are drawn for: of its first training, else of the first of all."""
        of_paper = (key[0] for key in self.config.listed() if self.zoo.experiment(key[1]).paper == paper)
        return next(of_paper, self.config.training[0].dataset)

    def figure_stem(self, paper: str, name: str) -> str:
        """File of a figure, without its ending."""
        return f"results/figures/{paper}/{self.figure_dataset(paper)}/{name}"

    def figure_data(self, paper: str, name: str) -> list[str]:
        """The results that a paper's figure is drawn from."""
        return [path for source in self.papers[paper].figures[name].data for path in self._sources(source, paper)]

    def page(self) -> str:
        """Of each figure its file without ending and its results, as JSON."""
        return json.dumps(
            {f"{p}/{name}": (self.figure_stem(p, name), self.figure_data(p, name)) for p, name in self.drawn()}
        )

    def _sources(self, source: str, paper: str) -> list[str]:
        """Results of one of the kinds that a figure may name."""
        match source:
            case "trainings" | "weights":
                return self.listed("train", paper)
            case "evaluations":
                return self.listed("evaluate", paper)
            case "ledgers":  # costs are the same under every seed, up to a few spikes
                return [path for each in self.config.paper for path in self.listed("ledger", each, slice(1))]
            case "bits":
                return [f"results/bits/{self.config.bits.dataset}/{self.config.bits.layers}.nc"]
            case "trace":
                return [run_path("trace", _key(self.config.trace[paper]), 0)]
            case "mappings":
                return self.mappings(paper)
            case "gradients":
                return ["results/rtrl/gradients.nc"]
            case "agreement":
                return [self._on_chip("agreement")]
            case "depths":
                return [self._on_chip(f"depth/{deep.name}") for deep in self.config.cim.deep]
            case "in_place":
                return [self._on_chip("trainings")] if self.listed("train", paper) else []

    def _on_chip(self, name: str) -> str:
        return f"results/cim/{self.config.cim.chip}/{name}.nc"


def _key(entry: Watched | Mapped) -> Key:
    return entry.dataset, entry.experiment, entry.layers, entry.setting


def _no_entry(field: str, *network: str) -> ZooError:
    return ZooError("config", field, f"there is no entry for {' '.join(network)}", f"add one to {field}")
