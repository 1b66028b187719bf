"""An environment's link to a file share, through which its apps mount the share."""

import hashlib
from typing import Final, NotRequired, TypedDict

import pulumi
from pulumi_azure_native import app

from components.adoption import MISSING, Presence, child_options, mark_of

MAX_LINK_NAME_LENGTH: Final = 253
_CONTENT_LENGTH: Final = 6


class StorageLinkArgs(TypedDict):
    """Arguments of `StorageLink`."""

    resource_group_name: pulumi.Input[str]
    environment_name: pulumi.Input[str]
    link_name: str
    """What the name begins with; an adopted link has exactly this name. See `marked_link_name`."""
    owner: NotRequired[str]
    """Whose the link is; part of its name, because it has no tags."""
    account_name: pulumi.Input[str]
    account_key: pulumi.Input[str]
    share_name: pulumi.Input[str]
    read_only: NotRequired[bool]
    """Whether apps can only read through the link; True when not given."""
    presence: NotRequired[Presence]
    """The link as it was found; created when not given."""


class StorageLink(pulumi.ComponentResource):
    """A link of an environment to an Azure file share, created or adopted.

    Of a link that exists the service changes nothing but the key, and apps that start later go on using the old one
    (azure-container-apps#1406). So a link whose share, access or key differs is another link, with another name: it is
    made first, apps move to it, and then the old one goes.
    """

    link_name: pulumi.Output[str]

    def __init__(self, name: str, args: StorageLinkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aca-inference:components:StorageLink", name, None, opts)
        presence = args.get("presence", MISSING)
        read_only = args.get("read_only", True)
        key = pulumi.Output.secret(args["account_key"])
        link = app.ManagedEnvironmentsStorage(
            f"{name}-link",
            resource_group_name=args["resource_group_name"],
            environment_name=args["environment_name"],
            storage_name=args["link_name"] if presence.adopted else _own_name(args, key, read_only),
            properties=app.ManagedEnvironmentStoragePropertiesArgs(
                azure_file=app.AzureFilePropertiesArgs(
                    account_name=args["account_name"],
                    account_key=key,
                    share_name=args["share_name"],
                    access_mode=app.AccessMode.READ_ONLY if read_only else app.AccessMode.READ_WRITE,
                )
            ),
            opts=child_options(self, presence),
        )
        self.link_name = link.name
        self.register_outputs({"link_name": self.link_name})


def marked_link_name(
    base: str, owner: str, account_name: str, account_key: str, share_name: str, *, read_only: bool
) -> str:
    """The name of an owner's link with this content, `BASE-` and twelve digits.

    Six hexadecimal digits of a hash tell the owner, six the content. Of the key, a random 512-bit value, nothing can be
    learned from 24 bits of a hash that it shares with other values.
    """
    content = "\0".join((account_name, share_name, account_key, str(read_only)))
    mark = mark_of(owner) + hashlib.sha256(content.encode()).hexdigest()[:_CONTENT_LENGTH]
    return f"{base[: MAX_LINK_NAME_LENGTH - len(mark) - 1].rstrip('.-')}-{mark}"


def _own_name(args: StorageLinkArgs, key: pulumi.Output[str], read_only: bool) -> pulumi.Output[str]:
    named = pulumi.Output.all(args["account_name"], key, args["share_name"]).apply(
        lambda parts: marked_link_name(
            args["link_name"], args.get("owner", ""), parts[0], parts[1], parts[2], read_only=read_only
        )
    )
    return pulumi.Output.unsecret(named)
