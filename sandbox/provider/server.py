"""The gRPC server that the engine attaches to."""

import os
import weakref
from collections.abc import Mapping
from concurrent import futures
from typing import Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.provider.servicer import Provider

WORKERS: Final = 32
MESSAGE_LIMIT_BYTES: Final = 400 << 20


def serve(port: int, environment: Mapping[str, str] | None = None) -> grpc.Server:
    """Starts the stand-in on 127.0.0.1 and returns its server; `environment` is what names the sandbox.

    Raises:
        RuntimeError: the port is taken.
    """
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=WORKERS),
        options=[("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES), ("grpc.so_reuseport", 0)],
    )
    provider = Provider(os.environ if environment is None else environment)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    weakref.finalize(server, provider.close)  # whoever stops a server knows nothing of connections to ARM
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server
