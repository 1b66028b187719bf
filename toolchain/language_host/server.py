"""The server around the calls, and its end: with the engine, whatever ends that."""

import os
import signal
from concurrent import futures
from pathlib import Path
from types import FrameType
from typing import Final

import grpc

from toolchain import leash
from toolchain.language_host.host import LanguageHost
from toolchain.language_host.stubs import language_pb2_grpc

MAX_MESSAGE_BYTES: Final = 400 * 1024 * 1024
"""The engine's own limit."""


def serve(executor: Path, engine: str) -> None:
    """Serves on a free port of the loopback, printed as the first line, until the engine interrupts or dies."""
    leash.lead_group()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _end_quietly)
    server = grpc.server(futures.ThreadPoolExecutor(), options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)])
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(executor, engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    leash.end_with_holder()


def _end_quietly(number: int, frame: FrameType | None) -> None:
    """Ends programs that still run, then the host; the engine waits for nothing more."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    os._exit(0)
