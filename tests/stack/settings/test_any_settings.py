"""Whatever the configuration holds, the answer is settings or a list of problems, never anything else."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stack.settings import SettingsError, parse
from stack.settings.model import KEYS
from stack.settings.secrets import SECRETS

ENOUGH = {"resourceGroup": "group", "image": "registry.example/app:1"}
SECTION_KEYS = st.sampled_from(["app", "environment", "clientId", "server", "identity", "allowedIpRanges", "PORT"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["auto", "10.0.0.0/8", "system"])
ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Of any characters, halves of surrogate pairs among them."""
JSON = st.recursive(
    SCALARS | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SECTION_KEYS | ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
TEXTS = st.text() | JSON.map(json.dumps)
CONFIGURATIONS = st.dictionaries(st.sampled_from([*KEYS, *SECRETS]) | st.text(max_size=8), TEXTS, max_size=6)


@settings(max_examples=500)
@given(CONFIGURATIONS, st.sets(st.sampled_from([*KEYS, *SECRETS])))
def test_every_configuration_is_taken_or_explained(configuration: dict[str, str], secret: set[str]) -> None:
    with contextlib.suppress(SettingsError):
        parse({**ENOUGH, **configuration}, secret)


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 300 + "]" * 300, "9" * 5000, "NaN", "\\ud800", '"\\ud800"'])
@pytest.mark.parametrize("key", ["tags", "maximumInstanceCount", "secretEnvironmentVariables", "entra"])
def test_what_json_cannot_carry_is_explained(key: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{key}: "):
        parse({**ENOUGH, key: text})


@given(st.sampled_from(KEYS), st.text(alphabet="s3cr37-", min_size=12).map(lambda text: f"hidden{text}"))
def test_what_is_marked_as_secret_is_never_shown(key: str, value: str) -> None:
    try:
        parse({**ENOUGH, key: value}, {key})
    except SettingsError as error:
        assert value not in str(error)
        assert key in str(error)
    else:
        raise AssertionError("a setting that is kept as a secret was used in plain")
