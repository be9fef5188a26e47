"""CUDA as far as it goes without a GPU: sources of every network, compiled for sm_90 where there is nvcc.

One network is among the tests always run; `make test-gpu` takes all, and compiles and links one program as it is.
"""

import hashlib
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from brian2 import ms
from brian2.core.base import BrianObjectException

from brian2zoo import circuits
from brian2zoo.backends import backend, toolkit
from brian2zoo.backends.capability import refuse, verdict
from brian2zoo.backends.doctor import examine
from brian2zoo.errors import ZooError
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run.programs import Program, build

LAYERS = (4, 3, 2)
FIRST = "sign_symmetric"  # of few files
OTHERS = [pytest.param(name, marks=pytest.mark.gpu) for name in Zoo().names("experiment") if name != FIRST]


@pytest.fixture(scope="module", autouse=True)
def _brian2cuda() -> None:
    try:
        backend("cuda").load()
    except ZooError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def _nvcc() -> None:
    for what in ("CUDA", "cuRAND"):
        found = examine()[what]
        if found.state != "found":
            pytest.skip(f"{what} is {found.state}: {found.remedy}")


@pytest.fixture(scope="module")
def compiled() -> set[str]:
    """Hashes of the texts that the compiler has taken."""
    return set()


def in_one(folder: Path) -> str:
    """All sources of a program as one.

    Most of the time for a file goes into headers of Thrust and cuRAND; here they are read once. Files of code objects
    define the same helpers, so that each is a namespace.
    """
    headers: dict[str, None] = {}
    parts = []
    for n, path in enumerate(sorted(folder.glob("*.cu")) + sorted(folder.glob("code_objects/*.cu"))):
        lines = path.read_text().splitlines()
        headers |= dict.fromkeys(line.strip() for line in lines if line.lstrip().startswith("#include"))
        text = "\n".join("" if line.lstrip().startswith("#include") else line for line in lines)
        text = f'#line 1 "{path.relative_to(folder)}"\n{text}\n'
        parts.append(text if path.parent == folder else f"namespace part{n} {{\n{text}}}\n")
    return "\n".join([*headers, *parts])


def compile_device_code(folder: Path, text: str) -> str:
    """What nvcc complains of; by the makefile's flags, kernels down to machine code, host code parsed alone."""
    (folder / "all.cu").write_text(text)
    flags = re.search(r"^NVCCFLAGS = (.*)$", (folder / "makefile").read_text(), re.MULTILINE)[1]
    command = [str(toolkit.compiler()), *shlex.split(flags), "-rdc=true", "-cubin", "all.cu", "-o", "all.cubin"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.usefixtures("_nvcc")
@pytest.mark.parametrize("experiment", [FIRST, *OTHERS])
def test_what_is_said_to_work_compiles_and_the_rest_is_not_generated(
    zoo, generate, compiled, tmp_path, experiment
) -> None:
    on_cuda = zoo.experiment(experiment).with_setting("backend=cuda")
    circuit = circuits.build(on_cuda, circuits.smallest(on_cuda), "train")
    if circuit.influences:  # brian2cuda generates what it does not claim to do right
        with pytest.raises(ZooError, match="no synapses onto synapses"):
            refuse(circuit)
        return
    if verdict(circuit, "cuda").kind == "unsupported":
        with pytest.raises(BrianObjectException) as refused:
            generate(circuit, tmp_path, "cuda")
        assert isinstance(refused.value.__cause__, NotImplementedError)
        return
    generate(circuit, tmp_path, "cuda")
    text = in_one(tmp_path)
    for projection in circuit.plastic:
        assert f"_run_kernel_{projection.name}_" in text
    key = hashlib.sha256(text.encode()).hexdigest()
    if key not in compiled:
        assert compile_device_code(tmp_path, text) == ""
        compiled.add(key)


WRONG = "__global__ void kernel() { of_kernel = 1; }\nvoid on_host() { of_host = 1; }\n"


@pytest.mark.usefixtures("_nvcc")
def test_mistakes_in_the_sources_are_found(zoo, generate, tmp_path) -> None:
    """Those of host code too."""
    circuit = circuits.build(zoo.experiment(FIRST).with_setting("backend=cuda"), LAYERS, "train")
    generate(circuit, tmp_path, "cuda")
    told = compile_device_code(tmp_path, f"{in_one(tmp_path)}\n{WRONG}")
    assert re.findall(r'identifier "(\w+)" is undefined', told) == ["of_kernel", "of_host"]


@pytest.mark.gpu
@pytest.mark.usefixtures("_nvcc")
def test_a_program_is_compiled_and_linked(zoo, tmp_path) -> None:
    """By its own makefile; it needs a GPU only to run."""
    circuit = circuits.build(zoo.experiment(FIRST).with_setting("backend=cuda"), LAYERS, "train")
    program = Program(build(circuit, ms, 2, tmp_path / "program"))
    assert program.manifest["backend"] == "cuda"
    assert (tmp_path / "program" / "main").stat().st_mode & 0o100


def test_seed_and_duration_come_from_the_command_line(zoo, generate, tmp_path) -> None:
    circuit = circuits.build(zoo.experiment("erbp_plus").with_setting("backend=cuda"), LAYERS, "train")
    generate(circuit, tmp_path, "cuda")
    main = (tmp_path / "main.cu").read_text()
    seeded, run = main.index("set_seed(_array_run_seed[0])"), main.index(".run(_array_run_n_steps[0]*0.0001,")
    assert main.index("set_from_command_line(args)") < seeded < run
    assert not list(tmp_path.glob("code_objects/run_end*"))
    assert "#define Clock_epsilon 1e-08\n" in (tmp_path / "network.cu").read_text()
    assert "-std=c++11 -arch=sm_90 -w -use_fast_math -std=c++17" in (tmp_path / "makefile").read_text()


@pytest.mark.parametrize("experiment", ["erbp_plus", "nbp"])
def test_no_spike_arrives_in_the_step_it_is_emitted_in(zoo, generate, tmp_path, experiment) -> None:
    """Nor a step early, nor, beside longer delays, late: brian2cuda counts a delay from the step of the spike."""
    circuit = circuits.build(zoo.experiment(experiment).with_setting("backend=cuda"), LAYERS, "train")
    generate(circuit, tmp_path, "cuda")
    told = re.findall(r"_dynamic_array_(\w+)_delay\[0\] = ([-+.\de]+);", (tmp_path / "main.cu").read_text())
    dt = evaluate(circuit.experiment.protocol.dt)
    steps = {name: round(float(delay) / float(dt)) for name, delay in told}
    assert steps == {p.name: round(float(evaluate(p.delay) / dt)) + 1 for p in circuit.projections if p.name in steps}
    assert len(set(steps.values())) > (experiment == "nbp")


def test_mistakes_of_brian2cuda_are_mended_in_its_sources(zoo, generate, tmp_path) -> None:
    """On synapses that draw random numbers, and read indices of neurons in subexpressions only."""
    circuit = circuits.build(zoo.experiment("erbp_analog").with_setting("backend=cuda"), LAYERS, "train")
    generate(circuit, tmp_path, "cuda")
    text = in_one(tmp_path)
    assert "_vectorisation_idx = j;" not in text  # the same for all neurons that spike in a step
    pathway = next(tmp_path.glob("code_objects/input_hidden1_pre_codeobject*.cu")).read_text()
    assert pathway.index("_vectorisation_idx = _idx;") < pathway.index("_rand(_vectorisation_idx")
    assert not re.findall(r"_synaptic_(?:pre|post)\.clear\(\)", (tmp_path / "main.cu").read_text())
    assert "1.0f*" not in text
