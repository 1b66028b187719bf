"""The JSON Schema of a stack file, for editors: generated from the model, so that it says what the program checks."""

from typing import Any, Final

from pydantic.json_schema import JsonSchemaValue

from stack.settings.model import Settings
from stack.settings.secrets import PREFIX, SECRET_ENVIRONMENT_VARIABLES, SECRETS

_AS_TEXT: Final = {
    "integer": r"^-?\d+$",
    "boolean": "^(true|false)$",
    "array": r"^\s*\[",
    "object": r"^\s*\{",
}
"""How `pulumi config set` writes what is no text, by JSON type."""

_ENCRYPTED: Final[JsonSchemaValue] = {
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}


def stack_file_schema() -> JsonSchemaValue:
    """The schema of `Pulumi.STACK.yaml`: of its keys, those with this project's prefix are known one by one."""
    model = Settings.model_json_schema(by_alias=True)
    definitions = model["$defs"]
    properties = {PREFIX + key: _property(schema, definitions) for key, schema in model["properties"].items()}
    properties |= {PREFIX + key: _secret(key, what) for key, what in SECRETS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of a stack of aca-inference",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": properties,
                "patternProperties": {f"^(?!{PREFIX})": {}},
                "additionalProperties": False,
            }
        },
        "$defs": {name: _without_titles(definition) for name, definition in definitions.items()},
    }


def kinds(schema: JsonSchemaValue, definitions: JsonSchemaValue) -> list[JsonSchemaValue]:
    """The alternatives that a schema allows, references followed."""
    alternatives = schema.get("anyOf", [schema])
    return [definitions[item["$ref"].rpartition("/")[2]] if "$ref" in item else item for item in alternatives]


def _property(schema: JsonSchemaValue, definitions: JsonSchemaValue) -> JsonSchemaValue:
    schema = _without_titles(schema)
    patterns = [_AS_TEXT[kind["type"]] for kind in kinds(schema, definitions) if kind.get("type") in _AS_TEXT]
    if not patterns:
        return schema
    about = {key: schema[key] for key in ("description", "default") if key in schema}
    bare = {key: value for key, value in schema.items() if key not in about}
    as_texts = [{"type": "string", "pattern": pattern} for pattern in patterns]
    return {**about, "anyOf": [*bare.get("anyOf", [bare]), *as_texts]}


def _secret(key: str, what: str) -> JsonSchemaValue:
    if key != SECRET_ENVIRONMENT_VARIABLES:
        return {"description": what, **_ENCRYPTED}
    return {"description": what, "anyOf": [_ENCRYPTED, {"type": "object", "additionalProperties": _ENCRYPTED}]}


def _without_titles(schema: Any) -> Any:
    """Pydantic's titles only repeat the keys; no setting is called title."""
    if isinstance(schema, dict):
        return {key: _without_titles(value) for key, value in schema.items() if key not in ("title", "derived")}
    return [_without_titles(item) for item in schema] if isinstance(schema, list) else schema
