"""The storage account and file share that hold base model, adapters and code releases."""

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

import pulumi
from pulumi_azure_native import storage

from components.adoption import MISSING, OWNER_METADATA, OWNER_TAG, Presence, child_options

DEFAULT_SHARE_QUOTA_GIB: Final = 1024
SHARE_SOFT_DELETE_DAYS: Final = 7
_SERVICE_CHOSEN: Final = ("dnsEndpointType", "enableNfsV3", "isHnsEnabled")
"""Immutable properties left to the service: seen when an account is imported, and never a reason to replace it."""


class ModelStoreArgs(TypedDict):
    """Arguments of `ModelStore`."""

    resource_group_name: pulumi.Input[str]
    location: pulumi.Input[str]
    account_name: pulumi.Input[str]
    share_name: pulumi.Input[str]
    share_quota_gib: NotRequired[pulumi.Input[int]]
    """Size limit of the share in GiB; 1024 when not given."""
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
            enable_https_traffic_only=True,
            tags=args.get("tags"),
            opts=child_options(self, account_presence, ignore_changes=_SERVICE_CHOSEN),
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
                        enabled=True, days=SHARE_SOFT_DELETE_DAYS
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


def _mark(tags: Mapping[str, pulumi.Input[str]] | None) -> Mapping[str, pulumi.Input[str]] | None:
    """A share has metadata instead of tags; only the owner's mark is carried over."""
    return {OWNER_METADATA: tags[OWNER_TAG]} if tags and OWNER_TAG in tags else None
