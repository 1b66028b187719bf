"""The Pulumi CLI: found on PATH, downloaded, or built from its Go modules; linked into `.toolchain/bin`.

A self-built CLI comes without a Python language host, so ours is linked beside it, and only then: an official CLI
brings the official host, which ours must never shadow.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from toolchain import build, download
from toolchain.errors import SetupError
from toolchain.phases import Phase, phase

VERSION: Final = "3.259.0"
"""Newest version whose build from Go modules is known to work; anything newer on PATH serves as well."""

OFFICIAL_HOST: Final = "pulumi-language-python"


@dataclass(frozen=True)
class Cli:
    """A CLI: where it is, its version, how it was had, and whether it brings a Python language host."""

    path: Path
    version: str
    origin: str
    has_host: bool


def make_pulumi(project: Path) -> None:
    """Makes `.toolchain/bin` hold a working `pulumi`; does nothing if it does already.

    Raises:
        SetupError: there is none on PATH, none could be downloaded, and none could be built.
    """
    with phase("Pulumi CLI") as current:
        target = project / ".toolchain/bin"
        cli = _on_path(target) or _cached("official", has_host=True) or _cached("built", has_host=False)
        if cli is None:
            cli = _fetch(current)
        _link(project, target, cli)
        current.name = f"Pulumi CLI {cli.version} ({cli.origin})"


def cache_folder() -> Path:
    """Where downloads and builds are kept, outside the project and its virtual environment."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "aca-inference/pulumi" / VERSION


def version_of(executable: Path) -> str | None:
    """The version that this executable says it is, or None if it does not run."""
    try:
        done = subprocess.run(
            [executable, "version"],
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.fullmatch(r"v?(\d+\.\d+\.\d+\S*)", done.stdout.strip())
    return found[1] if done.returncode == 0 and found else None


def is_new_enough(version: str) -> bool:
    """Whether this version is at least `VERSION`; a pre-release counts as its release."""
    return _numbers(version) >= _numbers(VERSION)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _on_path(own: Path) -> Cli | None:
    places = [place for place in os.environ.get("PATH", "").split(os.pathsep) if Path(place).resolve() != own.resolve()]
    executable = shutil.which("pulumi", path=os.pathsep.join(places))
    if executable is None:
        return None
    version = version_of(Path(executable))
    if version is None or not is_new_enough(version):
        return None
    # Some distributions package the CLI without its language hosts.
    has_host = (Path(executable).resolve().parent / OFFICIAL_HOST).exists()
    return Cli(
        Path(executable),
        version,
        "on PATH",
        has_host or shutil.which(OFFICIAL_HOST, path=os.pathsep.join(places)) is not None,
    )


def _cached(origin: str, *, has_host: bool) -> Cli | None:
    executable = cache_folder() / origin / "pulumi"
    version = version_of(executable)
    return Cli(executable, version, f"{origin}, cached", has_host) if version else None


def _fetch(current: Phase) -> Cli:
    cache = cache_folder()
    try:
        return _whole(download.download(current, VERSION, cache / "official"), "official download", has_host=True)
    except download.DownloadError as error:
        current.detail = f"no download ({error}); building it from Go modules"
    try:
        return _whole(build.build(current, VERSION, cache / "built"), "built from Go modules", has_host=False)
    except SetupError as error:
        raise SetupError(
            f"no Pulumi CLI: {error}. Or install Pulumi {VERSION} or newer yourself, so that it is on PATH"
        ) from error


def _whole(executable: Path, origin: str, *, has_host: bool) -> Cli:
    version = version_of(executable)
    if version is None:
        shutil.rmtree(executable.parent, ignore_errors=True)
        raise SetupError(f"the Pulumi CLI ({origin}) does not run; remove {executable.parent} and try again")
    return Cli(executable, version, origin, has_host)


def _link(project: Path, target: Path, cli: Cli) -> None:
    links = {"pulumi": cli.path}
    target.mkdir(parents=True, exist_ok=True)
    if not cli.has_host:
        links = {
            OFFICIAL_HOST: project / "toolchain/language_host" / OFFICIAL_HOST,
            **{name: cli.path.parent / name for name in build.SCRIPTS},
        }
        _place(cli.path, target / "pulumi")
    for old in target.iterdir():
        if old.name not in {"pulumi", *links}:
            old.unlink()
    for name, source in links.items():
        link = target / name
        if not link.is_symlink() or link.readlink() != source:
            fresh = target / f".{name}.{os.getpid()}"
            fresh.symlink_to(source)
            fresh.replace(link)


def _place(executable: Path, place: Path) -> None:
    """Makes the CLI a file of this folder: it takes its hosts from where it lies itself, with links resolved."""
    if place.exists() and not place.is_symlink() and place.stat().st_size == executable.stat().st_size:
        return
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        fresh.hardlink_to(executable)
    except OSError:  # another file system
        shutil.copy2(executable, fresh)
    fresh.replace(place)
