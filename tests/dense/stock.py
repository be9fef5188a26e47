"""Brian2's own C++ standalone device, only compiled as two files instead of one for each code object."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import all_devices

from brian2zoo.backends import backend
from brian2zoo.dense.program import merge_sources

STOCK = "merged_standalone"


class MergedStandalone(CPPStandaloneDevice):
    """The code is Brian2's to the letter; it is compiled without much optimization, which takes less time."""

    def generate_makefile(self, writer: Any, *arguments: Any, **options: Any) -> None:
        folder = Path(writer.project_dir)
        writer.source_files = merge_sources(folder, writer.source_files)
        super().generate_makefile(writer, *arguments, **options)
        makefile = folder / "makefile"
        makefile.write_text(makefile.read_text() + "\n%.o: OPTIMISATIONS += -O1\n")


all_devices[STOCK] = MergedStandalone()
MERGED = replace(backend("cpp"), device=STOCK)
