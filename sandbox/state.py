"""The state folder: where everything lies, and the few settings that are chosen once and kept."""

import os
import secrets
import socket
import tempfile
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sandbox.database import Database


@dataclass(frozen=True)
class StateFolder:
    """Paths within a state folder; making one touches nothing."""

    root: Path

    @property
    def lock(self) -> Path:
        """Held (flock) by the running sandbox; contains its pid."""
        return self.root / "lock"

    @property
    def endpoints(self) -> Path:
        """Where the running sandbox listens, as JSON; written once everything answers."""
        return self.root / "endpoints.json"

    @property
    def database(self) -> Path:
        """Everything that must last, but for the shares' files."""
        return self.root / "state.db"

    @property
    def tls(self) -> Path:
        """The local authority and the server's certificate."""
        return self.root / "tls"

    @property
    def shares(self) -> Path:
        """The shares' files, as ACCOUNT/SHARE/…"""
        return self.root / "shares"

    @property
    def trash(self) -> Path:
        """Shares on their way out."""
        return self.root / "trash"

    @property
    def logs(self) -> Path:
        """The replicas' logs."""
        return self.root / "logs"

    @property
    def fleet_lock(self) -> Path:
        """Held as long as anything of any replica runs."""
        return self.logs / ".lock"

    @property
    def server_log(self) -> Path:
        """What the sandbox itself prints."""
        return self.root / "sandbox.log"

    def make(self) -> None:
        """Makes the folder, for this user only."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        for folder in (self.shares, self.trash, self.logs):
            folder.mkdir(exist_ok=True)


class Settings:
    """Values chosen at the first start and kept from then on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def subscription_id(self) -> str:
        """The one subscription."""
        return self._kept("subscription_id", str(uuid.uuid4()))

    @cached_property
    def tenant_id(self) -> str:
        """The one tenant."""
        return self._kept("tenant_id", str(uuid.uuid4()))

    @cached_property
    def principal_id(self) -> str:
        """Object id of the identity that everybody logs in as."""
        return self._kept("principal_id", str(uuid.uuid4()))

    @cached_property
    def signing_key(self) -> str:
        """Secret that signs tokens."""
        return self._kept("signing_key", secrets.token_urlsafe(48))

    @cached_property
    def identity_header(self) -> str:
        """Secret that a client of the token route shows."""
        return self._kept("identity_header", secrets.token_hex(16))

    def bound_socket(self, name: str) -> tuple[socket.socket, str | None]:
        """A socket on 127.0.0.1 at the port kept under `name`; at a new one, with a remark, if that is taken."""
        kept = self._database.execute("SELECT value FROM settings WHERE name = ?", f"{name}_port")
        remark = None
        bound = bind(int(kept[0]["value"])) if kept else None
        if bound is None:
            bound = bind(0)
            assert bound is not None
            port = bound.getsockname()[1]
            if kept:
                remark = f"port {kept[0]['value']} of {name} is taken by another process; it moved to {port}"
            self._database.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", f"{name}_port", str(port))
        return bound, remark

    def _kept(self, name: str, fresh: str) -> str:
        self._database.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", name, fresh)
        return self._database.execute("SELECT value FROM settings WHERE name = ?", name)[0]["value"]


def bind(port: int) -> socket.socket | None:
    """A socket bound to 127.0.0.1; None if the port is taken. Port 0 means any free one."""
    # Named as TCP, or asyncio leaves Nagle's algorithm on and each answer waits 40 ms for an acknowledgement.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
        bound.listen()  # SO_REUSEADDR lets two sockets bind; only one may listen
    except OSError:
        bound.close()
        return None
    return bound


def free_port() -> int:
    """A port on 127.0.0.1 that is free at this moment."""
    bound = bind(0)
    assert bound is not None
    with bound:
        return bound.getsockname()[1]


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replaces a file, readable by this user only, at once and durably."""
    data = content.encode() if isinstance(content, str) else content
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
