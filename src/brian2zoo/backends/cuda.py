"""brian2cuda: CUDA C++ of the same objects, all features of C++ standalone, every random number from cuRAND.

1.0b1, of 2025, was made for CUDA 11 and 12; the compiler is set to C++17, which CUDA 13's Thrust asks for (its makefile
says C++11 before, and the last one counts). In its code of a pathway j is a counter of its own, so that the indices of
neurons are variables. It turns to the next place for spikes when a step ends, and looks back from there by the delay;
where synapses work before the thresholds, as here, a delay therefore counts from the step of the spike. Two mistakes of
its code of a pathway are mended in what it writes: synapses of neurons that spike in one step would share their random
numbers, and the indices of neurons are gone if only a subexpression reads them. Where CUDA came without cuRAND, that of
the package index is taken.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import brian2

from brian2zoo.backends import toolkit
from brian2zoo.backends.standalone import Renderer, Standalone
from brian2zoo.compose.assembly import Assembly

# What a program is compiled for where there is no GPU to ask.
COMPUTE_CAPABILITY = 9.0
_RUN = re.compile(r"\.run\([^,]+,")
# Where in the random numbers of a step a synapse finds its own: the place among those of its neuron.
_RANDOM_AT = "_vectorisation_idx = j;"


class Cuda(Standalone):
    """The device of brian2cuda."""

    def load(self) -> None:
        """Import brian2cuda; it takes Brian2's renderer by name."""
        super().load()
        from brian2cuda import cuda_generator

        cuda_generator.CPPNodeRenderer = Renderer

    def preferences(self, threads: int) -> dict[str, Any]:
        """As of every backend; with no GPU at hand, none is looked for and code is made for a recent one."""
        arguments = [a for a in brian2.prefs["codegen.cpp.extra_compile_args_gcc"] if not a.startswith("-std=")]
        for_nvcc = ["-w", "-use_fast_math", "-std=c++17"]
        own = {
            "codegen.cpp.extra_compile_args_gcc": arguments,
            "devices.cuda_standalone.cuda_backend.extra_compile_args_nvcc": for_nvcc,
        }
        compiler, package = toolkit.compiler(), _curand_of_package()
        if package:
            for_nvcc.append(f"-I{package / 'include'}")
            for name, folder in (("library_dirs", "."), ("runtime_library_dirs", str(package / "lib"))):
                own[f"codegen.cpp.{name}"] = [*brian2.prefs[f"codegen.cpp.{name}"], folder]
        if shutil.which("nvidia-smi") is None:
            assumed = {
                "detect_gpus": False,
                "detect_cuda": False,
                "gpu_id": 0,
                "compute_capability": COMPUTE_CAPABILITY,
                "cuda_runtime_version": 12.0,
                "cuda_path": str(compiler.parents[1]) if compiler else "/usr/local/cuda",
            }
            own |= {f"devices.cuda_standalone.cuda_backend.{name}": value for name, value in assumed.items()}
        return super().preferences(threads) | own

    def prepare(self, device: Any) -> None:
        """As of every backend; random numbers come from a buffer on the GPU."""
        device.apply_run_args()
        device.insert_code("main", "random_number_buffer.set_seed(_array_run_seed[0]);")

    def generate(self, device: Any, directory: Path) -> None:
        """As of every backend; the run lasts as many steps as the program is told."""
        steps = f"_array_run_n_steps[0]*{float(brian2.defaultclock.dt)!r}"
        for kind, arguments in device.main_queue:
            if kind == "run_network":
                lines = arguments[1]
                lines[:] = [_RUN.sub(f".run({steps},", line) for line in lines]
        for deleted in (device.delete_synaptic_pre, device.delete_synaptic_post):
            deleted.update(dict.fromkeys(deleted, False))
        super().generate(device, directory)
        for path in Path(directory, "code_objects").glob("*.cu"):
            text = path.read_text()
            if _RANDOM_AT in text:
                path.write_text(text.replace(_RANDOM_AT, "_vectorisation_idx = _idx;"))
        package = _curand_of_package()
        if package:  # without the plain name that a linker looks for
            link = Path(directory, "libcurand.so")
            link.unlink(missing_ok=True)
            link.symlink_to(next((package / "lib").glob("libcurand.so.*")))

    def compile(self, device: Any, directory: Path) -> None:
        """Compile the program by brian2cuda's own way; RuntimeError if the compiler fails."""
        device.compile_source(str(directory), "unix", debug=False, clean=False)


def _curand_of_package() -> Path | None:
    """cuRAND of the package index, if the compiler has none of its own."""
    compiler = toolkit.compiler()
    return toolkit.curand_of_package(compiler) if compiler and not toolkit.headers(compiler) else None


BACKEND = Cuda(
    "cuda",
    "brian2cuda, one NVIDIA GPU",
    "cuda_standalone",
    Assembly(on_host=False, places=True, from_spike=True),
    "brian2cuda",
)
