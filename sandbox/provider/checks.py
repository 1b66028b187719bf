"""What a check adds to the inputs that a program gave, and what it misses in them."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from sandbox.provider.bodies import API_VERSION
from sandbox.provider.type_spec import TypeSpec
from sandbox.provider.wire import UNKNOWN, Json

CREATE_BEFORE_DELETE: Final = "__createBeforeDelete"
"""The provider's own note among the inputs: the name is random, so a replacement can be made before it is deleted."""
_SUFFIX_DIGITS: Final = 8
_Autonaming = provider_pb2.CheckRequest.AutonamingOptions


def with_defaults(
    spec: TypeSpec, request: Any, old: Json, new: Json, location_of: Callable[[Json], str | None]
) -> Json:
    """The inputs with a name, a location and the API version, where the program leaves them out.

    `request` is the engine's CheckRequest; `location_of` gives the default location for inputs without one.
    """
    inputs = {**new}
    if spec.own_name not in inputs:
        inputs |= _automatic_name(spec, request, old)
    if "location" in spec.inputs and "location" not in inputs:
        location = old.get("location") or location_of(inputs)
        inputs |= {"location": location} if location else {}
    return {API_VERSION: spec.api_version, **inputs}


def missing(spec: TypeSpec, inputs: Json) -> list[str]:
    """What is wrong with the inputs, in the words of the real provider."""
    hint = ". Either set it explicitly or configure it with 'pulumi config set azure-native:location <value>'."
    return [
        f"missing required property '{name}'{hint if name == 'location' else ''}"
        for name in (*spec.path_inputs, *sorted(spec.required))
        if name not in inputs
    ]


def group_location(inputs: Json, look_up: Callable[[str], str | None]) -> str | None:
    """The location of the resource group that the inputs name; unknown if the group is."""
    group = inputs.get("resourceGroupName")
    return UNKNOWN if group == UNKNOWN else look_up(group) if group else None


def _automatic_name(spec: TypeSpec, request: Any, old: Json) -> Json:
    """The name that was made up before; else what the engine proposes; else the logical name and eight digits."""
    if spec.own_name in old:
        return {key: old[key] for key in (spec.own_name, CREATE_BEFORE_DELETE) if key in old}
    if request.HasField("autonaming"):
        if request.autonaming.mode == _Autonaming.Mode.DISABLE:
            return {}
        return {spec.own_name: request.autonaming.proposed_name, CREATE_BEFORE_DELETE: True}
    # The same seed gives the same digits, so that a preview and its update agree; the real provider derives others.
    digits = hashlib.sha256(request.randomSeed).hexdigest() if request.randomSeed else secrets.token_hex()
    return {spec.own_name: request.urn.rpartition("::")[2] + digits[:_SUFFIX_DIGITS], CREATE_BEFORE_DELETE: True}
