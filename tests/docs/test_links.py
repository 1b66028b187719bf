"""What the pages point to is there."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.workspace import PROJECT

LINK = re.compile(r"\]\(([^)#\s]+)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def pages() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=PROJECT, check=True, capture_output=True, text=True)
    return listed.stdout.splitlines()


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings can be linked to."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(page.read_text())}


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_somewhere(page: str) -> None:
    for target, anchor in LINK.findall((PROJECT / page).read_text()):
        if "://" in target or target.startswith("mailto:"):
            continue
        found = (PROJECT / page).parent / target
        assert found.exists(), f"{page} points to {target}"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), f"{page} points to #{anchor} of {target}"
