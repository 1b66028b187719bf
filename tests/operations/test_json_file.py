"""Every value's line is known, whatever the layout; what is no JSON is refused as the standard library refuses it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations import json_file
from operations.errors import JsonFileError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("json") / "file.json"


def places(value: Any, place: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {place}.union(*(places(item, (*place, key)) for key, item in items))


@given(VALUES, st.sampled_from([None, 0, 1, 4]))
def test_every_place_of_any_document_has_its_line(path: Path, value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    path.write_text(text, encoding="utf-8", newline="")
    file = json_file.read(path)
    assert file.content == value
    assert file.lines.keys() == places(value)
    assert set(file.lines.values()) <= set(range(1, text.count("\n") + 2))


def test_a_key_is_where_it_begins_and_an_item_where_its_value_begins(path: Path) -> None:
    path.write_text('{\n\n"a": [\n1,\n"x y",\n{"b"\n:\n2}]\n}\n')
    assert json_file.read(path).lines == {
        (): 1,
        ("a",): 3,
        ("a", 0): 4,
        ("a", 1): 5,
        ("a", 2): 6,
        ("a", 2, "b"): 6,
    }


@given(st.text(alphabet="{}[]:,\"\\ \n01e.-atruenlfs\t/'", max_size=12))
def test_any_text_is_either_json_or_explained(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(JsonFileError, match=r"file\.json:"):
            json_file.read(path)
        return
    try:
        assert json_file.read(path).content == expected
    except JsonFileError as error:
        assert "stands twice" in str(error)


def test_a_missing_file_is_the_callers_affair(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        json_file.read(tmp_path / "none")


@pytest.mark.parametrize(("length", "shown"), [(10, 12), (78, 80), (79, 80), (500, 80)])
def test_a_value_in_a_message_is_cut(length: int, shown: int) -> None:
    assert len(json_file.shorten("x" * length)) == shown
