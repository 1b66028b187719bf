"""The daily commands' real output on a generated project, as the page docs/commands.md shows it.

`python -m tests.daily.transcripts` writes the page anew; a test runs everything again and compares.
"""

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from operations.endpoint import wait_until_ready
from tests.daily import template
from tests.daily.project import Project, new_project
from tests.workspace import PROJECT

PAGE = PROJECT / "docs/commands.md"
CHANGED, OLD_LINE, NEW_LINE = "inference_app/api/models.py", '"owned_by": owner', '"owned_by": "you"'
QUESTION = "Which tone does this text have: joy, sadness, anger, fear, love or surprise?\n\n"
PHRASE = "i feel so happy today"
START = """# The commands, day by day

<!-- Written by `python -m tests.daily.transcripts`; a test runs everything here again and compares. -->

What each command prints, plain and as JSON: recorded on a project as the AI Toolkit generates it, on the sandbox of
this machine. On Azure, `provision`, `check` and `destroy` take `--stack NAME`; every other command takes its deployment
from `infra/inference.config.json`, which `provision` writes, or you.

Exit status: 0 done; 1 failed or something is wrong, the reason is on stderr; 2 wrong usage; 130 interrupted. `--help`
of each command has an example; `aca-inference --install-completion` completes commands and options in your shell. With
`--json`, stdout is one document (of `logs` and `chat`, one a line) and progress goes to stderr; nothing is asked, so
what changes something needs `--yes`.
"""


@dataclass(frozen=True)
class Step:
    """A command as a person types it, the status it ends with, and what is done or said before."""

    words: tuple[str, ...]
    status: int = 0
    section: str = ""
    text: str = ""
    before: Callable[[Project], object] | None = None
    asked: bool = False
    """Whether it must not disturb those who use the endpoint meanwhile."""


@dataclass(frozen=True)
class Transcript:
    """A step and what it printed."""

    step: Step
    output: str


def serve(project: Project) -> None:
    """Waits for the model that has just been uploaded."""
    wait_until_ready(project.url, 120)


def change_a_line(project: Project) -> None:
    """Of the inference app's code."""
    file = project.folder / CHANGED
    text = file.read_text()
    assert text.count(OLD_LINE) == 1
    file.write_text(text.replace(OLD_LINE, NEW_LINE))


def plain_and_json(*words: str, section: str, text: str, status: int = 0) -> tuple[Step, Step]:
    """A command that changes nothing, both ways."""
    return Step(words, status, section, text), Step((*words, "--json"), status)


STEPS: Sequence[Step] = (
    *plain_and_json(
        "doctor",
        section="Before anything exists",
        text="What is missing on this machine, and what to do about it; here only that nothing is provisioned yet.",
        status=1,
    ),
    Step(
        ("provision", "--yes"),
        section="Provision",
        text="Sign-in, plan, `pulumi up`; without `--yes` it asks after the plan. On the sandbox it starts that first.",
    ),
    Step(("provision", "--yes", "--json"), text="Run again it changes nothing. Progress is on stderr."),
    Step(
        ("upload", template.ADAPTER_FOLDER, "--yes"),
        section="Upload a model and an adapter",
        text="Where fine-tuning would have left them on the share. What is there already is not sent again.",
    ),
    Step(("upload", template.MODEL_FOLDER, "--yes")),
    Step(("upload", template.ADAPTER_FOLDER, "--yes", "--json")),
    Step(
        ("status",),
        section="What it does: status, doctor, logs",
        text="The endpoint found the files by itself.",
        before=serve,
    ),
    Step(("status", "--json")),
    Step(("doctor",)),
    Step(
        ("logs", "--tail", "3"),
        text="`-f` goes on with what comes; `--replica` chooses one.",
    ),
    Step(("logs", "--system", "--tail", "3"), text="What the platform says about the app."),
    Step(("logs", "--tail", "1", "--json")),
    Step(
        ("chat", "--temperature", "0", f"{QUESTION}{PHRASE}"),
        section="Ask: chat, open",
        text="Without a question it is a conversation, streamed, with history. `--model` chooses who answers.",
    ),
    Step(("chat", "--temperature", "0", "--json", f"{QUESTION}{PHRASE}")),
    *plain_and_json("open", section="", text="Opens the chat page in the browser."),
    Step(
        ("deploy",),
        1,
        "Deploy and roll back",
        "One line of the inference app was changed. Without somebody to ask, only the plan is shown.",
        change_a_line,
    ),
    Step(("deploy", "--yes"), text="The old revision answers until the new one is ready.", asked=True),
    Step(("deploy", "--yes", "--json"), text="Nothing has changed since."),
    Step(("rollback", "--list"), text="Releases stay on the share; going back uploads nothing."),
    Step(("rollback", "--yes"), asked=True),
    Step(("rollback", "--yes", "--json")),
    Step(
        ("evaluate", template.DATASET, "--limit", "6", "--prompt", f"{QUESTION}{{phrase}}"),
        section="Evaluate",
        text=(
            "Base and adapter over the template's data set, with 95 % intervals; answers are kept, so what was asked is"
            " not asked again. The report is a page with plots:\n\n![The report: scores of base and adapter with their"
            " intervals, a plot of them, latency and tokens](images/evaluation.png)"
        ),
    ),
    Step(("evaluate", template.DATASET, "--limit", "6", "--prompt", f"{QUESTION}{{phrase}}", "--json")),
    *plain_and_json(
        "cost",
        section="What it costs",
        text="From Azure's public price list, kept for a day. Where that cannot be asked, there is no figure.",
        status=1,
    ),
    Step(
        ("import-parameters", template.PARAMETER_FILE, "--stack", "dev"),
        1,
        "Settings and policy",
        "A parameter file from elsewhere becomes configuration of a stack. Without somebody to ask, nothing is set.",
    ),
    Step(("import-parameters", template.PARAMETER_FILE, "--stack", "dev", "--json")),
    *plain_and_json(
        "check", "--stack", "local", section="", text="The policy pack over a preview ([policies.md](policies.md))."
    ),
    Step(("sandbox", "status"), section="The sandbox"),
    Step(("sandbox", "status", "--json")),
    Step(
        ("destroy", "--yes"),
        section="Destroy",
        text="Shows what goes and what stays; asks without `--yes`.",
    ),
    Step(("sandbox", "down")),
)


def record(project: Project, asking: Callable[[], AbstractContextManager[None]] = nullcontext) -> Iterator[Transcript]:
    """Runs every step; fails where one does not end as it should.

    `asking`: others use the endpoint until its context ends.
    """
    for step in STEPS:
        if step.before:
            step.before(project)
        with asking() if step.asked else nullcontext():
            output = project.shown(*step.words, status=step.status)
        yield Transcript(step, output)


def page(transcripts: Sequence[Transcript]) -> str:
    """The whole page."""
    parts = [START]
    for transcript in transcripts:
        step = transcript.step
        if step.section:
            parts.append(f"## {step.section}\n")
        if step.text:
            parts.append(f"{step.text}\n")
        shown = "".join(f"{line.rstrip()}\n" for line in transcript.output.splitlines())
        parts.append(f"```console\n$ aca-inference {' '.join(map(quoted, step.words))}\n{shown}```\n")
    return "\n".join(parts)


def quoted(word: str) -> str:
    """As a person would type it."""
    return f'"{word}"' if re.search(r"[\s{}?]", word) else word


_VARIES = (
    (r"^[✓·] az .*", "az, or not"),
    (r"(the endpoint is not ready yet): .*", r"\1"),
    (r"(\"tokens_per_second\":) .*", r"\1 N, or null where the answers are too short for a rate"),
    (r"\x1b\[[0-9;]*m", ""),
    (r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)?", "TIME"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"(aistorage|aifileshare|aienvstorage|aienv|aiacaapp|ailog)[a-z0-9]{5}\b", r"\1SUFFIX"),
    (r"--[a-z0-9]{7}(?=\b|-)", "--REVISION"),
    (r"REVISION-[0-9a-f]{10}-[a-z0-9]{5}", "REPLICA"),
    (r"(?<=TIME )[a-z0-9]{5}(?= )", "REPLICA"),
    (r"\b\d+\.\d+\b", "N"),
    (r"\b[0-9a-f]{12}\b", "RELEASE"),
    (r"\((\d+ bytes|\d+(\.\d+)?s)\)", "(SIZE)"),
    (r"\b\d+(\.\d+)?s\b", "N s"),
    (r"[+-]?\b(\d+|N)(e-?\d+)?\b", "N"),
    # What a log's last lines are depends on the moment.
    (r"^TIME .*", "A LINE OF A LOG"),
    (r"(\"source\": .*) \"text\": .*", r"\1 A LINE OF A LOG"),
    (r" +", " "),
)
_PROGRESS = re.compile(r"  [a-z]+: .*")
_PULUMI = re.compile(r" ([+~-] )?[a-z-]+:[a-z/:-]+")


def comparable(text: str) -> list[str]:
    """Lines without what differs from run to run: figures, names that Azure gives, how often progress was told.

    Pulumi works on several resources at a time, so its lines are put in order.
    """
    kept = [line for line in text.splitlines() if not _PROGRESS.fullmatch(line)]
    lines: list[str] = []
    for line in kept:
        for pattern, name in _VARIES:
            line = re.sub(pattern, name, line)
        if not (lines and line == lines[-1] == "A LINE OF A LOG"):
            lines.append(line.rstrip())
    return _in_order(lines)


def _in_order(lines: list[str]) -> list[str]:
    ordered: list[str] = []
    block: list[str] = []
    for line in [*lines, ""]:
        if _PULUMI.match(line):
            block.append(line)
            continue
        ordered += sorted(set(block))
        block = []
        ordered.append(line)
    return ordered[:-1]


def main() -> None:
    """Writes the page."""
    with tempfile.TemporaryDirectory() as folder:
        project = new_project(Path(folder), Path(folder) / "bytecode")
        try:
            PAGE.write_text(page(list(record(project))), encoding="utf-8")
        finally:
            project.run("sandbox", "down")


if __name__ == "__main__":
    main()
