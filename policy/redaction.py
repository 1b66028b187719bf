"""What must not be shown: secrets that stand where they should not, such as a token in a command.

A value that the program marks as secret is hidden by its mark (`policy.values.text`). This module finds those that no
mark tells: by the name of their property, by their look, and by being a copy of a secret that stands elsewhere.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from policy.values import Secret

HIDDEN: Final = "(hidden)"
SECRET_VALUE: Final = re.compile(
    r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=]{20,}|SharedAccessSignature=\S+|[?&]sig=[A-Za-z0-9%]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bhf_[A-Za-z0-9]{20,}|\bsk-[A-Za-z0-9_-]{20,}|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*"
)
"""Azure keys and signatures, private keys, tokens of Hugging Face, OpenAI and GitHub, and JSON Web Tokens."""

_HOLDS_SECRET: Final = re.compile(
    r"value|.*(?:password|secret|accountkey|sharedkey|accesskey|apikey|connectionstring|token)", re.IGNORECASE
)
"""Names of properties whose text is hidden: `value` is that of an environment variable, a secret or a header."""
_NAMES_SECRET: Final = re.compile(r".*(?:ref|uri|url|name)", re.IGNORECASE)
"""Names such as secretRef and keyVaultUrl, which only say where the secret is."""
_GIVEN: Final = re.compile(
    r"(?P<name>(?<!\S)--?[\w-]*(?:key|token|secret|password)(?:=|\s+)|\b\w*(?:key|token|secret|password)(?:=|:\s*))"
    r"(?:'[^']*'|\"[^\"]*\"|[^\s'\",;&|]+)",
    re.IGNORECASE,
)
"""`--token VALUE`, `HF_TOKEN=VALUE`, `password: VALUE`."""
_SIGNED_IN: Final = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_OWN_NAME: Final = re.compile(r"key|token|secret|password|connection_?string", re.IGNORECASE)
_LIST_WORD: Final = re.compile(r"--?[\w-]*(?:key|token|secret|password)", re.IGNORECASE)
_SHORTEST: Final = 4
"""Copies of shorter secrets are left: they would hide half of every sentence."""


def redacted(value: Any, secrets: Iterable[str] = ()) -> Any:
    """The value without what looks like a secret, and without copies of these secrets."""
    known = sorted((one for one in secrets if len(one) >= _SHORTEST), key=len, reverse=True)
    return _redacted(value, known)


def secrets_in(inputs: Mapping[str, Any]) -> Iterator[str]:
    """Every secret in a resource's inputs, by its mark or by where it stands."""
    yield from _secrets_in(inputs, holds=False)


def _secrets_in(value: Any, holds: bool) -> Iterator[str]:
    match value:
        case Secret(inner):
            yield from _secrets_in(inner, holds=True)
        case str():
            if holds:
                yield value
        case list():
            for item in value:
                yield from _secrets_in(item, holds)
        case Mapping() if not holds:
            # The value of a variable is a secret where its name says so.
            named = bool(_OWN_NAME.search(str(value.get("name", ""))))
            for key, item in value.items():
                if key == "secrets" and isinstance(item, list):
                    yield from _secrets_in([entry.get("value") for entry in item if isinstance(entry, Mapping)], True)
                else:
                    yield from _secrets_in(item, named if key == "value" else _is_secret_name(key))
        case Mapping():
            for item in value.values():
                yield from _secrets_in(item, holds)
        case _:
            return


def _is_secret_name(key: str) -> bool:
    return bool(_HOLDS_SECRET.fullmatch(key)) and not _NAMES_SECRET.fullmatch(key)


def _redacted(value: Any, known: list[str]) -> Any:
    match value:
        case str():
            return _words(value, known)
        case list() | tuple():
            return list(_listed(value, known))
        case Mapping():
            return {
                key: HIDDEN if isinstance(item, str) and _is_secret_name(key) else _redacted(item, known)
                for key, item in value.items()
            }
        case _:
            return value


def _listed(values: Iterable[Any], known: list[str]) -> Iterator[Any]:
    """A list may be a command line, where a word says what the next one is."""
    before = None
    for value in values:
        follows = isinstance(before, str) and bool(_LIST_WORD.fullmatch(before))
        yield HIDDEN if follows and isinstance(value, str) else _redacted(value, known)
        before = value


def _words(text: str, known: list[str]) -> str:
    for secret in known:
        text = text.replace(secret, HIDDEN).replace(json.dumps(secret)[1:-1], HIDDEN)
    text = SECRET_VALUE.sub(HIDDEN, text)
    text = _GIVEN.sub(lambda found: found["name"] + HIDDEN, text)
    return _SIGNED_IN.sub(HIDDEN, text)
