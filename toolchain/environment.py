"""The virtual environment `.venv`: pinned, hashed, made once."""

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from toolchain.errors import SetupError
from toolchain.phases import Phase, phase
from toolchain.processes import run

STAMP: Final = "aca-inference.stamp"
CONTENTS: Final = "aca-inference.contents"
"""What installation left: commands, packages and model files, a path a line. What is gone from it was removed later."""
NEEDED_FREE_BYTES: Final = 2 << 30
HASHED: Final = ("--no-deps", "--require-hashes")
UV_NAMES: Final = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
"""What a person tells pip about where packages come from, and the variables by which uv is told the same."""


def make_environment(project: Path, requirements: str) -> None:
    """Makes `.venv` hold what `requirements/NAME.txt` lists and the project itself; does nothing if it does already.

    The stamp is removed first and written last: an environment without one was left half-made, and is made anew.

    Raises:
        SetupError: no space, no network, or a Python without what virtual environments need.
    """
    venv = project / ".venv"
    stamp = venv / STAMP
    # The larger set contains the smaller one, pin for pin, so it serves for both.
    serving = ("base", "dev") if requirements == "base" else (requirements,)
    with phase("Python environment") as current:
        is_whole = stamp.is_file() and (venv / "bin/python").exists() and _has_its_contents(venv)
        if is_whole and stamp.read_text() in [stamp_of(project, name) for name in serving]:
            current.name = "Python environment (ready)"
            return
        _check_space(project)
        if is_whole and stamp.read_text().startswith(f"{_interpreter(project)}\n"):
            stamp.unlink()
        else:
            if venv.exists():
                current.detail = "removing an earlier one"
                shutil.rmtree(venv)
            current.detail = "creating it"
            _create(current, venv)
        _install(current, project, venv, requirements)
        (venv / CONTENTS).write_text("\n".join(_contents(venv)))
        fresh = venv / f"{STAMP}.new"
        fresh.write_text(stamp_of(project, requirements))
        fresh.replace(stamp)


def stamp_of(project: Path, requirements: str) -> str:
    """What an environment that holds these requirements was made from: its Python and place, a digest of the rest."""
    settings = tomllib.loads((project / "pyproject.toml").read_text())
    parts = [settings["build-system"], settings["project"], settings["tool"]["setuptools"]]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
    for name in (requirements, "model", "tools"):
        digest.update(_file(project, name).read_bytes())
    return f"{_interpreter(project)}\n{digest.hexdigest()}\n"


def uv_settings(pip_settings: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that make uv use what `pip config list` printed; what `environment` sets already stays."""
    found: dict[str, str] = {}
    for line in pip_settings.splitlines():
        key, separator, value = line.partition("=")
        name = UV_NAMES.get(key.rpartition(".")[2])
        if separator and name and name not in environment:
            found[name] = " ".join(str(ast.literal_eval(value)).split())
    return found


def _contents(venv: Path) -> list[str]:
    packages = "lib/python*/site-packages"
    found = [file for pattern in ("bin/*", f"{packages}/*", f"{packages}/*/*.gguf") for file in venv.glob(pattern)]
    return sorted(str(file.relative_to(venv)) for file in found if file.name != "__pycache__")


def _has_its_contents(venv: Path) -> bool:
    try:
        return set((venv / CONTENTS).read_text().splitlines()) <= set(_contents(venv))
    except OSError:
        return False


def _interpreter(project: Path) -> str:
    """Moving the checkout, or another Python, makes an environment useless."""
    return f"{sys.implementation.cache_tag} {sys.base_prefix} {project.resolve()}"


def _create(current: Phase, venv: Path) -> None:
    try:
        run(current, [sys.executable, "-m", "venv", str(venv)])
    except SetupError as error:
        raise SetupError(
            f"Python environment: {error}"
            " (where Python comes without virtual environments, as on Debian: apt-get install python3-venv)"
        ) from error


def _install(current: Phase, project: Path, venv: Path, requirements: str) -> None:
    try:
        install_requirements(current, project, venv, requirements)
        run(current, [*_pip(venv), "--no-deps", "--no-build-isolation", "--editable", str(project)])
    except SetupError as error:
        raise SetupError(f"Python environment: {error}") from error


def install_requirements(current: Phase, project: Path, venv: Path, requirements: str) -> None:
    """Installs what `requirements/NAME.txt` lists, and the embedded model, into a new virtual environment.

    Raises:
        SetupError: neither uv nor pip could.
    """
    python = str(venv / "bin/python")
    uv = [str(venv / "bin/uv"), "pip", "install", "--python", python]
    files = [word for name in (requirements, "model") for word in ("-r", str(_file(project, name)))]
    run(current, [*_pip(venv), *HASHED, "-r", str(_file(project, "tools"))])
    try:
        settings = uv_settings(_pip_settings(python), os.environ)
        run(current, [*uv, *HASHED, *files], environment=settings)
    except SetupError as problem:
        current.detail = f"pip takes over from uv: {problem}"
        run(current, [*_pip(venv), *HASHED, *files])


def _pip(venv: Path) -> list[str]:
    python = str(venv / "bin/python")
    return [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-compile"]


def _pip_settings(python: str) -> str:
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    return listed.stdout


def _file(project: Path, name: str) -> Path:
    return project / "requirements" / f"{name}.txt"


def _check_space(project: Path) -> None:
    free = shutil.disk_usage(project).free
    if free < NEEDED_FREE_BYTES:
        raise SetupError(
            f"the Python environment needs {NEEDED_FREE_BYTES >> 30} GiB of free disk space in {project};"
            f" there are {free >> 20} MiB"
        )
