"""Backends by name: chosen in a file or a setting, set up and put away; sources of programs for a GPU."""

import brian2
import numpy as np
import pytest
from brian2 import ms

from brian2zoo import circuits
from brian2zoo.backends import BACKENDS, backend
from brian2zoo.errors import ZooError
from brian2zoo.run.network import Recording, duration
from brian2zoo.run.programs import Inputs, Program, build, parameter_values

LAYERS = (4, 3, 2)


@pytest.mark.parametrize("name", BACKENDS)
def test_every_name_of_the_format_is_a_backend(name) -> None:
    assert backend(name).name == name


def test_a_setting_chooses_the_backend_beside_numbers(zoo) -> None:
    experiment = zoo.experiment("erbp_plus")
    assert experiment.backend == "dense"
    chosen = experiment.with_setting("backend=cuda:rule.eta=1e-3*nS")
    assert chosen.backend == "cuda"
    assert [line.value for line in chosen.stated.parameters if line.name == "rule.eta"] == ["1e-3*nS"]
    assert chosen.with_setting("default").backend == "cuda"


def test_an_experiment_file_names_its_backend(zoo_with) -> None:
    files = {"config/experiments/there.yaml": "title: there\nextends: erbp_plus\nbackend: cpp\n"}
    assert zoo_with(files).experiment("there").backend == "cpp"


@pytest.mark.parametrize(("setting", "remedy"), [("backend=cud", "did you mean 'cuda'"), ("backend=tpu", "dense, cpp")])
def test_an_unknown_backend_is_named(zoo, setting, remedy) -> None:
    with pytest.raises(ZooError, match=remedy):
        zoo.experiment("erbp_plus").with_setting(setting)


def test_preferences_and_device_are_those_of_before(tmp_path) -> None:
    brian2.prefs["devices.cpp_standalone.extra_make_args_unix"] = ["-j7"]
    with backend("cpp").device_in(tmp_path, threads=1) as device:
        assert device is brian2.get_device()
        assert brian2.prefs["devices.cpp_standalone.extra_make_args_unix"] == ["-j1"]
    assert brian2.prefs["devices.cpp_standalone.extra_make_args_unix"] == ["-j7"]
    assert type(brian2.get_device()).__name__ == "RuntimeDevice"


def test_a_missing_package_is_one_line(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "brian2cuda", None)
    with (
        pytest.raises(ZooError, match=r"backend cuda: brian2cuda cannot be imported .* doctor"),
        backend("cuda").device_in(tmp_path, 1),
    ):
        pass


def test_a_program_remembers_where_it_runs(zoo, tmp_path) -> None:
    circuit = circuits.build(zoo.experiment("bp").with_setting("backend=cpp"), LAYERS, "test")
    program = Program(build(circuit, ms, 2, tmp_path / "program"))
    assert program.manifest["backend"] == "cpp"
    assert program.manifest["versions"] == {"brian2": brian2.__version__}
    rates = program.run(Inputs({"input": [[0, 0, 0, 1], [0, 0, 0, 0]]}, {}, 2, 0), ["output_rates.r"])
    assert (rates["output_rates.r"] == 0.5).all()


@pytest.mark.parametrize("name", ["dense", pytest.param("cpp", marks=pytest.mark.slow)])
def test_samples_begin_with_their_first_step_after_a_minute_too(zoo, tmp_path, name) -> None:
    """From 64 s on, rounding parts the times of steps and of samples by more than Brian2 takes for equal."""
    circuit = circuits.build(zoo.experiment("rtrl_no_recurrence").with_setting(f"backend={name}"), LAYERS, "train")
    sample_time, n = duration(circuit, "T_train"), 330
    program = Program(build(circuit, sample_time, n, tmp_path / "program", Recording(("input",))))
    data = {"input": np.full((n, LAYERS[0]), 0.05), "label": np.zeros((n, LAYERS[-1]))}
    spikes = program.run(Inputs(data, parameter_values(circuit), n, 0), ["input_spikes.t"])["input_spikes.t"]
    assert len(spikes) == n * LAYERS[0]
    assert set(np.rint(spikes / program.manifest["dt"]) % program.steps_per_sample) == {25}


def test_synapses_that_genn_keeps_by_rows_come_back_as_they_were_made() -> None:
    assert backend("dense").stored_order([1, 0]) is None
    assert backend("genn").stored_order([0, 0, 1, 2]) is None
    assert backend("genn").stored_order([2, 0, 1, 0]).tolist() == [1, 3, 2, 0]
