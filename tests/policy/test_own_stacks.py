"""Our own stacks pass the pack: `local` and `dev`, with no rule switched off and no resource excepted.

What a platform team has to say for any stack they say in their files: which registries they trust, and in `local`,
where an image is a name for a folder of this machine, from which ones nothing is pulled."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cli.check_run import Result, check
from cli.local_stack import LocalStack
from tests.workspace import PROJECT, copy_project, environment, run

pytestmark = pytest.mark.engine


def _check_local(sandbox: Mapping[str, str], folder: Path) -> list[Result]:
    stack = LocalStack(PROJECT, folder)
    variables = stack.environment(sandbox)
    stack.prepare(variables)
    return check(PROJECT, variables)


def _check_dev(sandbox: Mapping[str, str], folder: Path) -> list[Result]:
    """The stack for Azure, with the sandbox in Azure's place."""
    file = folder / "project/Pulumi.dev.yaml"
    file.parent.mkdir()
    for name in ("Pulumi.yaml", file.name):
        (file.parent / name).write_text((PROJECT / name).read_text())
    variables = {
        **LocalStack(PROJECT, folder).environment(sandbox),
        "PULUMI_BACKEND_URL": folder.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_STACK": "dev",
        "PULUMI_OPTION_CONFIG_FILE": str(file),
    }
    del variables["PULUMI_CONFIG_PASSPHRASE_FILE"]
    for words in (("stack", "init", "dev"), ("config", "set", "--secret", "apiKey", "a-key-for-the-test")):
        subprocess.run(["pulumi", *words, "--non-interactive"], cwd=file.parent, env=variables, check=True)
    return check(PROJECT, variables)


@pytest.mark.parametrize("check_stack", [_check_local, _check_dev], ids=["local", "dev"])
def test_our_own_stack_passes_in_a_preview(
    check_stack: Callable[[Mapping[str, str], Path], list[Result]], sandbox: Mapping[str, str], tmp_path: Path
) -> None:
    """No violation. The one word of advice: a tag, however versioned, is no digest. The one thing left to the update:
    the link's name, which depends on a key that is not there yet."""
    results = check_stack(sandbox, tmp_path)
    assert [str(result.message) for result in results if result.violation] == []
    assert {result.rule.id for result in results if result.message.verdict.judged} == {"supply-digest"}
    assert {result.rule.id for result in results if not result.message.verdict.judged} <= {"names-azure"}


def test_our_own_stack_passes_an_update(tmp_path: Path) -> None:
    """With every value known, so that nothing is left unjudged."""
    copy = copy_project(tmp_path / "checkout")
    try:
        run(copy, "sandbox", "start")
        run(copy, "check")
        variables = json.loads(run(copy, "sandbox", "env", "--json").stdout)
        done = subprocess.run(
            ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--policy-pack", "policy"],
            cwd=copy,
            env={**environment(copy), **variables},
            text=True,
            capture_output=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "not judged" not in done.stdout
        assert "[mandatory]" not in done.stdout
    finally:
        run(copy, "sandbox", "down")
