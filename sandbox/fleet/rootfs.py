"""What a replica sees as its file system: this machine's, with the spec's mounts over it.

The new root is a tmpfs, so mount targets such as /mount need not exist on this machine and nothing is made on it.
Runs inside the replica's own mount namespace, before its command; standard library only.
"""

import ctypes
import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

HOME = "/container-home"

# <linux/mount.h>
_MS_RDONLY = 1
_MS_REMOUNT = 32
_MS_BIND = 4096
_MS_REC = 16384
_MS_UNBINDABLE = 1 << 17
_MNT_DETACH = 2
# Flags that a mount keeps when it is remounted: an unprivileged user namespace may not drop them.
_KEPT_FLAGS = os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC

_libc = ctypes.CDLL(None, use_errno=True)


class MountJson(TypedDict):
    """One mount as it travels to the launcher."""

    source: str
    target: str
    read_only: bool


class _Tree(dict[str, "_Tree"]):
    """Folder names that mount targets need, by name."""


def enter(root: str, mounts: Sequence[MountJson]) -> None:
    """Builds the new root on the empty folder `root` and makes it this process's root. Raises OSError, in words."""
    _mount("tmpfs", root, "tmpfs", data="mode=755")
    # Unbindable: binding the folder that contains `root` must not bind the new root into itself.
    _mount(None, root, flags=_MS_UNBINDABLE)
    resolved = sorted((os.path.realpath(mount["target"]), mount) for mount in mounts)
    tree = _Tree()
    for target, _ in resolved:
        node = tree
        for name in Path(target).parts[1:]:
            node = node.setdefault(name, _Tree())
    _graft("/", root, tree, root)
    Path(root + HOME).mkdir(mode=0o700)
    for target, mount in resolved:
        _bind(mount, root + target)
    os.chdir(root)
    _checked(_libc.pivot_root(b".", b"."), "pivot_root")
    _checked(_libc.umount2(b".", _MNT_DETACH), "umount2")
    os.chdir("/")


def mount_proc() -> None:
    """Shows the processes of the caller's PID namespace, and no others, at /proc."""
    _mount("proc", "/proc", "proc")


def _graft(host: str, new: str, tree: _Tree, root: str) -> None:
    """Fills the fresh folder `new` with everything that `host` has, except `root`, and with the folders of `tree`."""
    entries = [entry.name for entry in Path(host).iterdir()] if Path(host).is_dir() else []
    for name in {*entries, *tree}:
        there, here = Path(host, name), Path(new, name)
        needed = tree.get(name, _Tree())
        if there.is_symlink():
            here.symlink_to(there.readlink())
        elif str(there) == root:
            here.mkdir()
        elif there.is_dir() and _has(there, needed):
            here.mkdir()
            _mount(str(there), str(here), flags=_MS_BIND | _MS_REC)
        elif needed or not there.exists():
            here.mkdir()
            _graft(str(there), str(here), needed, root)
        else:
            here.touch()
            _mount(str(there), str(here), flags=_MS_BIND)


def _has(folder: Path, tree: _Tree) -> bool:
    return all((folder / name).is_dir() and _has(folder / name, below) for name, below in tree.items())


def _bind(mount: MountJson, target: str) -> None:
    source = os.path.realpath(mount["source"])
    if not Path(source).is_dir():
        raise FileNotFoundError(errno.ENOENT, f"the folder to mount at {mount['target']} does not exist: {source}")
    _mount(source, target, flags=_MS_BIND | _MS_REC)
    if mount["read_only"]:
        kept = os.statvfs(target).f_flag & _KEPT_FLAGS
        _mount(None, target, flags=_MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept)


def _mount(
    source: str | None, target: str, kind: str | None = None, *, flags: int = 0, data: str | None = None
) -> None:
    arguments = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    result = _libc.mount(arguments[0], arguments[1], arguments[2], ctypes.c_ulong(flags), arguments[3])
    _checked(result, f"mount {source or 'again'} at {target}")


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
