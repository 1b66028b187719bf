"""Which Python runs a program or plugin: the `virtualenv` option of its project file, else the host's own."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from toolchain.language_host.stubs import language_pb2

SCRIPTS: Final = "bin"


class VirtualEnvironmentError(Exception):
    """The project names a virtual environment that is not there."""


@dataclass(frozen=True)
class Interpreter:
    """A Python and the environment variables that make it, and what it starts, see its packages."""

    python: Path
    environment: dict[str, str]


def interpreter_of(info: language_pb2.ProgramInfo) -> Interpreter:
    """The interpreter for a program; a relative `virtualenv` is taken from the project's root folder."""
    name = info.options.fields["virtualenv"].string_value if "virtualenv" in info.options.fields else ""
    folder = Path(info.root_directory, name) if name else Path(sys.prefix)
    python = folder / SCRIPTS / "python"
    if not python.exists():
        raise VirtualEnvironmentError(
            f"the virtual environment {folder}, named by `virtualenv` in the project file, does not exist: "
            f"create it and install the program's requirements into it (here: `make setup`)"
        )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONHOME"}
    environment["VIRTUAL_ENV"] = str(folder)
    environment["PATH"] = f"{folder / SCRIPTS}{os.pathsep}{environment.get('PATH', os.defpath)}"
    return Interpreter(python, environment)
