"""No secret in a message: neither what the program marks, nor what stands in plain, nor a copy of one."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cli.check_report import as_json, as_sarif
from cli.check_run import Result
from policy.message import message
from policy.pack import RULES
from policy.redaction import redacted, secrets_in
from policy.rule import Level, judge
from policy.settings import parse
from policy.values import Secret
from tests.policy.cases import BREAKING, Case
from tests.policy.edits import both, put
from tests.policy.example import CONFIGURATION, Example, good, secret
from tests.policy.judging import judged, stack_of

MARKED, PLAIN, OF_APP = "marked-4711", "plainly-0815", "of-the-app-1234"
SETTINGS = parse(RULES, CONFIGURATION)


def _seeded(example: Example) -> None:
    """Secrets wherever one may stand, and copies of them in plain where none belongs."""
    for name in ("app", "batch"):
        inputs = example[name].inputs
        inputs["configuration"]["secrets"] = [{"name": "api-key", "value": OF_APP}]
        if "ingress" in inputs["configuration"]:
            inputs["configuration"]["ingress"]["customDomains"] = [{"name": f"{MARKED}.example.com"}]
        container = inputs["template"]["containers"][0]
        container["env"] += [{"name": "HUB_TOKEN", "value": PLAIN}, {"name": "MARKED", "value": secret(MARKED)}]
        container["args"] = [f"--x={OF_APP}", "--api-key", "unmarked-1", PLAIN, secret(MARKED)]
        for probe in container["probes"]:
            probe["httpGet"]["httpHeaders"] = [{"name": "Authorization", "value": f"Bearer {PLAIN}"}]
    for name in {"environment", "nodes"} & set(example):
        workspace = {"sharedKey": PLAIN, "customerId": secret(MARKED)}
        logs = {"destination": "log-analytics", "logAnalyticsConfiguration": workspace}
        example[name].inputs["appLogsConfiguration"] = logs
    for share in example["link"].inputs["properties"].values() if "link" in example else ():
        share["accountKey"] = PLAIN


def _told(example: Example) -> str:
    """All that a person or a program is told about every place of the example, right or wrong."""
    results = [
        Result(finding.rule, Level.MANDATORY, resource.urn, message(finding), None)
        for resource in stack_of(example, preview=False).resources
        for rule in RULES.values()
        if not rule.types or resource.type in rule.types
        for options in [SETTINGS[rule.id].options]
        for finding in [*judge(rule, resource, options), *judge(_everything_wrong(rule), resource, options)]
    ]
    assert len(results) > 50
    return "\n".join(
        [
            *(str(result.message) for result in results),
            json.dumps(as_json("dev", results), ensure_ascii=False),
            json.dumps(as_sarif("x", results), ensure_ascii=False),
        ]
    )


def _everything_wrong(rule: Any) -> Any:
    return replace(rule, allowed=lambda subject, options: False)


@pytest.mark.parametrize("case", BREAKING, ids=str)
def test_no_secret_is_told_whatever_is_wrong(case: Case) -> None:
    example = good()
    case.edit(example)
    _seeded(example)
    told = _told(example)
    for hidden in (MARKED, PLAIN, OF_APP, "unmarked-1"):
        assert hidden not in told


def test_a_secret_command_is_secret_word_by_word() -> None:
    example = good()
    put("app", "template.containers.0.command", secret(["uv", "add", "x"]))(example)
    (finding,) = judged(RULES["supply-no-install"], example)
    assert finding.found == "(secret)"


def test_what_is_inside_of_a_secret_is_secret() -> None:
    """Pulumi marks a whole object where a part of it comes from a secret."""
    example = good()
    both(
        put("app", "configuration.ingress", secret({"external": True, "allowInsecure": True, "note": "in-a-secret"})),
        put("app", "template.containers.0.image", secret("somebody/in-a-secret")),
    )(example)
    told = _told(example)
    assert RULES["exposure-tls-only"].title in told
    assert RULES["supply-registry"].title in told
    assert "in-a-secret" not in told


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (["serve", "--token", "abc"], ["serve", "--token", "(hidden)"]),
        ("serve --api-key=abc --max-tokens 3", "serve --api-key=(hidden) --max-tokens 3"),
        ("HF_TOKEN=abc serve", "HF_TOKEN=(hidden) serve"),
        ("https://user:word@example.com/x", "https://(hidden)@example.com/x"),
        (f"serve hf_{'a' * 30}", "serve (hidden)"),
        ({"sharedKey": "abc", "secretRef": "name"}, {"sharedKey": "(hidden)", "secretRef": "name"}),
        ("a copy of known-one", "a copy of (hidden)"),
        ("nothing to hide: 7860", "nothing to hide: 7860"),
    ],
)
def test_what_is_hidden(value: Any, shown: Any) -> None:
    assert redacted(value, ["known-one", "hi"]) == shown


def test_where_secrets_are_found() -> None:
    inputs = {
        "configuration": {"secrets": [{"name": "hub", "value": "a"}, {"name": "x", "keyVaultUrl": "https://v"}]},
        "env": [{"name": "HF_TOKEN", "value": "b"}, {"name": "PORT", "value": "7860"}],
        "marked": Secret({"inner": ["c"]}),
        "registries": [{"passwordSecretRef": "hub"}],
    }
    assert set(secrets_in(inputs)) == {"a", "b", "c"}
