"""The page about the rules is what the rules say."""

from pathlib import Path

import yaml

from policy import reference
from policy.pack import RULES

PROJECT = Path(__file__).parent.parent.parent


def test_the_page_that_is_checked_in_is_not_stale() -> None:
    assert (PROJECT / reference.PAGE).read_text(encoding="utf-8") == reference.page(), (
        "run `python -m policy.reference`"
    )


def test_every_rule_is_on_it_with_all_its_options() -> None:
    page = reference.page()
    for rule in RULES.values():
        section = page.split(f"### {rule.id}\n")[1].split("\n### ")[0]
        for words in (rule.title, rule.reason, rule.fix, *(f"`{option.name}`" for option in rule.options)):
            assert words in section


def test_the_example_workflow_is_a_workflow_that_checks_and_uploads() -> None:
    workflow = yaml.safe_load((PROJECT / "examples/policy-check.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["check"]["steps"]
    commands = [step.get("run", "") for step in steps]
    assert any("aca-inference check" in command and "--sarif" in command for command in commands)
    assert [step for step in steps if "codeql-action/upload-sarif" in step.get("uses", "")]
    # YAML 1.1 reads the key `on` as true.
    assert "pull_request" in workflow[True]
