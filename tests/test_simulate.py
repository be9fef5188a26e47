"""Build once, run many: one program gives all that its equations give, whatever numbers enter it.

Two programs are compiled here, each once.
"""

import json
import resource
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian2 import ms

from brian2zoo import circuits
from brian2zoo.backends import backend
from brian2zoo.circuits import initial_weights
from brian2zoo.datasets.encode import encode
from brian2zoo.errors import ZooError
from brian2zoo.run import network, programs
from brian2zoo.run.network import OUTPUT_ONLY, Recording
from brian2zoo.run.programs import Inputs, NotFinite, Program, build, build_cached, build_key, run_here

LAYERS, CAPACITY, SAMPLE = (6, 5, 3), 4, 50 * ms
RANGES = {"input_hidden1": 0.75e-9, "hidden1_output": 1e-9}  # config/experiments/erbp_fixed_point.yaml


# --- One program, many settings -------------------------------------------------------------------


@pytest.fixture(scope="module")
def circuit(zoo) -> circuits.Circuit:
    return circuits.build(zoo.experiment("erbp_fixed_point"), LAYERS, "train")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("builds")


@pytest.fixture(scope="module")
def program(circuit, folder) -> Program:
    return Program(build_cached(circuit, SAMPLE, CAPACITY, folder / "first", folder / "cache"))


@pytest.fixture(scope="module")
def inputs(zoo, circuit) -> Inputs:
    """Bright samples that learn from 5 ms on."""
    x = np.random.default_rng(5).uniform(0.7, 1, (CAPACITY, LAYERS[0]))
    data = {
        "input": encode(zoo.encoder("escape_rate"), x),
        "label": encode(zoo.encoder("label_current"), np.eye(LAYERS[-1])[[0, 1, 2, 0]]),
    }
    values = initial_weights(circuit, seed=2)
    return Inputs(data, values | {f"{name}.T_wait": 0.005 for name in RANGES}, CAPACITY, seed=0)


OUTPUTS = ("input_hidden1.w", "hidden1_output.w", "output_spikes.t", "output_spikes.i", "hidden1_spikes.count")


@pytest.mark.parametrize("bits", [2, 4, 8, 12])
def test_one_program_runs_any_bit_width_and_seed(program, inputs, bits) -> None:
    compiled = (program.directory / "main").stat().st_mtime_ns
    widths = {f"{name}.bits": bits for name in RANGES}
    runs = [program.run(replace(inputs, values=inputs.values | widths, seed=seed), OUTPUTS) for seed in (1, 2, 3, 1)]

    for out in runs:
        # a weight is put on the grid when its input first spikes, which is before it is first used
        used = {"input_hidden1": np.ones(LAYERS[0], bool), "hidden1_output": out["hidden1_spikes.count"] > 0}
        assert used["hidden1_output"].sum() >= 3
        for name, limit in RANGES.items():
            levels = out[f"{name}.w"].reshape(len(used[name]), -1)[used[name]] / (2 * limit / 2**bits)
            np.testing.assert_allclose(levels, np.rint(levels), atol=1e-6)
            assert -(2 ** (bits - 1)) <= np.rint(levels).min()
            assert np.rint(levels).max() <= 2 ** (bits - 1) - 1
    for name in OUTPUTS:
        np.testing.assert_array_equal(runs[0][name], runs[3][name])  # the same seed
    for one, other in ((0, 1), (1, 2)):
        assert not np.array_equal(runs[one]["output_spikes.t"], runs[other]["output_spikes.t"])
        assert not np.array_equal(runs[one]["input_hidden1.w"], runs[other]["input_hidden1.w"])
    assert (program.directory / "main").stat().st_mtime_ns == compiled


def test_fewer_samples_than_capacity_are_the_first_part_of_a_full_run(program, inputs) -> None:
    full, half = (program.run(replace(inputs, n_samples=n), OUTPUTS) for n in (CAPACITY, CAPACITY // 2))
    end = CAPACITY // 2 * float(SAMPLE)
    assert full["output_spikes.t"].max() > end
    first = full["output_spikes.t"] < end - 1e-6
    np.testing.assert_array_equal(half["output_spikes.t"], full["output_spikes.t"][first])
    np.testing.assert_array_equal(half["output_spikes.i"], full["output_spikes.i"][first])


def test_nothing_is_left_of_the_run_before(program, inputs) -> None:
    quiet = replace(inputs, values=inputs.values | {"input_hidden1.w": np.zeros(30), "hidden1_output.w": np.zeros(15)})
    before = program.run(inputs, OUTPUTS)
    program.run(quiet, OUTPUTS)
    after = program.run(inputs, OUTPUTS)
    for name in OUTPUTS:
        np.testing.assert_array_equal(after[name], before[name])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data": {"input": np.zeros((4, 7))}}, "'input' of shape"),
        ({"data": {"label": np.zeros((4, 2))}}, "'label' of shape"),
        ({"data": {"input": np.zeros((3, 6))}}, "'input' of shape"),
        ({"data": {"input": np.zeros((5, 6))}, "n_samples": 5}, "at most 4 x 6"),
        ({"values": {"hidden1.nothing": 1}}, "no variable 'hidden1.nothing'"),
        ({"values": {"hidden1.N": 1}}, "no variable 'hidden1.N'"),
        ({"values": {"input_hidden1.w": np.zeros(29)}}, "'input_hidden1.w' has 30 values, 29 were given"),
    ],
)
def test_input_that_does_not_fit_the_program_is_named(program, inputs, changed, message) -> None:
    merged = {key: getattr(inputs, key) | value for key, value in changed.items() if key != "n_samples"}
    with pytest.raises(ValueError, match=message):
        program.run(replace(inputs, **changed | merged), OUTPUTS)


# --- Cache ----------------------------------------------------------------------------------------


def test_program_of_equal_content_is_not_compiled_again(program, zoo, folder) -> None:
    other_numbers = zoo.experiment("erbp_fixed_point").with_setting("synapse.bits=3:rule.eta=1e-3*nS")
    same = circuits.build(other_numbers, LAYERS, "train")
    again = build_cached(same, SAMPLE, CAPACITY, folder / "second", folder / "cache")
    assert (again / "main").samefile(program.directory / "main")
    assert len([p for p in (folder / "cache").iterdir() if p.is_dir()]) == 1


def test_every_thing_a_program_depends_on_changes_its_key(zoo, zoo_with, circuit) -> None:
    edited = zoo_with({"rules/edited.yaml": "title: edited\nextends: erbp\non_pre: dw = eta*U_post*learning\n"})
    rule = edited.experiment("erbp_fixed_point").with_setting("learning.plastic.rule=edited")
    single = circuit.experiment.replaced(precision="single")
    elsewhere = circuit.experiment.with_setting("backend=cpp")
    at_rest = circuit.experiment.protocol.model_copy(update={"rest": True})
    first, *others = circuit.populations
    keeping = replace(first, neuron=first.neuron.model_copy(update={"keeps": ("rate",)}))
    rewired = [
        replace(p, pairs=(p.pairs[0], p.pairs[1][::-1])) if p.pairs is not None else p for p in circuit.projections
    ]
    keys = [
        build_key(circuit, SAMPLE, CAPACITY, OUTPUT_ONLY),
        build_key(circuit, 2 * SAMPLE, CAPACITY, OUTPUT_ONLY),
        build_key(circuit, SAMPLE, CAPACITY + 1, OUTPUT_ONLY),
        build_key(circuit, SAMPLE, CAPACITY, Recording(("output", "hidden1"))),
        build_key(circuit, SAMPLE, CAPACITY, Recording(states=(("output", "V", 0),))),
        build_key(circuits.build(circuit.experiment, (6, 4, 3), "train"), SAMPLE, CAPACITY, OUTPUT_ONLY),
        build_key(circuits.build(circuit.experiment, (6, 5, 5, 3), "train"), SAMPLE, CAPACITY, OUTPUT_ONLY),
        build_key(circuits.build(circuit.experiment, LAYERS, "test"), SAMPLE, CAPACITY, OUTPUT_ONLY),
        build_key(circuits.build(zoo.experiment("erbp_plus"), LAYERS, "train"), SAMPLE, CAPACITY, OUTPUT_ONLY),
        build_key(circuits.build(rule, LAYERS, "train"), SAMPLE, CAPACITY, OUTPUT_ONLY),
        build_key(replace(circuit, experiment=elsewhere), SAMPLE, CAPACITY, OUTPUT_ONLY),
        build_key(replace(circuit, experiment=single), SAMPLE, CAPACITY, OUTPUT_ONLY),
        build_key(
            replace(circuit, experiment=circuit.experiment.replaced(protocol=at_rest)),
            SAMPLE,
            CAPACITY,
            OUTPUT_ONLY,
        ),
        build_key(replace(circuit, populations=(keeping, *others)), SAMPLE, CAPACITY, OUTPUT_ONLY),
        build_key(replace(circuit, projections=tuple(rewired)), SAMPLE, CAPACITY, OUTPUT_ONLY),
    ]
    assert len(set(keys)) == len(keys)


# --- Compiled against interpreted -----------------------------------------------------------------


def test_program_does_what_the_numpy_target_does(deterministic, latencies, tmp_path) -> None:
    layers, n_samples = (30, 20, 3), 4
    circuit = deterministic(layers)
    sample_time = network.duration(circuit, "T_train")
    spiking = tuple(p.name for p in circuit.populations)
    weights = initial_weights(circuit, seed=1)
    inputs = Inputs(latencies(layers, n_samples), weights, n_samples, seed=0)
    outputs = [f"{name}_spikes.{v}" for name in spiking for v in "ti"] + [f"{p.name}.w" for p in circuit.plastic]
    program = Program(build(circuit, sample_time, n_samples + 1, tmp_path / "program", Recording(spiking)))

    compiled, interpreted = (
        program.run(inputs, outputs),
        run_here(circuit, sample_time, inputs, outputs, Recording(spiking)),
    )
    for name in spiking:
        assert len(compiled[f"{name}_spikes.t"]) > 5, f"{name} is too quiet to tell"
        np.testing.assert_array_equal(compiled[f"{name}_spikes.i"], interpreted[f"{name}_spikes.i"])
        np.testing.assert_allclose(compiled[f"{name}_spikes.t"], interpreted[f"{name}_spikes.t"], rtol=0, atol=1e-9)
    for name in outputs[-2:]:
        np.testing.assert_allclose(compiled[name], interpreted[name], rtol=1e-12)


# --- Output that is not as it should be -----------------------------------------------------------


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        ("true", r"input_hidden1\.w: the program has not written .*input_hidden1_w"),
        ('./real "$@" && rm $2/*output_spikes_i*', r"output_spikes\.i: the program has not written .*output_spikes_i"),
        ('./real "$@" && truncate -s 0 $2/*output_spikes_t*', r"output_spikes\.t: the program has written 0 bytes of"),
        ('./real "$@" && truncate -s -4 $2/*input_hidden1_w*', r"input_hidden1\.w: .* written 236 bytes .*, not 240"),
    ],
)
def test_a_program_that_ends_well_but_has_not_written_all_is_told(program, inputs, tmp_path, instead, told) -> None:
    folder = tmp_path / "program"
    shutil.copytree(program.directory, folder)
    (folder / "main").rename(folder / "real")
    (folder / "main").write_text(f"#!/bin/sh\n{instead}\n")
    (folder / "main").chmod(0o755)
    sealed_anew(folder)
    with pytest.raises(ZooError, match=told) as caught:
        Program(folder).run(inputs, OUTPUTS)
    assert caught.value.where == str(folder)
    assert "\n" not in str(caught.value)


def sealed_anew(folder: Path) -> None:
    """The program is taken for what was made."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["checksum"] = programs._checksum(folder, manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_program_of_another_version_is_told(program, tmp_path) -> None:
    shutil.copytree(program.directory, tmp_path / "program")
    manifest = {k: v for k, v in program.manifest.items() if k != "key"}
    (tmp_path / "program" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ZooError, match="delete the folder"):
        Program(tmp_path / "program")


@pytest.fixture
def copied(program, tmp_path) -> Path:
    """The program in a folder of its own."""
    return Path(shutil.copytree(program.directory, tmp_path / "program"))


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()  # a link to the file that other folders have
    path.write_bytes(content)
    path.chmod(0o755)


DAMAGE = [
    (lambda folder: flip_a_bit(folder / "main"), "the program is damaged: it is not as it was made"),
    (lambda folder: flip_a_bit(folder / "static_arrays/input_data_values"), "the program is damaged"),
    (lambda folder: edit(folder / "manifest.json", '"capacity": ', '"capacity": 1'), "the program is damaged"),
    (lambda folder: (folder / "manifest.json").unlink(), "manifest.json: it cannot be read .No such file"),
    (lambda folder: (folder / "manifest.json").write_text('{"key": '), "manifest.json: it is damaged"),
    (lambda folder: (folder / "manifest.json").write_text("[]"), "manifest.json: another version"),
    (lambda folder: (folder / "main").unlink(), "main: the program is missing"),
    (lambda folder: (folder / "main").chmod(0o644), "main: the program is missing, or may not be executed"),
    (shutil.rmtree, "manifest.json: it cannot be read"),
]


@pytest.mark.parametrize(("damage", "told"), DAMAGE)
def test_a_damaged_program_is_one_line_and_the_cache_makes_another(
    circuit, program, copied, monkeypatch, damage, told
) -> None:
    damage(copied)
    with pytest.raises(ZooError, match=told) as caught:
        Program(copied)
    assert caught.value.where == str(copied)
    assert "\n" not in str(caught.value)

    def compile_again(circuit, sample_time, capacity, directory, recording, threads) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(program.directory, directory)

    monkeypatch.setattr(programs, "build", compile_again)
    cache = copied.parent
    copied.rename(cache / program.key) if copied.exists() else None
    made = build_cached(circuit, SAMPLE, CAPACITY, cache / "made", cache)
    assert Program(made).manifest == program.manifest


@pytest.mark.parametrize(
    ("main", "told"),
    [
        (b"\x7fELF\x02\x01\x01 of another machine", "it does not run here .Exec format error"),
        (b"#!/bin/sh\necho one >&2; echo two >&2; exit 3\n", "the program fails .code 3.: two"),
        (b"#!/bin/sh\nkill -ILL $$\n", "the program fails .signal SIGILL. .*another machine"),
    ],
)
def test_a_program_that_does_not_run_is_one_line(copied, inputs, main, told) -> None:
    (copied / "main").unlink()  # a link to the file that other folders have
    (copied / "main").write_bytes(main)
    (copied / "main").chmod(0o755)
    sealed_anew(copied)
    with pytest.raises(ZooError, match=f"main: {told}") as caught:
        Program(copied).run(inputs, OUTPUTS)
    assert "\n" not in str(caught.value)


def test_no_place_for_what_a_run_is_given_names_tmpdir(program, inputs, tmp_path, monkeypatch) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))  # as if the disk were full
    try:
        with pytest.raises(ZooError, match=r"^TMPDIR: .* cannot be written") as full:
            program.run(inputs, OUTPUTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(ZooError, match=r"^TMPDIR: .* cannot be written .No such file") as gone:
        program.run(inputs, OUTPUTS)
    assert all("\n" not in str(caught.value) for caught in (full, gone))


def test_without_a_compiler_nothing_is_generated(circuit, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ZooError, match=r"backend dense: there is no 'g..' on the PATH — 'brian2zoo doctor' says"):
        build(circuit, SAMPLE, CAPACITY, tmp_path / "program")
    assert list(tmp_path.iterdir()) == []


def test_what_a_compiler_complains_of_is_one_line_and_a_log(tmp_path) -> None:
    (tmp_path / "makefile").write_text("main: main.cpp\n\t$(CXX) main.cpp -o main\n")
    (tmp_path / "main.cpp").write_text("int main() { return nothing; }\nint other() { return either; }\n")
    with pytest.raises(ZooError, match=r"backend dense: make fails .2.: main.cpp:1:.* error: .nothing.") as caught:
        backend("dense").compile(None, tmp_path)
    assert "\n" not in str(caught.value)
    log = tmp_path / "compile.log"
    assert str(log) in caught.value.remedy
    assert "either" in log.read_text()


def test_a_value_that_is_no_number_is_told_with_the_sample_after_which_it_is(program, inputs) -> None:
    """A drive is infinite in the third sample and the fourth; that times of next spikes are infinite does no harm."""
    x = inputs.data["input"].copy()
    x[2:, 0] = np.inf
    dark = replace(inputs, data={**inputs.data, "input": np.full_like(x, -1e6)})
    assert np.isinf(program.run(dark, ["input.t_next"])["input.t_next"]).all()
    with pytest.raises(NotFinite, match="drive of input is inf") as caught:
        program.run(replace(inputs, data={**inputs.data, "input": x}), OUTPUTS)
    assert caught.value.samples == 3
    w = np.full_like(inputs.values["input_hidden1.w"], np.nan)
    with pytest.raises(NotFinite, match="I of hidden1 is nan") as caught:
        program.run(replace(inputs, values=inputs.values | {"input_hidden1.w": w}), OUTPUTS)
    assert caught.value.samples == 1
