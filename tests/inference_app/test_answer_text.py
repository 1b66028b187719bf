"""Text out of tokens: whole characters, nothing of a stop sequence, nothing lost."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_app.engines.answer_text import AnswerText


class Bytes:
    """A tokenizer whose tokens are bytes."""

    def decode(self, tokens: Sequence[int], **options: Any) -> str:
        return bytes(tokens).decode(errors="replace")


def read(text: str, *stops: str) -> tuple[list[str], bool]:
    answer = AnswerText(Bytes(), stops)
    pieces: list[str] = []
    for byte in text.encode():
        pieces.append(answer.add(byte))
        if answer.stopped:
            break
    return [*pieces, answer.end()], answer.stopped


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")),
    st.lists(st.text("ab", min_size=1, max_size=4), max_size=3),
)
def test_what_is_told_is_the_text_up_to_the_first_stop(text: str, stops: list[str]) -> None:
    pieces, stopped = read(text, *stops)
    # The stop that is complete first ends the answer; of several that end at one place, the longest.
    ends = [(place + len(stop), place) for stop in stops if (place := text.find(stop)) >= 0]
    assert stopped == bool(ends)
    assert "".join(pieces) == (text[: min(ends)[1]] if ends else text)


def test_a_character_comes_whole() -> None:
    pieces, _ = read("é€")
    assert [piece for piece in pieces if piece] == ["é", "€"]


@pytest.mark.parametrize(("text", "told"), [("abX", "abX"), ("ab", "ab"), ("xabc", "x")])
def test_what_could_become_a_stop_is_held_back_and_comes_in_the_end(text: str, told: str) -> None:
    assert "".join(read(text, "abc")[0]) == told
