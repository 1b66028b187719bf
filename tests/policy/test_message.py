"""What a person reads is what a program gets back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.image import Image, parse
from policy.message import Message, read
from policy.values import SHOWN_CHARACTERS, UNKNOWN, Secret, text

_LINE = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"), exclude_characters=" "), min_size=1
).filter(lambda line: not line.startswith("not judged"))


@given(st.builds(Message, _LINE, _LINE, _LINE, _LINE, _LINE, _LINE, st.booleans()), _LINE)
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


@pytest.mark.parametrize(
    "value",
    [
        "serve --api-key QQQ",
        "serve --api-key=QQQ",
        "export HF_TOKEN=QQQ && serve",
        ["serve", "--token", "QQQ"],
        {"name": "ANYTHING", "value": "QQQ"},
        {"azureFile": {"accountKey": "QQQ"}},
        f"hf_{'QQQ' * 10}",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + "QQQ" * 20,
    ],
    ids=repr,
)
def test_what_looks_like_a_secret_is_not_shown(value: object) -> None:
    assert "QQQ" not in text(value)
    assert "(hidden)" in text(value)
    assert "\n" not in text("two\nlines")


@pytest.mark.parametrize(
    ("reference", "parts", "floats"),
    [
        ("nginx", Image("docker.io", "nginx", "", ""), True),
        ("nginx:1.27.1", Image("docker.io", "nginx", "1.27.1", ""), False),
        ("org/app:latest", Image("docker.io", "org/app", "latest", ""), True),
        ("localhost:5000/app:v2", Image("localhost:5000", "app", "v2", ""), False),
        ("org/app:v42", Image("docker.io", "org/app", "v42", ""), False),
        ("org/app:build-1234", Image("docker.io", "org/app", "build-1234", ""), False),
        ("org/app:1.2.0rc1-cuda12.4", Image("docker.io", "org/app", "1.2.0rc1-cuda12.4", ""), False),
        ("org/app:latest-cuda12.4", Image("docker.io", "org/app", "latest-cuda12.4", ""), True),
        ("org/app:cuda12.4", Image("docker.io", "org/app", "cuda12.4", ""), True),
        ("org/app:1.2-nightly", Image("docker.io", "org/app", "1.2-nightly", ""), True),
        ("a.azurecr.io/b/c:4e0b800", Image("a.azurecr.io", "b/c", "4e0b800", ""), False),
        (f"a.azurecr.io/b@sha256:{'0' * 64}", Image("a.azurecr.io", "b", "", f"sha256:{'0' * 64}"), False),
        ("a.azurecr.io/b:x@sha256:short", Image("a.azurecr.io", "b", "x", "sha256:short"), True),
    ],
)
def test_image_references(reference: str, parts: Image, floats: bool) -> None:
    assert parse(reference) == parts
    assert parse(reference).floats == floats
