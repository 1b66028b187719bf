"""What a container runs: its spec and its image's folder, made into a command and an environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox.fleet.container import StartError
from sandbox.fleet.launch import LaunchSpec
from sandbox.fleet.rootfs import HOME
from sandbox.fleet.spec import ContainerSpec
from sandbox.state import free_port

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENTRYPOINT = "entrypoint"
"""Program in an image's bin/ that is its own command."""

_REFERENCE = re.compile(r"\$(\$)?\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


@dataclass(frozen=True)
class ReplicaIdentity:
    """What a container is told about itself."""

    app: str
    revision: str
    replica: str
    target_port: int | None


def launch_spec(
    container: ContainerSpec, images: Mapping[str, Path], identity: ReplicaIdentity, root: Path | None
) -> LaunchSpec:
    """The command with its whole environment. Raises StartError if the image cannot give it."""
    image = images.get(container.image)
    if image is None:
        known = ", ".join(sorted(images)) or "none"
        raise StartError(f"image {container.image!r} is not to be had in this sandbox; there are: {known}")
    own = image / "bin" / ENTRYPOINT
    if not container.command and not own.exists():
        raise StartError(
            f"image {container.image!r} has no command of its own ({own} is missing): give the container one"
        )
    env = {
        # Both end with the container; this machine's own /tmp would keep what a killed one had there.
        "HOME": HOME,
        "TMPDIR": HOME,
        **container.env,
        "PATH": f"{image / 'bin'}:{container.env.get('PATH', SYSTEM_PATH)}",
        "CONTAINER_APP_NAME": identity.app,
        "CONTAINER_APP_REVISION": identity.revision,
        "CONTAINER_APP_REPLICA_NAME": identity.replica,
    }
    if identity.target_port is not None:
        env["CONTAINER_APP_PORT"] = str(identity.target_port)
    return {
        "command": [expand(word, env) for word in (*(container.command or (str(own),)), *container.args)],
        "env": env,
        "mounts": [
            {"source": str(mount.source), "target": str(mount.target), "read_only": mount.read_only}
            for mount in container.mounts
        ],
        "root": str(root) if root else None,
    }


def expand(word: str, env: Mapping[str, str]) -> str:
    """`$(NAME)` replaced by its value, as Kubernetes does in command and args; unknown names and `$$(NAME)` stay."""

    def value(match: re.Match[str]) -> str:
        return match[0][1:] if match[1] else env.get(match[2], match[0])

    return _REFERENCE.sub(value, word)


@dataclass(frozen=True)
class Plain:
    """A container translated for a machine without namespaces."""

    spec: ContainerSpec
    ports: Mapping[int, int]
    """Where the ports of the spec really are."""


def translate(container: ContainerSpec, target_port: int | None, home: Path) -> Plain:
    """Mount targets in command, args and environment become folders of this machine, the target port a free one.

    A port that is in none of them cannot be moved: the app then listens where it always does.
    """
    paths = {str(mount.target): str(mount.source) for mount in container.mounts}
    texts = (*container.command, *container.args, *container.env.values())
    ports: dict[int, int] = {}
    if target_port is not None and any(_port_pattern(target_port).search(text) for text in texts):
        ports[target_port] = free_port()

    def local(text: str) -> str:
        for target in sorted(paths, key=len, reverse=True):
            text = re.sub(rf"(?<![\w./-]){re.escape(target)}(?![\w.-])", lambda _, at=target: paths[at], text)
        for port, free in ports.items():
            text = _port_pattern(port).sub(str(free), text)
        return text

    env = {name: local(value) for name, value in container.env.items()}
    command, args = (tuple(local(word) for word in words) for words in (container.command, container.args))
    translated = replace(
        container, command=command, args=args, env={"HOME": str(home), "TMPDIR": str(home), **env}, mounts=()
    )
    return Plain(translated, ports)


def _port_pattern(port: int) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.]){port}(?![\w.])")
