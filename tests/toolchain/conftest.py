"""A project folder and a cache of their own for every test, and made-up `pulumi` executables."""

from collections.abc import Callable
from pathlib import Path

import pytest

from toolchain import processes
from toolchain.pulumi import VERSION, cache_folder

PROJECT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's caches is used, and what commands print is logged beside the test's own files."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(processes, "LOG", tmp_path / "logs/set-up.log")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the two scripts that set-up puts beside a self-built CLI."""
    scripts = tmp_path / "project/toolchain/language_host"
    scripts.mkdir(parents=True)
    for script in (PROJECT / "toolchain/language_host").glob("pulumi-*"):
        (scripts / script.name).write_bytes(script.read_bytes())
    return tmp_path / "project"


@pytest.fixture
def path_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first folder on PATH; after it only what a shell script needs, so there is neither Pulumi nor Go."""
    folder = tmp_path / "on-path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def make_cli() -> Callable[..., Path]:
    """`make_cli(folder, version=…)`: an executable that answers `pulumi version`, with or without a language host."""

    def make(folder: Path, version: str = VERSION, *, host: bool = True) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        names = ["pulumi", *(["pulumi-language-python"] if host else [])]
        for name in names:
            (folder / name).write_text(f"#!/bin/sh\necho v{version}\n")
            (folder / name).chmod(0o755)
        return folder / "pulumi"

    return make


@pytest.fixture
def built_cli(make_cli: Callable[..., Path]) -> Path:
    """A self-built CLI in the cache."""
    executable = make_cli(cache_folder() / "built", host=False)
    executable.with_name("pulumi-language-python-exec").write_text("#!/bin/sh\n")
    return executable
