"""The check for machines: JSON, and SARIF as code scanning takes it."""

from cli.check_report import as_json, as_sarif, summary
from cli.check_run import Result, Source
from policy.message import Message
from policy.pack import RULES
from policy.rule import Level, Verdict

_URN = "urn:pulumi:dev::example::azure-native:app:ContainerApp::app"


def result(
    rule: str, level: Level = Level.MANDATORY, verdict: Verdict = Verdict.BROKEN, source: Source | None = None
) -> Result:
    message = Message(RULES[rule].title, "a.b", '"found"', "wanted", "why", "how", verdict)
    return Result(RULES[rule], level, _URN, message, source)


RESULTS = [
    result("storage-tls", source=Source("components/store.py", 7)),
    result("supply-digest", Level.ADVISORY),
    result("supply-registry", Level.ADVISORY, verdict=Verdict.NOT_YET_KNOWN),
]


def test_summary() -> None:
    assert summary(RESULTS) == {"violations": 1, "advice": 1, "not judged": 1}


def test_json_has_everything_to_act_on() -> None:
    document = as_json("dev", RESULTS)
    first = document["findings"][0]
    assert document["stack"] == "dev"
    assert first["rule"] == "storage-tls"
    assert first["source"] == "components/store.py:7"
    assert first["resource"] == "app"
    assert {first[key] for key in ("property", "found", "wanted", "why", "how")} == {
        "a.b",
        '"found"',
        "wanted",
        "why",
        "how",
    }


def test_sarif_follows_the_standard() -> None:
    """Sections 3.27.9 (what is not judged is `open`, and then has no level), 3.27.6 (index of the rule), 3.28."""
    sarif = as_sarif("Pulumi.dev.yaml", RESULTS)
    assert sarif["version"] == "2.1.0"
    (run,) = sarif["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    for found in run["results"]:
        assert rules[found["ruleIndex"]]["id"] == found["ruleId"]
    assert [(found["kind"], found["level"]) for found in run["results"]] == [
        ("fail", "error"),
        ("fail", "warning"),
        ("open", "none"),
    ]
    places = [found["locations"][0]["physicalLocation"] for found in run["results"]]
    assert places[0] == {"artifactLocation": {"uri": "components/store.py"}, "region": {"startLine": 7}}
    assert places[1] == {"artifactLocation": {"uri": "Pulumi.dev.yaml"}}
    fingerprints = [found["partialFingerprints"]["finding/v1"] for found in run["results"]]
    assert len(set(fingerprints)) == len(RESULTS)
