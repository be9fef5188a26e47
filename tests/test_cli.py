"""The command line: what it prints, its exit codes, and that no mistake of a user shows a traceback."""

import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

import pytest
from typer.testing import CliRunner

from brian2zoo import __version__
from brian2zoo.cli import unforeseen
from brian2zoo.cli.commands import app
from brian2zoo.cli.show import print_events_in_short
from brian2zoo.formats.kinds import KINDS, json_schemas
from brian2zoo.formats.zoo import ROOT, Zoo

PUBLISHED = ROOT / "results/published"
PACKAGE = str(ROOT / "src")
TRAINED = PUBLISHED / "mnist_erbp_plus_784-100-10_default_seed=0.nc"


def run(*arguments: object) -> Any:
    """A command's exit code and what it printed."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_version() -> None:
    assert run("--version").output == f"brian2zoo {__version__}\n"


def test_list_has_every_file() -> None:
    rows = [line.split()[:2] for line in run("list").stdout.splitlines() if line[:1].isalpha()]
    assert sorted(rows[1:]) == sorted([kind, name] for kind in KINDS for name in Zoo().names(kind))


def test_list_of_a_paper_and_of_a_word() -> None:
    names = [line.split()[:2] for line in run("list", "--paper", "nbp").stdout.splitlines()]
    assert ["rule", "nbp"] in names
    assert ["phases", "backpropagation"] in names
    assert ["rule", "erbp"] not in names
    found = [line.split()[:2] for line in run("list", "rule", "--search", "TRIPLET").stdout.splitlines()]
    assert ["rule", "stdp_triplet"] in found
    assert ["rule", "nbp"] not in found
    for arguments, told in (
        (("--paper", "nbq"), "did you mean 'nbp'?"),
        (("--search", "xyzzy"), "no file is as asked"),
    ):
        result = run("list", *arguments)
        assert (result.exit_code, told in result.stderr) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("show", "erbp_plus"),
        ("show", "loihi"),
        ("derive", "lif_exp"),
        ("backends", "erbp_plus", "rtrl_full"),
        ("doctor",),
        ("ledger", "--experiment", "nbp"),
        ("ledger", "TRAINED"),
        ("map", "spiking", "--chip", "loihi", "--run", "TRAINED"),
        ("map", "cim", "--chip", "cim_training", "--layers", "784-200-10"),
        ("map", "spiking", "--help"),
        ("check", "rule/erbp"),
    ],
    ids=" ".join,
)
def test_output_fits_100_columns(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe; a terminal has as many as it says."""
    monkeypatch.setattr(sys, "argv", ["brian2zoo", *arguments])  # which a derived rule names
    result = run(*(TRAINED if word == "TRAINED" else word for word in arguments))
    assert result.exit_code == 0, result.output
    assert [line for line in result.stdout.splitlines() if len(line.rstrip()) > 100] == []


def test_list_of_a_kind() -> None:
    output = run("list", "rule").stdout
    assert "Event-driven random back-propagation  " in output
    assert "doi:10.3389/fnins.2017.00324" in output
    assert "two_compartment_lif" not in output


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a line of a shell comes to, with the command as it is installed."""
    starts = f"{shlex.quote(sys.executable)} -m brian2zoo"
    script = f'brian2zoo() {{ {starts} "$@"; }}; {command}'
    return subprocess.run(
        ["bash", "-c", script], env=os.environ | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "command",
    ["brian2zoo list | head -1 >&3", "brian2zoo list >&-", "brian2zoo show lif 2>&- >&-", "brian2zoo list | true"],
)
def test_output_that_nobody_reads_is_no_mistake(command: str) -> None:
    done = shell(f"exec 3>&1; {command}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["brian2zoo list >/dev/full", "brian2zoo --help >/dev/full"])
def test_output_that_finds_no_room_is_one_line(command: str) -> None:
    done = shell(command)
    problem = "what it has to say cannot be written (No space left on device)"
    assert (done.returncode, done.stderr) == (
        1,
        f"__main__.py: {problem} — free space there, or write to another place\n",
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(errno.EROFS, "", "rules/a.yaml"),
            "rules/a.yaml: it cannot be read or written (Read-only file system) — ",
        ),
        (
            OSError(errno.EACCES, "", "schemas"),
            "schemas: it cannot be read or written (Permission denied) — change its",
        ),
        (OSError(errno.ENOTDIR, "", "a/b"), "a/b: it cannot be read or written (Not a directory) — give another path"),
    ],
)
def test_what_the_system_refuses_is_told_in_its_words(error: OSError, told: str) -> None:
    assert unforeseen.told(error).startswith(told)


def test_output_in_ascii_is_complete() -> None:
    done = shell("brian2zoo show erbp_times && brian2zoo show nothing", PYTHONIOENCODING="ascii")
    assert done.stdout.startswith("experiment/erbp_times: eRBP\\xd7")
    assert done.returncode == 2
    assert done.stderr.startswith("NAME: there is no file 'nothing' \\u2014 ")


def test_an_interrupt_ends_a_command_without_a_word() -> None:
    interrupted = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    script = (
        f"from brian2zoo.cli import commands; commands.Zoo.names = lambda *_: exec({interrupted!r}); commands.main()"
    )
    # tests in the background of a shell ignore interrupts, and so would their children
    script = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {script}"
    done = subprocess.run([sys.executable, "-c", script, "list"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_an_interrupt_while_the_command_is_imported_ends_it_without_a_word() -> None:
    finder = "type('Finder', (), {'find_spec': lambda self, name, *_: interrupt(name)})()"
    interrupt = (
        "import signal\ndef interrupt(name):\n  if name == 'brian2zoo.cli.commands': signal.raise_signal(signal.SIGINT)"
    )
    handled = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    script = [interrupt, "import sys, brian2zoo.__main__ as command", handled, f"sys.meta_path.insert(0, {finder})"]
    line = [sys.executable, "-c", "\n".join([*script, "command.main()"])]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_what_ignores_interrupts_goes_on_ignoring_them() -> None:
    """As in the background of a shell's script."""
    script = "import brian2zoo, brian2, os, signal; os.kill(os.getpid(), signal.SIGINT); print(signal.getsignal(2))"
    command = f"trap '' INT; {shlex.quote(sys.executable)} -c '{script}'"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == signal.SIG_IGN


BREAKS = (
    "from brian2zoo.cli import commands\ndef names(*_): raise RuntimeError('two\\nlines')\n"
    "commands.Zoo.names = names\ncommands.main()"
)
STAGE = (
    "from brian2zoo.cli import scripting\nimport brian2\ndef main(): raise RuntimeError('two\\nlines')\n"
    "scripting.run(main)"
)


@pytest.mark.parametrize(("script", "argument"), [(BREAKS, "list"), (STAGE, "")])
def test_what_nobody_foresaw_is_one_line_and_a_report(tmp_path: Path, script: str, argument: str) -> None:
    logs = tmp_path / "results/logs"
    logs.mkdir(parents=True)

    def broken(**environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, *filter(None, [argument])]
        env = os.environ | environment
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    done = broken()
    assert (done.returncode, done.stdout) == (1, "")
    (report,) = logs.iterdir()
    assert re.fullmatch(rf".*: unforeseen RuntimeError: two lines — please report it, with {report}\n", done.stderr)
    text = report.read_text()
    for part in (
        "command: -c",
        f"folder: {tmp_path}",
        f"zoo: {ROOT}",
        "commit: ",
        "brian2 ",
        "RuntimeError: two",
        "Traceback",
    ):
        assert part in text
    logs.joinpath(report.name).unlink()
    logs.rmdir()
    assert f"with {tmp_path}/" in broken(TMPDIR=str(tmp_path)).stderr
    assert "Traceback" in broken(BRIAN2ZOO_TRACEBACK="1").stderr


def test_an_editor_finds_the_schema_of_every_file() -> None:
    """VS Code, by its settings; elsewhere the YAML language server takes the same mapping."""
    settings = json.loads((ROOT / ".vscode/settings.json").read_text())["yaml.schemas"]
    assert settings.keys() == {f"schemas/{kind}.json" for kind in KINDS}
    for kind, (_, folder) in KINDS.items():
        patterns = settings[f"schemas/{kind}.json"]
        patterns = [patterns] if isinstance(patterns, str) else patterns
        excluded = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
        for name in Zoo(ROOT).names(kind):
            path = PurePath(folder, f"{name}.yaml")
            assert any(path.match(pattern) for pattern in patterns), path
            assert not any(path.match(pattern) for pattern in excluded), path


def test_list_is_fast_because_it_does_not_import_brian2() -> None:
    handled = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    listing = f"import sys; {handled}; from brian2zoo.cli.commands import app; app(['list'], standalone_mode=False)"
    script = f"{listing}; sys.exit('brian2' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)


def test_show_a_file() -> None:
    result = run("show", "lif")
    assert result.exit_code == 0
    for part in (
        "neuron/lif: Leaky integrate-and-fire",
        "doi:10.1017/CBO9781107447615",
        "\nequations\n  dV/dt = (-V + R*I)/tau_m : volt (unless refractory)",
        "\nthreshold\n  V > V_th\n",
    ):
        assert part in result.stdout
    rows = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "name value unit domain meaning" in rows
    assert "tau_m 20*ms second > 0 or inf membrane time constant" in rows


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "experiment"])
def test_show_every_file_of_a_kind(kind: str) -> None:
    for name in Zoo(ROOT).names(kind):
        result = run("show", f"{kind}/{name}")
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith(f"{kind}/{name}: ")


@pytest.mark.parametrize("name", ["rule/nbp", "rules/nbp.yaml", ROOT / "rules/nbp.yaml"])
def test_show_one_of_a_name(name: object) -> None:
    output = run("show", name).stdout
    assert output.startswith("rule/nbp: ")
    assert "experiment/" not in output


def test_show_all_of_a_name_and_say_so() -> None:
    output = run("show", "nbp").stdout
    assert output.startswith("nbp is rule/nbp and experiment/nbp\n")
    assert "\nrule/nbp: " in output
    assert "\nexperiment/nbp: " in output


def test_show_an_experiment_as_it_runs() -> None:
    output = run("show", "erbp_times", "--layers", "5-4-3-2").stdout
    assert "\nerbp_times on 5-4-3-2, train\n" in output
    assert "\nhidden1 -> hidden2: 12 blank_out under erbp\n" in output
    lines = [line.rstrip() for line in output.splitlines()]
    drawn = next(k for k, line in enumerate(lines) if line.startswith("    open = int(rand() < p)"))
    assert lines[drawn].endswith("# models/synapses/blank_out.yaml: draw")
    assert lines[drawn + 1] == "    # rules/erbp.yaml: on_pre"  # above what is too long for it
    assert lines[drawn + 2].startswith("    dw = eta*U_start_post*")
    assert "    U_start = U" in lines
    assert "    b_max = 25. nA\n" in output


def test_show_the_network_that_only_infers() -> None:
    output = run("show", "erbp_times", "--mode", "test").stdout
    assert "hidden1 -> output: 6 blank_out\n" in output
    assert "feedback\n" not in output.partition("erbp_times on")[2]


def test_show_a_file_at_work() -> None:
    output = run("show", "error_integrator", "--on", "erbp_plus").stdout
    assert output.startswith("neuron/error_integrator: ")
    assert "\nerror: 4 error_integrator\n" in output
    assert "->" not in output


def test_check_of_a_part() -> None:
    result = run("check", "rules/bp.yaml", "lif")
    assert result.exit_code == 0
    assert result.stdout.startswith("0 mistakes, 0 warnings, ")


def test_check_that_finds_mistakes(zoo_with: Callable[..., Zoo]) -> None:
    text = (ROOT / "rules/bp.yaml").read_text()
    zoo = zoo_with({"rules/bp.yaml": text.replace("-eta*", "-etta*")})
    result = run("--root", zoo.root, "check", "bp")
    assert result.exit_code == 1
    first, last = result.stdout.splitlines()
    assert first.startswith("rules/bp.yaml: on_sample: unknown name 'etta' in ")
    assert first.endswith(" — did you mean 'eta'?")
    assert last.startswith("1 mistake, 0 warnings, ")


def test_check_that_finds_warnings(zoo_with: Callable[..., Zoo]) -> None:
    zoo = zoo_with({"rules/mine.yaml": "title: Mine\nextends: bp\n"})
    result = run("--root", zoo.root, "check", "mine")
    assert result.exit_code == 0
    assert result.stdout.startswith("rules/mine.yaml: its units are not checked")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "erpb"], "NAME: there is no file 'erpb' — did you mean 'erbp'?"),
        (["check", "models/neurons/liv.yaml"], "did you mean 'models/neurons/lif.yaml'?"),
        (["show", "lif", "--on", "erbp"], "config/experiments/erbp.yaml: there is no such file"),
        (["show", "lif", "--on", "bp"], "--on: no population or projection of 'bp' is made of 'neuron/lif'"),
        (["show", "bp", "--layers", "4,3,2"], "--layers: '4,3,2' is not a network"),
        (
            ["show", "bp", "--layers", "4-2"],
            "circuit 'layerwise' with feedback 'symmetric' has three or more layers, not 2",
        ),
        (["--root", "/", "list"], "--root: there is no zoo in /"),
        (["--root", "x" * 5000, "list"], "--root: there is no zoo in x"),
        (["ledger", "x" * 5000], "there is no such result"),
    ],
)
def test_a_users_mistake_is_one_line(arguments: list[str], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output


def test_a_folder_that_is_gone_is_one_line(tmp_path: Path) -> None:
    done = shell(
        f"mkdir {tmp_path}/gone && cd {tmp_path}/gone && rmdir {tmp_path}/gone && brian2zoo list", PYTHONPATH=PACKAGE
    )
    told = "working directory: it is no more — change to a folder that is there\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_what_is_no_file_is_told_and_what_editors_hide_is_left_alone(zoo_with: Callable[..., Zoo]) -> None:
    zoo = zoo_with({"models/neurons/.#lif.yaml": "", "models/neurons/._lif.yaml": "\x00"})
    assert zoo.names("neuron") == Zoo().names("neuron")
    folder = zoo.root / "models/neurons"
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "folder.yaml").mkdir()
    (folder / "gone.yaml").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.yaml")
    for name in ("loop", "folder", "gone", "pipe"):
        result = run("--root", zoo.root, "show", name)
        assert result.exit_code == 2
        assert (
            result.stderr
            == f"models/neurons/{name}.yaml: it is no file with a text — replace it by one, or remove it\n"
        )


def test_a_broken_file_is_one_line(zoo_with: Callable[..., Zoo]) -> None:
    zoo = zoo_with({"rules/bp.yaml": "title: a: b"})
    result = run("--root", zoo.root, "list")
    assert result.exit_code == 2
    assert result.stderr.startswith("rules/bp.yaml: line 1: YAML syntax")


def test_schemas_are_written_below_the_root(zoo_with: Callable[..., Zoo]) -> None:
    zoo = zoo_with({})
    assert run("--root", zoo.root, "schemas").exit_code == 0
    written = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (zoo.root / "schemas").iterdir()}
    assert written == json_schemas()


def test_ledger_says_what_an_event_costs() -> None:
    lines = run("ledger", "--experiment", "erbp_plus").stdout.splitlines()
    assert lines[0] == "erbp_plus"
    (learning,) = (line for line in lines if line.startswith("learning"))
    assert re.match(
        r"learning +synapse, spike +1 synapse write, 1 neuron read, 1 +input_hidden1, hidden1_out", learning
    )


def test_ledger_in_short_has_a_line_for_each(capsys) -> None:
    print_events_in_short(Zoo(), ["erbp_plus", "bp"])
    lines = capsys.readouterr().out.splitlines()
    erbp, bp = (line.split() for line in lines[2:4])
    assert erbp == ["erbp_plus", "4", "6", "17", "64"]  # transmit, learn, a step of a neuron, bits of a synapse
    assert bp == ["bp", "11", "7", "64"]  # a step of a synapse, of a neuron, bits
    assert max(map(len, lines)) <= 100


def test_ledger_of_results_is_a_sample_s() -> None:
    output = run("ledger", TRAINED).stdout
    assert "erbp_plus default mnist 784-100-10: a sample\n" in output
    assert re.search("learning +5.49e\\+05 synapse writes, ", output)
    assert "6.753e+05 bytes" in output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["erbp_plus"],
            "RESULTS: there is no file 'erbp_plus' — for one event of the experiment: brian2zoo ledger --exp",
        ),
        (["missing.nc"], "missing.nc: there is no such result"),
        ([ROOT / "README.md"], "README.md: it cannot be read"),
        (
            [ROOT / "results/published/cim/cim_training/trainings.nc"],
            "trainings.nc: it is no result of a training: it h",
        ),
        ([ROOT / "README.md", "--experiment", "bp"], "--experiment: a result names its own experiment"),
        (["--experiment", "pb"], "config/experiments/pb.yaml: there is no such file"),
    ],
)
def test_ledger_of_what_is_no_result_is_one_line(arguments: list[object], told: str) -> None:
    result = run("ledger", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_rule_is_not_written_outside_its_folder() -> None:
    result = run("derive", "lif_exp", "--name", "a/b")
    assert result.exit_code == 2
    assert result.stderr.startswith("--name: 'a/b' is not a name — rename it: ")


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        ("foo", "unknown name 'foo' in 'foo'"),
        ("3*ms", "the distance of 'lif_exp' from its threshold is in 1, the scale '3*ms' is not"),
        ("0", "'0' is no number above 0"),
        ("inf", "'inf' is no number above 0"),
        ("-tau_m/ms", "'-tau_m/ms' is no number above 0"),
    ],
)
def test_a_scale_is_a_number_in_the_unit_of_the_threshold(scale: str, told: str, zoo_with: Callable[..., Zoo]) -> None:
    text = f"title: t\nextends: rtrl_block_diagonal\nlearning: {{plastic: {{scale: '{scale}'}}}}\n"
    zoo = zoo_with({"config/experiments/scaled.yaml": text})
    result = run("--root", zoo.root, "check", "experiment/scaled")
    assert result.exit_code == 1
    first, *_ = result.stdout.splitlines()
    assert first.startswith(f"config/experiments/scaled.yaml: learning.plastic.scale: {told}")


def test_map_says_how_many_cores_a_network_takes_and_why() -> None:
    output = run(
        "map", "spiking", "nbp", "--chip", "loihi", "--layers", "400-400-10", "--placement", "nbp_authors"
    ).stdout
    assert "3282 neurons and 518822 synapses, of which 500000 learn, on 81 cores of 1 chip" in output
    assert "No costs without spikes" in output


def test_map_prices_a_run_that_names_its_network() -> None:
    told = json.loads(run("map", "spiking", "--chip", "loihi", "--run", TRAINED, "--json").stdout)
    assert (told["experiment"], told["layers"], told["learning"]) == ("erbp_plus", "784-100-10", "sweep")
    assert told["binding"] == "synaptic memory (bits)"
    assert 0 < told["energy_dynamic"] == pytest.approx(sum(term["total"] or 0 for term in told["energy"]))
    active = json.loads(
        run("map", "spiking", "--chip", "loihi", "--run", TRAINED, "--learning", "active", "--json").stdout
    )
    assert active["energy_dynamic"] < told["energy_dynamic"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("spiking", "erbp_plus", "--chip", "truenorth", "--layers", "64-10-4"), "learning: the chip does not learn"),
        (("spiking", "erbp_plus", "--chip", "odin", "--layers", "784-10-4"), "numbers.axons_in_per_core"),
        (("spiking", "erbp_plus", "--chip", "lohii", "--layers", "64-10-4"), "did you mean 'loihi'?"),
        (("spiking", "--chip", "loihi", "--layers", "64-10-4"), "the network is not named"),
        (("spiking", "erbp_plus", "--chip", "loihi"), "the network is not named"),
        (
            ("spiking", "erbp_plus", "--chip", "loihi", "--layers", "64-10-4", "--set", "rule.etta=1"),
            "--set: rule.etta: 'rule' has no parameter 'etta'",
        ),
        (("spiking", "--chip", "loihi", "--run", "missing.nc"), "missing.nc: there is no such result"),
        (("spiking", "--chip", "loihi", "--run", ROOT / "README.md"), "README.md: it cannot be read"),
        (("spiking", "--chip", "loihi", "--run", ROOT / "results"), "results: there is no such result"),
        (("cim", "--chip", "cim_training", "--run", "missing.nc"), "missing.nc: there is no such result"),
        (
            ("cim", "--chip", "cim_training", "--run", PUBLISHED / "cim/cim_training/trainings.nc"),
            "it is no result of a training",
        ),
        (("cim", "--chip", "cim_training", "--run", TRAINED), "_seed=0.nc: it has no weights"),
        (("cim", "--chip", "loihi", "--layers", "9-9"), "is a chip of another kind — take 'brian2zoo map spiking'"),
        (("spiking", "bp", "--chip", "cim_training"), "is a chip of another kind — take 'brian2zoo map cim'"),
        (("spiking", "erbp_plus", "--chip", "loihi", "--set", "adc_bits=3"), "--set: 'adc_bits=3' is not a setting"),
        (("spiking", "erbp_plus", "--chip", "loihi", "--layers", "64,10,4"), "--layers: '64,10,4' is not a network"),
        (
            ("spiking", "erbp_plus", "--chip", "loihi", "--layers", "64-10-4", "--learning", "sweep"),
            "--learning: nothing is pri",
        ),
        (
            ("spiking", "erbp_plus", "--chip", "loihi", "--layers", "64-10-4", "--sana-fe", ROOT / "README.md"),
            "README.md cannot be written: File exists",
        ),
    ],
)
def test_map_refuses_in_one_line(arguments: tuple[object, ...], told: str) -> None:
    result = run("map", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "models/chips/loihi.yaml",
            "{value: 128,",
            "{value: 128*ms,",
            "loihi.yaml: numbers.cores: wrong unit: '128*ms' is",
        ),
        ("models/placements/nbp_authors.yaml", "[2, 80]", "[2, 80**9]", "nbp_authors.yaml: cores."),
        (
            "models/placements/nbp_authors.yaml",
            "[2, 80]",
            "[2, 100000]",
            "core 99999 is beyond the 16384 that are followed",
        ),
        ("rules/nbp.yaml", "dw = 4", "dw = etta + 4", "rules/nbp.yaml: "),
    ],
)
def test_map_refuses_files_with_mistakes(
    zoo_with: Callable[..., Zoo], file: str, old: str, new: str, told: str
) -> None:
    text = (ROOT / file).read_text()
    assert old in text
    zoo = zoo_with({file: text.replace(old, new, 1)})
    network = ("nbp", "--chip", "loihi", "--layers", "64-10-4", "--placement", "nbp_authors")
    result = run("--root", zoo.root, "map", "spiking", *network)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "command", [("backends", "erbp_plus"), ("ledger", "--experiment", "erbp_plus"), ("ledger", TRAINED)]
)
def test_what_is_counted_or_judged_has_no_mistakes(zoo_with: Callable[..., Zoo], command: tuple[object, ...]) -> None:
    text = (ROOT / "rules/erbp.yaml").read_text()
    zoo = zoo_with({"rules/erbp.yaml": text.replace("dw = eta*", "dw = etta*")})
    result = run("--root", zoo.root, *command)
    assert result.exit_code == 2
    assert result.stderr.startswith("rules/erbp.yaml: on_pre: unknown name 'etta'")
    assert result.stderr.count("\n") == 1
