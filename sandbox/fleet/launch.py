"""`python -m sandbox.fleet.launch FD`: starts one container, stays beside it, and takes all of it along at the end.

Run by `sandbox.fleet.container` inside new mount, network and PID namespaces, or plainly where there are none.
FD is one end of a socket pair. The fleet sends a `LaunchSpec` (4 bytes of length, JSON), then requests of 3 bytes; what
comes back is one byte, in the order of the requests:

    R                  at first: the command runs          F + text   at first: it cannot be started, and why
    C + port  ->  S    with a socket that is connecting
    T + 0     ->  H    SIGTERM sent                        D          not sent: it would not be noticed

The sockets belong to the container's network namespace, yet the fleet uses them itself: no byte of traffic is copied
here. End of file on FD means that the fleet is gone, however it ended: then everything ends. This process is the first
of its PID namespace, so the kernel does that. The command is the first of a PID namespace below, as in any container.
"""

import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypedDict

from sandbox.fleet.rootfs import MountJson, enter, mount_proc

REQUEST = struct.Struct(">cH")
LENGTH = struct.Struct(">I")

# Any address of 127/8 but 127.0.0.1: a server that listens on 127.0.0.1 only is as unreachable as it is on Azure.
REPLICA_ADDRESS = "127.0.0.2"

_CLONE_NEWPID = 0x20000000
_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_LAST_CAPABILITY = 40
# What container engines leave to a container: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap,
# net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap. Not sys_admin: it could undo a read-only mount.
_KEPT_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31})
_GROUP_END_SECONDS = 1.0
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


class LaunchSpec(TypedDict):
    """What to start. `root` is an empty folder to build the new root on; None: no namespaces, start it plainly."""

    command: list[str]
    env: dict[str, str]
    mounts: list[MountJson]
    root: str | None


def main() -> NoReturn:
    """Starts the command and exits as it did (128 + signal number if a signal ended it)."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    for extra in sys.argv[2:]:
        os.set_inheritable(int(extra), False)  # The fleet's lock: held by this process, unknown to the command.
    (length,) = LENGTH.unpack(_receive(control, LENGTH.size))
    spec: LaunchSpec = json.loads(_receive(control, length))
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        if spec["root"] is not None:
            _loopback_up()
            enter(spec["root"], spec["mounts"])
        pid = _start(spec)
    except OSError as error:
        control.sendall(b"F" + (error.strerror or str(error)).encode())
        os._exit(127)
    control.sendall(b"R")
    os._exit(_attend(control, woken, pid, isolated=spec["root"] is not None))


def _receive(control: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = control.recv(size - len(data))
        if not part:
            os._exit(0)
        data += part
    return data


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))


def _start(spec: LaunchSpec) -> int:
    """Pid of the command. Raises OSError, in words, if it cannot be executed."""
    isolated = spec["root"] is not None
    if isolated and ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWPID) != 0:
        raise OSError(ctypes.get_errno(), f"unshare: {os.strerror(ctypes.get_errno())}")
    failed, failing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _become(spec["command"], spec["env"], isolated=isolated)
        except OSError as error:
            os.write(failing, f"cannot execute {spec['command'][0]!r}: {error.strerror}".encode())
        finally:
            os._exit(127)
    os.close(failing)
    reason = os.read(failed, 4096)
    os.close(failed)
    if reason:
        raise OSError(0, reason.decode())
    return pid


def _become(command: list[str], env: dict[str, str], *, isolated: bool) -> NoReturn:
    libc = ctypes.CDLL(None, use_errno=True)
    if isolated:
        mount_proc()
        for capability in set(range(_LAST_CAPABILITY + 1)) - _KEPT_CAPABILITIES:
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    else:
        os.setsid()
        if sys.platform == "linux":
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.chdir("/")
    # Python ignores these; a command expects their defaults.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execvpe(command[0], command, env)  # noqa: S606 - no shell is wanted: the command is a list of words


def _attend(control: socket.socket, woken: int, pid: int, *, isolated: bool) -> int:
    """Answers requests until the command ends; its exit status."""
    while True:
        readable, _, _ = select.select([control, woken], [], [])
        if woken in readable:
            os.read(woken, 4096)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                if not isolated:
                    _kill_group(pid)
                    _await_group(pid)
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
        if control in readable:
            request = control.recv(REQUEST.size)
            if len(request) < REQUEST.size:
                if not isolated:
                    _kill_group(pid)
                    os.waitpid(pid, 0)
                    _await_group(pid)
                return 0
            verb, port = REQUEST.unpack(request)
            if verb == b"C":
                _connect(control, port)
            else:
                control.sendall(b"H" if _terminate(pid, isolated=isolated) else b"D")


def _connect(control: socket.socket, port: int) -> None:
    connecting = socket.socket()
    with connecting:
        connecting.setblocking(False)
        # Whether it connects is seen by the fleet, which gets the socket either way.
        connecting.connect_ex((REPLICA_ADDRESS, port))
        socket.send_fds(control, [b"S"], [connecting.fileno()])


def _terminate(pid: int, *, isolated: bool) -> bool:
    """Sends SIGTERM; False without doing so if the command neither handles nor ignores it.

    The kernel would drop it for the first process of a namespace, as it does in a container on Azure.
    """
    with suppress(OSError):
        status = Path(f"/proc/{1 if isolated else pid}/status").read_text(encoding="utf-8")
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        disposed = int(fields["SigCgt"], 16) | int(fields["SigIgn"], 16)
        if not disposed & (1 << (signal.SIGTERM - 1)):
            return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    return True


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _await_group(pid: int) -> None:
    """Returns when nothing of the killed group is left: a signal is sent at once, but its target ends a moment later.

    Bounded, because a machine whose first process does not collect the orphans keeps them for ever.
    """
    deadline = time.monotonic() + _GROUP_END_SECONDS
    with suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < deadline:
            os.killpg(pid, 0)
            time.sleep(0.005)


if __name__ == "__main__":
    main()
