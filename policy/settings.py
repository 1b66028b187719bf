"""Levels and thresholds of the rules, as a stack sets them.

In a stack's configuration, one key for each rule, under the namespace `aca-inference-policy`:

    aca-inference-policy:cost-gpus-per-app: {maximum: 2}
    aca-inference-policy:supply-digest: mandatory
    aca-inference-policy:storage-tls: {enforcementLevel: remediate}

`all` sets the level of every rule that is not named. The engine's own `--policy-pack-config FILE` has the same form and
wins.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policy.rule import Level, Options, Rule

NAMESPACE: Final = "aca-inference-policy"
LEVEL: Final = "enforcementLevel"
ALL: Final = "all"
_LEVELS_OF_ALL: Final = (Level.DISABLED, Level.ADVISORY, Level.MANDATORY)
"""Not `remediate`: that is asked for rule by rule."""


class SettingsError(ValueError):
    """Settings that cannot be used; the message names each key, its value and what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"the policy configuration cannot be used:\n{listed}")


@dataclass(frozen=True)
class RuleSettings:
    """One rule's level, and the values of all its options."""

    level: Level
    options: Options


def of_stack(configuration: Mapping[str, str], secret_keys: Iterable[str] = ()) -> dict[str, Any]:
    """The policy settings in a stack's configuration, whose values are text or JSON.

    Raises:
        SettingsError: a key's value is no JSON, or is a secret.
    """
    prefix = f"{NAMESPACE}:"
    hidden = [key for key in secret_keys if key.startswith(prefix)]
    if hidden:
        raise SettingsError(
            [f"{key}: is a secret; levels and thresholds are none, set it without --secret" for key in hidden]
        )
    found: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in configuration.items():
        if key.startswith(prefix):
            try:
                found[key.removeprefix(prefix)] = json.loads(value) if value.lstrip().startswith("{") else value
            except json.JSONDecodeError as error:
                problems.append(f"{key}: is no JSON ({error}); a level or an object is allowed")
    if problems:
        raise SettingsError(problems)
    return found


def parse(rules: Mapping[str, Rule], configuration: Mapping[str, Any]) -> dict[str, RuleSettings]:
    """The settings of every rule: what is configured over the defaults.

    Raises:
        SettingsError: listing every rule and option that is unknown, and every value that is not allowed.
    """
    problems: list[str] = []
    given = configuration.get(ALL)
    every = _level(ALL, given, _LEVELS_OF_ALL, problems)
    if isinstance(given, Mapping):
        problems += [f"{NAMESPACE}:{ALL}: it has no {name!r}; allowed: {LEVEL}" for name in given if name != LEVEL]
    for name in configuration:
        if name not in rules and name != ALL:
            near = difflib.get_close_matches(name, rules, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(rules)}"
            problems.append(f"{NAMESPACE}:{name}: there is no such rule; {hint}")
    settings = {rule.id: _of_rule(rule, configuration.get(rule.id), every, problems) for rule in rules.values()}
    if problems:
        raise SettingsError(problems)
    return settings


def level_of(given: Any) -> Any:
    """The level in what is given for a rule or for all: an object with it, or the level itself."""
    return given.get(LEVEL) if isinstance(given, Mapping) else given


def _of_rule(rule: Rule, given: Any, every: Level | None, problems: list[str]) -> RuleSettings:
    chosen = _level(rule.id, given, rule.levels, problems) or every or rule.level
    options = dict(rule.defaults)
    known = {option.name: option for option in rule.options}
    for name, value in given.items() if isinstance(given, Mapping) else ():
        if name == LEVEL:
            continue
        option = known.get(name)
        if option is None:
            allowed = ", ".join((LEVEL, *known))
            problems.append(f"{NAMESPACE}:{rule.id}: it has no {name!r}; allowed: {allowed}")
        elif not option.allows(value):
            problems.append(
                f"{NAMESPACE}:{rule.id}: {name} is {value!r}; allowed: {option.allowed}; by default"
                f" {json.dumps(option.default)}"
            )
        else:
            options[name] = value
    if rule.ascending and options[rule.ascending[0]] > options[rule.ascending[1]]:
        low, high = rule.ascending
        problems.append(
            f"{NAMESPACE}:{rule.id}: {low} is {options[low]!r}; allowed: at most {high}, which is {options[high]!r}"
        )
    return RuleSettings(chosen, options)


def _level(name: str, given: Any, levels: Iterable[Level], problems: list[str]) -> Level | None:
    value = level_of(given)
    if value is None:
        return None
    if value not in levels:
        allowed = ", ".join(levels)
        what = f"{LEVEL} is {value!r}" if isinstance(given, Mapping) else f"is {value!r}"
        problems.append(f"{NAMESPACE}:{name}: {what}; allowed: {allowed}")
        return None
    return Level(value)
