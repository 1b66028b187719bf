"""Levels and thresholds: what a stack may say, and what it is told when it says something else."""

from typing import Any

import pytest

from policy.pack import RULES
from policy.rule import Level
from policy.settings import SettingsError, of_stack, parse


def test_defaults() -> None:
    settings = parse(RULES, {})
    assert settings["supply-digest"].level is Level.ADVISORY
    assert settings["cost-gpus-per-app"].options == {"maximum": 4}


def test_levels_and_thresholds() -> None:
    configuration = {
        "aca-inference-policy:all": "advisory",
        "aca-inference-policy:cost-gpus-per-app": '{"maximum": 2}',
        "aca-inference-policy:supply-digest": "mandatory",
        "aca-inference-policy:storage-tls": '{"enforcementLevel": "remediate"}',
        "aca-inference:image": "anything",
    }
    settings = parse(RULES, of_stack(configuration))
    assert settings["exposure-tls-only"].level is Level.ADVISORY
    assert settings["cost-gpus-per-app"].level is Level.ADVISORY
    assert settings["cost-gpus-per-app"].options["maximum"] == 2
    assert settings["supply-digest"].level is Level.MANDATORY
    assert settings["storage-tls"].level is Level.REMEDIATE


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("exposure-tls", "mandatory", ["there is no such rule", "exposure-tls-only"]),
        ("zzz", "mandatory", ["there is no such rule", "there are: exposure-tls-only"]),
        ("supply-digest", "must", ["'must'", "allowed: disabled, advisory, mandatory"]),
        (
            "supply-digest",
            {"enforcementLevel": "must"},
            ["'must'", "allowed: disabled, advisory, mandatory"],
        ),
        ("supply-digest", {"level": "mandatory"}, ["has no 'level'", "allowed: enforcementLevel"]),
        ("supply-digest", 3, ["is 3", "allowed: disabled"]),
        ("all", "sometimes", ["'sometimes'", "allowed: disabled"]),
        ("cost-gpus-per-app", {"max": 2}, ["has no 'max'", "allowed: enforcementLevel, maximum"]),
        ("cost-gpus-per-app", {"maximum": "two"}, ["maximum is 'two'", "a whole number, 0 or more"]),
        ("cost-gpus-per-app", {"maximum": -1}, ["maximum is -1", "a whole number, 0 or more"]),
        ("cost-gpus-per-app", {"maximum": 1.5}, ["maximum is 1.5", "a whole number, 0 or more"]),
        ("cost-gpus-per-app", {"maximum": True}, ["maximum is True", "a whole number, 0 or more"]),
        ("placement-region", {"regions": "westus"}, ["regions is 'westus'", "a list of strings"]),
        ("placement-region", {"regions": [1]}, ["regions is [1]", "a list of strings"]),
        ("cost-monthly", {"pricesPerHour": {"NC24-A100": "3"}}, ["pricesPerHour", "an object of numbers"]),
        ("names-pattern", {"patterns": {"app:ContainerApp": "("}}, ["patterns", "an object of regular expressions"]),
        ("tags-required", {"defaults": {"owner": 1}}, ["defaults", "an object of strings"]),
        ("storage-tls", "must", ["allowed: disabled, advisory, mandatory, remediate"]),
        ("supply-digest", "remediate", ["is 'remediate'", "allowed: disabled, advisory, mandatory"]),
        ("all", "remediate", ["is 'remediate'", "allowed: disabled, advisory, mandatory"]),
        ("all", {"maximum": 2}, ["it has no 'maximum'", "allowed: enforcementLevel"]),
        ("cost-monthly", {"pricesPerHour": {"NC24": 3}}, ["{'NC24': 3}", "by Consumption-GPU-NC8as-T4, "]),
        ("cost-monthly", {"maximum": float("inf")}, ["maximum is inf", "a number, 0 or more"]),
        ("names-pattern", {"patterns": {"ContainerApp": ".*"}}, ["{'ContainerApp': '.*'}", "by app:ContainerApp, "]),
        ("logs-retention", {"minimum": 90, "maximum": 30}, ["minimum is 90", "at most maximum, which is 30"]),
        ("logs-retention", {"minimum": 400}, ["minimum is 400", "at most maximum, which is 365"]),
    ],
)
def test_wrong_settings_are_refused_with_what_is_allowed(key: str, value: Any, told: list[str]) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(RULES, {key: value})
    for words in (f"aca-inference-policy:{key}", *told):
        assert words in str(refused.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        parse(RULES, {"zzz": "mandatory", "supply-digest": "must", "cost-gpus-per-app": {"max": 2, "maximum": "x"}})
    assert str(refused.value).count("\n  - ") == 4


@pytest.mark.parametrize(
    ("configuration", "secrets", "told"),
    [
        ({"aca-inference-policy:supply-digest": '{"maximum": '}, [], "is no JSON"),
        ({"aca-inference-policy:supply-digest": "x"}, ["aca-inference-policy:supply-digest"], "is a secret"),
    ],
)
def test_unreadable_stack_configuration(configuration: dict[str, str], secrets: list[str], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refused:
        of_stack(configuration, secrets)
    assert "aca-inference-policy:supply-digest" in str(refused.value)
