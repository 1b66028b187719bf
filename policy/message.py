"""What a person reads of a finding, and back again: `aca-inference check` gets findings from the engine as text."""

import re
from dataclasses import dataclass, replace
from typing import Final

from policy.pack import ADOPTED_NOTE, UNDECLARED_NOTE
from policy.resource import STACK
from policy.rule import Finding, Verdict

_LABELS: Final = ("property", "found", "wanted", "why", "how")
_LINE: Final = re.compile(rf"^  ({'|'.join(_LABELS)}) +(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Message:
    """A finding in words."""

    title: str
    property: str
    found: str
    wanted: str
    why: str
    how: str
    verdict: Verdict = Verdict.BROKEN

    def __str__(self) -> str:
        title = self.title if self.verdict.judged else f"{self.verdict}: {self.title}"
        return "\n".join([title, *(f"  {label:<9}{getattr(self, label)}" for label in _LABELS)])


def message(finding: Finding) -> Message:
    """The words for a finding."""
    rule = finding.rule
    return Message(
        title=rule.title,
        property=finding.property
        or ("(the whole stack)" if finding.resource.type == STACK else "(the whole resource)"),
        found=finding.found,
        wanted=finding.wanted,
        why=rule.reason,
        how=f"{rule.fix} {note}" if (note := _note(finding)) else rule.fix,
        verdict=finding.verdict,
    )


def read(text: str) -> Message | None:
    """The message in a text, which the engine may have put words before and after; None where there is none."""
    found = {match[1]: match[2] for match in _LINE.finditer(text)}
    if set(found) != set(_LABELS):
        return None
    title = text[: text.index("\n  property")].rpartition("\n")[2]
    said = Message(title, found["property"], found["found"], found["wanted"], found["why"], found["how"])
    for verdict in (Verdict.NOT_YET_KNOWN, Verdict.OUTSIDE):
        if title.startswith(f"{verdict}: "):
            return replace(said, title=title.removeprefix(f"{verdict}: "), verdict=verdict)
    return said


def _note(finding: Finding) -> str:
    if finding.rule.binds_adopted:
        return ""
    if finding.resource.adopted:
        return ADOPTED_NOTE
    return UNDECLARED_NOTE if finding.resource.untouched else ""
