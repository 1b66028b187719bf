"""A download that nobody waits for any more leaves no open file."""

import os
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from sandbox.files.file_requests import Download

SCOPE = {"type": "http", "asgi": {"spec_version": "2.4"}}


@pytest.mark.parametrize("messages", [0, 1, 2])
async def test_a_client_that_leaves_early_leaves_no_open_file(tmp_path: Path, messages: int) -> None:
    (tmp_path / "file").write_bytes(bytes(4_000_000))
    file = os.open(tmp_path / "file", os.O_RDONLY)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        if len(sent) == messages:
            raise OSError("the client has left")
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is to be received")

    with pytest.raises(ClientDisconnect):
        await Download(file, 0, 4_000_000, 200, {})(SCOPE, receive, send)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(file)
