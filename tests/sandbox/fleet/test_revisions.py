"""A new revision takes over when it is ready, without a failed request; weights are kept."""

import asyncio
from collections import Counter
from dataclasses import replace

from sandbox.fleet.spec import EventKind, Probe, ProbeKind, TrafficWeight
from tests.sandbox.fleet.harness import Harness, app, processes_with, revision, until


async def test_take_over_without_a_failed_request(harness: Harness):
    """Under constant load the answers change from the old revision to the new, and each request is answered."""
    spec = await harness.run(app(revision(env={"MARK": "first-of-take-over"})))
    seen: list[str] = []
    done = asyncio.Event()

    async def load():
        while not done.is_set():
            answer = await harness.get(spec, "/who")
            assert answer.status_code == 200, answer.text
            seen.append(answer.json()["revision"])

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(load())
        await until(lambda: len(seen) > 20)
        await harness.run(replace(spec, revisions=(*spec.revisions, revision("app--two"))))
        await until(lambda: seen[-20:] == ["app--two"] * 20 and len(seen) > 60)
        await until(lambda: any(event.kind is EventKind.REVISION_REPLACED for event in harness.events))
        done.set()
    assert set(seen) == {"app--one", "app--two"}
    assert [(event.kind, event.revision) for event in harness.events] == [
        (EventKind.REVISION_READY, "app--one"),
        (EventKind.REVISION_READY, "app--two"),
        (EventKind.REVISION_REPLACED, "app--one"),
    ]
    assert processes_with("first-of-take-over") == []


async def test_a_request_under_way_finishes_on_the_old_revision(harness: Harness):
    """The old replica ends only after its answer."""
    spec = await harness.run(app())
    (old,) = harness.replicas(spec)
    slow = asyncio.create_task(harness.get(spec, "/slow?1.5"))
    while (await harness.get(spec, "/state")).json()["slow"] != 1:
        await asyncio.sleep(0.01)
    await harness.run(replace(spec, revisions=(*spec.revisions, revision("app--two"))))
    assert (await harness.who(spec))["revision"] == "app--two"
    assert not slow.done()
    assert (await slow).json()["replica"] == old.name


async def test_a_revision_that_never_gets_ready_leaves_the_old_serving(harness: Harness):
    """The broken one is Failed, the old one gets the requests, nothing was replaced."""
    spec = await harness.run(app())
    broken = replace(spec, revisions=(*spec.revisions, revision("app--two", env={"EXIT": "1"})))
    await harness.fleet.apply(broken)
    await until(lambda: harness.status(spec).revisions[1].running_state == "Failed")
    assert (await harness.who(spec))["revision"] == "app--one"
    assert harness.status(spec).latest_ready == "app--one"
    # A third one that works takes over from the first, and the second ends too.
    await harness.run(replace(broken, revisions=(*broken.revisions, revision("app--three"))))
    await until(lambda: [each.name for each in harness.status(spec).revisions] == ["app--three"])
    await until(lambda: len(harness.events) == 4 + sum(e.kind is EventKind.REPLICA_EXITED for e in harness.events))


async def test_a_replaced_revision_is_not_started_again(harness: Harness):
    """Also when the spec that still names it is applied once more."""
    spec = await harness.run(app())
    both = await harness.run(replace(spec, revisions=(*spec.revisions, revision("app--two"))))
    await until(lambda: len(harness.events) == 3)
    await harness.fleet.apply(both)
    await harness.who(spec)
    assert [each.name for each in harness.status(spec).revisions] == ["app--two"]


async def test_weights_are_kept_to(harness: Harness):
    """In multiple mode, over a hundred requests exactly; a revision without weight gets none."""
    revisions = tuple(revision(f"app--{name}") for name in ("one", "two", "three"))
    traffic = (TrafficWeight("app--one", 30), TrafficWeight(None, 70))
    spec = app(*revisions, single=False, traffic=traffic)
    await harness.fleet.apply(spec)
    await until(lambda: all(each.running_state == "Running" for each in harness.status(spec).revisions))
    seen = Counter([(await harness.who(spec))["revision"] for _ in range(100)])
    assert seen == {"app--one": 30, "app--three": 70}


async def test_a_restart_serves_on(harness: Harness):
    """Each replica is replaced by one of another name; no request fails meanwhile."""
    spec = await harness.run(app())
    (before,) = harness.replicas(spec)
    await harness.fleet.restart(spec.app_id, "app--one")
    while (await harness.who(spec))["replica"] == before.name:
        await asyncio.sleep(0.01)
    await until(lambda: len(harness.replicas(spec)) == 1)
    assert harness.replicas(spec)[0].restart_count == 0


async def test_sigterm_grace_and_then_sigkill(harness: Harness, tmp_path):
    """A handler gets SIGTERM and the grace; who does not end by then is killed."""
    for name, changes in {"polite": {}, "stubborn": {"STUBBORN": "1"}}.items():
        note = tmp_path / name
        env = {"NOTE_SIGTERM": str(note), "MARK": f"{name}-of-test", **changes}
        spec = await harness.run(app(revision(f"{name}--one", env=env, termination_grace_seconds=1), name=name))
        began = asyncio.get_running_loop().time()
        await harness.fleet.remove(spec.app_id)
        took = asyncio.get_running_loop().time() - began
        assert note.read_text() == "SIGTERM\n"
        assert (took >= 1) == (name == "stubborn")
        assert processes_with(f"{name}-of-test") == []


async def test_a_deactivated_revision_ends(harness: Harness):
    """A spec without it is enough."""
    first, second = revision(), revision("app--two")
    spec = app(first, second, single=False, traffic=(TrafficWeight("app--one", 100),))
    await harness.run(spec)
    await harness.fleet.apply(replace(spec, revisions=(first,)))
    await until(lambda: "Deactivated revision app--two" in harness.system_log(spec))
    assert [each.name for each in harness.status(spec).revisions] == ["app--one"]


async def test_a_revision_is_ready_only_by_its_probe(harness: Harness):
    """Listening is not enough to take over when there is a readiness probe."""
    spec = await harness.run(app())
    unready = revision("app--two", env={"UNREADY": "1"}, probes=(Probe(ProbeKind.READINESS, 8000, "/ready"),))
    await harness.fleet.apply(replace(spec, revisions=(*spec.revisions, unready)))
    await until(lambda: "Readiness probe of port 8000 at /ready answered 503" in harness.system_log(spec))
    assert (await harness.who(spec))["revision"] == "app--one"
