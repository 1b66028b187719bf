"""Our language host under the real engine; an official CLI brings its own host and passes the same tests."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.engine

Pulumi = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "state").mkdir()
    return {
        **os.environ,
        "PATH": f"{PROJECT / '.toolchain/bin'}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A project with an empty program and a stack."""
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / ".venv").symlink_to(PROJECT / ".venv")
    (folder / "Pulumi.yaml").write_text("name: host-test\nruntime: {name: python, options: {virtualenv: .venv}}\n")
    (folder / "__main__.py").write_text("import pulumi\npulumi.export('answer', pulumi.Config().require('asked'))\n")
    return folder


@pytest.fixture
def pulumi(program: Path, variables: dict[str, str]) -> Pulumi:
    def run(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["pulumi", *words],
            cwd=program,
            env=variables,
            executable=shutil.which("pulumi", path=variables["PATH"]),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert not check or done.returncode == 0, done.stdout
        return done

    run("stack", "init", "test")
    run("config", "set", "asked", "forty-two")
    return run


def test_preview_up_and_destroy_run_the_program_with_its_configuration(pulumi: Pulumi) -> None:
    assert "forty-two" in pulumi("preview").stdout
    pulumi("up", "--yes", "--skip-preview")
    assert pulumi("stack", "output", "answer").stdout.strip() == "forty-two"
    pulumi("destroy", "--yes")


def test_a_program_that_fails_says_so_once_and_fails_the_run(pulumi: Pulumi, program: Path) -> None:
    (program / "__main__.py").write_text("raise ValueError('the reason why')\n")
    done = pulumi("up", "--yes", "--skip-preview", check=False)
    assert done.returncode != 0
    assert "the reason why" in done.stdout


def test_a_dynamic_resource_is_made_changed_and_removed(pulumi: Pulumi, program: Path, tmp_path: Path) -> None:
    (program / "note.py").write_text(
        "from pathlib import Path\n"
        "from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult\n"
        "class Notes(ResourceProvider):\n"
        "    def create(self, props):\n"
        "        Path(props['path']).write_text(props['text']); return CreateResult('note', props)\n"
        "    def diff(self, _id, _olds, _news):\n"
        "        return DiffResult(changes=_olds['text'] != _news['text'])\n"
        "    def update(self, _id, _olds, _news):\n"
        "        Path(_news['path']).write_text(_news['text']); return UpdateResult(_news)\n"
        "    def delete(self, _id, _props):\n"
        "        Path(_props['path']).unlink()\n"
        "class Note(Resource):\n"
        "    def __init__(self, name, path, text):\n"
        "        super().__init__(Notes(), name, {'path': path, 'text': text})\n"
    )
    note = tmp_path / "note.txt"
    main = "import pulumi\nfrom note import Note\nNote('note', {!r}, pulumi.Config().require('asked'))\n"
    (program / "__main__.py").write_text(main.format(str(note)))
    pulumi("up", "--yes", "--skip-preview")
    assert note.read_text() == "forty-two"
    pulumi("config", "set", "asked", "again")
    assert "1 updated" in pulumi("up", "--yes", "--skip-preview").stdout
    assert "1 unchanged" not in note.read_text() and note.read_text() == "again"
    assert "unchanged" in pulumi("up", "--yes", "--skip-preview").stdout
    pulumi("destroy", "--yes")
    assert not note.exists()


def test_a_policy_pack_in_python_is_run(pulumi: Pulumi, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / ".venv").symlink_to(PROJECT / ".venv")
    (pack / "PulumiPolicy.yaml").write_text("runtime: {name: python, options: {virtualenv: .venv}}\n")
    (pack / "__main__.py").write_text(
        "from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy\n"
        "def refuse(args, report):\n"
        "    report('the pack was asked')\n"
        "PolicyPack('pack', policies=[StackValidationPolicy(\n"
        "    name='refuse', description='refuses', validate=refuse, enforcement_level=EnforcementLevel.MANDATORY)])\n"
    )
    done = pulumi("preview", "--policy-pack", str(pack), check=False)
    assert done.returncode != 0
    assert "the pack was asked" in done.stdout


def test_an_engine_that_is_killed_leaves_no_process(
    pulumi: Pulumi, program: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    started = tmp_path / "started"
    (program / "__main__.py").write_text(
        f"import time\nfrom pathlib import Path\nPath({str(started)!r}).touch()\ntime.sleep(600)\n"
    )
    engine = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview"],
        executable=shutil.which("pulumi", path=variables["PATH"]),
        cwd=program,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(started.exists)
    family = psutil.Process(engine.pid).children(recursive=True)
    assert family
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    wait_for(lambda: not any(process.is_running() and process.status() != "zombie" for process in family))


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
