"""Data sets, one JSON object a line: the original's training set (`phrase`, `tone`), its evaluation columns, or any."""

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from operations.errors import OperationError

KNOWN_COLUMNS: Final = (
    ("phrase", "tone"),
    ("question", "ground_truth"),
    ("query", "ground_truth"),
    ("prompt", "completion"),
    ("input", "output"),
)
"""What is asked and what is expected; the first pair that the first line has."""
CONTEXT: Final = "context"
_FORMATTER: Final = string.Formatter()


@dataclass(frozen=True)
class Item:
    """A question as it is sent, and the answer that is expected; `context`: what it is about, where the data say."""

    number: int
    question: str
    expected: str
    context: str = ""


def read(path: Path, *, asked: str | None = None, expected: str | None = None, prompt: str | None = None) -> list[Item]:
    """The items of the file, in its order.

    Args:
        path: a JSON Lines file; empty lines are skipped.
        asked: column with the question; found out when not given.
        expected: column with the expected answer; found out when not given.
        prompt: text around the question, with `{COLUMN}` where a column's value goes.

    Raises:
        OperationError: no such file, a line that is no JSON object, a column that is missing; with the line's number.
    """
    rows = _rows(path)
    if not rows:
        raise OperationError(f"{path} holds no line")
    question, answer = _columns(path, rows[0][1], asked, expected)
    parts = _parts(prompt or "")
    wanted = [name for _, name in parts if name]
    items: list[Item] = []
    for line, row in rows:
        for column in (question, answer, *wanted):
            if not isinstance(row.get(column), str | int | float):
                raise OperationError(f"{path}:{line}: the column {column} is missing or no text")
        context = str(row.get(CONTEXT) or "")
        plain = f"{context}\n\n{row[question]}" if context else str(row[question])
        items.append(Item(line, _filled(parts, row) if prompt else plain, str(row[answer]), context))
    return items


def _parts(prompt: str) -> list[tuple[str, str | None]]:
    """Texts of the prompt, each with the column whose value follows it."""
    try:
        parsed = [(text, name, bool(form or conversion)) for text, name, form, conversion in _FORMATTER.parse(prompt)]
    except ValueError as error:
        raise OperationError(f"the prompt cannot be read: {error}; braces of its own are written twice") from error
    for _, name, formatted in parsed:
        if name is not None and (formatted or not name.strip()):
            raise OperationError("the prompt must name a column between braces, as {phrase}")
    return [(text, name) for text, name, _ in parsed]


def _filled(parts: Sequence[tuple[str, str | None]], row: Mapping[str, Any]) -> str:
    return "".join(f"{text}{'' if name is None else row[name]}" for text, name in parts)


def _rows(path: Path) -> Sequence[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise OperationError(f"{path} does not exist") from error
    except UnicodeDecodeError as error:
        raise OperationError(f"{path} is not UTF-8: {error}") from error
    rows: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise OperationError(f"{path}:{number}: not JSON ({error}); each line must be one object") from error
        if not isinstance(row, dict):
            raise OperationError(f"{path}:{number}: must be a JSON object")
        rows.append((number, row))
    return rows


def _columns(path: Path, first: Mapping[str, Any], asked: str | None, expected: str | None) -> tuple[str, str]:
    for known_asked, known_expected in KNOWN_COLUMNS:
        pair = (asked or known_asked, expected or known_expected)
        if all(column in first for column in pair):
            return pair
    known = ", ".join(f"{one}/{other}" for one, other in KNOWN_COLUMNS)
    raise OperationError(
        f"{path} has the columns {', '.join(first)}: say with --asked and --expected which are meant, or use {known}"
    )
