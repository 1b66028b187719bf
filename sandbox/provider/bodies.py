"""Pulumi's flat inputs and outputs, to and from ARM's bodies."""

from typing import Any

from sandbox.provider.types import TypeSpec
from sandbox.provider.wire import UNKNOWN, Json


def resource_path(spec: TypeSpec, subscription_id: str, inputs: Json) -> str:
    """The ARM path of the resource that these inputs name."""
    return f"/subscriptions/{subscription_id}" + spec.path.format_map({name: inputs[name] for name in spec.path_inputs})


def to_body(spec: TypeSpec, inputs: Json) -> Json:
    """The body of a PUT."""
    body: Json = {}
    properties: Json = {}
    for key, value in inputs.items():
        if key in spec.top_level:
            body[key] = value
        elif key in spec.inputs:
            properties[spec.renamed.get(key, key)] = value
    if properties:
        body["properties"] = properties
    return body


def to_outputs(spec: TypeSpec, response: Json, inputs: Json) -> Json:
    """The resource's outputs: ARM's answer with `properties` lifted up, and the inputs that ARM does not return."""
    outputs = {key: value for key, value in response.items() if key != "properties" or key in spec.top_level}
    if "properties" not in spec.top_level:
        back = {arm: ours for ours, arm in spec.renamed.items()}
        properties: Json = response.get("properties", {})
        outputs |= {back.get(key, key): value for key, value in properties.items()}
    names = {name: inputs[name] for name in spec.path_inputs if name in inputs}
    return {**names, **outputs, "azureApiVersion": spec.api_version}


def imported_inputs(spec: TypeSpec, path: str, response: Json) -> Json:
    """The inputs that would make this resource, as far as ARM tells: names from the path, the rest from the answer."""
    template = [part for part in spec.path.split("/") if part]
    actual = path.split("/")[-len(template) :]
    names = {part.strip("{}"): value for part, value in zip(template, actual, strict=True) if part.startswith("{")}
    outputs = to_outputs(spec, response, {})
    writable = {key: value for key, value in outputs.items() if key in spec.inputs and value is not None}
    return {**names, **_without(writable, spec.computed)}


def refreshed_inputs(old: Json, outputs: Json) -> Json:
    """The old inputs with the values that ARM has now; what ARM never returns stays as it was."""
    return {key: _refresh(value, outputs[key]) if key in outputs else value for key, value in old.items()}


def preview_outputs(spec: TypeSpec, inputs: Json, known: Json | None = None) -> Json:
    """Outputs as far as a preview can know them: the inputs, with what Azure computes marked as unknown."""
    outputs = {**(known or {}), **inputs}
    for path in spec.computed:
        *parents, last = path.split(".")
        # Only where the parts above it are there, and never in place of what is known already.
        outputs = _set_unknown(outputs, parents, last)
    return outputs


def _set_unknown(value: Any, parents: list[str], last: str) -> Any:
    if not isinstance(value, dict):
        return value
    if not parents:
        return {last: UNKNOWN, **value}
    head, *rest = parents
    return {**value, head: _set_unknown(value[head], rest, last)} if head in value else value


def _refresh(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: _refresh(value, new[key]) if key in new else value for key, value in old.items()}
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_refresh(before, after) for before, after in zip(old, new, strict=True)]
    return new


def _without(values: Json, paths: frozenset[str]) -> Json:
    def drop(value: Any, parts: list[str]) -> Any:
        if not isinstance(value, dict) or parts[0] not in value:
            return value
        if len(parts) == 1:
            return {key: item for key, item in value.items() if key != parts[0]}
        return {**value, parts[0]: drop(value[parts[0]], parts[1:])}

    for path in paths:
        values = drop(values, path.split("."))
    return values
