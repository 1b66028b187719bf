"""The gRPC stubs out of the `pulumi` package, without importing the SDK around them.

The SDK's import costs half a second, and the engine starts the host more than once per command.
"""

import importlib.util
import sys
import types
from pathlib import Path


def _empty_package(name: str, folder: Path) -> None:
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package


_spec = importlib.util.find_spec("pulumi")
if _spec is None or _spec.origin is None:
    raise ImportError("the pulumi package is not installed in this virtual environment: run `make setup`")
_folder = Path(_spec.origin).parent
_empty_package("pulumi", _folder)
_empty_package("pulumi.runtime", _folder / "runtime")

from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2  # noqa: E402

__all__ = ["language_pb2", "language_pb2_grpc", "plugin_pb2"]
