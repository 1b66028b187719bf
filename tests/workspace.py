"""A copy of this checkout in a folder of its own, so that a test never meets a sandbox that a person is using."""

import os
import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parent.parent
ENVIRONMENT = ".venv"
TOOLS = ".toolchain/bin"
SOURCES = "toolchain"


def copy_project(target: Path) -> Path:
    """Copies every file that git would carry, and uses what set-up made. Returns `target`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source = PROJECT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    use_what_set_up_made(target)
    return target


def use_what_set_up_made(folder: Path) -> None:
    """Gives a project folder this checkout's environment and Pulumi CLI."""
    (folder / ENVIRONMENT).symlink_to(PROJECT / ENVIRONMENT)
    # The CLI looks for its plugins where it lies itself, links resolved; so each folder gets files of its own.
    shutil.copytree(PROJECT / TOOLS, folder / TOOLS, symlinks=True, copy_function=_link_or_copy)
    if not (folder / SOURCES).exists():  # a self-built CLI's language host runs from the project's sources
        (folder / SOURCES).symlink_to(PROJECT / SOURCES)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def environment(workspace: Path) -> dict[str, str]:
    """Environment in which the copy's own packages are the ones imported."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "ARM_", "AZURE_"))}
    return {**kept, "PYTHONPATH": str(workspace)}


def command(workspace: Path, *words: str) -> list[str]:
    """The command line `aca-inference WORDS`, run by the shared virtual environment."""
    return [str(workspace / ".venv/bin/aca-inference"), *words]


def run(workspace: Path, *words: str, check: bool = True, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Runs `aca-inference WORDS` in the copy and returns what it printed; a failure shows its whole output."""
    done = subprocess.run(
        command(workspace, *words),
        cwd=workspace,
        env=environment(workspace),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"aca-inference {' '.join(words)} ended with {done.returncode}:\n{done.stdout}")
    return done
