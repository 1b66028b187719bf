"""The account and share that hold models, adapters and code."""

from collections.abc import Iterable
from typing import Final

from google.protobuf.struct_pb2 import Struct

from policy.gpu_use import environments_of
from policy.property import OutsideError, Property, select
from policy.resource import (
    CONTAINER_APP,
    ENVIRONMENT,
    ENVIRONMENT_STORAGE,
    FILE_SERVICE,
    FILE_SHARE,
    STORAGE_ACCOUNT,
    Resource,
)
from policy.rule import Kind, Level, Option, Options, Rule, Scope, Severity, at
from policy.rules.exposure import MCSB_NETWORK, MCSB_TRANSIT

_MODERN_TLS: Final = ("TLS1_2", "TLS1_3")
_READ_ONLY: Final = "ReadOnly"
_LINK_KINDS: Final = {"AzureFile": "azureFile", "NfsAzureFile": "nfsAzureFile"}
"""Kinds of volumes that are shares, and where a link of the kind says how it is opened."""


def _raise_tls(properties: Struct, _: Options) -> bool:
    if properties.fields["minimumTlsVersion"].string_value in _MODERN_TLS:
        return False
    properties["minimumTlsVersion"] = _MODERN_TLS[0]
    return True


def _accounts_with_shares(account: Resource, _: Options) -> Iterable[Property]:
    if account.siblings.referring(account, FILE_SHARE, "accountName"):
        yield account.at("accountName")


def _keeps_deleted_shares(account: Property, options: Options) -> bool:
    services = account.resource.siblings.referring(account.resource, FILE_SERVICE, "accountName")
    policies = [service.at("shareDeleteRetentionPolicy") for service in services]
    return any(policy.at("enabled").flag and policy.at("days").number >= options["days"] for policy in policies)


def _shared_keys(account: Resource, _: Options) -> Iterable[Property]:
    if not account.siblings.referring(account, ENVIRONMENT_STORAGE, "properties.azureFile.accountName"):
        yield account.at("allowSharedKeyAccess")


def _mounted_shares(app: Resource, _: Options) -> Iterable[Property]:
    return select(app.each("template.volumes"), lambda volume: volume.at("storageType").text in _LINK_KINDS)


def _is_read_only(volume: Property, _: Options) -> bool:
    modes = [word for word in map(str.strip, volume.at("mountOptions").text.split(",")) if word in ("ro", "rw")]
    if modes:
        return modes[-1] == "ro"  # as mount has it, the last one counts
    links = _links(volume)
    if not links:
        raise OutsideError(
            volume.at("storageName"),
            "the environment's storage link is not part of this stack, so nobody knows its accessMode; read it with"
            " ManagedEnvironmentsStorage.get(), or mount with `ro`",
        )
    kind = _LINK_KINDS[volume.at("storageType").text]
    return all(link.at(f"properties.{kind}.accessMode").text == _READ_ONLY for link in links)


def _links(volume: Property) -> list[Resource]:
    """The links that a volume may mean: their names are unique within an environment only."""
    app = volume.resource
    named = app.siblings.referred(volume.at("storageName"), ENVIRONMENT_STORAGE)
    own = {environment.urn for environment in environments_of(app)}

    def elsewhere(link: Resource) -> bool:
        environments = app.siblings.referred(link.at("environmentName"), ENVIRONMENT)
        return bool(own and environments) and own.isdisjoint(found.urn for found in environments)

    return [link for link in named if not elsewhere(link)]


RULES: Final = (
    Rule(
        id="storage-tls",
        title="The storage account takes TLS 1.2 or newer only",
        reason="Older versions are broken; without a minimum the account may still talk them.",
        fix="Set minimumTlsVersion to TLS1_2. With the level `remediate` the pack does it.",
        wanted="TLS1_2 or newer",
        severity=Severity.HIGH,
        types=(STORAGE_ACCOUNT,),
        subjects=at("minimumTlsVersion"),
        allowed=lambda version, _: version.text in _MODERN_TLS,
        references=(
            "CIS Microsoft Azure Foundations Benchmark v4.0.0, 10.3.7: minimum TLS version for storage accounts",
            MCSB_TRANSIT,
        ),
        remedy=_raise_tls,
    ),
    Rule(
        id="storage-https",
        title="The storage account answers HTTPS only",
        reason="Models, and the signatures that open the share, would travel in plain text.",
        fix="Set enableHttpsTrafficOnly to true, or leave it out: the service then takes true.",
        wanted="true",
        severity=Severity.HIGH,
        types=(STORAGE_ACCOUNT,),
        subjects=at("enableHttpsTrafficOnly"),
        allowed=lambda only, _: only.flag is not False,
        references=("CIS Microsoft Azure Foundations Benchmark: secure transfer required", MCSB_TRANSIT),
    ),
    Rule(
        id="storage-public-blob",
        title="No blob of the account can be made public",
        reason="One container set to public shows its content to everybody; the account can rule that out for all.",
        fix="Set allowBlobPublicAccess to false.",
        wanted="false",
        severity=Severity.HIGH,
        types=(STORAGE_ACCOUNT,),
        subjects=at("allowBlobPublicAccess"),
        allowed=lambda public, _: public.flag is False,
        references=("CIS Microsoft Azure Foundations Benchmark: blob anonymous access disabled", MCSB_NETWORK),
    ),
    Rule(
        id="storage-network",
        title="The storage account answers named networks only",
        reason="With a stolen key, anybody anywhere reads and changes the models.",
        fix="Set networkRuleSet.defaultAction to Deny and allow the environment's subnet. Off by default: an"
        " environment without a subnet of yours mounts the share over the public endpoint.",
        wanted="Deny",
        severity=Severity.MEDIUM,
        types=(STORAGE_ACCOUNT,),
        subjects=at("networkRuleSet.defaultAction"),
        allowed=lambda action, _: action.text == "Deny",
        level=Level.DISABLED,
        references=(
            "CIS Microsoft Azure Foundations Benchmark: default network access rule for storage accounts is deny",
            MCSB_NETWORK,
        ),
    ),
    Rule(
        id="storage-soft-delete",
        title="A deleted share can be brought back",
        reason="The share holds what training cost days to make; a slip of the hand deletes it in a second.",
        fix="Set shareDeleteRetentionPolicy (enabled, days) on the account's FileServiceProperties `default`.",
        wanted="deleted shares kept for at least {days} days",
        severity=Severity.HIGH,
        types=(STORAGE_ACCOUNT,),
        subjects=_accounts_with_shares,
        allowed=_keeps_deleted_shares,
        scope=Scope.STACK,
        options=(Option("days", Kind.INTEGER, 7, "days that a deleted share is kept"),),
        references=(
            "CIS Microsoft Azure Foundations Benchmark: soft delete for Azure File Shares is enabled",
            "Microsoft cloud security benchmark v1, BR-2: protect backup and recovery data",
        ),
    ),
    Rule(
        id="storage-shared-keys",
        title="Account keys are off where no mount needs them",
        reason="An account key opens everything for ever and says nothing about who used it. Container Apps mounts"
        " Azure Files with a key, so it stays on for accounts that are mounted.",
        fix="Set allowSharedKeyAccess to false and give people and programs roles instead.",
        wanted="false on an account that no environment mounts",
        severity=Severity.MEDIUM,
        types=(STORAGE_ACCOUNT,),
        subjects=_shared_keys,
        allowed=lambda keys, _: keys.flag is False,
        scope=Scope.STACK,
        references=("CIS Microsoft Azure Foundations Benchmark: storage account key access disabled",),
    ),
    Rule(
        id="storage-read-only-mount",
        title="Apps mount models and code read-only",
        reason="An app that is taken over could change the model and the code that it starts with next time. Jobs may"
        " write: training does.",
        fix="Link the share to the environment with accessMode ReadOnly and mount that link, or mount it with `ro`.",
        wanted="a link with accessMode ReadOnly, or the mount option ro",
        severity=Severity.HIGH,
        types=(CONTAINER_APP,),
        subjects=_mounted_shares,
        allowed=_is_read_only,
        scope=Scope.STACK,
        references=("Microsoft cloud security benchmark v1, PA-7: follow the least privilege principle",),
    ),
)
