"""Whose a resource is, for people and for the bill."""

from collections.abc import Iterable, Mapping
from typing import Final

from google.protobuf.struct_pb2 import Struct

from policy.property import Property
from policy.resource import ENVIRONMENT, RESOURCE_GROUP, STORAGE_ACCOUNT, WORKLOADS, WORKSPACE, Resource
from policy.rule import Kind, Option, Options, Rule, Severity

TAGGABLE: Final = (*WORKLOADS, ENVIRONMENT, STORAGE_ACCOUNT, WORKSPACE, RESOURCE_GROUP)


def _tags(resource: Resource, options: Options) -> Iterable[Property]:
    return (resource.at("tags").child(name) for name in options["required"])


def _add_tags(properties: Struct, options: Options) -> bool:
    """Adds the missing tags that have a default; a value that is not known yet is left alone."""
    kind = properties.fields["tags"].WhichOneof("kind") if "tags" in properties.fields else None
    if kind not in (None, "null_value", "struct_value"):
        return False
    present: Mapping[str, object] = properties.fields["tags"].struct_value.fields if kind == "struct_value" else {}
    missing = {
        name: value
        for name, value in options["defaults"].items()
        if name in options["required"] and name not in present
    }
    for name, value in missing.items():
        properties.fields["tags"].struct_value.fields[name].string_value = value
    return bool(missing)


RULES: Final = (
    Rule(
        id="tags-required",
        title="Resources carry the required tags",
        reason="Without them nobody can tell whose a resource is, and who pays for it.",
        fix="Add the tag. With the level `remediate` the pack adds those that have a value in `defaults`.",
        wanted="a value for each of {required}",
        severity=Severity.MEDIUM,
        types=TAGGABLE,
        subjects=_tags,
        allowed=lambda tag, _: bool(tag.text),
        options=(
            Option(
                "required",
                Kind.STRINGS,
                (),
                "names of the tags that each resource must carry; none unless you name them",
            ),
            Option("defaults", Kind.TEXTS, {}, "values that remediation gives to missing tags, by name"),
        ),
        references=("Microsoft cloud security benchmark v1, AM-1: track asset inventory and their risks",),
        remedy=_add_tags,
    ),
)
