"""The shares of all accounts and their folders: what ARM, the data plane and the replicas have in common.

A share's files are real files under `shares/ACCOUNT/SHARE/`. The database decides what exists: a folder is made before
its share is acknowledged, and a folder without a share is thrown away, at once or, after a kill, at the next start.
"""

import asyncio
import shutil
import uuid
from pathlib import Path
from typing import Final

from sandbox.arm.ids import ResourceId
from sandbox.arm.resources import Resource, Resources
from sandbox.database import Database

_ACCOUNT_TYPE: Final = "Microsoft.Storage/storageAccounts"
_SHARE_TYPE: Final = f"{_ACCOUNT_TYPE}/fileServices/shares"


class Shares:
    """Look-up by account and share name, and the folders."""

    def __init__(self, resources: Resources, database: Database, root: Path, trash: Path) -> None:
        self._resources = resources
        self._database = database
        self._root = root
        self._trash = trash

    def account(self, name: str) -> Resource | None:
        """The storage account of this name; names are unique in all of Azure."""
        matching = (found for found in self._resources.of_type(_ACCOUNT_TYPE) if found.id.name == name.lower())
        return next(matching, None)

    def share(self, account: Resource, name: str) -> Resource | None:
        """The share, if it exists."""
        return self._resources.find(share_id(account, name))

    def of_account(self, account: Resource) -> list[Resource]:
        """The account's shares by name."""
        return sorted(self._resources.of_type(_SHARE_TYPE, account.id), key=lambda share: share.id.name)

    def folder(self, account: str, share: str) -> Path:
        """Where a share's files lie, whether it exists or not."""
        return self._root / account / share

    def make_folder(self, share: Resource) -> None:
        """Makes the folder of a share that is about to be acknowledged. What an earlier share left is not its."""
        account, name = share.id.names[0].lower(), share.id.name.lower()
        folder = self.folder(account, name)
        if share.created == share.changed and folder.exists():
            self._discard(folder)
        folder.mkdir(parents=True, exist_ok=True)

    def removed(self, account: str, share: str | None = None) -> None:
        """Forgets what is known of a share's files (None: of all shares); throws them away after the transaction."""
        if share is None:
            self._database.execute("DELETE FROM file_properties WHERE share LIKE ?", f"{account.lower()}/%")
        else:
            self._database.execute("DELETE FROM file_properties WHERE share = ?", f"{account}/{share}".lower())
        asyncio.get_running_loop().call_soon(self._clean_up)

    def set_aside(self) -> None:
        """Takes every folder that belongs to no share out of the way, at once."""
        known = {
            self.folder(share.id.names[0].lower(), share.id.name.lower())
            for share in self._resources.of_type(_SHARE_TYPE)
        }
        for folder in self._root.glob("*/*"):
            if folder not in known:
                self._discard(folder)

    def empty_trash(self) -> None:
        """Deletes what was set aside; slow with many files, so for a worker thread."""
        for discarded in self._trash.iterdir():
            shutil.rmtree(discarded, ignore_errors=True)

    def _clean_up(self) -> None:
        self.set_aside()
        asyncio.get_running_loop().run_in_executor(None, self.empty_trash)

    def _discard(self, folder: Path) -> None:
        folder.rename(self._trash / uuid.uuid4().hex)


def share_id(account: Resource, name: str) -> ResourceId:
    """The id of an account's share."""
    return account.id.child("fileServices", "default").child("shares", name)
