"""`aca-inference check` as a person and a pipeline call it, in a copy of the checkout."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workspace import command, copy_project, environment, run

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy whose stack `local` runs an image of somebody's."""
    copy = copy_project(tmp_path_factory.mktemp("checkout"))
    file = copy / "Pulumi.local.yaml"
    image = "docker.io/somebody/server:2.0.1"
    lines = file.read_text().splitlines()
    file.write_text(
        "\n".join(f"  aca-inference:image: {image}" if ":image:" in line else line for line in lines) + "\n"
    )
    yield copy
    run(copy, "sandbox", "stop")


def check(workspace: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(workspace, "check", *words),
        cwd=workspace,
        env={**environment(workspace), **variables},
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=240,
    )


def test_the_table_says_what_to_do_and_the_exit_status_that_it_must_be_done(workspace: Path) -> None:
    done = check(workspace)
    assert done.returncode == 1, done.stderr
    for words in ("supply-registry", "somebody/server", "Copy the image into your own registry", "rules: "):
        assert words in done.stdout
    assert "Traceback" not in done.stderr


def test_json_and_nothing_else_on_standard_output(workspace: Path) -> None:
    done = check(workspace, "--json")
    assert done.returncode == 1, done.stderr
    (finding,) = [one for one in json.loads(done.stdout)["findings"] if one["rule"] == "supply-registry"]
    assert finding["found"] == '"docker.io/somebody/server:2.0.1"'
    file, _, line = finding["source"].partition(":")
    assert "ContainerApp(" in (workspace / file).read_text().splitlines()[int(line) - 1]


def test_sarif(workspace: Path) -> None:
    done = check(workspace, "--sarif")
    assert done.returncode == 1, done.stderr
    results = json.loads(done.stdout)["runs"][0]["results"]
    assert "supply-registry" in {found["ruleId"] for found in results if found["level"] == "error"}


def test_the_sandbox_is_left_as_it_was(workspace: Path) -> None:
    assert run(workspace, "sandbox", "status", check=False).returncode == 1
    run(workspace, "sandbox", "start")
    check(workspace)
    assert run(workspace, "sandbox", "status").returncode == 0


def test_a_stack_that_is_not_there(workspace: Path, tmp_path: Path) -> None:
    done = check(workspace, "--stack", "nowhere", PULUMI_BACKEND_URL=tmp_path.as_uri(), PULUMI_CONFIG_PASSPHRASE="x")
    assert done.returncode == 1
    assert done.stdout.count("\n") < 10
    assert "no stack named 'nowhere'" in done.stderr
    assert "Traceback" not in done.stderr
