"""Which release the app mounts: the local code's, unless somebody went back from exactly this code."""

from stack.found import Survey


def release_to_mount(code: str, found: Survey) -> str:
    """The release for the app's template, `code` being the one that the local code makes.

    `aca-inference deploy` and `pulumi up` note at the app what they deployed; `rollback` changes only what is mounted.
    So code that is new here is deployed, and code that was deployed before and taken back stays taken back.
    """
    app = found.app
    if app is None or found.file_share is None or app.mounted_release is None or app.deployed_release != code:
        return code
    return app.mounted_release
