"""That Azure takes the names, and that they follow a pattern of yours."""

import re
from collections.abc import Iterable
from typing import Final

from policy.property import Property
from policy.resource import (
    CONTAINER_APP,
    ENVIRONMENT,
    ENVIRONMENT_STORAGE,
    FILE_SHARE,
    JOB,
    OWN_NAME,
    RESOURCE_GROUP,
    STORAGE_ACCOUNT,
    WORKSPACE,
    Resource,
)
from policy.rule import Kind, Option, Options, Rule, Severity

AZURE_NAMES: Final = {
    CONTAINER_APP: re.compile(r"(?=.{2,32}$)[a-z](-?[a-z0-9])*"),
    JOB: re.compile(r"(?=.{2,32}$)[a-z](-?[a-z0-9])*"),
    ENVIRONMENT: re.compile(r"(?=.{1,60}$)[A-Za-z0-9](-?[A-Za-z0-9])*"),
    ENVIRONMENT_STORAGE: re.compile(r"(?=.{1,253}$)[a-z0-9]([-.a-z0-9]*[a-z0-9])?"),
    STORAGE_ACCOUNT: re.compile(r"[a-z0-9]{3,24}"),
    FILE_SHARE: re.compile(r"(?=.{3,63}$)[a-z0-9](-?[a-z0-9])*"),
    WORKSPACE: re.compile(r"(?=.{4,63}$)[A-Za-z0-9](-?[A-Za-z0-9])*"),
    RESOURCE_GROUP: re.compile(r"(?=.{1,90}$)[\w().-]*[\w()-]"),
}
"""What Azure Resource Manager takes as a name (naming rules and restrictions for Azure resources)."""


def _own_name(resource: Resource, _: Options) -> Iterable[Property]:
    yield resource.at(OWN_NAME[resource.type])


def _patterned(resource: Resource, options: Options) -> Iterable[Property]:
    if resource.type in options["patterns"]:
        yield resource.at(OWN_NAME[resource.type])


RULES: Final = (
    Rule(
        id="names-azure",
        title="Azure takes the name",
        reason="A wrong name is refused only when its turn comes, with half of the stack already made.",
        fix="Choose a name that follows the type's rules, such as `aistorage1ab2c` for a storage account.",
        wanted="a name that follows Azure's rules for the type",
        severity=Severity.MEDIUM,
        types=tuple(AZURE_NAMES),
        subjects=_own_name,
        allowed=lambda name, _: not name.text or bool(AZURE_NAMES[name.resource.type].fullmatch(name.text)),
    ),
    Rule(
        id="names-pattern",
        title="Names follow your own pattern",
        reason="A pattern shows at a glance whose a resource is, and what for.",
        fix="Rename the resource (it is replaced), or correct `patterns` for this stack.",
        wanted="a name that matches its type's pattern in {patterns}",
        severity=Severity.LOW,
        types=tuple(AZURE_NAMES),
        subjects=_patterned,
        allowed=lambda name, options: bool(re.fullmatch(options["patterns"][name.resource.type], name.text)),
        options=(
            Option("patterns", Kind.PATTERNS, {}, "regular expressions by type of resource", keys=tuple(AZURE_NAMES)),
        ),
    ),
)
