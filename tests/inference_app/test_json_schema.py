"""Schemas that cannot be enforced are refused with the place and the reason; the engine would drop them silently."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_app.engines.json_schema import check_schema
from inference_app.errors import InvalidRequestError
from tests.inference_app.serving import App
from tests.inference_app.shares import BASE

NESTED: dict[str, Any] = {"type": "object"}
for _ in range(30):
    NESTED = {"type": "object", "properties": {"a": NESTED}}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "nonsense"}, "#/type"),
        ({"type": []}, "#/type"),
        ({"$ref": "#"}, "#/$ref"),
        ({"$ref": "http://127.0.0.1/x"}, "#/$ref"),
        ({"$ref": "#/$defs/none"}, "#/$ref"),
        ({"properties": 5}, "#/properties: it must be an object"),
        ({"properties": {"a": True}}, "#/properties/a: a schema must be an object"),
        ({"type": "object", "required": ["b"]}, "'b' is not among the properties"),
        ({"required": [1]}, "a list of names"),
        ({"enum": []}, "#/enum"),
        ({"type": "string", "minLength": 10**8}, "#/minLength"),
        ({"minItems": -1}, "#/minItems"),
        ({"maxItems": True}, "#/maxItems"),
        ({"minimum": 10**30}, "#/minimum"),
        ({"type": "string", "pattern": "(("}, "#/pattern: this keyword cannot be enforced"),
        ({"not": {}}, "#/not"),
        ({"items": {"anyOf": [{"uniqueItems": True}]}}, "#/items/anyOf/0/uniqueItems"),
        (NESTED, "deeper than 20 levels"),
        ({"properties": {str(number): {} for number in range(2000)}}, "more than 1000 parts"),
        ([], "it must be an object"),
    ],
)
def test_what_cannot_be_enforced(schema: Any, told: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_schema(schema)
    assert told in caught.value.message
    assert caught.value.param == "response_format"


def test_what_can_be_enforced() -> None:
    check_schema(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "notes are allowed",
            "type": "object",
            "properties": {
                "a": {"anyOf": [{"$ref": "#/$defs/b"}, {"type": ["string", "null"], "maxLength": 3}]},
                "c": {"type": "array", "items": {"enum": [1, "x", None]}, "minItems": 1, "maxItems": 2},
                "d": {"const": {"any": "value"}},
                "e": {"type": "integer", "minimum": 0, "maximum": 10},
            },
            "required": ["a"],
            "additionalProperties": False,
            "$defs": {"b": {"type": "object", "properties": {"again": {"$ref": "#/$defs/b"}}}},
        }
    )


Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "items", "anyOf", "enum", "$ref", "required", "$defs", "minLength"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(Json)
def test_whatever_is_sent_is_taken_or_refused(schema: Any) -> None:
    try:
        check_schema(schema)
    except InvalidRequestError as error:
        assert error.message.startswith("response_format: ")


def test_the_api_refuses_before_anything_is_drawn(real: App) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "string", "pattern": "a+"}}}
    body = {"model": BASE, "messages": [{"role": "user", "content": "x"}], "response_format": form}
    response = httpx.post(f"{real.url}/v1/chat/completions", json=body)
    assert response.status_code == 400
    assert "#/pattern" in response.json()["error"]["message"]
