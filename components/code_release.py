"""The app's code on the share: an immutable release, named by its content.

A dynamic resource, so that a preview shows it and its upload fails or succeeds like any other resource. It runs in a
plugin process of its own; what it needs there it gets as inputs.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NotRequired, TypedDict

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.plugin import told
from operations.errors import ShareError

if TYPE_CHECKING:
    from operations.file_share import ShareAddress


class CodeReleaseArgs(TypedDict):
    """Arguments of `CodeRelease`."""

    endpoint_url: pulumi.Input[str]
    """URL of the account's file service."""
    account_name: pulumi.Input[str]
    account_key: pulumi.Input[str]
    share_name: pulumi.Input[str]
    source: str
    """Folder with the code, relative to the Pulumi project; it appears under its own name in the release."""
    release: str
    """The release's name, known before anything is uploaded: `operations.code_folder.describe(source).name`."""
    mounted: NotRequired[str]
    """The release that the app mounts; it stays on the share. The one above when not given."""


class CodeRelease(Resource, module="aca-inference", name="CodeRelease"):
    """Code on the share under `releases/NAME`, visible only when whole; older releases stay for a rollback."""

    release: pulumi.Output[str]
    """Name of the release, 12 hexadecimal digits of its content's hash."""

    def __init__(self, name: str, args: CodeReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        inputs = {**args, "account_key": pulumi.Output.secret(args["account_key"])}
        super().__init__(_CodeReleaseProvider(), name, inputs, opts)


_ADDRESS_INPUTS: Final = ("endpoint_url", "account_name", "account_key", "share_name")
_PLACE_INPUTS: Final = ("account_name", "share_name")


def _address(inputs: dict[str, Any]) -> "ShareAddress":
    # Here as below: only the plugin process needs Azure's clients, and they take their time to import.
    from operations.file_share import ShareAddress

    return ShareAddress(**{key: inputs[key] for key in _ADDRESS_INPUTS})


def _id(inputs: dict[str, Any]) -> str:
    return f"{inputs['account_name']}/{inputs['share_name']}"


class _CodeReleaseProvider(ResourceProvider):
    """Publishes on create and update, withdraws all releases on delete."""

    @told
    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(_id(props), self._publish(props, in_use=()))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        moved = [key for key in _PLACE_INPUTS if _olds.get(key) != _news.get(key)]
        changed = any(_olds.get(key) != _news.get(key) for key in (*_ADDRESS_INPUTS, "source", "release"))
        return DiffResult(changes=changed, replaces=moved, delete_before_replace=False)

    @told
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        # The running revision still mounts the old release until the app's template points to the new one.
        return UpdateResult(self._publish(_news, in_use=(_olds["release"],)))

    @told
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        from operations.release import withdraw

        withdraw(_address(_props))

    def _publish(self, props: dict[str, Any], in_use: tuple[str, ...]) -> dict[str, Any]:
        from operations.release import publish

        kept = {*in_use, props.get("mounted", props["release"])}
        published = publish(_address(props), Path(props["source"]), in_use=sorted(kept)).name
        if published != props["release"]:
            raise ShareError(f"{props['source']} changed while it was released; run `pulumi up` again")
        return props
