"""What a pipeline run is asked for: the files in config/ next to the experiments."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from brian2zoo.datasets import DatasetSettings
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.language import Ends, Layers, Line, Name, NameOrNone, Refused
from brian2zoo.formats.papers import FOLDER, Paper, papers
from brian2zoo.formats.settings import (
    Setting,
    SettingName,
    Value,
    Values,
    changed,
    in_full,
    joined,
    parts_of,
    setting_of,
)
from brian2zoo.formats.settings import setting as checked_setting
from brian2zoo.formats.zoo import validate

MOST_SEED = 2**32 - 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _seed(value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"\d+", str(value)) or int(value) > MOST_SEED:
        raise ValueError(f"'{value}' is no seed|write a whole number from 0 to {MOST_SEED}")
    return int(value)


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    twice = next((value for k, value in enumerate(values) if value in values[:k]), None)
    if twice is not None:
        raise ValueError(f"{twice} is named twice|name it once")
    return values


T = TypeVar("T")
Several = Annotated[tuple[T, ...], AfterValidator(_distinct)]
Some = Annotated[Several[T], Field(min_length=1)]
Seed = Annotated[int, BeforeValidator(_seed)]


@dataclass(frozen=True)
class Network:
    """A network that the configuration names, and the keys that name it.

    Parameters
    ----------
    entry : the key of the configuration that asks for it, such as `training[0]`.
    keys : where in the entry its experiment, layers and setting are named.
    """

    entry: str
    dataset: str
    experiment: str
    layers: str
    setting: str
    keys: tuple[str, str, str] = ("experiment", "layers", "setting")

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from others."""
        return self.dataset, self.experiment, self.layers, self.setting


SEED = "seed"
"""In a sweep stands for the seeds of a training."""


def swept(name: str) -> str:
    """What a sweep varies: `seed`, or what a setting may change."""
    return name if name == SEED else changed(name)


Swept = Annotated[str, AfterValidator(swept)]


class Training(_Part):
    """Networks that are trained alike."""

    dataset: Name = Field(description="key of `datasets`")
    experiments: Some[Name] = Field(description="files in config/experiments")
    layers: Some[Layers] = Field(description="sizes from input to output, such as 784-100-10")
    settings: Some[Setting] = Field(
        ("default",), description="names of `settings`, or scope.name=value:..., for each variant"
    )
    sweep: dict[Swept, Some[Value]] = Field(
        {}, description="values to try of each scope.name, in every combination; `seed` may be one of the names"
    )
    seeds: Some[Seed] = Field((0,), description="one training each")
    abreast: PositiveInt = Field(
        1, description="most networks that share one program, if they differ by their seed alone"
    )
    epochs: PositiveInt = Field(description="epochs of training, each followed by a test")
    samples: PositiveInt = Field(description="training samples an epoch")
    start: Line = Field(
        "", description="result of a training, or arrays w_PROJECTION, to start from; {seed} stands for the seed"
    )

    @model_validator(mode="before")
    @classmethod
    def _seeds_of_the_sweep(cls, stated: Any) -> Any:
        if not isinstance(stated, Mapping) or not isinstance(stated.get("sweep"), Mapping):
            return stated
        if SEED not in stated["sweep"]:
            return stated
        if "seeds" in stated:
            raise Refused("seeds are named here and in 'sweep'", "take one of them away", within="seeds")
        return {**stated, "seeds": stated["sweep"][SEED]}

    @model_validator(mode="after")
    def _variants_are_settings(self) -> "Training":
        try:
            for variant in self.variants:
                checked_setting(variant)
        except Refused as error:
            raise Refused(error.problem, error.remedy, within="sweep") from None
        return self

    @property
    def variants(self) -> tuple[str, ...]:
        """All settings: each of `settings` with each combination of the sweep."""
        names = [name for name in self.sweep if name != SEED]
        swept = [parts_of(setting_of(dict(zip(names, values, strict=True))))
                 for values in product(*(self.sweep[name] for name in names))]  # fmt: skip
        return tuple(joined([*parts_of(setting), *parts]) for setting, parts in product(self.settings, swept))

    def starts(self, seeds: Iterable[int]) -> list[str]:
        """File that the network of each seed starts from; none if all are drawn."""
        return [self.start.replace("{seed}", str(seed)) for seed in seeds if self.start]

    @property
    def amount(self) -> tuple[int, int, str]:
        """What has to agree where a training is asked for more than once."""
        return self.epochs, self.samples, self.start

    @property
    def seed_groups(self) -> list[tuple[int, ...]]:
        """Seeds of the networks that share a program, for each such program; none where each has its own."""
        parts = [self.seeds[k : k + self.abreast] for k in range(0, len(self.seeds), self.abreast)]
        return [part for part in parts if len(part) > 1]


WEIGHT_BITS, STATE_BITS = "synapse.bits", "state.x_bits"
"""Parameters by which the sweep over bits varies a setting."""


class Bits(_Part):
    """Sweep over the number of bits, during and after learning."""

    dataset: Name = Field(description="key of `datasets`")
    layers: Layers = Field(description="sizes from input to output")
    learning: Name = Field(description="experiment that learns with fixed-point weights")
    states: NameOrNone = Field("", description="experiment whose neuron states are fixed-point too; empty: none")
    after: Name = Field(description="experiment whose trained weights are rounded afterwards")
    bits: Some[PositiveInt] = Field(description="bits a weight, during learning")
    bits_after: Some[PositiveInt] = Field(description="bits a weight, after learning")
    bits_states: Several[PositiveInt] = Field((), description="bits a state")
    setting: Setting = Field("default", description="parameters of all trainings of the sweep")
    seeds: Some[Seed] = Field(description="one sweep each")
    abreast: PositiveInt = Field(
        1, description="most networks that share one program, if they differ by their seed alone"
    )
    epochs: PositiveInt = Field(description="epochs of each training")
    samples: PositiveInt = Field(description="training samples an epoch")

    @field_validator("setting")
    @classmethod
    def _can_be_varied(cls, setting: str, info: ValidationInfo) -> str:
        for parameter, key in ((WEIGHT_BITS, "bits"), (STATE_BITS, "bits_states")):
            for value in info.data.get(key, ()):
                checked_setting(joined([*parts_of(setting), f"{parameter}={value}"]))
        return setting

    def variants(self, parameter: str, values: tuple[int, ...]) -> tuple[str, ...]:
        """The sweep's setting with a parameter at each value."""
        return tuple(joined([*parts_of(self.setting), f"{parameter}={value}"]) for value in values)


FILLED = "filled"
"""In place of a file of models/placements: cores are filled one after the other."""


class Deep(_Part):
    """Networks that differ in depth."""

    ends: Ends = Field("", description="sizes of input and output, such as 784-10; empty: all layers are equal")
    width: PositiveInt = Field(description="size of the other layers")
    depths: Some[PositiveInt] = Field(description="numbers of layers of weights")

    @property
    def name(self) -> str:
        """Part of a path that names them."""
        return f"{self.ends or 'equal'}_{self.width}"


class OnChip(_Part):
    """What is mapped on a compute-in-memory chip."""

    chip: Name = Field(description="file in models/chips of kind compute_in_memory")
    runs: Line = Field(description="CSV file of a simulator's runs, to compare with")
    deep: tuple[Deep, ...] = Field(description="networks whose costs are followed over depth")

    @field_validator("deep")
    @classmethod
    def _of_distinct_names(cls, deep: tuple[Deep, ...]) -> tuple[Deep, ...]:
        _distinct(tuple(each.name for each in deep))
        return deep


class Gradients(_Part):
    """Gradients of rules against the exact one."""

    dataset: Name = Field(description="key of `datasets`")
    experiments: Some[Name] = Field(description="of the same neurons, whose rules have the surrogate below")
    surrogate: Name = Field(description="file in models/surrogates")
    parameter: Name = Field(description="its parameter that is varied")
    values: Some[PositiveFloat] = Field(description="of the parameter")
    layers: Layers = Field(description="sizes from input to output; the exact gradient costs the fourth power of them")
    samples: PositiveInt = Field(description="this many, the first of the test split")
    strengths: Some[FiniteFloat] = Field(description="multiples of the experiment's recurrent weights")


class Watched(_Part):
    """The network of a paper whose spikes and traces are drawn."""

    dataset: Name = Field(description="key of `datasets`")
    experiment: Name = Field(description="file in config/experiments; it must be trained, unless weights are initial")
    layers: Layers = Field(description="sizes from input to output")
    setting: Setting = Field("default", description="of the training")
    samples: PositiveInt = Field(5, description="this many, the first of the test split")
    weights: Literal["trained", "initial"] = Field("trained", description="those the network starts to learn on from")


class Mapped(_Part):
    """A network that is put on chips of spiking cores."""

    dataset: Name = Field(description="key of `datasets`")
    experiment: Name = Field(description="file in config/experiments; it must be trained")
    layers: Layers = Field(description="sizes from input to output")
    setting: Setting = Field("default", description="of the training")
    seed: Seed = Field(0, description="of the training")
    chips: Some[Name] = Field(description="files in models/chips of kind spiking")
    placement: Name = Field(FILLED, description="file in models/placements; 'filled': core after core")
    modes: Some[Literal["train", "test"]] = Field(("test", "train"), description="while learning, and not")
    samples: PositiveInt = Field(100, description="this many, the first of the split, whose spikes are counted")


class Config(_Part):
    """A whole configuration: config/config.yaml, with the overrides of --configfile and --config on top."""

    paper: Several[Name] = Field(description="folders in papers/ whose figures are drawn; one or a list")
    datasets: dict[Name, DatasetSettings] = Field(description="data sets by the name used below")
    settings: dict[SettingName, Values] = Field(
        {}, description="what each named setting changes, by scope.name; the name stands in paths and legends"
    )
    training: Some[Training] = Field(description="networks to train, every combination of the lists of an entry")
    bits: Bits = Field(description="sweep over bits, while learning and after it")
    map: tuple[Mapped, ...] = Field((), description="networks on chips of spiking cores")
    trace: dict[Name, Watched] = Field({}, description="what is watched closely, for each paper of spiking networks")
    rtrl: Gradients | None = Field(None, description="gradients that are compared")
    cim: OnChip | None = Field(None, description="what is mapped on a compute-in-memory chip")
    capacity: PositiveInt = Field(1000, description="most samples a run of a program; a checkpoint follows each")

    @field_validator("paper", mode="before")
    @classmethod
    def _one_or_a_list(cls, paper: Any) -> Any:
        return [paper] if isinstance(paper, str) else paper

    def networks(self) -> Iterator[Network]:
        """All networks the configuration names: to be trained, watched, mapped or compared."""
        several = ("experiments", "layers", "settings")
        for k, entry in enumerate(self.training):
            keys = ("experiments", "layers", "sweep" if entry.sweep.keys() - {SEED} else "settings")
            for experiment, layers, setting in product(entry.experiments, entry.layers, entry.variants):
                yield Network(f"training[{k}]", entry.dataset, experiment, layers, setting, keys)
        for key, sweep in self.sweeps().items():
            for setting in sweep.settings:
                yield Network(
                    "bits", sweep.dataset, sweep.experiments[0], sweep.layers[0], setting, (key, "layers", "setting")
                )
        singles = {f"trace.{paper}": watched for paper, watched in self.trace.items()}
        singles |= {f"map[{k}]": mapped for k, mapped in enumerate(self.map)}
        for key, one in singles.items():
            yield Network(key, one.dataset, one.experiment, one.layers, one.setting)
        if self.rtrl is not None:
            for experiment in self.rtrl.experiments:
                yield Network("rtrl", self.rtrl.dataset, experiment, self.rtrl.layers, "default", several)

    def experiments(self) -> set[str]:
        """Names of all experiments the configuration asks for."""
        return {network.experiment for network in self.networks()}

    def trainings(self) -> dict[tuple[str, str, str, str], Training]:
        """Training of each (data set, experiment, layers, setting); ZooError if one is asked for twice."""
        return _united((*self.training, *self.sweeps().values()))

    def in_full(self, setting: str) -> str:
        """A setting with what its name stands for."""
        return in_full(setting, self.settings)

    def swept(self) -> dict[str, list[tuple[tuple[str, str, str, str], int]]]:
        """Network and seed of each training of a sweep, by data set and what is swept: `digits/rule.eta+seed`."""
        found: dict[str, list[tuple[tuple[str, str, str, str], int]]] = {}
        for entry in self.training:
            for experiment, layers, setting, seed in (
                product(entry.experiments, entry.layers, entry.variants, entry.seeds) if entry.sweep else ()
            ):
                own = found.setdefault(f"{entry.dataset}/{'+'.join(entry.sweep)}", [])
                own.append(((entry.dataset, experiment, layers, setting), seed))
        return found

    def listed(self) -> dict[tuple[str, str, str, str], Training]:
        """The same without the sweep over bits."""
        return _united(self.training)

    def sweeps(self) -> dict[str, Training]:
        """Trainings that the sweep over bits needs, by the key that names the experiment."""
        sweep = self.bits
        shared = ("dataset", "seeds", "abreast", "epochs", "samples")
        common = {name: getattr(sweep, name) for name in shared} | {"layers": (sweep.layers,)}
        learning, states = sweep.variants(WEIGHT_BITS, sweep.bits), sweep.variants(STATE_BITS, sweep.bits_states)
        wanted = {
            "learning": Training(experiments=(sweep.learning,), settings=learning, **common),
            "after": Training(experiments=(sweep.after,), settings=(sweep.setting,), **common),
        }
        if sweep.states and states:
            wanted["states"] = Training(experiments=(sweep.states,), settings=states, **common)
        return wanted


def _united(trainings: Iterable[Training]) -> dict[tuple[str, str, str, str], Training]:
    """Entries by network, those of one network as one, with the seeds of all."""
    found: dict[tuple[str, str, str, str], Training] = {}
    for entry in trainings:
        for experiment, layers, setting in product(entry.experiments, entry.layers, entry.variants):
            key = (entry.dataset, experiment, layers, setting)
            known = found.get(key, entry)
            if known.amount != entry.amount:
                problem = f"{' '.join(key)} is asked for with different epochs, samples or start"
                raise ZooError("config", "training", problem, "keep one of the entries")
            both = {"seeds": tuple(sorted({*known.seeds, *entry.seeds})), "abreast": max(known.abreast, entry.abreast)}
            found[key] = entry if known is entry else entry.model_copy(update=both)
    return found


Sources = Sequence[tuple[str, Mapping[str, Any]]]
"""Names and contents of the files that make up a configuration; what a later one states replaces the others'."""


def load_config(data: Mapping[str, Any], sources: Sources = (), root: Path | None = None) -> Config:
    """A configuration from the mapping Snakemake has merged; `ZooError` for the first mistake in it.

    Parameters
    ----------
    sources : what it is merged from; left out, config/config.yaml alone.
    root : folder of the zoo whose papers it names; left out, that of the zoo in use.
    """
    sources = sources or [("config/config.yaml", data)]
    try:
        config = validate(Config, dict(data), Path("config"))
        for network in config.networks():
            try:
                config.in_full(network.setting)
            except Refused as error:
                raise error.at("config", f"{network.entry}.{network.keys[2]}") from None
        config.trainings()
        _complete(config, papers(root))
    except ZooError as error:
        raise mistake(sources, re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", error.field), error.problem, error.remedy) from None
    return config


def _complete(config: Config, known: Mapping[str, Paper]) -> None:
    """That papers are known, and that the configuration names what their figures are drawn from."""
    for field, named in (("paper", config.paper), ("trace", config.trace)):
        for key in named:
            if key not in known:
                remedy = did_you_mean(key, known, f"known: {', '.join(known) or 'none'}")
                raise ZooError("config", field, f"there is no folder {FOLDER}/{key}", remedy)
    for paper in config.paper:
        for sources, field, part, lacks in (
            (("agreement", "depths", "in_place"), "cim", config.cim, "nothing is named to map"),
            (("gradients",), "rtrl", config.rtrl, "no gradients are named to compare"),
            (("trace",), f"trace.{paper}", config.trace.get(paper), "no network is named to watch"),
        ):
            if part is None and any(known[paper].needs(source) for source in sources):
                raise ZooError("config", field, lacks, "add it, or leave the paper out")


def mistake(sources: Sources, field: str, problem: str, remedy: str) -> ZooError:
    """A mistake in a configuration, in the one of its files that states the field, or most of the way to it."""
    steps = field.partition("[")[0].split(".")  # mappings are merged, a list replaces what other files have
    depths = [_stated(content, steps) for _, content in sources]
    last = max(range(len(sources)), key=lambda k: (depths[k], k))
    return ZooError(sources[last][0], field, problem, remedy)


def _stated(content: Any, steps: Sequence[str]) -> int:
    """How many steps of the way to a field a file states."""
    for k, step in enumerate(steps):
        if not isinstance(content, Mapping) or step not in content:
            return k
        content = content[step]
    return len(steps)
