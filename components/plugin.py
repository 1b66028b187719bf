"""What the dynamic resources of this library have in common: how their plugin process tells an error.

Pulumi's server for them (pulumi/dynamic/__main__.py) answers every exception with its whole traceback. For what is
foreseen, such as a share that cannot be reached, the message says all that a person can use.
"""

import functools
import inspect
import sys
import traceback
from collections.abc import Callable
from typing import Concatenate, Final, ParamSpec, TypeVar

from pulumi.dynamic import ResourceProvider

from operations.errors import OperationError

_Provider = TypeVar("_Provider", bound=ResourceProvider)
_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")
_SERVER: Final = "DynamicResourceProviderServicer"
"""By which the server's module is known: it runs as `__main__`."""


def told(
    work: Callable[Concatenate[_Provider, _Arguments], _Answer],
) -> Callable[Concatenate[_Provider, _Arguments], _Answer]:
    """Of a foreseen error of a provider only the message goes on; of any other the whole traceback."""

    @functools.wraps(work)
    def telling(provider: _Provider, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Answer:
        frame = inspect.currentframe()
        caller = frame.f_back.f_globals if frame and frame.f_back else {}
        if _SERVER in caller:
            caller["traceback"] = _Told
        return work(provider, *args, **kwargs)

    return telling


class _Told:
    """Stands for the module `traceback` where the server asks it for the answer to an exception."""

    @staticmethod
    def format_exc() -> str:
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, OperationError) else traceback.format_exc()
