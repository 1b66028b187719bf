"""Our own stacks pass the pack: `local` and `dev`, each with its own settings, and nothing excepted."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.check_run import Result, check
from cli.local_stack import LocalStack
from tests.workspace import PROJECT

pytestmark = pytest.mark.engine


def _check_local(sandbox: Mapping[str, str], folder: Path) -> list[Result]:
    stack = LocalStack(PROJECT, folder)
    environment = stack.environment(sandbox)
    stack.prepare(environment)
    return check(PROJECT, environment)


def _check_dev(sandbox: Mapping[str, str], folder: Path) -> list[Result]:
    """The stack for Azure, with the sandbox in Azure's place."""
    file = folder / "project/Pulumi.dev.yaml"
    file.parent.mkdir()
    for name in ("Pulumi.yaml", file.name):
        (file.parent / name).write_text((PROJECT / name).read_text())
    environment = {
        **LocalStack(PROJECT, folder).environment(sandbox),
        "PULUMI_BACKEND_URL": folder.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_STACK": "dev",
        "PULUMI_OPTION_CONFIG_FILE": str(file),
    }
    del environment["PULUMI_CONFIG_PASSPHRASE_FILE"]
    for words in (("stack", "init", "dev"), ("config", "set", "--secret", "apiKey", "a-key-for-the-test")):
        subprocess.run(["pulumi", *words, "--non-interactive"], cwd=file.parent, env=environment, check=True)
    return check(PROJECT, environment)


@pytest.mark.parametrize("run", [_check_local, _check_dev], ids=["local", "dev"])
def test_our_own_stack_passes(run: object, sandbox: Mapping[str, str], tmp_path: Path) -> None:
    """No violation; the one word of advice is that a tag, however versioned, is no digest."""
    assert callable(run)
    results: list[Result] = run(sandbox, tmp_path)
    assert [str(result.message) for result in results if result.violation] == []
    assert {result.rule.id for result in results} <= {"supply-digest"}
