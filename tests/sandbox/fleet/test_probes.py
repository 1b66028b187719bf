"""Each probe has the consequence that it has on the service."""

import asyncio
from itertools import pairwise

from sandbox.fleet.pace import Pace
from sandbox.fleet.spec import EventKind, Probe, ProbeKind
from tests.sandbox.fleet.harness import PACE, Harness, app, revision, until

LIVE = Probe(ProbeKind.LIVENESS, 8000, "/live", period_seconds=1, failure_threshold=2)
READY = Probe(ProbeKind.READINESS, 8000, "/ready", period_seconds=1, failure_threshold=1)


async def test_a_failed_liveness_probe_restarts_the_container(harness: Harness):
    """In the same replica, counted, and said in the system log."""
    spec = await harness.run(app(revision(probes=(LIVE,))))
    (before,) = harness.replicas(spec)
    await harness.post(spec, "/become", json={"healthy": False})
    await until(lambda: harness.replicas(spec)[0].restart_count == 1 and harness.replicas(spec)[0].ready)
    assert harness.replicas(spec)[0].name == before.name
    assert (await harness.get(spec, "/live")).status_code == 200
    assert "Container main failed liveness probe, will be restarted" in harness.system_log(spec)
    assert [event.kind for event in harness.events].count(EventKind.REPLICA_EXITED) == 1


async def test_a_failed_readiness_probe_takes_out_of_rotation_and_a_passed_one_back_in(harness: Harness):
    """The container goes on; the other replica gets all requests meanwhile."""
    spec = await harness.run(app(revision(probes=(READY,), min_replicas=2)))
    await until(lambda: all(replica.ready for replica in harness.replicas(spec)))
    out = (await harness.who(spec))["replica"]
    await _become(harness, spec, out, {"ready": False})
    await until(lambda: [replica.name for replica in harness.replicas(spec) if not replica.ready] == [out])
    assert {(await harness.who(spec))["replica"] for _ in range(6)} == {
        replica.name for replica in harness.replicas(spec) if replica.ready
    }
    assert harness.status(spec).revisions[0].running_state == "Degraded"
    assert all(replica.restart_count == 0 for replica in harness.replicas(spec))


async def test_without_a_ready_replica_a_request_waits_briefly(harness: Harness):
    """It is answered if one comes back in time, otherwise refused with the reason; nothing is restarted."""
    spec = await harness.run(app(revision(probes=(READY,))))
    await harness.post(spec, "/become", json={"ready": False, "seconds": 1.1})
    await until(lambda: not harness.replicas(spec)[0].ready)
    assert (await harness.get(spec, "/who")).status_code == 200
    await harness.post(spec, "/become", json={"ready": False})
    await until(lambda: not harness.replicas(spec)[0].ready)
    refused = await harness.get(spec, "/who")
    assert refused.status_code == 503
    assert "Readiness probe of port 8000 at /ready answered 503" in refused.text
    assert harness.replicas(spec)[0].restart_count == 0


async def test_the_startup_probe_gates_the_others(harness: Harness):
    """While it fails the container is not started and its failing liveness probe has no say."""
    startup = Probe(ProbeKind.STARTUP, 8000, "/ready", period_seconds=1, failure_threshold=30)
    dead = Probe(ProbeKind.LIVENESS, 8000, "/never-there", period_seconds=1, failure_threshold=1)
    spec = app(revision(probes=(startup, dead), env={"UNREADY": "1"}))
    await harness.fleet.apply(spec)
    await until(lambda: harness.system_log(spec).count("Startup probe of port 8000 at /ready answered 503") >= 2)
    (replica,) = harness.replicas(spec)
    assert (replica.started, replica.ready, replica.restart_count) == (False, False, 0)
    assert "/never-there" not in harness.system_log(spec)


async def test_a_failed_startup_probe_restarts_the_container(harness: Harness):
    """The revision is reported as failed while it goes on trying."""
    startup = Probe(ProbeKind.STARTUP, 8000, "/ready", period_seconds=1, failure_threshold=1)
    spec = app(revision(probes=(startup,), env={"UNREADY": "1"}))
    await harness.fleet.apply(spec)
    # Refused while the server comes up counts as well, so the first run may end by that.
    await until(lambda: harness.status(spec).revisions[0].running_state == "Failed")
    assert "failed startup probe" in harness.status(spec).revisions[0].details


async def test_without_probes_the_port_decides(harness: Harness):
    """A container that runs but does not listen is not ready."""
    spec = app(revision(command=("sleep", "1000")))
    await harness.fleet.apply(spec)
    await until(lambda: "ProbeFailed" in harness.system_log(spec))
    (replica,) = harness.replicas(spec)
    assert (replica.running_state, replica.ready) == ("Running", False)
    assert harness.status(spec).revisions[0].running_state == "Processing"


async def test_without_ingress_running_is_ready(harness: Harness):
    """There is no port to ask."""
    spec = await harness.run(app(revision(command=("sleep", "1000")), target_port=None, ingress_port=None))
    assert harness.status(spec).revisions[0].running_state == "Running"


async def test_a_hanging_check_fails_after_its_timeout(harness: Harness):
    """A server that accepts and says nothing is not healthy."""
    startup = Probe(ProbeKind.STARTUP, 8000, "/held", period_seconds=1, timeout_seconds=1)
    spec = app(revision(probes=(startup,)))
    await harness.fleet.apply(spec)
    await until(lambda: "Startup probe of port 8000 at /held had no answer within 1 s" in harness.system_log(spec))


async def test_a_crash_is_restarted_at_once_then_with_growing_pauses(fleets):
    """0, 0.4, 0.8, 0.8 (the cap) seconds here; 0, 10, 20, ... 300 by default."""
    async with fleets() as harness:
        spec = app(revision(env={"EXIT": "3"}))
        loop = asyncio.get_running_loop()
        await harness.fleet.apply(spec)
        times = []
        for count in range(5):
            await until(lambda count=count: harness.replicas(spec)[0].restart_count >= count)
            times.append(loop.time())
        pauses = [after - before for before, after in pairwise(times[1:])]
        assert [pause >= least for pause, least in zip(pauses, (0.4, 0.8, 0.8), strict=True)] == [True] * 3
        assert pauses[2] < 0.8 + PACE.crash_back_off_cap
        (status,) = harness.status(spec).revisions
        assert (status.running_state, status.health_state) == ("Failed", "Unhealthy")
        assert "Container main exited with code 3" in status.details


async def test_a_stable_run_ends_the_back_off(fleets):
    """The next crash is restarted at once again."""
    pace = Pace(crash_back_off=100, stable_run=0.2)
    async with fleets(pace=pace) as harness:
        spec = await harness.run(app())
        for count in (1, 2, 3):
            await asyncio.sleep(pace.stable_run)
            await _exit(harness, spec)
            await until(lambda count=count: harness.replicas(spec)[0].restart_count == count)
            await until(lambda: harness.replicas(spec)[0].ready)


async def _exit(harness, spec):
    # The server ends before it answers.
    assert (await harness.post(spec, "/exit", content="1")).status_code == 503


async def _become(harness, spec, replica, state):
    """Tells one replica of several; requests alternate between those that are equally busy."""
    for _ in range(10):
        if (await harness.who(spec))["replica"] != replica:
            await harness.post(spec, "/become", json=state)
            return
    raise AssertionError(f"{replica} gets all requests")
