"""What a person reads is what a program gets back."""

from hypothesis import given
from hypothesis import strategies as st

from policy.message import Message, read
from policy.rule import Verdict
from policy.values import SHOWN_CHARACTERS, UNKNOWN, Secret, text

_LINE = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"), exclude_characters=" "), min_size=1
).filter(lambda line: not line.startswith("not judged"))


@given(st.builds(Message, _LINE, _LINE, _LINE, _LINE, _LINE, _LINE, st.sampled_from(Verdict)), _LINE)
def test_a_message_survives_the_engine(message: Message, before: str) -> None:
    """The engine puts the policy's description, or nothing, before a message, and a line end after it."""
    assert read(f"{message}\n") == message
    assert read(f"{before}\n{message}\n") == message


def test_other_texts_are_no_messages() -> None:
    assert read("can't run policy 'x' during preview") is None


def test_values_are_shown_in_one_short_line_without_secrets() -> None:
    assert text(None) == "not set"
    assert text({"a": [Secret("hidden"), UNKNOWN, True]}) == '{"a": ["(secret)", "(not yet known)", true]}'
    assert len(text("x" * 1000)) == SHOWN_CHARACTERS + 1
    assert "\n" not in text("two\nlines")
