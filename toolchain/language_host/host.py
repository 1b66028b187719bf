"""The language host's server: runs programs and plugins for the engine.

The engine starts it, reads a port from the first line that it prints, and calls it over gRPC until it calls `Cancel`.
Its children end with it, and it ends with the engine, even with one that was killed.
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import IO, Any, Final

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

BAIL_EXIT_CODE: Final = 32
"""The program said what is wrong by itself; the engine need not."""
MESSAGE_LIMIT_BYTES: Final = 400 << 20
PIPE_BYTES: Final = 1 << 16
# Asks the kernel to kill the child when this process dies, then becomes the real command. Done in the child, because
# running Python between fork and exec is unsafe in a process with gRPC's threads.
_TIED: Final = (
    "import ctypes, os, signal, sys\n"
    "if sys.platform == 'linux': ctypes.CDLL(None).prctl(1, signal.SIGKILL)\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The calls of the engine. `stop` is set when the engine wants the host to end."""

    def __init__(self, engine_address: str, stop: threading.Event) -> None:
        self._engine_address = engine_address
        self._stop = stop

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Takes the engine's address, where it was not given on the command line."""
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The host's version: it speaks the protocol of the SDK that it imports."""
        return plugin_pb2.PluginInfo(version="3.259.0")

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        """None: the engine asks for providers when the program first uses them."""
        return language_pb2.GetRequiredPackagesResponse()

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The interpreter, for `pulumi about`."""
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Ends the host once the answer is out; the engine waits seconds for one that stays."""
        context.add_callback(self._stop.set)
        return empty_pb2.Empty()

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Runs the program to its end."""
        python, environment = _interpreter(request.info)
        environment |= {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        options = {
            "--monitor": request.monitor_address,
            "--engine": self._engine_address,
            "--project": request.project,
            "--root_directory": request.info.root_directory,
            "--stack": request.stack,
            "--pwd": request.pwd,
            "--dry_run": "true" if request.dryRun else "false",
            "--parallel": str(request.parallel),
            "--organization": request.organization,
        }
        command = ["-u", _executor(), *[word for pair in options.items() for word in pair]]
        command += [request.program or request.info.entry_point, *request.args]
        child = subprocess.Popen([*_tied(python), *command], cwd=request.pwd, env=environment, stdin=subprocess.DEVNULL)
        context.add_callback(lambda: _end(child))
        code = child.wait()
        if code == BAIL_EXIT_CODE:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with exit code {code}" if code else "")

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Runs a plugin written in Python and passes on what it prints, then its exit code."""
        python, environment = _interpreter(request.info)
        environment |= dict(item.split("=", 1) for item in request.env)
        folder = request.info.program_directory
        words = (
            ["-m", "pulumi.policy", *request.args, folder] if request.kind == "analyzer" else [folder, *request.args]
        )
        child = subprocess.Popen(
            [*_tied(python), "-u", *words],
            cwd=request.pwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(lambda: _end(child))
        yield from _output(child)
        yield language_pb2.RunPluginResponse(exitcode=child.wait())


def _output(child: "subprocess.Popen[bytes]") -> Iterator[Any]:
    messages: queue.Queue[Any] = queue.Queue()

    def pump(stream: IO[bytes], message: Callable[[bytes], Any]) -> None:
        while data := os.read(stream.fileno(), PIPE_BYTES):
            messages.put(message(data))
        messages.put(None)

    streams = (
        (child.stdout, lambda data: language_pb2.RunPluginResponse(stdout=data)),
        (child.stderr, lambda data: language_pb2.RunPluginResponse(stderr=data)),
    )
    for stream_and_message in streams:
        threading.Thread(target=pump, args=stream_and_message, daemon=True).start()
    for _ in streams:
        while (message := messages.get()) is not None:
            yield message


def _interpreter(info: Any) -> tuple[Path, dict[str, str]]:
    """The Python of the project's `virtualenv` option (else the host's own) and the environment to run it in."""
    environment = dict(os.environ)
    folder = json_format.MessageToDict(info.options).get("virtualenv")
    if not folder:
        return Path(sys.executable), environment
    venv = Path(info.root_directory, folder)
    path = os.pathsep.join([str(venv / "bin"), environment.get("PATH", "")])
    return venv / "bin/python", {**environment, "PATH": path, "VIRTUAL_ENV": str(venv)}


def _executor() -> str:
    found = shutil.which("pulumi-language-python-exec")
    if found is None:
        raise FileNotFoundError("pulumi-language-python-exec is not on PATH; run `make setup`")
    return found


def _tied(python: Path) -> list[str]:
    return [str(python), "-c", _TIED, str(python)]


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        child.terminate()


def _watch_parent(stop: threading.Event) -> None:
    """Ends the host when the engine is gone, on systems where the kernel does not."""
    parent = os.getppid()
    while not stop.wait(1.0):
        if os.getppid() != parent:
            stop.set()


def main() -> None:
    """Serves until the engine cancels or dies. The engine's own interrupt is for the engine to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=32), options=[("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES)]
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(sys.argv[-1], stop), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    _watch_parent(stop)
    server.stop(grace=0.5).wait()


if __name__ == "__main__":
    main()
