"""The key that clients of an endpoint send, made once and kept in the stack's state as a secret.

A dynamic resource, so that the key is made when the stack is brought up and stays the same from then on. It runs in a
plugin process of its own.
"""

import secrets
from typing import Any, Final, NotRequired, TypedDict

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

KEY_BYTES: Final = 32
_ID_BYTES: Final = 4


class ApiKeyArgs(TypedDict):
    """Arguments of `ApiKey`."""

    known_key: NotRequired[pulumi.Input[str] | None]
    """A key that clients have already, for a stack whose state was lost; a key that the state holds is kept."""


class ApiKey(Resource, module="aca-inference", name="ApiKey"):
    """A random key of 256 bits. Replacing the resource makes a new one."""

    key: pulumi.Output[str]
    """The key; a secret."""

    def __init__(self, name: str, args: ApiKeyArgs | None = None, opts: pulumi.ResourceOptions | None = None) -> None:
        known = (args or {}).get("known_key")
        inputs = {"known_key": None if known is None else pulumi.Output.secret(known), "key": None}
        own = pulumi.ResourceOptions(additional_secret_outputs=["key", "known_key"])
        super().__init__(_ApiKeyProvider(), name, inputs, pulumi.ResourceOptions.merge(opts, own))


class _ApiKeyProvider(ResourceProvider):
    """Makes a key on create; nothing changes it."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        key = props.get("known_key") or secrets.token_urlsafe(KEY_BYTES)
        return CreateResult(f"api-key-{secrets.token_hex(_ID_BYTES)}", {"key": key})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=False)
