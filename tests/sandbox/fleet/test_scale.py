"""Replicas follow the load: none without requests, more with many."""

import asyncio

import httpx

from tests.sandbox.fleet.harness import PACE, Harness, app, revision, until


async def test_a_fresh_revision_starts_one_replica_and_goes_to_zero(harness: Harness):
    """It must show that it works; without requests for the cool-down nothing is left."""
    spec = await harness.run(app(revision(min_replicas=0, cooldown_seconds=1)))
    assert len(harness.replicas(spec)) == 1
    await until(lambda: not harness.replicas(spec))
    (status,) = harness.status(spec).revisions
    assert (status.running_state, status.health_state) == ("Running", "Healthy")
    assert "Scaled to zero" in status.details


async def test_a_request_wakes_a_revision_and_is_held(harness: Harness):
    """Several at once start one replica, and all are answered by it; then it goes to zero again."""
    spec = await harness.run(app(revision(min_replicas=0, cooldown_seconds=1)))
    for _ in range(2):
        await until(lambda: not harness.replicas(spec))
        answers = await asyncio.gather(*(harness.who(spec) for _ in range(5)))
        assert len({answer["replica"] for answer in answers}) == 1


async def test_a_request_keeps_its_replica(harness: Harness):
    """One that takes longer than the cool-down is not cut off."""
    spec = await harness.run(app(revision(min_replicas=0, cooldown_seconds=1)))
    assert (await harness.get(spec, "/slow?2.5")).status_code == 200


async def test_a_revision_that_cannot_wake_says_so(fleets):
    """After a bounded time, with the reason."""
    async with fleets(pace=PACE.__class__(cold_start_hold=1, crash_back_off=0.2)) as harness:
        first = revision(min_replicas=0, cooldown_seconds=1, image="soon-gone:1")
        harness.images["soon-gone:1"] = next(iter(harness.images.values()))
        spec = await harness.run(app(first))
        await until(lambda: not harness.replicas(spec))
        del harness.images["soon-gone:1"]
        answer = await harness.get(spec, "/who")
        assert answer.status_code == 503
        assert "no replica of revision app--one became ready within 1 s" in answer.text
        assert "'soon-gone:1' is not to be had" in answer.text


async def test_a_client_that_gives_up_waiting_is_forgotten(harness: Harness):
    """Nothing counts it any more."""
    spec = app(revision(command=("sleep", "1000")))
    await harness.fleet.apply(spec)
    await until(lambda: "IngressListening" in harness.system_log(spec))
    waiting = asyncio.create_task(harness.get(spec, "/who"))
    app_running = harness.fleet._apps[spec.app_id]
    await until(lambda: app_running._revisions["app--one"].waiting == 1)
    waiting.cancel()
    await until(lambda: app_running._revisions["app--one"].waiting == 0)


async def test_many_requests_get_more_replicas(harness: Harness):
    """One for each ten at the same time, at most the maximum; fewer again after the cool-down."""
    spec = await harness.run(app(revision(max_replicas=3, cooldown_seconds=1)))
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=30, trust_env=False) as client, asyncio.TaskGroup() as group:
        url = f"http://127.0.0.1:{spec.ingress_port}/slow?1.5"
        first = [group.create_task(client.get(url)) for _ in range(15)]
        await until(lambda: sum(replica.ready for replica in harness.replicas(spec)) == 2)
        more = [group.create_task(client.get(url)) for _ in range(40)]
        await until(lambda: len(harness.replicas(spec)) == 3)
    assert [task.result().status_code for task in first + more] == [200] * 55
    await until(lambda: len(harness.replicas(spec)) == 1)
