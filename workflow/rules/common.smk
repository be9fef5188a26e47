# What the rules share: which files and which program they run, the configuration, and its jobs.
import os
import re
import shlex
import sys
import types
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import DeploymentMethod

# A clone runs its own program on its own files, whichever is installed and wherever results go, unless one stands in
# another zoo. Where this file comes from an address, the program is the installed one and the zoo that in use.
HERE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).resolve().parents[1]
PROGRAM = HERE / "src"
if PROGRAM.is_dir():
    sys.path.insert(0, str(PROGRAM))

from brian2zoo.cli.unforeseen import told
from brian2zoo.formats.papers import papers
from brian2zoo.formats.settings import BACKENDS
from brian2zoo.formats.zoo import ROOT, ROOT_VARIABLE, ReadOnce, Zoo, is_zoo, read_yaml
from brian2zoo.pipeline import jobs
from brian2zoo.pipeline.config import load_config

try:
    ZOO = ReadOnce(Zoo(next(filter(is_zoo, (Path.cwd(), HERE)), None)))
    if os.path.isdir("config/experiments") and not is_zoo(Path.cwd()):
        raise WorkflowError(
            "config/experiments: these files would not be read, since models/ and rules/ are not here"
            " — add them by: brian2zoo init ."
        )

    # A mistake names the file that makes it.
    GIVEN = list(workflow.overwrite_configfiles)
    CONFIGURED = [*(path for path in workflow.configfiles if path not in GIVEN), *GIVEN]
    SOURCES = [(jobs.within(ZOO.root, path), read_yaml(Path(path))) for path in CONFIGURED]
    SOURCES.append(("--config", workflow.config_settings.config))
    CONFIG = load_config(config, SOURCES, ZOO.root)
    PAPERS = papers(ZOO.root)
    JOBS = jobs.Jobs(CONFIG, ZOO, PAPERS)
    if workflow.is_main_process:
        # Snakemake itself would show a traceback around what an input function raises, and does not say its targets here.
        JOBS.check_targets(sys.argv[1:])
        from brian2zoo.pipeline.plan import mistakes

        if found := mistakes(CONFIG, ZOO, SOURCES):
            raise WorkflowError("\n".join(found))
except WorkflowError:
    raise
except Exception as error:
    raise WorkflowError(told(error))

# Results and figures say which command makes them: in the folder of this pipeline, or of the workflow that it is part of.
OWN = Path(workflow.main_snakefile).resolve() in (HERE / "Snakefile", HERE / "workflow/Snakefile")
SNAKEMAKE = [
    "snakemake",
    *(["--directory", os.getcwd()] if OWN and not os.path.samefile(os.curdir, HERE) else []),
    *(["--configfile", *(jobs.within(ZOO.root, path) for path in GIVEN)] if GIVEN else []),
]

# The scripts run with the Python that runs Snakemake, whether or not its environment is activated; where Snakemake
# itself deploys environments, with theirs.
SCRIPTS = next(folder for folder in (HERE, ROOT) if (folder / "workflow/scripts").is_dir()) / "workflow/scripts"
ENVIRONMENT = {
    "SCRIPTS": SCRIPTS,
    ROOT_VARIABLE: ZOO.root,
    "BRIAN2ZOO_SNAKEMAKE": shlex.join(SNAKEMAKE),
    **({"PYTHONPATH": PROGRAM} if PROGRAM.is_dir() else {}),
}
exported = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in ENVIRONMENT.items())
deployed = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
python = "$PATH" if deployed else f"{shlex.quote(os.path.dirname(sys.executable))}:$PATH"
shell.prefix(f"set -euo pipefail; export PATH={python} {exported}; ")

RUN = jobs.RUN


wildcard_constraints:
    dataset="|".join(map(re.escape, CONFIG.datasets)),  # one of these: names have underscores, as those of published files between them
    inputs=r"\w+",  # an encoder; two, not "a,b": on a cluster Snakemake gives a job its wildcards joined by commas
    labels=r"\w+",
    backend="|".join(BACKENDS),
    experiment="|".join(map(re.escape, ZOO.names("experiment"))),
    layers=r"\d+(-\d+)+",
    setting=r"[^/]+",
    seed=r"\d+",
    variant=r"[^/]+=[^/]+",
    mode=r"train|test|final|trace|count_train|count_test",
    counting=r"count_train|count_test",
    chip=r"\w+",
    placement=r"\w+",
    paper=r"\w+",
    stage="train|evaluate|ledger|bits|trace|map|rtrl|cim",
    result=r".+",
