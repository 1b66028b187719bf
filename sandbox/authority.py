"""The sandbox's own certificate authority: made once, kept in the state folder, trusted through a bundle file."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import certifi
import trustme

from sandbox.state import write_atomically


@dataclass(frozen=True)
class Authority:
    """Files of the authority: the server's key and certificate, and the bundle that clients trust."""

    folder: Path

    @property
    def key(self) -> Path:
        """The server's private key."""
        return self.folder / "server.key"

    @property
    def certificate(self) -> Path:
        """The server's certificate, for 127.0.0.1 and localhost."""
        return self.folder / "server.pem"

    @property
    def bundle(self) -> Path:
        """The machine's trusted authorities and this one."""
        return self.folder / "bundle.pem"

    def make(self) -> None:
        """Makes authority and certificate if they are missing; the bundle follows the machine's at every call."""
        authority = self.folder / "authority.pem"
        if not self.certificate.exists():
            self.folder.mkdir(mode=0o700, exist_ok=True)
            made = trustme.CA(organization_name="Azure Container Apps sandbox")
            issued = made.issue_cert("127.0.0.1", "localhost")
            write_atomically(authority, made.cert_pem.bytes())
            write_atomically(self.key, issued.private_key_pem.bytes())
            write_atomically(self.certificate, b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        write_atomically(self.bundle, _machine_bundle(self.folder) + b"\n" + authority.read_bytes())


def _machine_bundle(own_folder: Path) -> bytes:
    """What this machine trusts; a bundle of an earlier sandbox session in the environment is not taken for it."""
    found = Path(ssl.get_default_verify_paths().cafile or certifi.where())
    if found.is_file() and found.parent != own_folder:
        return found.read_bytes()
    return Path(certifi.where()).read_bytes()
