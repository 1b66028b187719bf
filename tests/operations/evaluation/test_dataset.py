"""Data sets: the original's columns, others by name, and lines that are wrong."""

from pathlib import Path

import pytest

from operations.errors import OperationError
from operations.evaluation.dataset import Item, read
from tests.workspace import PROJECT


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.jsonl"


def test_the_original_s_training_set_and_the_example_s(file: Path) -> None:
    file.write_text('{"phrase": "I won", "tone": "joy"}\n\n{"phrase": "I lost", "tone": "sadness"}\n')
    assert read(file) == [Item(1, "I won", "joy"), Item(3, "I lost", "sadness")]
    assert len(read(PROJECT / "examples/tone/data/heldout.jsonl")) == 120


def test_the_original_s_evaluation_columns_with_a_context(file: Path) -> None:
    file.write_text('{"question": "Who?", "context": "Ann did.", "ground_truth": "Ann", "answer": "old"}\n')
    assert read(file) == [Item(1, "Ann did.\n\nWho?", "Ann", "Ann did.")]


def test_any_columns_and_a_prompt_around_them(file: Path) -> None:
    file.write_text('{"text": "hej", "language": "sv", "english": "hello"}\n')
    found = read(file, asked="text", expected="english", prompt="{language}: {text}?")
    assert found == [Item(1, "sv: hej?", "hello")]


def test_braces_that_are_written_twice_are_braces(file: Path) -> None:
    file.write_text('{"phrase": "a", "tone": "b"}\n')
    assert read(file, prompt='{{"text": "{phrase}"}}')[0].question == '{"text": "a"}'


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Which? {}", "must name a column"),
        ("Which? {phrase:>20}", "must name a column"),
        ("Which? {phrase!r}", "must name a column"),
        ("Which? {phrase", "cannot be read"),
        ("Which? }", "cannot be read"),
        ("Which? {phrase.upper}", "column phrase.upper is missing"),
        ("Which? {0}", "column 0 is missing"),
    ],
)
def test_a_prompt_that_names_no_column_is_told(file: Path, prompt: str, words: str) -> None:
    file.write_text('{"phrase": "a", "tone": "b"}\n')
    with pytest.raises(OperationError, match=words):
        read(file, prompt=prompt)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no line"),
        ("[1]\n", "data.jsonl:1: must be a JSON object"),
        ('{"phrase": "a", "tone": "b"}\nnot json\n', "data.jsonl:2: not JSON"),
        ('{"phrase": "a", "tone": "b"}\n{"phrase": "c"}\n', "data.jsonl:2: the column tone is missing"),
        ('{"left": "a", "right": "b"}\n', "has the columns left, right: say with --asked"),
    ],
)
def test_wrong_files_are_told_with_the_line(file: Path, text: str, words: str) -> None:
    file.write_text(text)
    with pytest.raises(OperationError, match=words):
        read(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"nothing\.jsonl does not exist"):
        read(tmp_path / "nothing.jsonl")
