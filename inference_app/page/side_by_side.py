"""Two answers at once, piece by piece in the order in which they come."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

from inference_app.page.conversation import Answer


async def side_by_side(answers: Sequence[AsyncGenerator[Answer, None]]) -> AsyncGenerator[tuple[int, Answer], None]:
    """Each answer's states with its number. Closing it closes them all."""
    arrived: asyncio.Queue[tuple[int, Answer] | None] = asyncio.Queue()

    async def follow(number: int, answer: AsyncGenerator[Answer, None]) -> None:
        try:
            async for state in answer:
                arrived.put_nowait((number, state))
        finally:
            arrived.put_nowait(None)
            await answer.aclose()

    tasks = [asyncio.create_task(follow(number, answer)) for number, answer in enumerate(answers)]
    try:
        running = len(tasks)
        while running:
            state = await arrived.get()
            if state is None:
                running -= 1
            else:
                yield state
        for task in tasks:
            await task  # an error that nobody has made a message of
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
