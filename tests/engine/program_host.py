"""A language host that stays: it runs one program after another in this process, with every package imported once.

`python -m tests.engine.program_host` prints its port; an engine with `PULUMI_DEBUG_LANGUAGES=python:PORT` runs its
programs here. The project's own host starts a process for each, which takes two seconds.
"""

import importlib
import json
import os
import runpy
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

PRELOADED = ("stack.program", "stack.exports", "stack.settings")


class ProgramHost(LanguageServer):
    """Runs the `__main__.py` in the project's folder as the SDK runs a program, one at a time."""

    def __init__(self) -> None:
        super().__init__(lambda: None)
        self._alone = threading.Lock()

    def Handshake(self, request: Any, context: Any) -> Any:
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        return language_pb2.google_dot_protobuf_dot_empty__pb2.Empty()

    def Run(self, request: Any, context: Any) -> Any:
        with self._alone:
            os.chdir(request.pwd)
            os.environ["PULUMI_CONFIG"] = json.dumps(dict(request.config))
            os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
            self.program = lambda: runpy.run_path(request.pwd, run_name="__main__")
            # Where the SDK's own executor finds the engine's address on its command line, this base looks here.
            request.args[:] = [self._engine]
            done = super().Run(request, context)
            # By then the base has told the engine what went wrong; `bail` says so.
            return language_pb2.RunResponse(bail=True) if done.error else done


def main() -> None:
    for name in PRELOADED:
        importlib.import_module(name)
    server = grpc.server(ThreadPoolExecutor(8))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(ProgramHost(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    sys.stdin.read()  # ends with whoever started it


if __name__ == "__main__":
    main()
