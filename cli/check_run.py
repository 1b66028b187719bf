"""Runs the policy pack in a preview and reads what the engine says: findings of the pack, and the plan.

The plan's rules are judged here, for the engine tells packs nothing of what it will do. Formats: the CLI's `--json`
digest (pulumi/pkg v3.259, display/json.go) and its event log (sdk/go/common/apitype/events.go), which the Automation
API reads as well.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.errors import PulumiError
from cli.pulumi_process import pulumi_program
from policy.message import Message, message, read
from policy.pack import RULES, findings, level
from policy.resource import Resource, Step, short_type
from policy.rule import Level, Rule, Scope
from policy.settings import RuleSettings, of_stack, parse

PACK: Final = Path("policy")
_PROJECT_SCHEME: Final = "project:///"


@dataclass(frozen=True)
class Source:
    """Where the program declares a resource: a file of the project, and a line."""

    file: str
    line: int


@dataclass(frozen=True)
class Result:
    """One finding as it came out of a preview; `level` is what it does."""

    rule: Rule
    level: Level
    urn: str
    message: Message
    source: Source | None

    @property
    def resource(self) -> str:
        """The resource's logical name."""
        return self.urn.rpartition("::")[2]

    @property
    def violation(self) -> bool:
        """Whether it would end an update."""
        return self.level is Level.MANDATORY


def check(project: Path, environment: Mapping[str, str], stack: str | None = None, pack: Path = PACK) -> list[Result]:
    """Everything that the pack and the plan's rules have against what the stack would become.

    Raises:
        PulumiError: the preview failed for another reason than a rule.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "events.jsonl"
        done = subprocess.run(
            [
                pulumi_program(environment), "preview", "--non-interactive", "--json", "--show-sames",
                "--policy-pack", str(project / pack), "--event-log", str(log),
                *(["--stack", stack] if stack else []),
            ],
            cwd=project,
            # The event log is a flag for tools, which the CLI shows to those who set this.
            env={**environment, "PULUMI_DEBUG_COMMANDS": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )  # fmt: skip
        events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    digest: dict[str, Any] = json.loads(done.stdout) if done.stdout.lstrip().startswith("{") else {}
    steps: list[dict[str, Any]] = digest.get("steps") or []
    sources = {step["urn"]: _source(_state(step)) for step in steps}
    results = [*_of_pack(events, sources), *_of_plan(steps, digest.get("config") or {}, sources)]
    if done.returncode != 0 and not any(result.violation for result in results):
        raise PulumiError(f"`pulumi preview` failed:\n{_complaint(digest, events) or done.stderr.strip()}")
    return results


def _of_pack(events: Sequence[Mapping[str, Any]], sources: Mapping[str, Source | None]) -> Iterator[Result]:
    for event in events:
        violation = event.get("policyEvent")
        rule = RULES.get(violation["policyName"]) if violation else None
        if violation and rule:
            urn: str = violation.get("resourceUrn", "")
            said = read(violation["message"])
            assert said is not None  # the pack's own words
            yield Result(rule, Level(violation["enforcementLevel"]), urn, said, sources.get(urn))


def _of_plan(
    steps: Sequence[Mapping[str, Any]], configuration: Mapping[str, str], sources: Mapping[str, Source | None]
) -> Iterator[Result]:
    settings: Mapping[str, RuleSettings] = parse(RULES, of_stack(configuration))
    for step in steps:
        state = _state(step)
        resource = Resource(
            urn=step["urn"],
            type=short_type(state.get("type", "")),
            inputs={},
            ignored=frozenset(state.get("ignoreChanges") or ()),
            protected=bool(state.get("protect")),
            step=Step(step["op"], bool(state.get("retainOnDelete"))),
        )
        for finding in findings(resource, Scope.PLAN, settings):
            chosen = level(finding, settings, dry_run=True)
            yield Result(finding.rule, chosen, resource.urn, message(finding), sources.get(resource.urn))


def _state(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the resource will be; for one that ends, what it was."""
    return step.get("newState") or step.get("oldState") or {}


def _source(state: Mapping[str, Any]) -> Source | None:
    file, _, line = str(state.get("sourcePosition", "")).removeprefix(_PROJECT_SCHEME).partition("#")
    return Source(file, int(line)) if line.isdigit() and not file.startswith((".", "/")) else None


def _complaint(digest: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> str:
    """What the CLI had to complain about, each thing once."""
    told = [one["message"] for one in digest.get("diagnostics") or [] if one.get("severity") == "error"]
    for event in events:
        diagnostic = event.get("diagnosticEvent") or {}
        if diagnostic.get("severity") == "error":
            told.append(diagnostic["message"])
    return "\n".join(dict.fromkeys(line.strip() for line in told if line.strip()))
