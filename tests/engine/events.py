"""What the engine said that it would do, or did, read from its event log."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One step of a plan, or of a deployment: `op` is the engine's word for it, such as `import` or `same`."""

    op: str
    urn: str
    type: str
    old: Json
    new: Json
    changed: frozenset[str]
    """Paths of the inputs that differ, as the provider tells them."""
    done: bool
    """Whether it was carried out (in a preview: planned) to its end."""

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.rpartition("::")[2]

    @property
    def id(self) -> str:
        """ARM's id; empty before the resource is there."""
        return self.new.get("id") or self.old.get("id") or ""


@dataclass(frozen=True)
class Log:
    """An operation's steps in their order, and what it told the user."""

    steps: list[Step] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)
    """Severity and text."""

    def step(self, name: str) -> Step:
        """The one step of the resource with this logical name."""
        (found,) = [step for step in self.steps if step.name == name]
        return found

    def of_type(self, ending: str) -> list[Step]:
        """The steps of resources whose type ends so."""
        return [step for step in self.steps if step.type.endswith(ending)]

    @property
    def told(self) -> str:
        """Everything that a person reads, line by line."""
        return "\n".join(text for severity, text in self.messages if severity != "debug")


def read(path: Path) -> Log:
    """Reads a log; one that a killed engine left may end within a line."""
    log = Log()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            event: Json = json.loads(line)
        except ValueError:
            break
        if "resourcePreEvent" in event:
            log.steps.append(_step(event["resourcePreEvent"], done=False))
        elif "resOutputsEvent" in event:
            done = _step(event["resOutputsEvent"], done=True)
            log.steps[:] = [done if (step.urn, step.op) == (done.urn, done.op) else step for step in log.steps]
        elif "diagnosticEvent" in event:
            told = event["diagnosticEvent"]
            log.messages.append((told["severity"], told["message"].strip()))
    return log


def _step(event: Json, *, done: bool) -> Step:
    metadata = event["metadata"]
    return Step(
        op=metadata["op"],
        urn=metadata["urn"],
        type=metadata["type"],
        old=metadata.get("old") or {},
        new=metadata.get("new") or {},
        changed=frozenset(metadata.get("detailedDiff") or metadata.get("diffs") or ()),
        done=done,
    )
