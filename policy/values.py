"""Values as the engine sends them to a pack, in plain Python: what is not known yet and what is secret stays marked.

Source of the signatures: pulumi/sdk v3.259, go/common/resource/plugin/rpc.go and go/common/resource/properties.go.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct, Value

UNKNOWN_SENTINELS: Final = frozenset(
    (
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a truth value
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # a string
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    )
)
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  the kind's name, not a secret
SHOWN_CHARACTERS: Final = 160


class Unknown:
    """A value that the engine learns only when it creates what the value comes from."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that the program marked as secret: encrypted in the state, never shown."""

    value: Any


def decode(struct: Struct) -> dict[str, Any]:
    """The properties of a resource."""
    return {key: _plain(value) for key, value in struct.fields.items()}


def text(value: Any) -> str:
    """A value in one short line, without what is secret."""
    if value is None:
        return "not set"
    line = json.dumps(_showable(value), ensure_ascii=False)
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}…"


def _plain(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            fields = value.struct_value.fields
            if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
                return Secret(_plain(fields["value"]))
            return decode(value.struct_value)
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return UNKNOWN if value.string_value in UNKNOWN_SENTINELS else value.string_value
        case "bool_value":
            return value.bool_value
        case _:
            return None


def _showable(value: Any) -> Any:
    if isinstance(value, Unknown):
        return "(not yet known)"
    if isinstance(value, Secret):
        return "(secret)"
    if isinstance(value, Mapping):
        return {key: _showable(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_showable(item) for item in value]
    return value
