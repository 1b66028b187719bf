"""When the virtual environment is whole, and what uv is told of pip's settings."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.toolchain.conftest import PROJECT
from toolchain import environment
from toolchain.environment import STAMP, make_environment, stamp_of, uv_settings
from toolchain.errors import SetupError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_bytes((PROJECT / "pyproject.toml").read_bytes())
    (tmp_path / "requirements").mkdir()
    for name in ("base", "dev", "model", "tools"):
        (tmp_path / f"requirements/{name}.txt").write_text(f"{name}==1\n")
    return tmp_path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, instead of doing it: `create`, or the set of requirements that was installed."""
    done: list[str] = []

    def create(current: object, venv: Path) -> None:
        done.append("create")
        (venv / "bin").mkdir(parents=True)
        (venv / "bin/python").symlink_to(sys.executable)
        for name in ("bin/command", "lib/python3/site-packages/package", "lib/python3/site-packages/package/x.gguf"):
            (venv / name).parent.mkdir(parents=True, exist_ok=True)
            (venv / name).mkdir() if name.endswith("package") else (venv / name).touch()

    def install(current: object, project: Path, venv: Path, requirements: str) -> None:
        assert not (venv / STAMP).exists(), "an interrupted installation would be taken for a whole one"
        done.append(requirements)

    monkeypatch.setattr(environment, "_create", create)
    monkeypatch.setattr(environment, "_install", install)
    return done


def test_the_second_run_does_nothing(project: Path, installed: list[str]) -> None:
    for _ in range(2):
        make_environment(project, "base")
    assert installed == ["create", "base"]


def test_the_larger_set_serves_for_the_smaller_one(project: Path, installed: list[str]) -> None:
    make_environment(project, "base")
    make_environment(project, "dev")
    make_environment(project, "base")
    assert installed == ["create", "base", "dev"]


def test_an_interrupted_installation_is_begun_anew(
    project: Path, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_environment(project, "base")
    with monkeypatch.context() as patched:
        patched.setattr(environment, "_install", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            make_environment(project, "dev")
    make_environment(project, "base")
    assert installed == ["create", "base", "create", "base"]


def test_changed_requirements_are_installed_into_what_is_there(project: Path, installed: list[str]) -> None:
    make_environment(project, "base")
    (project / "requirements/base.txt").write_text("base==2\n")
    make_environment(project, "base")
    assert installed == ["create", "base", "base"]


@pytest.mark.parametrize("gone", ["bin/command", "lib/python3/site-packages/package/x.gguf"])
def test_what_was_removed_from_it_is_noticed(project: Path, installed: list[str], gone: str) -> None:
    make_environment(project, "base")
    (project / ".venv/bin/somebody-s-own").touch()
    make_environment(project, "base")
    assert installed == ["create", "base"]
    (project / ".venv" / gone).unlink()
    make_environment(project, "base")
    assert installed == ["create", "base", "create", "base"]


@pytest.mark.parametrize("harm", ["interpreter removed", "made by another Python", "checkout moved"])
def test_an_environment_that_cannot_work_is_made_anew(project: Path, installed: list[str], harm: str) -> None:
    make_environment(project, "base")
    if harm == "interpreter removed":
        (project / ".venv/bin/python").unlink()
        (project / ".venv/bin/python").symlink_to(project / "gone")
    else:
        old, new = ("cpython", "pypy") if harm == "made by another Python" else (str(project), "/elsewhere")
        stamp = project / ".venv" / STAMP
        stamp.write_text(stamp.read_text().replace(old, new))
    make_environment(project, "base")
    assert installed == ["create", "base", "create", "base"]


def test_only_what_is_installed_counts_for_the_stamp(project: Path) -> None:
    before = stamp_of(project, "base")
    settings = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(settings.replace("line-length = 120", "line-length = 100"))
    assert stamp_of(project, "base") == before
    (project / "pyproject.toml").write_text(settings.replace("cli.main:main", "cli.other:main"))
    assert stamp_of(project, "base") != before


def test_too_little_space_is_said_before_anything_is_removed(
    project: Path, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_environment(project, "base")
    (project / "requirements/base.txt").write_text("base==2\n")
    monkeypatch.setattr(environment, "NEEDED_FREE_BYTES", 1 << 60)
    with pytest.raises(SetupError, match="free disk space"):
        make_environment(project, "base")
    assert (project / ".venv" / STAMP).exists()


def test_pips_settings_reach_uv_unless_uv_has_its_own() -> None:
    listed = (
        ":env:.index-url='https://mirror.example/simple'\n"
        "global.extra-index-url='\\nhttps://one.example\\nhttps://two.example'\n"
        "global.cert='/etc/ca.pem'\n"
        "global.timeout='60'\n"
        "install.find-links='/opt/wheels'\n"
    )
    assert uv_settings(listed, {"UV_FIND_LINKS": "/own"}) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://one.example https://two.example",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }


def test_dev_holds_base_pin_for_pin() -> None:
    """What lets one environment serve for both."""

    def pins(name: str) -> set[str]:
        lines = (PROJECT / f"requirements/{name}.txt").read_text().splitlines()
        return {line.split(" ")[0] for line in lines if line[:1].isalnum()}

    assert pins("base") <= pins("dev")


def test_every_requirement_is_hashed_and_no_index_is_named() -> None:
    for file in (PROJECT / "requirements").glob("*.txt"):
        text = file.read_text()
        assert "://" not in text, file
        assert all("--hash=sha256:" in entry for entry in text.split("\n\n") if entry.strip()[:1].isalnum()), file


def test_a_python_without_venv_is_told_with_the_fix(tmp_path: Path) -> None:
    """The whole command, with a `venv` module that fails as Debian's does."""
    (tmp_path / "venv.py").write_text("raise SystemExit('ensurepip is not available')")
    command = (
        "from pathlib import Path; from toolchain import environment, processes, phases; import sys;"
        "processes.LOG = Path(sys.argv[1], 'log');"
        "environment._create(phases.Phase('Python environment'), Path(sys.argv[1], '.venv'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path)],
        cwd=PROJECT,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert "apt-get install python3-venv" in done.stderr.splitlines()[-1], json.dumps(done.stderr)
