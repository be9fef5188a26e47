"""Build a circuit once, run it many times: arrays in, arrays out.

A binary depends on equations and sizes only. Weights, parameters, data, the seed and the number of samples
enter when it runs, so that a sweep compiles once.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import brian2
import numpy as np
from brian2.core.variables import ArrayVariable, DynamicArrayVariable, Variable
from filelock import FileLock

import brian2zoo
from brian2zoo.backends import Standalone
from brian2zoo.backends import backend as backend_of
from brian2zoo.backends.capability import refuse
from brian2zoo.circuits import Circuit, Projection
from brian2zoo.compose.circuit import compose
from brian2zoo.compose.influence import InfluenceCode
from brian2zoo.compose.synapse import SynapseCode
from brian2zoo.datasets.events import Events, given_to
from brian2zoo.errors import ZooError
from brian2zoo.formats.files import fingerprint
from brian2zoo.run.interpreted import use_numpy_target
from brian2zoo.run.network import OUTPUT_ONLY, Assembled, Recording, assemble, duration

logger = logging.getLogger(__name__)

# Composition makes the order of synapses irrelevant but for which of them gets which random number; of that
# Brian2 warns at every draw.
logging.getLogger("brian2.codegen.generators.base").addFilter(
    lambda record: "may not be well-defined" not in record.getMessage()
)

# Of a network that is looked at and not run, Brian2 warns object by object.
logging.getLogger("brian2.core.base.unused_brian_object").addFilter(lambda record: False)

MANIFEST, PROGRAM = "manifest.json", "main"
_STATED = {
    "key", "checksum", "backend", "capacity", "steps_per_sample", "dt", "data", "data_names", "variables", "orders",
    "seconds",
}  # fmt: skip
"""What `build` states in a manifest, and a run needs."""
_ANEW = "delete the folder, and the pipeline makes it anew"
_ALL_ANEW = "delete results/build, and the pipeline makes all programs anew"


@dataclass(frozen=True)
class Inputs:
    """What a run is given.

    Parameters
    ----------
    data : values for 'input' and 'label', each (sample, unit) in SI units; for 'input' instead events.
    values : other variables, ``group.variable`` to a number or an array in SI units.
    n_samples : how many samples to run, at most the capacity of the build.
    seed : of every random number of the run.
    """

    data: Mapping[str, np.ndarray | Events]
    values: Mapping[str, Any]
    n_samples: int
    seed: int


def parameter_values(circuit: Circuit) -> dict[str, float]:
    """Every parameter of a circuit as ``group.name`` to its value in SI units."""
    codes = compose(circuit, backend_of(circuit.experiment.backend).assembly)
    return {
        f"{group}.{name}": float(np.asarray(value))
        for group, parameters in codes.parameters.items()
        for name, value in parameters.items()
    }


def build_key(circuit: Circuit, sample_time: Any, capacity: int, recording: Recording) -> str:
    """Hash of all that a binary depends on; two builds with equal keys are the same program."""
    backend = backend_of(circuit.experiment.backend)
    codes = compose(circuit, backend.assembly)
    strings = [
        {
            name: {k: v for k, v in vars(code).items() if k not in ("parameters", "pieces")}
            for name, code in kind.items()
        }
        for kind in (codes.neurons, codes.synapses, _objects(codes.influences))
    ]
    units = [
        (p.name, p.role, p.size, p.order, p.backward_order, circuit.kept_by(p), p.neuron.graded)
        for p in circuit.populations
    ]
    wiring = [(p.name, p.pre.name, p.post.name, _pairs_key(p), p.delay, _delays_key(p)) for p in circuit.projections]
    times = [str(sample_time), *(str(duration(circuit, which)) for which in ("dt", "T_answer"))]
    times += [capacity, circuit.experiment.stated.precision, circuit.experiment.protocol.rest]
    made_by = [backend.name, backend.versions(), _generator(backend)]
    return fingerprint(
        strings, units, wiring, circuit.membrane, circuit.layers, circuit.networks, times, str(recording), made_by
    )


def _delays_key(projection: Projection) -> str:
    """Which delay each synapse has, where they have not all the same."""
    return "" if projection.delays is None else hashlib.sha256(projection.delays.tobytes()).hexdigest()


def _pairs_key(projection: Projection) -> str:
    """Hash of who is connected to whom; empty if everyone is."""
    if projection.pairs is None:
        return ""
    return hashlib.sha256(b"".join(np.asarray(side, np.int64).tobytes() for side in projection.pairs)).hexdigest()


def _objects(influences: Mapping[str, InfluenceCode]) -> dict[str, SynapseCode]:
    """Code of each Brian2 object of some influences."""
    return {f"{name}.{part}": made for name, code in influences.items() for part, made in vars(code).items() if made}


def _generator(backend: Standalone) -> str:
    """Hash of the code that turns composed strings into a program."""
    package = Path(brian2zoo.__file__).parent
    files = [package / f"{name}.py" for name in ("run/network", "datasets/events", "run/programs", "derive/formulas")]
    files += sorted((package / "dense").rglob("*.[ch]*"))
    files += sorted((package / "dense").glob("*.py")) + backend.sources()
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def build(
    circuit: Circuit,
    sample_time: Any,
    capacity: int,
    directory: Path,
    recording: Recording = OUTPUT_ONLY,
    threads: int = 1,
    backend: Standalone | None = None,
) -> Path:
    """Generate and compile a circuit; `directory` appears when the binary is complete.

    The folder holds the program, its sources, and a manifest of the variables it can be given and returns,
    with the seconds spent on generating and compiling and the path that each projection takes through the
    device: rows, columns, the diagonal or lists without a queue of synapses, or Brian2's queue; and of a projection
    whose synapses change in every step, whether they do so in blocks of steps.

    Parameters
    ----------
    backend : another one than the experiment's.

    Raises
    ------
    ZooError
        If the backend does not take the circuit or there is no compiler, before anything is generated; or if the
        compiler fails.
    """
    directory = Path(directory)
    partial = directory.with_name(directory.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    refuse(circuit)
    backend = backend or backend_of(circuit.experiment.backend)
    backend.need_compiler()
    begin = time.perf_counter()
    with backend.device_in(partial, threads) as device:
        assembled = assemble(circuit, sample_time, capacity, recording, backend.assembly)
        if assembled.initial:  # which reads arguments, and gives way to them
            backend.take_arguments(device)
            assembled.begin()
        backend.prepare(device)
        assembled.network.run(capacity * sample_time, namespace={})
        backend.generate(device, partial)
        generated = time.perf_counter()
        backend.compile(device, partial)
        compiled = time.perf_counter()
        manifest = {
            "key": build_key(circuit, sample_time, capacity, recording),
            "backend": backend.name,
            "versions": backend.versions(),
            "capacity": capacity,
            "steps_per_sample": assembled.steps_per_sample,
            "dt": float(duration(circuit, "dt")),
            "seconds": {"generate": generated - begin, "compile": compiled - generated},
            "data": {name: list(array.values.shape) for name, array in assembled.data.items()},
            "data_names": {name: array.name for name, array in assembled.data.items()},
            "variables": _variables(assembled, device, {p.name: p.size for p in circuit.projections}),
            "orders": _orders(circuit, backend),
            "paths": backend.paths(device),
        }
    for name, path in manifest["paths"].items():
        logger.info("%s: %s", name, path)
    manifest["checksum"] = _checksum(partial, manifest)
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=1))
    for leftover in [*partial.rglob("*.o"), partial / "make.deps"]:
        leftover.unlink(missing_ok=True)
    shutil.rmtree(directory, ignore_errors=True)
    partial.rename(directory)
    return directory


def ways(circuit: Circuit) -> dict[str, str]:
    """How the experiment's backend moves synapses that change in every step, by projection, in words; nothing is built.

    Of a backend that knows one way only, nothing is said.
    """
    backend = backend_of(circuit.experiment.backend)
    with tempfile.TemporaryDirectory() as folder, backend.device_in(Path(folder), threads=1) as device:
        assembled = assemble(circuit, duration(circuit, "T_train"), 1, assembly=backend.assembly)
        return backend.ways(device, assembled.network)


def _checksum(directory: Path, manifest: Mapping[str, Any]) -> str:
    """Hash of a program, the arrays it reads when it starts, and all else that its manifest states."""
    stated = {name: value for name, value in manifest.items() if name != "checksum"}
    hashed = hashlib.sha256(json.dumps(stated, sort_keys=True).encode())
    for path in (directory / PROGRAM, *sorted((directory / "static_arrays").glob("*"))):
        hashed.update(f"\n{path.name}\n".encode() + path.read_bytes())
    return hashed.hexdigest()


def build_cached(
    circuit: Circuit,
    sample_time: Any,
    capacity: int,
    directory: Path,
    cache: Path,
    recording: Recording = OUTPUT_ONLY,
    threads: int = 1,
) -> Path:
    """As `build`, but a program of the same content is taken from `cache` if it is there."""
    with _stored(circuit, sample_time, capacity, cache, recording, threads) as stored:
        shutil.rmtree(directory, ignore_errors=True)
        return Path(shutil.copytree(stored, directory, copy_function=os.link))


def cached(
    circuit: Circuit, sample_time: Any, capacity: int, cache: Path, recording: Recording = OUTPUT_ONLY
) -> "Program":
    """The program of a circuit, built in `cache` unless one of the same content is there."""
    with _stored(circuit, sample_time, capacity, cache, recording) as stored:
        return Program(stored)


@contextlib.contextmanager
def _stored(
    circuit: Circuit, sample_time: Any, capacity: int, cache: Path, recording: Recording, threads: int = 1
) -> Iterator[Path]:
    """The folder of a program in `cache`, whole, and as long as nobody else may touch it."""
    stored = Path(cache) / build_key(circuit, sample_time, capacity, recording)
    stored.parent.mkdir(parents=True, exist_ok=True)
    # Experiments that share a program are often built side by side: the second waits for the first.
    with FileLock(f"{stored}.lock"):
        try:
            Program(stored)
        except ZooError:  # there is none, or not the whole of it
            build(circuit, sample_time, capacity, stored, recording, threads)
        yield stored


def _variables(assembled: Assembled, device: Any, synapses: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """Stored variables of all groups and monitors: result file, type, what `_checked` needs, and how many values.

    That is `size`, -1 if it grows. Of what grows in a known way, `columns` values every so many steps (`every`), or as
    many as there are spikes in the variable `counted`.

    Parameters
    ----------
    synapses : their number by projection; Brian2 learns it only when the program runs.
    """
    found = {}
    for name, group in _objects_of(assembled).items():
        for variable in group.variables.values():
            if not _is_stored(name, variable) or variable not in device.arrays:
                continue
            grows = isinstance(variable, DynamicArrayVariable)
            found[f"{name}.{variable.name}"] = {
                "file": device.get_array_filename(variable),
                "dtype": np.dtype(variable.dtype).name,
                "size": _size(group, variable, synapses) if grows else int(variable.size),
                "settable": not variable.read_only,
                "checked": _checked(group, variable),
            } | (_growth(name, group, variable) if grows else {})
    return found


def _objects_of(assembled: Assembled) -> dict[str, Any]:
    return {**assembled.groups, **assembled.monitors}


def _is_stored(name: str, variable: Variable) -> bool:
    return isinstance(variable, ArrayVariable) and variable.owner is not None and variable.owner.name == name


def _size(group: Any, variable: Variable, synapses: Mapping[str, int]) -> int:
    """Values of what grows while a program runs, -1 if not known: of synapses a device may do without indices."""
    of_synapses = isinstance(group, brian2.Synapses) and variable.name in group.equations.names
    return synapses.get(group.name, -1) if of_synapses else -1


def _growth(name: str, group: Any, variable: Variable) -> dict[str, Any]:
    """How many values a monitor has after a run."""
    if isinstance(group, brian2.StateMonitor):
        columns = 1 if variable.name == "t" else len(group.record)
        return {"columns": columns, "every": round(float(group.clock.dt / brian2.defaultclock.dt))}
    return {"counted": f"{name}.count"} if isinstance(group, brian2.SpikeMonitor) else {}


def _checked(group: Any, variable: Variable) -> dict[str, Any] | None:
    """What to call a variable in a message if it must be finite, and whether it may be infinite; None if it is given.

    A time may be infinite: it never comes.
    """
    if variable.constant or not np.issubdtype(variable.dtype, np.floating):
        return None
    watched = group.source if isinstance(group, brian2.StateMonitor) else group
    return {"name": f"{variable.name} of {watched.name}", "time": variable.dim is brian2.second.dim}


def _orders(circuit: Circuit, backend: Standalone) -> dict[str, list[int]]:
    """The order in which the backend returns synapses, of projections where it is not the one they were made in."""
    found = {p.name: backend.stored_order(p.pairs[0]) for p in circuit.projections if p.pairs is not None}
    return {name: order.tolist() for name, order in found.items() if order is not None}


class NotFinite(Exception):
    """A run has come to a value that is no number.

    Parameters
    ----------
    wrong : value by variable, such as 'v of hidden1'.
    samples : of the run, after which it is so; after those before it is not.
    """

    def __init__(self, wrong: Mapping[str, float], samples: int) -> None:
        super().__init__(f"{', '.join(f'{name} is {value}' for name, value in wrong.items())} after {samples} samples")
        self.wrong, self.samples = wrong, samples


Attempt = Callable[[Inputs], tuple[dict[str, np.ndarray], dict[str, float]]]


def _finite(attempt: Attempt, inputs: Inputs) -> dict[str, np.ndarray]:
    """Outputs of a run that may be repeated: a run of fewer samples is the first part of it.

    Raises NotFinite, with the sample found by bisection.
    """
    outputs, wrong = attempt(inputs)
    good, bad = 0, inputs.n_samples
    while wrong and bad - good > 1:
        half = (good + bad) // 2
        _, found = attempt(replace(inputs, n_samples=half))
        good, bad, wrong = (good, half, found) if found else (half, bad, wrong)
    if wrong:
        raise NotFinite(wrong, bad)
    return outputs


def _wrong(checked: Mapping[str, Any], values: np.ndarray) -> list[tuple[str, float]]:
    """The first value that is no number, after the name of its variable; nothing if there is none."""
    wrong = values[np.isnan(values) if checked["time"] else ~np.isfinite(values)]
    return [(checked["name"], float(wrong.flat[0]))] if wrong.size else []


class Program:
    """A built circuit.

    Parameters
    ----------
    directory : as returned by `build`.

    Raises
    ------
    ZooError
        If it is no whole program, a bit of it has changed, or it is one of a version of the zoo that knew less of what
        it made.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory).resolve()
        try:
            self.manifest = json.loads((self.directory / MANIFEST).read_text())
        except OSError as error:
            raise ZooError(directory, MANIFEST, f"it cannot be read ({error.strerror})", _ANEW) from None
        except ValueError:
            raise ZooError(directory, MANIFEST, "it is damaged", _ANEW) from None
        if not isinstance(self.manifest, dict) or not self.manifest.keys() >= _STATED:
            raise ZooError(directory, MANIFEST, "another version of brian2zoo made this program", _ANEW)
        if not os.access(self.directory / PROGRAM, os.X_OK):
            raise ZooError(directory, PROGRAM, "the program is missing, or may not be executed", _ANEW)
        if _checksum(self.directory, self.manifest) != self.manifest["checksum"]:
            raise ZooError(directory, "", "the program is damaged: it is not as it was made", _ANEW)
        self.key: str = self.manifest["key"]
        self.capacity: int = self.manifest["capacity"]
        self.steps_per_sample: int = self.manifest["steps_per_sample"]

    def run(self, inputs: Inputs, outputs: Iterable[str]) -> dict[str, np.ndarray]:
        """Run the program and return the variables asked for, flat, in SI units.

        Raises
        ------
        ValueError
            If an input does not fit the build: the program itself would run on with wrong data.
        ZooError
            If the program does not run here or fails, it has not written all that it should have, or there is no place
            for what it is given and returns.
        NotFinite
            If a variable that changes is infinite or not a number, or a time not a number.
        """
        wanted = list(outputs)
        return _finite(lambda given: self._attempt(given, wanted), inputs)

    def _attempt(self, inputs: Inputs, outputs: Iterable[str]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        variables = self.manifest["variables"]
        with _scratch() as scratch:
            arguments = [
                f"run.seed={inputs.seed}",
                f"run.n_steps={inputs.n_samples * self.steps_per_sample}",
            ]
            data, event_times = padded(inputs, self.manifest["data"])
            for name, array in data.items():
                path = Path(scratch, f"{name}.dat")
                path.write_bytes(array.tobytes())  # of a full disk tofile may not tell
                arguments.append(f"{self.manifest['data_names'][name]}.values={path}")
            for name, value in inputs.values.items():
                if name not in variables or not variables[name]["settable"]:
                    raise ValueError(f"the build has no variable '{name}' that can be set")
                array = np.asarray(value, dtype=variables[name]["dtype"])
                if array.ndim == 0 and np.isfinite(array):  # Brian2 takes 'inf' for the name of a file
                    arguments.append(f"{name}={array.item()!r}")
                    continue
                size = variables[name]["size"]
                if array.ndim and size not in (-1, array.size):
                    raise ValueError(f"'{name}' has {size} values, {array.size} were given")
                path = Path(scratch, f"{name}.dat")
                path.write_bytes(array.tobytes())
                arguments.append(f"{name}={path}")
            results = Path(scratch, "results")
            results.mkdir()
            seconds = inputs.n_samples * self.steps_per_sample * self.manifest["dt"]
            command = backend_of(self.manifest["backend"]).command(results, arguments, seconds)
            self._execute(command, given_to(event_times, Path(scratch, "events.dat")))
            n_steps = inputs.n_samples * self.steps_per_sample
            values = {name: self._read(results, name, n_steps) for name in {**dict.fromkeys(outputs), **self._checks}}
        wrong = dict(each for name, checked in self._checks.items() for each in _wrong(checked, values[name]))
        return {name: self._as_made(name, values[name]) for name in outputs}, wrong

    def _execute(self, command: list[str], environment: Mapping[str, str]) -> None:
        try:
            done = subprocess.run(
                command, cwd=self.directory, env=environment, capture_output=True, text=True, errors="replace",
                check=False,
            )  # fmt: skip
        except OSError as error:
            raise ZooError(self.directory, PROGRAM, f"it does not run here ({error.strerror})", _ALL_ANEW) from None
        if not done.returncode and not done.stderr:
            return
        how = f"signal {signal.Signals(-done.returncode).name}" if done.returncode < 0 else f"code {done.returncode}"
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        problem = f"the program fails ({how}){f': {lines[-1][:200]}' if lines else ''}"
        if lines[:-1]:
            logger.error("%s", "\n".join(lines[:-1]))
        raise ZooError(self.directory, PROGRAM, problem, f"if another machine compiled it, {_ALL_ANEW}")

    @property
    def _checks(self) -> dict[str, dict[str, Any]]:
        """Of each variable that has to be finite, what to say if it is not."""
        return {name: e["checked"] for name, e in self.manifest["variables"].items() if e["checked"]}

    def _read(self, results: Path, name: str, n_steps: int) -> np.ndarray:
        """Values of a variable, as many as it has to have; `ZooError` if it has others."""
        entry = self.manifest["variables"][name]
        path, dtype = results / entry["file"], np.dtype(entry["dtype"])
        remedy = f"see that the disk of TMPDIR, {tempfile.gettempdir()}, is not full; else {_ANEW}"
        if not path.exists():
            raise ZooError(self.directory, name, f"the program has not written {entry['file']}", remedy)
        size, written = self._expected(results, entry, n_steps), path.stat().st_size
        if size is not None and written != size * dtype.itemsize:
            problem = f"the program has written {written} bytes of {entry['file']}, not {size * dtype.itemsize}"
            raise ZooError(self.directory, name, problem, remedy)
        return np.fromfile(path, dtype=dtype)

    def _expected(self, results: Path, entry: Mapping[str, Any], n_steps: int) -> int | None:
        """How many values a variable has after a run, as far as that is known."""
        if "every" in entry:
            return entry["columns"] * -(-n_steps // entry["every"])
        if "counted" in entry:
            return int(self._read(results, entry["counted"], n_steps).sum())
        return entry["size"] if entry["size"] >= 0 else None

    def _as_made(self, name: str, values: np.ndarray) -> np.ndarray:
        """Values of synapses in the order in which these were made."""
        order = self.manifest["orders"].get(name.partition(".")[0])
        if order is None or len(values) != len(order):
            return values
        as_made = np.empty_like(values)
        as_made[order] = values
        return as_made


@contextlib.contextmanager
def _scratch() -> Iterator[str]:
    """A folder for what a program is given and returns; `ZooError` if that cannot be written."""
    try:
        with tempfile.TemporaryDirectory(prefix="brian2zoo-") as folder:
            yield folder
    except OSError as error:
        where = f"{os.environ.get('TMPDIR', '/tmp')} cannot be written ({error.strerror or error})"
        raise ZooError("TMPDIR", "", where, "free space there, or set TMPDIR to another folder") from None


def padded(inputs: Inputs, shapes: Mapping[str, Iterable[int]]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The data as the build takes them: its full capacity, the unused rows zero.

    Where a population is given events, its data are the places of their lists in a row of times, returned beside.

    Raises ValueError if there are more samples than the build takes, or of another width.
    """
    full, event_times = {}, np.full(1, np.inf)
    for name, shape in shapes.items():
        capacity, width = shape
        given = inputs.data[name]
        if isinstance(given, Events):
            given, event_times = given.lists()
        given = np.asarray(given, dtype=float)[: inputs.n_samples]
        if len(given) != inputs.n_samples or len(given) > capacity or given.shape[1] != width:
            wanted = f"{inputs.n_samples} samples of at most {capacity} x {width}"
            raise ValueError(f"data '{name}' of shape {given.shape} do not fit {wanted}")
        full[name] = np.zeros((capacity, width))
        full[name][: len(given)] = given
    return full, event_times


class Interpreted:
    """A circuit on Brian2's numpy target, in the place of a `Program`: nothing is compiled, and a run is slow.

    Parameters
    ----------
    circuit, sample_time, recording : as for `build`.
    capacity : most samples of a run.
    """

    def __init__(self, circuit: Circuit, sample_time: Any, capacity: int, recording: Recording = OUTPUT_ONLY) -> None:
        self.circuit, self.sample_time, self.recording = circuit, sample_time, recording
        self.key: str = build_key(circuit, sample_time, capacity, recording)
        self.capacity = capacity
        self.steps_per_sample = round(float(sample_time / duration(circuit, "dt")))
        self.manifest: dict[str, Any] = {"seconds": {"generate": 0.0, "compile": 0.0}, "paths": {}}

    def run(self, inputs: Inputs, outputs: Iterable[str]) -> dict[str, np.ndarray]:
        """As `Program.run`."""
        return run_here(self.circuit, self.sample_time, inputs, outputs, self.recording)


def run_here(
    circuit: Circuit,
    sample_time: Any,
    inputs: Inputs,
    outputs: Iterable[str],
    recording: Recording = OUTPUT_ONLY,
) -> dict[str, np.ndarray]:
    """Run a circuit on Brian2's numpy target, without compiling; same inputs, outputs and errors as a binary."""
    wanted = list(outputs)
    return _finite(lambda given: _attempt_here(circuit, sample_time, given, wanted, recording), inputs)


def _attempt_here(
    circuit: Circuit, sample_time: Any, inputs: Inputs, outputs: Iterable[str], recording: Recording
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    use_numpy_target()
    brian2.prefs.core.stop_on_keyboard_interrupt = False  # which would return a part of the run as if it were all
    brian2.seed(inputs.seed)
    assembled = assemble(circuit, sample_time, inputs.n_samples, recording)
    shapes = {name: array.values.shape for name, array in assembled.data.items()}
    data, assembled.events.values = padded(inputs, shapes)
    for name, array in data.items():
        assembled.data[name].values[...] = array
    objects = _objects_of(assembled)
    settings = inputs.values | {"run.n_steps": inputs.n_samples * assembled.steps_per_sample}

    def take_settings() -> None:
        for name, value in settings.items():
            group, variable = name.split(".")
            objects[group].variables[variable].set_value(np.asarray(value))

    take_settings()
    assembled.begin()
    take_settings()  # before which what begins gives way
    assembled.network.run(inputs.n_samples * sample_time, namespace={})
    values = {
        name: np.array(objects[name.split(".")[0]].variables[name.split(".")[1]].get_value()).ravel()
        for name in outputs
    }
    wrong = (
        each
        for name, group in objects.items()
        for variable in group.variables.values()
        if _is_stored(name, variable) and (checked := _checked(group, variable))
        for each in _wrong(checked, np.asarray(variable.get_value()))
    )
    return values, dict(wrong)
