"""This process as a client of one sandbox: several tests of a process may each have a sandbox of their own."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

import pytest

_VARIABLES: Final = ("ARM_", "AZURE_", "IDENTITY_", "MSI_")


@contextmanager
def signed_in(environment: Mapping[str, str]) -> Generator[None]:
    """Sets what the sandbox's clients read and nothing else of Azure; everything is as before in the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(_VARIABLES)]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield
