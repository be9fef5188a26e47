"""GeNN: sources of every network it takes; what comes out of them is compared in `test_same_results`.

Without brian2genn nothing can be generated: these tests then say so.
"""

import re
from pathlib import Path

import pytest
from kinds import kinds

from brian2zoo import circuits
from brian2zoo.backends import backend
from brian2zoo.backends.capability import verdict
from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import Zoo

SMALL = (4, 3, 2)


@pytest.fixture(scope="module", autouse=True)
def _brian2genn() -> None:
    try:
        backend("genn_cpu").load()
    except ZooError as error:
        pytest.skip(str(error))


def sources(folder: Path) -> dict[str, str]:
    """A program's files, by name."""
    return {path.name: path.read_text() for path in folder.glob("*.cpp")}


@pytest.mark.parametrize("experiment", kinds(Zoo()))
def test_what_is_said_to_work_is_generated_and_the_rest_is_not(zoo, generate, tmp_path, experiment) -> None:
    """The verdicts against brian2genn itself."""
    circuit = circuits.build(zoo.experiment(experiment), SMALL, "train")
    if verdict(circuit, "genn_cpu").kind == "unsupported":
        with pytest.raises(NotImplementedError):
            generate(circuit, tmp_path, "genn_cpu")
        return
    generate(circuit, tmp_path, "genn_cpu")
    model = sources(tmp_path)["magicnetwork_model.cpp"]
    for population in circuit.populations:
        assert f"class {population.name}NEURON" in model
    for projection in circuit.projections:
        assert f"class {projection.name}WEIGHTUPDATE" in model


def test_a_rule_becomes_the_code_of_a_synapse(zoo, generate, tmp_path) -> None:
    circuit = circuits.build(zoo.experiment("erbp_plus"), SMALL, "train")
    generate(circuit, tmp_path, "genn")
    files = sources(tmp_path)
    model = files["magicnetwork_model.cpp"].split("class input_hidden1WEIGHTUPDATE")[1].split("};")[0]
    code = model.split('SET_SIM_CODE("')[1].split('");')[0]
    # update, then transmit, on the neuron as it is before the spikes of the step arrive
    assert code.index("$(U_post)") < code.index("$(w) += dw") < code.index("$(addToInSyn,$(w))")
    assert "I_start" not in code
    assert "delaySteps = 8" in files["magicnetwork_model.cpp"]
    # one file beside main.cpp is compiled, not one for each code object
    assert "code_objects/input_hidden1_pre_push_spikes.cpp" in files["sources.cpp"]
    assert set(re.findall(r"\S+\.cpp", (tmp_path / "Makefile").read_text())) == {"main.cpp", "sources.cpp"}
    # what is given at the onset of a sample runs on the host, nothing else does
    assert files["engine.cpp"].count("// Execute run_regularly operation") == 2
    assert "input_on_sample" in files["engine.cpp"]
    main = files["main.cpp"]
    assert main.index("set_from_command_line(args);") < main.index("srand(_array_run_seed[0])")
