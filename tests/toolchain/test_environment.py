"""The virtual environment: made once, and made again whenever it may not be whole."""

from pathlib import Path

import pytest

from toolchain import environment
from toolchain.errors import SetupError
from toolchain.phases import Phase


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose requirements are empty; installs are counted instead of done."""
    (tmp_path / "requirements").mkdir()
    for name in ("base", "dev", "model", "tools"):
        (tmp_path / f"requirements/{name}.txt").write_text(f"# {name}\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")

    def create(_phase: Phase, venv: Path) -> None:
        (venv / "bin").mkdir(parents=True)
        for name in ("python", "pip"):
            (venv / "bin" / name).touch()

    def install(_phase: Phase, folder: Path, _venv: Path, requirements: str) -> None:
        with (folder / "installs").open("a") as log:
            log.write(f"{requirements}\n")

    monkeypatch.setattr(environment, "_create", create)
    monkeypatch.setattr(environment, "_install", install)
    return tmp_path


def installs(project: Path) -> list[str]:
    return (project / "installs").read_text().split()


def test_the_second_run_installs_nothing(project: Path) -> None:
    environment.make_environment(project, "base")
    environment.make_environment(project, "base")
    assert installs(project) == ["base"]


def test_what_tests_need_serves_everybody(project: Path) -> None:
    environment.make_environment(project, "dev")
    environment.make_environment(project, "base")
    assert installs(project) == ["dev"]


def test_other_requirements_are_installed(project: Path) -> None:
    environment.make_environment(project, "base")
    (project / "requirements/base.txt").write_text("# newer\n")
    environment.make_environment(project, "base")
    assert installs(project) == ["base", "base"]


def test_an_install_that_was_interrupted_is_done_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            environment.make_environment(project, "base")
    environment.make_environment(project, "base")
    assert installs(project) == ["base"]


def test_an_environment_without_its_python_is_made_anew(project: Path) -> None:
    environment.make_environment(project, "base")
    (project / ".venv/bin/python").unlink()
    environment.make_environment(project, "base")
    assert installs(project) == ["base", "base"]


def test_a_full_disk_is_said_before_anything_is_installed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "NEEDED_FREE_BYTES", 1 << 62)
    with pytest.raises(SetupError, match="free disk space"):
        environment.make_environment(project, "base")
    assert not (project / "installs").exists()
