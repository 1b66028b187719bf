"""The page of the commands shows what they print today, and a generated project goes through them without an edit."""

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest

from operations import config_file
from tests.daily import template
from tests.daily.clients import Asked, clients
from tests.daily.project import Project
from tests.daily.transcripts import PAGE, STEPS, Transcript, comparable, page, quoted, record

CONFIG = str(config_file.DEFAULT_PATH)


def fingerprints(folder: Path) -> dict[str, str]:
    """Of the files that the template and fine-tuning made."""
    rooms = ("dataset", "finetuning", "inference", "infra", "model-cache", "models", "setup")
    files = [path for room in rooms for path in sorted((folder / room).rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def before(generated: Project) -> Mapping[str, str]:
    """The project's files as they were generated."""
    assert json.loads((generated.folder / CONFIG).read_text()) == template.CONFIG
    return fingerprints(generated.folder)


@pytest.fixture(scope="module")
def loads() -> list[Asked]:
    """What clients got during each step that must not disturb them."""
    return []


@pytest.fixture(scope="module")
def recorded(generated: Project, before: Mapping[str, str], loads: list[Asked]) -> list[Transcript]:
    """Every step, run in its order on this project."""

    def asking() -> AbstractContextManager[None]:
        loads.append(Asked())
        return clients(generated, loads[-1])

    return list(record(generated, asking))


def test_the_page_shows_what_the_commands_print(recorded: list[Transcript]) -> None:
    shown, written = comparable(page(recorded)), comparable(PAGE.read_text(encoding="utf-8"))
    assert not (difference := "\n".join(unified_diff(written, shown, "written", "shown", lineterm=""))), difference


def test_every_step_is_on_the_page() -> None:
    """With its words as a person types them."""
    text = PAGE.read_text(encoding="utf-8")
    for step in STEPS:
        assert f"$ aca-inference {' '.join(map(quoted, step.words))}\n" in text


def test_twenty_clients_notice_nothing_but_the_changed_line(recorded: list[Transcript], loads: list[Asked]) -> None:
    deployed, rolled_back = loads
    for load in loads:
        assert load.failures == []
        assert load.answers > 0
    assert {*deployed.owners} == {*rolled_back.owners}
    assert len({*deployed.owners}) == 2
    assert deployed.owners[-1] == rolled_back.owners[0] == "you"
    assert deployed.owners[0] == rolled_back.owners[-1] != "you"


def test_no_file_of_the_project_was_edited(
    generated: Project, before: Mapping[str, str], recorded: list[Transcript]
) -> None:
    after = fingerprints(generated.folder)
    assert {path: content for path, content in after.items() if path in before} == before


def document(transcript: Transcript) -> Any:
    """What stdout held; the progress before it went to stderr."""
    lines = transcript.output.splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line[0] in "{[")
    return json.loads("".join(lines[start:]))


def of(recorded: list[Transcript], command: str) -> list[Any]:
    """The documents of a command that ended well."""
    return [
        document(found)
        for found in recorded
        if found.step.words[0] == command and "--json" in found.step.words and "error" not in found.output
    ]


def test_json_is_one_document(recorded: list[Transcript]) -> None:
    for transcript in recorded:
        if "--json" in transcript.step.words and not transcript.output.startswith("error"):
            assert document(transcript) is not None


def test_every_command_is_on_the_page(generated: Project) -> None:
    listed = re.findall(r"^│ ([a-z-]+) ", generated.run("--help").stdout.partition("Commands")[2], re.MULTILINE)
    assert "status" in listed
    assert set(listed) - {step.words[0] for step in STEPS} == set()


def test_the_answers_come_from_the_model(recorded: list[Transcript]) -> None:
    assert [answer["answer"] for answer in of(recorded, "chat")] == ["joy"]
    (report,) = of(recorded, "evaluate")
    base, tone = report["models"]
    assert [base["model"], tone["model"]] == [template.BASE, "tone"]
    assert tone["scores"]["exact_match"]["mean"] > base["scores"]["exact_match"]["mean"]
