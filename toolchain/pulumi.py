"""The Pulumi CLI: found on PATH, downloaded, or built from its Go modules; put into `.toolchain/bin`.

A self-built CLI comes without a Python language host, so ours is put beside it, and only then: an official CLI
brings the official host, which ours must never shadow. The engine looks for plugins on PATH and in the folder of its
own executable, symbolic links resolved, and warns where the two differ. So an official CLI is a symbolic link, which
leads it to its own host, and a self-built one a copy, which makes our host the one that belongs to it.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from toolchain import build, download
from toolchain.errors import SetupError
from toolchain.lock import turn
from toolchain.phases import Phase, phase
from toolchain.versions import Versions, is_at_least

VERSION: Final = "3.259.0"
"""Newest version whose build from Go modules is known to work; anything newer on PATH serves as well."""

LANGUAGE_HOST: Final = "pulumi-language-python"
OWN_PLUGINS: Final = (LANGUAGE_HOST, "pulumi-resource-pulumi-python")
"""What a self-built CLI lacks for Python programs; scripts in `toolchain/language_host`."""


@dataclass(frozen=True)
class Cli:
    """A CLI: where it is, its version, how it was had, and whether it brings a Python language host."""

    path: Path
    version: str
    origin: str
    has_host: bool


def make_pulumi(project: Path, releases: str = download.RELEASES) -> None:
    """Makes `.toolchain/bin` hold a working `pulumi`; does nothing if it does already.

    Raises:
        SetupError: there is none on PATH, none could be downloaded, and none could be built.
    """
    with phase("Pulumi CLI") as current:
        versions = Versions(project / ".toolchain/versions.json")
        target = project / ".toolchain/bin"
        cli = _on_path(versions, target) or _cached(versions) or _fetch(current, versions, releases)
        _place(project, target, cli)
        current.name = f"Pulumi CLI {cli.version} ({cli.origin})"


def cache_folder() -> Path:
    """Where downloads and builds of the CLI are kept."""
    return user_cache() / "pulumi" / VERSION


def user_cache() -> Path:
    """What set-up keeps for every checkout, outside the project and its virtual environment."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "aca-inference"


def _on_path(versions: Versions, own: Path) -> Cli | None:
    places = [place for place in os.environ.get("PATH", "").split(os.pathsep) if Path(place).resolve() != own.resolve()]
    elsewhere = os.pathsep.join(places)
    found = shutil.which("pulumi", path=elsewhere)
    version = versions.of(Path(found)) if found else None
    if found is None or version is None or not is_at_least(version, VERSION):
        return None
    # Some distributions package the CLI without its language hosts.
    has_host = (Path(found).resolve().parent / LANGUAGE_HOST).exists() or bool(
        shutil.which(LANGUAGE_HOST, path=elsewhere)
    )
    return Cli(Path(found), version, "on PATH", has_host) if has_host else None


def _cached(versions: Versions) -> Cli | None:
    for origin, meaning, has_host in (("official", "official release", True), ("built", "built from source", False)):
        executable = cache_folder() / origin / "pulumi"
        if versions.of(executable) == VERSION:
            return Cli(executable, VERSION, f"{meaning}, cached", has_host)
    return None


def _fetch(current: Phase, versions: Versions, releases: str) -> Cli:
    cache = cache_folder()
    with turn(cache / "lock", "Waiting for another set-up to get the Pulumi CLI"):
        fetched_meanwhile = _cached(versions)
        if fetched_meanwhile:
            return fetched_meanwhile
        for left_by_a_killed_run in (*cache.glob("build-*"), *cache.glob("download-*")):
            shutil.rmtree(left_by_a_killed_run, ignore_errors=True)
        try:
            current.detail = "looking for the release"
            download.download(current, VERSION, cache / "official", releases)
            return _verified(versions, cache / "official/pulumi", "official release", has_host=True)
        except download.DownloadError as error:
            not_downloaded = error
        try:
            build.build(current, VERSION, cache / "built")
            return _verified(versions, cache / "built/pulumi", "built from source", has_host=False)
        except SetupError as error:
            raise SetupError(
                f"no Pulumi CLI: {VERSION} or newer is not on PATH; no release ({not_downloaded}); {error};"
                " or install Pulumi (https://www.pulumi.com/docs/install)"
            ) from error


def _verified(versions: Versions, executable: Path, origin: str, *, has_host: bool) -> Cli:
    version = versions.of(executable)
    if version != VERSION:
        shutil.rmtree(executable.parent, ignore_errors=True)
        raise SetupError(f"the Pulumi CLI ({origin}) says version {version} instead of {VERSION}")
    return Cli(executable, version, origin, has_host)


def _place(project: Path, target: Path, cli: Cli) -> None:
    sources = {} if cli.has_host else {name: project / "toolchain/language_host" / name for name in OWN_PLUGINS}
    if not cli.has_host:
        sources |= {build.EXECUTOR: cli.path.with_name(build.EXECUTOR), "pulumi": cli.path}
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        if old.name not in {"pulumi", *sources}:
            old.unlink()
    for name, source in sources.items():
        if not _is_copy(target / name, source):
            _replace(target / name, partial(shutil.copy2, source))
    if cli.has_host and not ((target / "pulumi").is_symlink() and (target / "pulumi").readlink() == cli.path):
        _replace(target / "pulumi", lambda fresh: fresh.symlink_to(cli.path))


def _is_copy(file: Path, source: Path) -> bool:
    """A copy keeps its source's time."""
    if file.is_symlink() or not file.exists():
        return False
    there, here = source.stat(), file.stat()
    return (there.st_size, there.st_mtime_ns) == (here.st_size, here.st_mtime_ns)


def _replace(file: Path, make: Callable[[Path], object]) -> None:
    """Puts what `make` makes in the place of `file` at once, so that a killed run leaves the old one or the new."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    make(fresh)
    fresh.replace(file)
