"""Pulumi's flat inputs and outputs, to and from ARM's bodies."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import quote

from sandbox.provider.errors import StandInError
from sandbox.provider.type_spec import TypeSpec
from sandbox.provider.wire import UNKNOWN, Json, secret

API_VERSION: Final = "azureApiVersion"
"""The input and output in which the package shows the API version."""
_IDENTITIES: Final = "identity.userAssignedIdentities"
"""A list of ids as an input; ARM has an object with the ids as keys."""


def resource_path(spec: TypeSpec, subscription_id: str, inputs: Json) -> str:
    """The ARM path of the resource that these inputs name.

    Raises:
        StandInError: one of the names is missing or not known yet.
    """
    for name in spec.path_inputs:
        if not isinstance(inputs.get(name), str) or inputs[name] == UNKNOWN:
            raise StandInError(f"{spec.token}: '{name}' is needed to name the resource")
    # A name with a slash or a question mark would address another resource; escaped, ARM refuses it.
    names = {name: quote(inputs[name], safe="()") for name in spec.path_inputs}
    return f"/subscriptions/{subscription_id}{spec.path.format_map(names)}"


def to_body(spec: TypeSpec, inputs: Json) -> Json:
    """The body of a PUT."""
    body: Json = {}
    properties: Json = {}
    for key, value in inputs.items():
        if key in spec.inputs:
            where = body if key in spec.top_level else properties
            where[spec.renamed.get(key, key)] = _to_arm(spec, key, value)
    return {**body, "properties": properties} if properties else body


def to_outputs(spec: TypeSpec, response: Json) -> Json:
    """The resource's outputs: ARM's answer in Pulumi's names, with `properties` lifted up."""
    lifted: Json = {} if "properties" in spec.top_level else response.get("properties") or {}
    # On top of ARM's answer stand names that are also found in `properties`, such as `identity`; each has its place.
    shown = {key: value for key, value in lifted.items() if key not in spec.top_level}
    shown |= {key: value for key, value in response.items() if key in spec.top_level | {"id", "name", "type"}}
    outputs = _from_arm(spec, "", shown)
    return {key: value for key, value in outputs.items() if key in spec.outputs} | {API_VERSION: spec.api_version}


def to_inputs(spec: TypeSpec, outputs: Json) -> Json:
    """The outputs as inputs: without what only Azure sets."""
    inputs = {key: value for key, value in outputs.items() if key in spec.inputs}
    for path in spec.read_only:
        inputs = _without(inputs, path.split("."))
    return _at(inputs, _IDENTITIES.split("."), lambda ids: sorted(ids) if isinstance(ids, dict) else ids)


def imported_inputs(spec: TypeSpec, resource_id: str, outputs: Json) -> Json:
    """The inputs that would make this resource, as far as ARM tells: names from the id, the rest from the outputs.

    Raises:
        StandInError: the id is not one of this type.
    """
    template = [part for part in spec.path.split("/") if part]
    actual = [part for part in resource_id.split("/") if part][2:]
    fixed = [(have, want) for have, want in zip(actual, template, strict=False) if not want.startswith("{")]
    if len(actual) != len(template) or any(have.lower() != want.lower() for have, want in fixed):
        raise StandInError(
            f"'{resource_id}' is not an id of {spec.token}: /subscriptions/{{subscriptionId}}{spec.path}"
        )
    names = {want.strip("{}"): have for have, want in zip(actual, template, strict=True) if want.startswith("{")}
    # Empty lists and objects are the service's way to say that nothing was set.
    return {**names, **(_without_empty(to_inputs(spec, outputs)) or {})}


def preview_outputs(spec: TypeSpec, inputs: Json) -> Json:
    """Outputs as far as a preview can know them: the inputs, and everything that Azure sets marked as unknown.

    The real provider marks optional properties inside an object as well when the input leaves them out.
    """
    outputs = dict.fromkeys(spec.outputs, UNKNOWN) | {API_VERSION: spec.api_version}
    outputs |= {key: value for key, value in inputs.items() if key in spec.outputs}
    for path in spec.read_only:
        *parents, last = path.split(".")
        if parents:
            outputs = _at(outputs, parents, lambda value, last=last: _with_unknown(value, last))
    return outputs


def sealed(spec: TypeSpec, values: Json) -> Json:
    """The values, with every secret input marked as a secret."""
    for path in spec.secrets:
        values = _at(values, path.split("."), secret)
    return values


def _with_unknown(value: Any, key: str) -> Any:
    if isinstance(value, list):
        return [_with_unknown(item, key) for item in value]
    return {key: UNKNOWN, **value} if isinstance(value, dict) else value


def _to_arm(spec: TypeSpec, path: str, value: Any) -> Any:
    if path == _IDENTITIES and isinstance(value, list):
        return {identity: {} for identity in value}
    if isinstance(value, list):
        return [_to_arm(spec, path, item) for item in value]
    if not isinstance(value, dict):
        return value
    return {spec.renamed.get(f"{path}.{key}", key): _to_arm(spec, f"{path}.{key}", item) for key, item in value.items()}


def _from_arm(spec: TypeSpec, path: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_from_arm(spec, path, item) for item in value]
    if not isinstance(value, dict):
        return value
    base = f"{path}." if path else ""
    names = {
        arm: ours.removeprefix(base)
        for ours, arm in spec.renamed.items()
        if ours.startswith(base) and "." not in ours.removeprefix(base)
    }
    return {
        (name := names.get(key, key)): _from_arm(spec, f"{base}{name}", item)
        for key, item in value.items()
        if item is not None
    }


def _at(value: Any, parts: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """The value with a change to what stands at the path, in every item of a list; what is missing stays missing."""
    if not parts:
        return change(value)
    if isinstance(value, list):
        return [_at(item, parts, change) for item in value]
    if not isinstance(value, dict) or parts[0] not in value:
        return value
    return {**value, parts[0]: _at(value[parts[0]], parts[1:], change)}


def _without(value: Any, parts: list[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, parts) for item in value]
    if not isinstance(value, dict) or parts[0] not in value:
        return value
    head, *rest = parts
    if rest:
        return {**value, head: _without(value[head], rest)}
    return {key: item for key, item in value.items() if key != head}


def _without_empty(value: Any) -> Any:
    """None for what is empty all through."""
    if isinstance(value, dict):
        kept = {key: slim for key, item in value.items() if (slim := _without_empty(item)) is not None}
        return kept or None
    if isinstance(value, list):
        return [slim for item in value if (slim := _without_empty(item)) is not None] or None
    return value
