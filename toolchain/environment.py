"""The virtual environment `.venv`: pinned, hashed, made once."""

import hashlib
import shutil
import sys
from pathlib import Path
from typing import Final

from toolchain.errors import SetupError
from toolchain.phases import Phase, phase, run

STAMP: Final = "aca-inference.stamp"
NEEDED_FREE_BYTES: Final = 2 << 30


def make_environment(project: Path, requirements: str) -> None:
    """Makes `.venv` hold what `requirements/NAME.txt` lists; does nothing if it does already.

    The stamp is written last, so an environment whose making was interrupted is never taken for a whole one.
    """
    venv = project / ".venv"
    # The larger set contains the smaller one, pin for pin, so it serves for both.
    wanted = [_stamp(project, name) for name in ({"base", "dev"} if requirements == "base" else {requirements})]
    stamp = venv / STAMP
    with phase("Python environment") as current:
        if stamp.is_file() and stamp.read_text() in wanted and _works(venv):
            current.name = "Python environment (ready)"
            return
        stamp.unlink(missing_ok=True)
        _check_space(project)
        if not _works(venv):
            shutil.rmtree(venv, ignore_errors=True)
            _create(current, venv)
        _install(current, project, venv, requirements)
        stamp.write_text(_stamp(project, requirements))


def _stamp(project: Path, requirements: str) -> str:
    digest = hashlib.sha256(f"{sys.version}\0{project.resolve()}\0".encode())
    for path in (project / "pyproject.toml", *(_file(project, name) for name in (requirements, "model", "tools"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _works(venv: Path) -> bool:
    return (venv / "bin/python").exists() and (venv / "bin/pip").exists()


def _create(current: Phase, venv: Path) -> None:
    try:
        run(current, [sys.executable, "-m", "venv", str(venv)])
    except SetupError as error:
        shutil.rmtree(venv, ignore_errors=True)
        raise SetupError(
            "Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"
        ) from error


def _install(current: Phase, project: Path, venv: Path, requirements: str) -> None:
    python = str(venv / "bin/python")
    files = [word for name in (requirements, "model") for word in ("-r", str(_file(project, name)))]
    hashed = ["--no-deps", "--require-hashes"]
    pip = [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    try:
        run(current, [*pip, "--quiet", *hashed, "-r", str(_file(project, "tools"))])
        run(current, [str(venv / "bin/uv"), "pip", "install", "--python", python, *hashed, *files])
    except SetupError:
        # uv knows nothing of an index or proxy that pip is configured for.
        run(current, [*pip, *hashed, *files])
    run(current, [*pip, "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(project)])


def _file(project: Path, name: str) -> Path:
    return project / "requirements" / f"{name}.txt"


def _check_space(project: Path) -> None:
    free = shutil.disk_usage(project).free
    if free < NEEDED_FREE_BYTES:
        raise SetupError(f"set-up needs {NEEDED_FREE_BYTES >> 30} GiB of free disk space; there are {free >> 20} MiB")
