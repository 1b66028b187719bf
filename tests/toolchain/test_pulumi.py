"""Which Pulumi CLI is taken, and that a broken one never is."""

import os
from pathlib import Path

import pytest

from toolchain import build, download, pulumi
from toolchain.errors import SetupError


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No CLI of this machine, no cache of this machine, and nothing to fetch one with."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def no_network(*_arguments: object) -> Path:
        raise download.DownloadError("no network")

    monkeypatch.setattr(download, "download", no_network)


def make_cli(folder: Path, version: str, *, host: bool = False) -> Path:
    """A stand-in for a CLI that knows one command: its version."""
    folder.mkdir(parents=True, exist_ok=True)
    executable = folder / "pulumi"
    executable.write_text(f"#!/bin/sh\necho v{version}\n")
    executable.chmod(0o755)
    for name in ("pulumi-language-python",) if host else ():
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return executable


def make_built(version: str = pulumi.VERSION) -> Path:
    """A CLI in the cache as a build leaves it."""
    folder = pulumi.cache_folder() / "built"
    make_cli(folder, version)
    for name in build.SCRIPTS:
        (folder / name).write_text("#!/bin/sh\n")
    return folder


def installed(project: Path) -> set[str]:
    return {entry.name for entry in (project / ".toolchain/bin").iterdir()}


@pytest.mark.parametrize(
    ("version", "enough"),
    [("3.259.0", True), ("3.260.1", True), ("4.0.0", True), ("3.258.9", False), ("3.99.0", False), ("2.300.0", False)],
)
def test_versions_are_compared_as_numbers(version: str, enough: bool) -> None:
    assert pulumi.is_new_enough(version) is enough


def test_an_official_cli_on_path_is_taken_and_its_host_is_not_shadowed(tmp_path: Path) -> None:
    official = make_cli(tmp_path / "path", "3.300.0", host=True)
    pulumi.make_pulumi(tmp_path)
    assert installed(tmp_path) == {"pulumi"}
    assert (tmp_path / ".toolchain/bin/pulumi").resolve() == official


def test_a_cli_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    make_cli(tmp_path / "path", "3.100.0", host=True)
    make_built()
    pulumi.make_pulumi(tmp_path)
    assert pulumi.version_of(tmp_path / ".toolchain/bin/pulumi") == pulumi.VERSION


def test_our_own_link_is_never_taken_for_a_cli_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / ".toolchain/bin"
    make_cli(own, "9.9.9", host=True)
    monkeypatch.setenv("PATH", str(own))
    make_built()
    pulumi.make_pulumi(tmp_path)
    assert pulumi.version_of(own / "pulumi") == pulumi.VERSION


def test_a_self_built_cli_gets_our_language_host_beside_it(tmp_path: Path) -> None:
    make_built()
    pulumi.make_pulumi(tmp_path)
    assert installed(tmp_path) == {"pulumi", "pulumi-language-python", *build.SCRIPTS}
    assert not (tmp_path / ".toolchain/bin/pulumi").is_symlink(), "it would look for its host where the link leads"


def test_our_host_goes_when_an_official_cli_appears(tmp_path: Path) -> None:
    make_built()
    pulumi.make_pulumi(tmp_path)
    make_cli(tmp_path / "path", "3.300.0", host=True)
    pulumi.make_pulumi(tmp_path)
    assert installed(tmp_path) == {"pulumi"}


def test_a_half_built_cli_in_the_cache_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = pulumi.cache_folder() / "built/pulumi"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"\x7fELF half of it")
    broken.chmod(0o755)

    def rebuild(_phase: object, version: str, target: Path) -> Path:
        make_built(version)
        return target / "pulumi"

    monkeypatch.setattr(build, "build", rebuild)
    pulumi.make_pulumi(tmp_path)
    assert pulumi.version_of(tmp_path / ".toolchain/bin/pulumi") == pulumi.VERSION


def test_without_network_and_go_one_line_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        pulumi.make_pulumi(tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    assert "install Go" in message
    assert "install Pulumi" in message


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    make_built()
    pulumi.make_pulumi(tmp_path)
    place = tmp_path / ".toolchain/bin"
    before = {entry: os.lstat(entry).st_mtime_ns for entry in place.iterdir()}
    pulumi.make_pulumi(tmp_path)
    assert {entry: os.lstat(entry).st_mtime_ns for entry in place.iterdir()} == before
