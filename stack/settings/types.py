"""Texts with a form: each rule in one place, as a type that checks it and shows it in the schema."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from components import naming
from components.gpu import GPU_PROFILES

_ARM_ID: Final = r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers"
_IDENTITY: Final = rf"{_ARM_ID}/Microsoft\.ManagedIdentity/userAssignedIdentities/[^/]+"
_IMAGE_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_MOST_PREFIX_BITS: Final = 30
"""A storage account takes ranges up to this prefix, and single addresses without one."""


@dataclass(frozen=True)
class Checked:
    """Marks a text type: `check` returns the text to use, or raises ValueError saying what is allowed.

    An editor learns the rest from the schema: examples, and a pattern where the rule is one.
    """

    check: Callable[[str], str]
    examples: tuple[str, ...]
    pattern: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        examples = {"examples": list(self.examples)} if self.examples else {}
        pattern = {} if self.pattern is None else {"pattern": f"^({self.pattern})$"}
        return {**handler(schema), **examples, **pattern}


def _form(pattern: str, allowed: str, example: str, ignore_case: bool = False) -> Checked:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.IGNORECASE if ignore_case else 0):
            raise ValueError(f"must be {allowed}, for example {example}")
        return text

    # A pattern in JSON Schema knows no flag for case.
    return Checked(check, (example,), None if ignore_case else pattern)


def _name(rule: naming.NameRule) -> Checked:
    return Checked(rule.check, (rule.example,), rule.pattern)


def _region(text: str) -> str:
    name = text.replace(" ", "").lower()
    if not re.fullmatch(r"[a-z]{4,}[0-9]{0,2}", name):
        raise ValueError("must be an Azure region, for example swedencentral (`az account list-locations` lists them)")
    return name


def _gpu(text: str) -> str:
    if text not in GPU_PROFILES:
        raise ValueError(f"no such GPU workload profile; there are: {', '.join(GPU_PROFILES)}")
    return text


def _registry_identity(text: str) -> str:
    if text.lower() == "system":
        return "system"
    if not re.fullmatch(_IDENTITY, text, re.IGNORECASE):
        raise ValueError("must be `system` or the resource id of a user-assigned identity")
    return text


def _range(text: str) -> str:
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError as error:
        raise ValueError(f"must be IPv4 addresses in CIDR notation, for example 203.0.113.0/24{_why(text)}") from error


def _storage_range(text: str) -> str:
    network = ipaddress.IPv4Network(_range(text))
    if network.prefixlen == network.max_prefixlen:
        return str(network.network_address)
    if network.prefixlen > _MOST_PREFIX_BITS or network.is_private:
        raise ValueError(
            f"must be public IPv4 addresses, one alone or a range up to /{_MOST_PREFIX_BITS}, for example"
            " 203.0.113.0/24; a storage account takes no others"
        )
    return str(network)


def _why(text: str) -> str:
    try:
        network = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return ""
    return f"; the network of this address is {network}"


def _retention(days: int) -> int:
    if days != 7 and not 30 <= days <= 730:
        raise ValueError("must be 7, or a whole number from 30 to 730")
    return days


def _plain(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ValueError("must be a text that is not blank")
    return text


ResourceGroupName = Annotated[str, _name(naming.RESOURCE_GROUP_NAME)]
StorageAccountName = Annotated[str, _name(naming.STORAGE_ACCOUNT_NAME)]
FileShareName = Annotated[str, _name(naming.FILE_SHARE_NAME)]
EnvironmentName = Annotated[str, _name(naming.ENVIRONMENT_NAME)]
EnvironmentStorageName = Annotated[str, _name(naming.ENVIRONMENT_STORAGE_NAME)]
AppName = Annotated[str, _name(naming.APP_NAME)]
LogWorkspaceName = Annotated[str, _name(naming.LOG_WORKSPACE_NAME)]

RetentionDays = Annotated[
    int,
    AfterValidator(_retention),
    WithJsonSchema({"anyOf": [{"type": "integer", "enum": [7]}, {"type": "integer", "minimum": 30, "maximum": 730}]}),
]
"""What a workspace of the tier PerGB2018 takes."""

PlainText = Annotated[str, Checked(_plain, ())]
Region = Annotated[str, Checked(_region, ("swedencentral",))]
GpuProfileType = Annotated[str, AfterValidator(_gpu), WithJsonSchema({"type": "string", "enum": list(GPU_PROFILES)})]
IpRange = Annotated[str, Checked(_range, ("203.0.113.0/24",))]
StorageIpRange = Annotated[str, Checked(_storage_range, ("203.0.113.0/24",))]
Image = Annotated[
    str,
    _form(
        rf"(?:[A-Za-z0-9.-]+(?::\d+)?/)?{_IMAGE_PART}(?:/{_IMAGE_PART})*(?::\w[\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?",
        "an image reference without a scheme, its repository in lowercase",
        "registry.example.com/team/inference-app:1.0",
    ),
]
RegistryServer = Annotated[
    str, _form(r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?", "the host name of a registry", "myregistry.azurecr.io")
]
Guid = Annotated[
    str,
    _form(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", "a GUID", "11111111-2222-3333-4444-555555555555"),
]
VariableName = Annotated[
    str,
    _form(r"[A-Za-z_][A-Za-z0-9_.-]*", "the name of an environment variable", "HF_HUB_OFFLINE"),
]
VariableValue = Annotated[str, _form(r"[^\x00]*", "a text without null characters", "1")]
IdentityId = Annotated[
    str,
    _form(
        _IDENTITY,
        "the resource id of a user-assigned identity",
        "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME",
        ignore_case=True,
    ),
]
RegistryIdentity = Annotated[str, Checked(_registry_identity, ("system",))]
SubnetId = Annotated[
    str,
    _form(
        rf"{_ARM_ID}/Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+",
        "the resource id of a subnet",
        "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Network/virtualNetworks/NETWORK/subnets/NAME",
        ignore_case=True,
    ),
]
TagName = Annotated[
    str,
    _form(
        r"(?!(?:microsoft|azure|windows))[^<>%&\\?/\x00-\x1f]{1,128}",
        r"1 to 128 characters without < > % & \ ? /, not beginning with microsoft, azure or windows",
        "cost-centre",
        ignore_case=True,
    ),
]
TagValue = Annotated[str, _form(r"[^\x00]{0,256}", "at most 256 characters", "research")]
