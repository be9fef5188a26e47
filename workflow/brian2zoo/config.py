"""What a pipeline run is asked for: the files in config/ beside the experiments."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, field_validator

from brian2zoo.datasets import DatasetSettings
from brian2zoo.errors import ZooError
from brian2zoo.spec import joined, parts_of
from brian2zoo.zoo import validate


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _layers(text: str) -> str:
    sizes = text.split("-")
    if len(sizes) < 3 or not all(size.isdigit() and int(size) > 0 for size in sizes):
        raise ValueError(f"'{text}' is not a network|write input-hidden-output sizes, such as 784-100-10")
    return text


class Training(_Part):
    """Networks that are trained alike."""

    dataset: str = Field(description="key of `datasets`")
    experiments: tuple[str, ...] = Field(description="files in config/experiments")
    layers: tuple[str, ...] = Field(description="sizes from input to output, such as 784-100-10")
    settings: tuple[str, ...] = Field(("default",), description="scope.name=value,... for each variant")
    seeds: tuple[int, ...] = Field((0,), description="one training each")
    abreast: PositiveInt = Field(1, description="networks that differ by their seed share a program, so many at most")
    epochs: PositiveInt = Field(description="epochs of training, each followed by a test")
    samples: PositiveInt = Field(description="training samples an epoch")
    start: str = Field(
        "", description="result of a training, or arrays w_PROJECTION, to start from; {seed} stands for the seed"
    )

    @field_validator("layers")
    @classmethod
    def _check_layers(cls, layers: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_layers(text) for text in layers)

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


class Bits(_Part):
    """Sweep over the number of bits, during and after learning."""

    dataset: str = Field(description="key of `datasets`")
    layers: str = Field(description="sizes from input to output")
    learning: str = Field(description="experiment that learns with fixed-point weights")
    states: str = Field("", description="experiment whose neuron states are fixed-point too; empty: none")
    after: str = Field(description="experiment whose trained weights are rounded afterwards")
    bits: tuple[int, ...] = Field(description="bits a weight, during learning")
    bits_after: tuple[int, ...] = Field(description="bits a weight, after learning")
    bits_states: tuple[int, ...] = Field((), description="bits a state")
    setting: str = Field("default", description="parameters of all trainings of the sweep")
    seeds: tuple[int, ...]
    abreast: PositiveInt = Field(1, description="networks that differ by their seed share a program, so many at most")
    epochs: PositiveInt
    samples: PositiveInt

    def variants(self, parameter: str, values: tuple[int, ...]) -> tuple[str, ...]:
        """The sweep's setting with a parameter at each value."""
        return tuple(joined([*parts_of(self.setting), f"{parameter}={value}"]) for value in values)


Paper = Literal["erbp", "nbp", "rtrl", "cim"]
WATCHED = ("erbp", "nbp")
"""Papers of which one network's spikes are drawn."""


class Deep(_Part):
    """Networks that differ in depth."""

    ends: str = Field("", description="sizes of input and output, such as 784-10; empty: all layers are equal")
    width: PositiveInt = Field(description="size of the other layers")
    depths: tuple[PositiveInt, ...] = Field(description="numbers of layers of weights")

    @property
    def name(self) -> str:
        """Part of a path that names them."""
        return f"{self.ends or 'equal'}_{self.width}"


class OnChip(_Part):
    """What is mapped on a compute-in-memory chip."""

    chip: str = Field(description="file in models/chips of kind compute_in_memory")
    dataset: str = Field(description="data set of the trainings that are drawn")
    runs: str = Field(description="CSV file of a simulator's runs, to compare with")
    deep: tuple[Deep, ...] = Field(description="networks whose costs are followed over depth")


class Gradients(_Part):
    """Gradients of rules beside the exact one, for paper rtrl."""

    dataset: str = Field(description="data set of the trainings that are drawn, and of the samples below")
    experiments: tuple[str, ...] = Field(description="of the same neurons, whose rules have the surrogate below")
    surrogate: str = Field(description="file in models/surrogates")
    parameter: str = Field(description="its parameter that is varied")
    values: tuple[PositiveFloat, ...] = Field(description="of the parameter")
    layers: str = Field(description="sizes from input to output; the exact gradient costs the fourth power of them")
    samples: PositiveInt = Field(description="so many, the first of the test split")
    strengths: tuple[float, ...] = Field(description="multiples of the experiment's recurrent weights")


class Watched(_Part):
    """The network of a paper whose spikes and traces are drawn."""

    dataset: str
    experiment: str
    layers: str
    setting: str = "default"
    samples: PositiveInt = Field(5, description="so many, the first of the test split")
    weights: Literal["trained", "initial"] = Field("trained", description="those the network starts to learn on from")


class Mapped(_Part):
    """A network that is put on chips of spiking cores."""

    dataset: str = Field(description="key of `datasets`")
    experiment: str = Field(description="file in config/experiments, of which there is a training")
    layers: str = Field(description="sizes from input to output")
    setting: str = "default"
    chips: tuple[str, ...] = Field(description="files in models/chips of kind spiking")
    placement: str = Field("filled", description="file in models/placements; 'filled': core after core")
    modes: tuple[Literal["train", "test"], ...] = Field(("test", "train"), description="while learning, and not")
    samples: PositiveInt = Field(100, description="so many, the first of the split, whose spikes are counted")


class Config(_Part):
    """A whole configuration: config/config.yaml, with the overrides of --configfile and --config on top."""

    paper: tuple[Paper, ...] = Field(description="whose figures are drawn; one or a list")
    datasets: dict[str, DatasetSettings] = Field(description="data sets by the name used below")
    training: tuple[Training, ...]
    bits: Bits
    map: tuple[Mapped, ...] = Field((), description="networks on chips of spiking cores")
    trace: dict[Paper, Watched] = Field(description="what is watched closely, for each paper of spiking networks")
    rtrl: Gradients | None = Field(None, description="gradients that are compared, for paper rtrl")
    cim: OnChip | None = Field(None, description="what is mapped, for paper cim")
    capacity: PositiveInt = Field(1000, description="most samples a run of a binary; a checkpoint follows each")

    @field_validator("paper", mode="before")
    @classmethod
    def _one_or_a_list(cls, paper: Any) -> Any:
        return [paper] if isinstance(paper, str) else paper

    def trainings(self) -> dict[tuple[str, str, str, str], Training]:
        """Training of each (data set, experiment, layers, setting); ZooError if one is asked for twice."""
        found: dict[tuple[str, str, str, str], Training] = {}
        for training in (*self.training, *self.sweeps()):
            for experiment in training.experiments:
                for layers in training.layers:
                    for setting in training.settings:
                        key = (training.dataset, experiment, layers, setting)
                        known = found.get(key)
                        if known is not None and known.amount != training.amount:
                            problem = f"{' '.join(key)} is asked for with different epochs, samples or start"
                            raise ZooError("config", "training", problem, "keep one of the entries")
                        if known is not None:
                            seeds = tuple(sorted({*known.seeds, *training.seeds}))
                            abreast = max(known.abreast, training.abreast)
                            training = training.model_copy(update={"seeds": seeds, "abreast": abreast})
                        found[key] = training
        return found

    def sweeps(self) -> list[Training]:
        """Trainings that the sweep over bits needs."""
        sweep = self.bits
        shared = ("dataset", "seeds", "abreast", "epochs", "samples")
        common = {name: getattr(sweep, name) for name in shared} | {"layers": (sweep.layers,)}
        wanted = [
            Training(experiments=(sweep.learning,), settings=sweep.variants("synapse.bits", sweep.bits), **common),
            Training(experiments=(sweep.after,), settings=(sweep.setting,), **common),
        ]
        if sweep.states:
            settings = sweep.variants("state.x_bits", sweep.bits_states)
            wanted.append(Training(experiments=(sweep.states,), settings=settings, **common))
        return wanted


def load_config(data: Mapping[str, Any], where: str | Path = "config/config.yaml") -> Config:
    """A configuration from the mapping Snakemake has merged; `ZooError` for the first mistake in it."""
    config = validate(Config, dict(data), Path(where))
    config.trainings()
    for entry in config.training:
        if entry.dataset not in config.datasets:
            known = ", ".join(config.datasets)
            raise ZooError(where, "training.dataset", f"there is no data set '{entry.dataset}'", f"known: {known}")
    if "cim" in config.paper and config.cim is None:
        raise ZooError(where, "cim", "nothing is named to map", "add it, or leave the paper out")
    if "rtrl" in config.paper and config.rtrl is None:
        raise ZooError(where, "rtrl", "no gradients are named to compare", "add it, or leave the paper out")
    for paper in config.paper:
        if paper in WATCHED and paper not in config.trace:
            raise ZooError(where, f"trace.{paper}", "no network is named to watch", "add it, or leave the paper out")
    return config
