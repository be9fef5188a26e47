"""Brian2's numpy target, on which a copy of a variable stays what it was when it was taken.

There the statements `before = x`, `x += 1` name one array twice, so that `before` changes too; of C++ they are two
numbers (compare brian-team/brian2#259).
"""

from typing import Any

import brian2
from brian2.codegen.generators.numpy_generator import NumpyCodeGenerator
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject


class _CopyingGenerator(NumpyCodeGenerator):
    """Takes a copy where a statement hands on a variable as it is."""

    def translate_statement(self, statement: Any) -> str:
        copied = statement.expr.strip()
        written: str = super().translate_statement(statement)
        if statement.op not in ("=", ":=") or not copied.isidentifier() or copied not in self.variables:
            return written
        return written.replace(f"= {copied}", f"= _numpy.copy({copied})", 1)


def use_numpy_target() -> None:
    """Let what is built from now on run on Brian2's numpy target."""
    brian2.set_device("runtime")
    brian2.prefs.codegen.target = "numpy"
    NumpyCodeObject.generator_class = _CopyingGenerator
