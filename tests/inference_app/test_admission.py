"""Places and the queue: bounded, fair between models, and nothing is lost when somebody leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_app.admission import MAX_RETRY_AFTER_SECONDS, Admission
from inference_app.errors import OverloadedError

SHORT_SECONDS = 0.05
TIMEOUT_SECONDS = 30.0


class Crowd:
    """Requests that hold their place until they are told to go."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.admitted: list[str] = []
        self._leave: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str, model: str) -> None:
        self._leave[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._stay(name, model))
        await asyncio.sleep(0)

    async def go(self, name: str) -> None:
        self._leave[name].set()
        await self._tasks[name]
        await asyncio.sleep(0)

    async def until_admitted(self, name: str) -> None:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while name not in self.admitted:
                await asyncio.sleep(0.005)

    async def give_up(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)

    async def _stay(self, name: str, model: str) -> None:
        async with self.admission.place(model):
            self.admitted.append(name)
            await self._leave[name].wait()


@asynccontextmanager
async def full(admission: Admission, count: int, model: str = "base") -> AsyncIterator[AsyncExitStack]:
    """All places taken."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(admission.place(model))
        yield stack


async def test_first_come_first_served_within_a_model() -> None:
    crowd = Crowd(Admission(1, 10))
    for name in ("a", "b", "c"):
        await crowd.come(name, "base")
    await crowd.go("a")
    await crowd.go("b")
    assert crowd.admitted == ["a", "b", "c"]


async def test_a_flood_for_one_model_does_not_keep_another_waiting() -> None:
    """Ten wait for the base; whoever then comes for the adapter is next."""
    crowd = Crowd(Admission(2, 20))
    for number in range(12):
        await crowd.come(f"base{number}", "base")
    await crowd.come("tone0", "tone")
    await crowd.come("tone1", "tone")
    await crowd.go("base0")
    assert crowd.admitted[-1] == "tone0"
    await crowd.go("base1")  # one place each now: the base has waited longer
    assert crowd.admitted[-1] == "base2"
    await crowd.go("tone0")
    assert crowd.admitted[-1] == "tone1"


async def test_a_full_queue_says_when_to_come_again() -> None:
    admission = Admission(1, 1)
    async with full(admission, 1):
        crowd = Crowd(admission)
        await crowd.come("waits", "base")
        with pytest.raises(OverloadedError) as caught:
            async with admission.place("base"):
                raise AssertionError("let in")
        assert caught.value.retry_after_seconds is not None
        assert 1 <= caught.value.retry_after_seconds <= MAX_RETRY_AFTER_SECONDS
    await crowd.go("waits")


async def test_a_queue_full_of_others_does_not_shut_a_model_out() -> None:
    admission = Admission(1, 1)
    async with full(admission, 1):
        crowd = Crowd(admission)
        await crowd.come("base", "base")
        await crowd.come("tone", "tone")
        assert admission.waiting == 2
        with pytest.raises(OverloadedError):
            async with admission.place("tone"):
                raise AssertionError("let in")
    await crowd.go("tone")
    await crowd.go("base")


async def test_a_queue_of_length_zero_lets_nobody_wait() -> None:
    admission = Admission(1, 0)
    async with full(admission, 1):
        with pytest.raises(OverloadedError):
            async with admission.place("tone"):
                raise AssertionError("let in")


async def test_a_deadline_ends_the_waiting_and_frees_the_turn() -> None:
    admission = Admission(1, 5)
    async with full(admission, 1):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02), admission.place("base"):
                raise AssertionError("let in")
        assert admission.waiting == 0
    assert admission.running == 0


async def test_a_turn_that_comes_in_the_moment_of_leaving_is_handed_on() -> None:
    admission = Admission(1, 5)
    crowd = Crowd(admission)
    async with full(admission, 1):
        for name in ("b", "c"):
            await crowd.come(name, "base")
    crowd._tasks["b"].cancel()  # it has its turn now, but has not run yet
    await asyncio.gather(crowd._tasks["b"], return_exceptions=True)
    await asyncio.sleep(0)
    assert crowd.admitted == ["c"]
    await crowd.go("c")
    assert (admission.running, admission.waiting) == (0, 0)


async def test_whoever_leaves_before_the_turn_is_skipped() -> None:
    admission = Admission(1, 5)
    crowd = Crowd(admission)
    for name in ("a", "b", "c"):
        await crowd.come(name, "base")
    crowd._tasks["b"].cancel()  # and has not run yet when a leaves
    await crowd.go("a")
    assert crowd.admitted == ["a", "c"]
    await crowd.go("c")
    assert (admission.running, admission.waiting) == (0, 0)


Steps = st.lists(st.tuples(st.sampled_from(["come", "go", "give_up"]), st.integers(0, 30)), max_size=60)


@given(steps=Steps, parallel=st.integers(1, 3), limit=st.integers(0, 5))
@settings(deadline=None, max_examples=150)
def test_whatever_happens_no_place_is_lost_and_none_is_given_twice(
    steps: list[tuple[str, int]], parallel: int, limit: int
) -> None:
    async def play() -> None:
        admission = Admission(parallel, limit)
        crowd = Crowd(admission)
        for number, (step, choice) in enumerate(steps):
            present = [name for name, task in crowd._tasks.items() if not task.done()]
            if step == "come":
                await crowd.come(str(number), "base" if choice % 3 else "tone")
            elif present:
                name = present[choice % len(present)]
                if step == "go" and name in crowd.admitted:
                    await crowd.go(name)
                else:
                    await crowd.give_up(name)
            await asyncio.sleep(0)
            assert admission.running <= parallel
            assert admission.waiting <= limit + 2
            assert admission.running == parallel or admission.waiting == 0, "a place is free and somebody waits"
        for name, task in crowd._tasks.items():
            if not task.done():
                await crowd.give_up(name)
        await asyncio.gather(*crowd._tasks.values(), return_exceptions=True)
        assert (admission.running, admission.waiting) == (0, 0)

    asyncio.run(play())


def grouping(parallel: int) -> Crowd:
    return Crowd(Admission(parallel, 20, groups=lambda: True))


async def test_answers_of_one_model_are_drawn_together_where_mixing_costs() -> None:
    crowd = grouping(4)
    for number in range(3):
        await crowd.come(f"base {number}", "base")
        await crowd.come(f"tone {number}", "tone")
    assert crowd.admitted == ["base 0", "base 1", "base 2"]
    for number in range(3):
        await crowd.go(f"base {number}")
    assert crowd.admitted[3:] == ["tone 0", "tone 1", "tone 2"]


async def test_a_group_keeps_others_waiting_only_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # The clock stands still until it is moved: a machine that stalls cannot let a group's time run out.
    now = 100.0
    monkeypatch.setattr("inference_app.admission.time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr("inference_app.admission.GROUP_SECONDS_EACH", SHORT_SECONDS)
    crowd = grouping(4)
    await crowd.come("base 0", "base")
    await crowd.come("tone 0", "tone")
    await asyncio.sleep(2 * SHORT_SECONDS)
    assert crowd.admitted == ["base 0"]
    now += SHORT_SECONDS
    await crowd.until_admitted("tone 0")
    # Whoever was first comes no further in before the other's time.
    await crowd.come("base 1", "base")
    await asyncio.sleep(2 * SHORT_SECONDS)
    assert "base 1" not in crowd.admitted
    now += SHORT_SECONDS
    await crowd.until_admitted("base 1")


@given(st.lists(st.tuples(st.sampled_from(["come", "go", "give up"]), st.sampled_from("abc")), max_size=40))
@settings(max_examples=60, deadline=None)
def test_nobody_is_forgotten_in_groups(events: list[tuple[str, str]]) -> None:
    """Whoever has come and not gone has a place in the end, as far as there are places."""

    async def play() -> None:
        crowd, there = grouping(3), dict[str, str]()
        for number, (what, model) in enumerate(events):
            if what == "come":
                there[f"{model}{number}"] = model
                await crowd.come(f"{model}{number}", model)
            elif there and (name := next((n for n in there if n in crowd.admitted), None)) and what == "go":
                await crowd.go(name)
                del there[name]
            elif there and what == "give up" and (name := next((n for n in there if n not in crowd.admitted), None)):
                await crowd.give_up(name)
                del there[name]
        while there:
            async with asyncio.timeout(20):
                while not (inside := [name for name in there if name in crowd.admitted]):
                    await asyncio.sleep(0.005)
            await crowd.go(inside[0])
            del there[inside[0]]
        assert crowd.admission.running == crowd.admission.waiting == 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inference_app.admission.GROUP_SECONDS_EACH", 0.01)
        asyncio.run(play())
