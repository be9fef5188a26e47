"""What brian2genn 1.7.0, of 2022, needs to work with the Brian2 of today, and with a program that is built once.

Importing this module imports brian2genn with all of it. Each function is one adjustment and says what fails without it
and from which version of Brian2 on; `UPSTREAM` is the only version of brian2genn they are for. A later one is refused
with the request to look whether they are still needed, rather than patched blindly.

    pkg_resources   setuptools 82 dropped what brian2genn compares versions with
    code_objects    Brian2 2.10 made two more methods of a code object abstract
    functions       clip() was in single precision, int() of a number 0 or 1, expm1() and others missing
    writer          main.cpp and the model are corrected as they are written
    copied          randomkit is gone since Brian2 2.9, the queue of spikes is a file of its own since 2.10
    delays          Brian2 2.11 renamed the delay: without this every delay is silently zero
    objects         Brian2 2.6 and later want more of the template that declares arrays
"""

import importlib
import re
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import brian2
from brian2.core.functions import DEFAULT_FUNCTIONS
from packaging.version import parse

UPSTREAM = "1.7.0"

# Brian2's queue of spikes has a source file of its own since 2.10.
QUEUE = Path(brian2.__file__).parent / "synapses" / "spikequeue.cpp"


def pkg_resources() -> None:
    """A `pkg_resources` with the one function brian2genn imports, where setuptools (from 82 on) has none."""
    try:
        importlib.import_module("pkg_resources")
    except ImportError:
        stub = types.ModuleType("pkg_resources")
        stub.parse_version = parse
        sys.modules["pkg_resources"] = stub


def code_objects(code_object: type) -> None:
    """Methods that are abstract since Brian2 2.10; without them no code object of GeNN can be made.

    Nothing is compiled or run through a code object of GeNN: its text goes into the model.
    """

    def nothing(_self: Any, _block: str) -> None:
        return None

    for method in ("compile_block", "run_block"):
        if method in getattr(code_object, "__abstractmethods__", ()):
            setattr(code_object, method, nothing)
    code_object.__abstractmethods__ = frozenset()


CLIP = """
SUPPORT_CODE_FUNC double _clip(const double value, const double a_min, const double a_max)
{
    return value < a_min ? a_min : (value > a_max ? a_max : value);
}
"""
INT = """
template <typename T> SUPPORT_CODE_FUNC int int_(T value)
{
    return (int) value;
}
"""
# Of the same name in C++ and CUDA.
PLAIN = ("expm1", "log1p", "trunc")


def functions(generator: type) -> None:
    """Functions as Brian2 means them.

    brian2genn's clip() rounds to single precision, its int() takes its argument for true or false, so that int(3.7)
    is 1, and it knows no expm1(), log1p() and trunc().
    """
    for name, code, called in (("clip", CLIP, "_clip"), ("int", INT, "int_")):
        DEFAULT_FUNCTIONS[name].implementations.add_implementation(generator, code=code, name=called)
    for name in PLAIN:
        if name in DEFAULT_FUNCTIONS:
            DEFAULT_FUNCTIONS[name].implementations.add_implementation(generator, code=None)


# What brian2genn's programs tell on stderr, where ours tell errors alone.
_CHATTER = re.compile(r'^\s*(fprintf\(stderr, "# .*|cerr << .*|string (OutDir|cmd)= ?.*|system\(cmd.*)$', re.MULTILINE)
_USAGE = re.compile(r"if \(argc != 3\)\s*\{.*?\}\s*", re.DOTALL)
_SEEDING = re.compile(r"^\s*rk_randomseed\(.*$", re.MULTILINE)
_RANDOMKIT = re.compile(r"^#include .*randomkit.*$", re.MULTILINE)
ARGUMENTS = """std::vector<std::string> args(argv + 3, argv + argc);
  if (args.size() >= 2 && args[0] == "--results_dir")
  {
      brian::results_dir = args[1];
      args.erase(args.begin(), args.begin() + 2);
  }
"""
FROM_COMMAND_LINE = """
void set_from_command_line(const std::vector<std::string> args)
{
    for (const auto& arg : args) {
        const size_t equal_sign = arg.find("=");
        brian::set_variable_by_name(arg.substr(0, equal_sign), arg.substr(equal_sign + 1));
    }
}

int main("""


def rewritten(name: str, text: str) -> str:
    """A file of a program as it should be.

    Parameters
    ----------
    name : of the file, as brian2genn names it.

    main.cpp takes Brian2's command line (a folder for results, values of variables) behind its own two arguments, and
    tells nothing on stderr. Random numbers of the host are Brian2's, without randomkit (gone in Brian2 2.9), and seeded
    by an argument. DENSE connectivity has no span type (GeNN 4.9 throws).
    """
    if name.startswith("main"):
        text = _USAGE.sub(lambda _: ARGUMENTS, _CHATTER.sub("", text), count=1)
        text = text.replace("int main(", FROM_COMMAND_LINE, 1)
    if name.startswith(("main", "magicnetwork_model")):
        text = _RANDOMKIT.sub("", _SEEDING.sub("", text))
    if name.startswith("magicnetwork_model"):
        # the generator runs what builds the network, without arguments
        text = re.sub(r"^.*(set_from_command_line\(args|_array_run_seed).*$", "", text, flags=re.MULTILINE)
        if QUEUE.exists():
            text = text.replace('#include "objects.cpp"', '#include "objects.cpp"\n#include "brianlib/spikequeue.cpp"')
    if "DENSE_INDIVIDUALG" in text:
        text = re.sub(r"^\s*syn->setSpanType.*$", "", text, flags=re.MULTILINE)
    return text


def writer(usual: type) -> type:
    """brian2genn's writer of files, which corrects what it writes."""

    class Writer(usual):
        def write(self, filename: str, contents: Any) -> None:
            if isinstance(contents, str):  # else a pair of texts, which come back here one by one
                contents = rewritten(Path(filename).name, contents)
            super().write(filename, contents)

    return Writer


def copied(device: Any, directory: Path) -> None:
    """Files that brian2genn's makefile names and Brian2 has no more, and one that it has got.

    randomkit is gone since Brian2 2.9; the makefile compiles an empty file in its place.
    """
    randomkit = Path(directory, "brianlib", "randomkit")
    randomkit.mkdir(exist_ok=True)
    for name in ("randomkit.c", "randomkit.h"):
        (randomkit / name).touch()
    if QUEUE.exists():
        device.source_files.add("brianlib/spikequeue.cpp")


def objects(device: Any, module: Any, arange_arrays: Any, static_arrays: Any, synapses: Any, writer: Any) -> None:
    """Write Brian2's declarations of all arrays with what its template wants since 2.6.

    brian2genn leaves timed arrays and profiling out: "'timed_arrays' is undefined".
    """
    text = module.GeNNUserCodeObject.templater.objects(
        None,
        None,
        array_specs=device.arrays,
        dynamic_array_specs=device.dynamic_arrays,
        dynamic_array_2d_specs=device.dynamic_arrays_2d,
        zero_arrays=device.zero_arrays,
        arange_arrays=arange_arrays,
        synapses=synapses,
        clocks=device.clocks,
        static_array_specs=static_arrays,
        networks=[],
        get_array_filename=device.get_array_filename,
        get_array_name=device.get_array_name,
        profiled_codeobjects=[],
        code_objects=list(device.code_objects.values()),
        timed_arrays=device.timed_arrays,
    )
    writer.write("objects.*", text)
    device.header_files.add("objects.h")
    device.source_files.add("objects.cpp")


def delays(device: Any, synapses: Iterable[brian2.Synapses]) -> None:
    """Delays of presynaptic pathways where brian2genn looks for them.

    It catches them as they are set, by a name that Brian2 2.11 has changed: there every delay would silently be zero.
    `device.filled` has what every delay was filled with.
    NotImplementedError for what GeNN has not: a delay for each synapse, or one of the postsynaptic pathway.
    """
    for each in synapses:
        for pathway in each._pathways:
            delay = pathway.variables["delay"]
            if not delay.scalar:
                if pathway.prepost == "pre":
                    raise NotImplementedError(f"delays of their own for the synapses of '{each.name}'")
                continue
            value = float(device.filled[delay].item()) if delay in device.filled else 0.0
            if pathway.prepost == "post" and value:
                raise NotImplementedError(f"a delay from postsynaptic spikes to the synapses of '{each.name}'")
            if pathway.prepost == "pre":
                device.delays[each.name] = value


def apply() -> types.ModuleType:
    """Import brian2genn with all adjustments; returns its module `device`."""
    pkg_resources()
    device = importlib.import_module("brian2genn.device")
    if not getattr(device, "adjusted_by_brian2zoo", False):
        code_objects(device.GeNNCodeObject)
        functions(device.GeNNCodeGenerator)
        device.CPPWriter = writer(device.CPPWriter)
        device.adjusted_by_brian2zoo = True
    return device
