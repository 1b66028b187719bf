"""The SDK's server of dynamic resources as a provider that stays, and that engines attach to.

`python -m tests.engine.dynamic_provider` prints its port, for `PULUMI_DEBUG_PROVIDERS=pulumi-python:PORT`. The engine
otherwise starts one for each run, which takes a second.
"""

import runpy
import sys
import threading
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc


def _attach(self: Any, request: Any, context: Any) -> Any:
    """What the SDK's server lacks to be attached to."""
    return empty_pb2.Empty()


if __name__ == "__main__":
    provider_pb2_grpc.ResourceProviderServicer.Attach = _attach
    threading.Thread(target=lambda: runpy.run_module("pulumi.dynamic", run_name="__main__"), daemon=True).start()
    sys.stdin.read()  # ends with whoever started it
