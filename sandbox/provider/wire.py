"""Values on the engine's wire: structs with marks for what is unknown and what is secret."""

from typing import Any, Final

from google.protobuf import json_format, struct_pb2

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The mark of a value that is known only after an update (Pulumi's wire format)."""
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  the public mark of a secret, not one

Json = dict[str, Any]


def decode(struct: struct_pb2.Struct) -> Json:
    """Plain values, without nulls; marks of secrets are taken off (the engine keeps its own account of them)."""
    return _plain(json_format.MessageToDict(struct))


def encode(values: Json) -> struct_pb2.Struct:
    """A struct of the values."""
    return json_format.ParseDict(values, struct_pb2.Struct())


def secret(value: Any) -> Any:
    """The value, marked as a secret; what is not known yet needs no mark."""
    return value if value == UNKNOWN else {_SIGNATURE: _SECRET, "value": value}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return _plain(value["value"])
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    # A struct knows doubles only; ARM tells integers from fractions.
    return int(value) if isinstance(value, float) and value.is_integer() else value
