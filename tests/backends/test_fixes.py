"""Each adjustment of brian2genn, on what it is made for; most need no brian2genn."""

import subprocess
import sys
from abc import ABC, abstractmethod
from types import SimpleNamespace

import numpy as np
import pytest

from brian2zoo.backends import backend
from brian2zoo.backends import brian2genn_fixes as fixes
from brian2zoo.backends import genn as genn_backend
from brian2zoo.errors import ZooError


def test_another_version_of_brian2genn_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(genn_backend.metadata, "version", lambda _: "1.8.0")
    with pytest.raises(ZooError, match=r"brian2genn is 1\.8\.0.*is for 1\.7\.0 — install that one, or see which"):
        backend("genn_cpu").load()


def test_versions_are_compared_without_setuptools(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pkg_resources", None)  # as if it could not be imported
    fixes.pkg_resources()
    parse_version = sys.modules["pkg_resources"].parse_version
    assert parse_version("4.10.0") > parse_version("4.9.0")


def test_a_code_object_of_todays_brian2_can_be_made() -> None:
    class CodeObject(ABC):
        @abstractmethod
        def compile_block(self, block: str) -> None: ...

        @abstractmethod
        def run_block(self, block: str) -> None: ...

    with pytest.raises(TypeError, match="abstract"):
        CodeObject()
    fixes.code_objects(CodeObject)
    assert CodeObject().compile_block("run") is None
    assert CodeObject().run_block("run") is None


def test_functions_keep_double_precision_and_whole_numbers(tmp_path) -> None:
    source = tmp_path / "try.cpp"
    source.write_text(
        "#include <cstdio>\n#define SUPPORT_CODE_FUNC static inline\n"
        + fixes.CLIP
        + fixes.INT
        + 'int main() { printf("%.17g %.17g %.17g %d %d %d", _clip(0.1, 0, 1), _clip(-0.1, 0, 1), _clip(2, 0, 0.7),'
        " int_(3.7), int_(true), int_(-2.5)); }\n"
    )
    subprocess.run(["g++", "-o", tmp_path / "try", source], check=True)
    told = subprocess.run([tmp_path / "try"], capture_output=True, text=True, check=True).stdout.split()
    assert [float(value) for value in told] == [0.1, 0, 0.7, 3, 1, -2]


def test_functions_that_genn_lacks_get_an_implementation() -> None:
    class Generator:
        class_name = "generator of a test"

    fixes.functions(Generator)
    found = {name: fixes.DEFAULT_FUNCTIONS[name].implementations[Generator] for name in ("clip", "int", "expm1")}
    assert {name: found[name].name for name in ("clip", "int")} == {"clip": "_clip", "int": "int_"}
    assert found["expm1"].get_code(None) is None


MAIN = """
#include "main.h"
int main(int argc, char *argv[])
{
  if (argc != 3)
  {
    fprintf(stderr, "usage: main <basename> <time (s)> \\n");
    return 1;
  }
  double totalTime= atof(argv[2]);
  string OutDir = std::string(argv[1]) +"_output";
  string cmd= std::string("mkdir ") +OutDir;
  system(cmd.c_str());
  fprintf(stderr, "# DT %g \\n", DT);
  rk_randomseed(brian::_mersenne_twister_states[0]);
  set_from_command_line(args);
  cerr << "everything finished." << endl;
  return 0;
}
"""


def test_main_takes_arguments_and_is_silent() -> None:
    text = fixes.rewritten("main.cpp", MAIN)
    for gone in ("argc != 3", "stderr", "cerr", "mkdir", "system(", "rk_randomseed"):
        assert gone not in text
    order = [
        "void set_from_command_line(",
        "int main(",
        "args(argv + 3",
        "brian::results_dir = args[1]",
        "totalTime= atof",
    ]
    places = [text.index(part) for part in (*order, "  set_from_command_line(args);")]
    assert places == sorted(places)


def test_the_generator_has_no_arguments_and_dense_matrices_no_span() -> None:
    model = "\n".join(
        [
            '#include "brianlib/randomkit/randomkit.cc"',
            '#include "objects.cpp"',
            "  set_from_command_line(args);",
            "   _random_generators[0].seed(_array_run_seed[0]);",
            "   srand(_array_run_seed[0]);",
            "  syn->setSpanType(SynapseGroup::SpanType::POSTSYNAPTIC);",
            "  keep();",
        ]
    )
    text = fixes.rewritten("magicnetwork_model.cpp", model)
    for gone in ("randomkit", "set_from_command_line", "_random_generators", "srand"):
        assert gone not in text
    assert "keep();" in text
    assert "setSpanType" in text
    assert ("spikequeue.cpp" in text) == fixes.QUEUE.exists()
    dense = model + "\nSynapseMatrixType::DENSE_INDIVIDUALG"
    assert "setSpanType" not in fixes.rewritten("magicnetwork_model.cpp", dense)
    assert fixes.rewritten("engine.cpp", model) == model


def test_files_that_the_makefile_names_are_there(tmp_path) -> None:
    (tmp_path / "brianlib").mkdir()
    device = SimpleNamespace(source_files=set())
    fixes.copied(device, tmp_path)
    assert (tmp_path / "brianlib" / "randomkit" / "randomkit.c").exists()
    assert device.source_files == ({"brianlib/spikequeue.cpp"} if fixes.QUEUE.exists() else set())


def pathway(prepost: str, scalar: bool = True) -> SimpleNamespace:
    # a delay of its own: compared by identity, as Brian2's variables are
    delay = type("Delay", (), {"scalar": scalar})()
    return SimpleNamespace(prepost=prepost, variables={"delay": delay})


def test_delays_are_found_whatever_their_name() -> None:
    pre, post, other = pathway("pre"), pathway("post"), pathway("pre")
    filled = {pre.variables["delay"]: np.array(8e-4), post.variables["delay"]: np.array(0.0)}
    device = SimpleNamespace(delays={"first": 0.0}, filled=filled)
    first, second = (
        SimpleNamespace(name="first", _pathways=[pre, post]),
        SimpleNamespace(name="second", _pathways=[other]),
    )
    fixes.delays(device, [first, second])
    assert device.delays == {"first": 8e-4, "second": 0.0}


@pytest.mark.parametrize(
    ("which", "value", "problem"),
    [(pathway("pre", scalar=False), 0.0, "delays of their own"), (pathway("post"), 1e-3, "postsynaptic spikes")],
)
def test_delays_that_genn_has_not_are_refused(which, value, problem) -> None:
    device = SimpleNamespace(delays={}, filled={which.variables["delay"]: np.array(value)})
    with pytest.raises(NotImplementedError, match=problem):
        fixes.delays(device, [SimpleNamespace(name="synapses", _pathways=[which])])
