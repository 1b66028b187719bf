"""JSON files that people write: what is broken is told with its line, and every value's line is known."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from operations.errors import JsonFileError

Location = tuple[str | int, ...]
"""Keys and indices that lead to a value, such as `("parameters", "location", "value")`."""

MOST_SHOWN: Final = 80
"""Characters of a value that a message shows."""

_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_WORD: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_HINTS: Final = (
    (re.compile(r"//|/\*|#"), "JSON knows no comments; remove it"),
    (re.compile(r"'"), "texts and keys stand in double quotes"),
    (re.compile(r"\.\.\."), "`...` stands for what an example left out; put it in or remove the line"),
    (re.compile(r"(?:True|False|None)\b"), "JSON writes true, false and null"),
)


@dataclass(frozen=True)
class JsonFile:
    """What a file holds, and the line (from 1) of every key and list item in it."""

    content: Any
    lines: dict[Location, int]


def read(path: Path) -> JsonFile:
    """The content of this file, as JSON (RFC 8259) in UTF-8.

    Raises:
        FileNotFoundError: there is no such file.
        JsonFileError: it cannot be read, or is not JSON; the message begins with the file, and the line where one is
            to blame.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise JsonFileError(f"{path}: {error.strerror}") from error
    text = _decode(path, data)
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
        return JsonFile(content, _Lines(path, text).found)
    except json.JSONDecodeError as error:
        raise JsonFileError(f"{path}:{_explain(error)}") from error
    except RecursionError as error:
        raise JsonFileError(f"{path}: is nested too deeply") from error
    except ValueError as error:
        raise JsonFileError(f"{path}: {error}") from error


def shorten(value: Any) -> str:
    """A value as JSON for a message, cut where it would fill the line."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"


def _decode(path: Path, data: bytes) -> str:
    if data.startswith(_UTF16) or b"\0" in data:
        raise JsonFileError(f"{path}: is not UTF-8 but looks like UTF-16; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise JsonFileError(
            f"{path}:{line}: is not UTF-8 (byte {data[error.start]:#04x}); save the file as UTF-8"
        ) from error
    if not text.strip():
        raise JsonFileError(f"{path}: is empty")
    return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value in JSON")


def _explain(error: json.JSONDecodeError) -> str:
    """`LINE: what is wrong`; a comma too many is blamed on the line of the comma."""
    rest = error.doc[error.pos :].lstrip()
    before = error.doc[: error.pos].rstrip()
    if before.endswith(",") and rest.startswith(("}", "]")):
        return f"{before.count(chr(10)) + 1}: is not JSON: a comma stands before the closing bracket; remove it"
    hint = next((words for pattern, words in _HINTS if pattern.match(rest)), f"{error.msg} (column {error.colno})")
    return f"{error.lineno}: is not JSON: {hint}"


class _Lines:
    """Walks over a text that is known to be JSON and notes where keys and items stand."""

    def __init__(self, path: Path, text: str) -> None:
        self.found: dict[Location, int] = {}
        self._path = path
        self._words = self._split(text)
        self._value((), *next(self._words))

    @staticmethod
    def _split(text: str) -> Iterator[tuple[str, int]]:
        line, seen = 1, 0
        for match in _WORD.finditer(text):
            line += text.count("\n", seen, match.start())
            seen = match.start()
            yield match.group(), line

    def _value(self, location: Location, word: str, line: int) -> None:
        self.found.setdefault(location, line)
        if word == "{":
            self._object(location)
        elif word == "[":
            self._list(location)
        elif word.startswith('"'):
            self._check_text(json.loads(word), line)

    def _object(self, location: Location) -> None:
        word, line = next(self._words)
        while word != "}":
            key = (*location, self._check_text(json.loads(word), line))
            if key in self.found:
                raise JsonFileError(f"{self._path}:{line}: {key[-1]} stands twice, first in line {self.found[key]}")
            self.found[key] = line
            next(self._words)  # the colon
            self._value(key, *next(self._words))
            word, line = next(self._words)
            if word == ",":
                word, line = next(self._words)

    def _list(self, location: Location) -> None:
        word, line = next(self._words)
        index = 0
        while word != "]":
            if word != ",":
                self._value((*location, index), word, line)
                index += 1
            word, line = next(self._words)

    def _check_text(self, text: str, line: int) -> str:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise JsonFileError(
                f"{self._path}:{line}: holds half of a surrogate pair, which is no character"
            ) from error
        return text
