"""What a person reads of a finding, and back again: `aca-inference check` gets findings from the engine as text."""

import re
from dataclasses import dataclass
from typing import Final

from policy.pack import ADOPTED_NOTE
from policy.rule import Finding

UNJUDGED: Final = "not judged yet: "
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
    judged: bool = True

    def __str__(self) -> str:
        title = self.title if self.judged else f"{UNJUDGED}{self.title}"
        return "\n".join([title, *(f"  {label:<9}{getattr(self, label)}" for label in _LABELS)])


def message(finding: Finding) -> Message:
    """The words for a finding."""
    rule = finding.rule
    adopted = finding.resource.adopted and not rule.binds_adopted
    return Message(
        title=rule.title,
        property=finding.property or "(the whole resource)",
        found=finding.found,
        wanted=finding.wanted,
        why=rule.reason,
        how=f"{rule.fix} {ADOPTED_NOTE}" if adopted else rule.fix,
        judged=finding.judged,
    )


def read(text: str) -> Message | None:
    """The message in a text, which the engine may have put words before and after; None where there is none."""
    found = {match[1]: match[2] for match in _LINE.finditer(text)}
    if set(found) != set(_LABELS):
        return None
    title = text[: text.index("\n  property")].rpartition("\n")[2]
    return Message(title.removeprefix(UNJUDGED), judged=not title.startswith(UNJUDGED), **found)
