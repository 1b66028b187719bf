"""The storage account and file share that hold base model, adapters and code releases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NotRequired, TypedDict

import pulumi
from pulumi_azure_native import storage

from components.adoption import MISSING, OWNER_METADATA, Presence, child_options, owner_of
from components.deletion_when_empty import deletion_when_empty

DEFAULT_SHARE_QUOTA_GIB: Final = 1024
SHARE_SOFT_DELETE_DAYS: Final = 7
_SERVICE_CHOSEN: Final = ("dnsEndpointType", "enableNfsV3", "isHnsEnabled")
"""Immutable properties left to the service: seen when an account is imported, and never a reason to replace it."""


@dataclass(frozen=True)
class StorageNetwork:
    """Who may reach the account; everybody else is refused, whatever key they have."""

    allowed_ip_ranges: Sequence[str] = ()
    """Public IPv4 addresses and ranges: among them the one that code and models are uploaded from."""
    allowed_subnet_ids: Sequence[str] = ()
    """Subnets with the service endpoint Microsoft.Storage: among them the environment's."""


class ModelStoreArgs(TypedDict):
    """Arguments of `ModelStore`."""

    resource_group_name: pulumi.Input[str]
    location: pulumi.Input[str]
    account_name: pulumi.Input[str]
    share_name: pulumi.Input[str]
    share_quota_gib: NotRequired[pulumi.Input[int]]
    """Size limit of the share in GiB; 1024 when not given."""
    soft_delete_days: NotRequired[pulumi.Input[int]]
    """How long a deleted share can be brought back; 7 when not given."""
    network: NotRequired[StorageNetwork | None]
    """Who may reach the account; every network, with a key, when not given."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    account: NotRequired[Presence]
    """The storage account as it was found; created when not given."""
    share: NotRequired[Presence]
    """The file share as it was found; created when not given."""


class ModelStore(pulumi.ComponentResource):
    """A storage account with file service and share, each created or adopted."""

    account_name: pulumi.Output[str]
    account_key: pulumi.Output[str]
    """First key of the account; a secret. Container Apps mount Azure Files with an account key only."""
    share_name: pulumi.Output[str]
    file_endpoint: pulumi.Output[str]
    """URL of the account's file service, such as `https://ACCOUNT.file.core.windows.net/`."""

    def __init__(self, name: str, args: ModelStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aca-inference:components:ModelStore", name, None, opts)
        account_presence = args.get("account", MISSING)
        resource_group_name = args["resource_group_name"]
        deletion = deletion_when_empty(
            f"{name}-deletion",
            self,
            account_presence,
            args.get("tags"),
            resource_group_name,
            "Microsoft.Storage/storageAccounts",
            args["account_name"],
        )
        account = storage.StorageAccount(
            f"{name}-account",
            resource_group_name=resource_group_name,
            account_name=args["account_name"],
            location=args["location"],
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
            large_file_shares_state=storage.LargeFileSharesState.ENABLED,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            # Container Apps mount Azure Files with an account key only.
            allow_shared_key_access=True,
            enable_https_traffic_only=True,
            network_rule_set=_network_rules(args.get("network")),
            tags=args.get("tags"),
            opts=child_options(
                self, account_presence, depends_on=deletion, ignore_changes=_SERVICE_CHOSEN, retained=True
            ),
        )
        share_dependencies: list[pulumi.Resource] = [account]
        if not account_presence.adopted:
            # Part of an account that the stack owns; the service of an adopted account is its owner's affair.
            share_dependencies.append(
                storage.FileServiceProperties(
                    f"{name}-files",
                    resource_group_name=resource_group_name,
                    account_name=account.name,
                    file_services_name="default",
                    share_delete_retention_policy=storage.DeleteRetentionPolicyArgs(
                        enabled=True, days=args.get("soft_delete_days", SHARE_SOFT_DELETE_DAYS)
                    ),
                    opts=pulumi.ResourceOptions(parent=self),
                )
            )
        share = storage.FileShare(
            f"{name}-share",
            resource_group_name=resource_group_name,
            account_name=account.name,
            share_name=args["share_name"],
            enabled_protocols=storage.EnabledProtocols.SMB,
            share_quota=args.get("share_quota_gib", DEFAULT_SHARE_QUOTA_GIB),
            metadata=_mark(args.get("tags")),
            opts=child_options(self, args.get("share", MISSING), depends_on=share_dependencies),
        )
        keys = storage.list_storage_account_keys_output(
            resource_group_name=resource_group_name,
            account_name=account.name,
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        self.account_name = account.name
        self.account_key = pulumi.Output.secret(keys).apply(lambda listed: listed.keys[0].value)
        self.share_name = share.name
        self.file_endpoint = account.primary_endpoints.apply(lambda endpoints: endpoints.file)
        self.register_outputs(
            {
                "account_name": self.account_name,
                "share_name": self.share_name,
                "file_endpoint": self.file_endpoint,
            }
        )


def _network_rules(network: StorageNetwork | None) -> storage.NetworkRuleSetArgs | None:
    if network is None:
        return None
    return storage.NetworkRuleSetArgs(
        default_action=storage.DefaultAction.DENY,
        bypass=storage.Bypass.AZURE_SERVICES,
        ip_rules=[storage.IPRuleArgs(i_p_address_or_range=allowed) for allowed in network.allowed_ip_ranges],
        virtual_network_rules=[
            storage.VirtualNetworkRuleArgs(virtual_network_resource_id=subnet) for subnet in network.allowed_subnet_ids
        ],
    )


def _mark(tags: Mapping[str, pulumi.Input[str]] | None) -> Mapping[str, pulumi.Input[str]] | None:
    """A share has metadata instead of tags; only the owner's mark is carried over."""
    owner = owner_of(tags)
    return {OWNER_METADATA: owner} if owner else None
