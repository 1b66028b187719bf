"""Values as the engine sends them to a pack, in plain Python: what is not known yet and what is secret stays marked.

Source of the signatures: pulumi/sdk v3.259, go/common/resource/plugin/rpc.go and go/common/resource/properties.go.
"""

import json
import re
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
SECRET_VALUE: Final = re.compile(
    r"AccountKey=[A-Za-z0-9+/=]{20,}|SharedAccessSignature=[^\s\"';]*|[?&]sig=[A-Za-z0-9%]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bhf_[A-Za-z0-9]{20,}|\bsk-[A-Za-z0-9_-]{20,}|\bgh[pousr]_[A-Za-z0-9]{30,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*"
)
"""Azure keys and signatures, private keys, tokens of Hugging Face, OpenAI and GitHub, and JSON Web Tokens."""
_NAME: Final = r"[\w-]*(?:key|token|secret|password|passwd|credential)s?"
_SECRET_OPTION: Final = re.compile(rf"--?{_NAME}", re.IGNORECASE)
_SECRET_NAME: Final = re.compile(_NAME, re.IGNORECASE)
_NAMED_SECRET: Final = re.compile(rf"(--?{_NAME}[=\s]\s*[\"']?|\b{_NAME}=[\"']?)[^\s\"';&|]+", re.IGNORECASE)
"""What follows a word that speaks of a secret, such as `--api-key X` or `TOKEN=X`."""
_HIDDEN: Final = "(hidden)"


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
    """A value in one short line, without what is secret, or looks like it: findings are read by many."""
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
        return {key: _HIDDEN if _is_hidden(value, key) else _showable(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        before = [None, *value]
        return [
            _HIDDEN if isinstance(previous, str) and _SECRET_OPTION.fullmatch(previous) else _showable(item)
            for previous, item in zip(before, value, strict=False)
        ]
    if isinstance(value, str):
        return _NAMED_SECRET.sub(rf"\1{_HIDDEN}", SECRET_VALUE.sub(_HIDDEN, value))
    return value


def _is_hidden(mapping: Mapping[str, Any], key: str) -> bool:
    """Values of variables, and what stands under a name that speaks of a secret."""
    if not isinstance(mapping[key], str):
        return False
    return bool(_SECRET_NAME.fullmatch(key)) or (key == "value" and "name" in mapping)
