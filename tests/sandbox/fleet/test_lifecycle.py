"""Whatever is asked for in whatever order, what runs in the end is what was asked for last, and nothing else."""

import asyncio
import errno
import os
import random
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.fleet.container import Container
from sandbox.fleet.fleet import Fleet, FleetError
from tests.sandbox.fleet.conftest import Fleets
from tests.sandbox.fleet.harness import Harness, app, container, processes_with, revision, until

OWNER = """
import asyncio, sys
from pathlib import Path
from sandbox.fleet.fleet import Fleet
from tests.sandbox.fleet.harness import IMAGE, app, revision

async def main(image, logs, isolated):
    images, isolated = {IMAGE: Path(image)}, bool(isolated)
    fleet = Fleet(images, Path(logs), lambda event: print(event.kind, flush=True), isolated=isolated)
    await fleet.start()
    await fleet.apply(app(revision(env={"MARK": "owned-by-test", "PORT": "8000"}, min_replicas=2)))
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("isolated", ["yes", ""])
async def test_nothing_survives_kill_9_of_the_owner(fleets: Fleets, tmp_path: Path, isolated: str):
    """And a successor starts on the same folder at once, even while the rest is still dying."""
    async with fleets():
        pass  # Makes the image.
    owner = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        OWNER,
        str(tmp_path / "image"),
        str(tmp_path / "logs"),
        isolated,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert owner.stdout
    assert (await owner.stdout.readline()).strip() == b"RevisionReady"
    await until(lambda: len(processes_with("owned-by-test")) >= 2)
    owner.send_signal(signal.SIGKILL)
    await owner.wait()
    async with fleets() as successor:
        assert processes_with("owned-by-test") == []
        assert (await successor.who(await successor.run(app())))["revision"] == "app--one"


async def test_close_leaves_nothing(fleets: Fleets):
    """No process, no port, no temporary folder; and it may be called twice."""
    async with fleets() as harness:
        spec = await harness.run(app(revision(env={"MARK": "closed-by-test"}, min_replicas=2)))
        await harness.fleet.close()
        assert processes_with("closed-by-test") == []
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", spec.ingress_port)
        with pytest.raises(FleetError, match="not running"):
            await harness.fleet.apply(spec)


async def test_remove_while_starting(harness: Harness):
    """At any moment of a start; afterwards nothing of it runs, and it can be applied again."""
    for delay in (0, 0.01, 0.03, 0.06, 0.1, 0.2):
        spec = app(revision(env={"MARK": "removed-by-test"}))
        await harness.fleet.apply(spec)
        await asyncio.sleep(delay)
        await harness.fleet.remove(spec.app_id)
        assert processes_with("removed-by-test") == []
        assert harness.fleet.status(spec.app_id) is None


async def test_an_app_comes_back_on_its_port_while_its_predecessor_leaves(harness: Harness, tmp_path: Path):
    """Remove waits for the grace of a stubborn container; the same app need not."""
    env = {"NOTE_SIGTERM": str(tmp_path / "note"), "STUBBORN": "1", "MARK": "stubborn-of-test"}
    spec = await harness.run(app(revision(env=env, termination_grace_seconds=2)))
    leaving = asyncio.create_task(harness.fleet.remove(spec.app_id))
    await until(lambda: (tmp_path / "note").exists())
    await harness.run(replace(spec, revisions=(revision("app--two"),)))
    assert (await harness.who(spec))["revision"] == "app--two"
    assert not leaving.done()
    await leaving
    assert processes_with("stubborn-of-test") == []


async def test_any_order_of_applies_ends_at_the_newest(harness: Harness):
    """Fifty random specs of one app, some of them while others are still being carried out."""
    chance = random.Random(1)
    port = app().ingress_port
    for number in range(50):
        names = [f"app--r{number - back}" for back in range(chance.randint(0, 2), -1, -1)]
        revisions = tuple(
            revision(name, env={"MARK": "random-of-test"}, min_replicas=chance.randint(0, 2)) for name in names
        )
        spec = app(*revisions, ingress_port=chance.choice([port, None]), single=chance.random() < 0.7)
        await harness.fleet.apply(spec)
        if chance.random() < 0.3:
            await harness.fleet.restart(spec.app_id, names[-1])
        if chance.random() < 0.1:
            await harness.fleet.remove(spec.app_id)
        await asyncio.sleep(chance.choice([0, 0, 0.05, 0.2]))
    last = app(revision("app--last", env={"MARK": "random-of-test"}), ingress_port=port)
    await harness.run(last)
    assert (await harness.who(last))["revision"] == "app--last"
    (replica,) = harness.replicas(last)
    await until(lambda: len(processes_with("random-of-test")) == 1)
    assert harness.replicas(last)[0].name == replica.name


async def test_applying_again_changes_nothing(harness: Harness):
    """The same processes go on."""
    spec = await harness.run(app(revision(env={"MARK": "same-of-test"})))
    before = processes_with("same-of-test")
    for _ in range(5):
        await harness.fleet.apply(spec)
    await harness.who(spec)
    assert processes_with("same-of-test") == before


async def test_a_changed_container_is_used_by_the_next_replica(harness: Harness):
    """As a changed secret on the service: what runs goes on, a restart has it."""
    spec = await harness.run(app(revision(env={"KEY": "old"})))
    await harness.fleet.apply(replace(spec, revisions=(replace(revision(), container=container(env={"KEY": "new"})),)))
    assert (await harness.get(spec, "/environment")).json()["KEY"] == "old"
    await harness.fleet.restart(spec.app_id, "app--one")
    while (await harness.get(spec, "/environment")).json()["KEY"] != "new":
        await asyncio.sleep(0.01)


async def test_a_second_fleet_on_the_same_folder_is_refused(fleets: Fleets, monkeypatch, tmp_path: Path):
    """With what to do about it."""
    monkeypatch.setattr("sandbox.fleet.fleet._PREDECESSOR_SECONDS", 0.2)
    async with fleets():
        with pytest.raises(FleetError, match=r"another sandbox runs its apps with .*logs: stop it"):
            await Fleet({}, tmp_path / "logs", print).start()


async def test_unknown_apps_are_no_error(harness: Harness):
    """Status says None, remove and restart have nothing to do."""
    assert harness.fleet.status("/nowhere") is None
    await harness.fleet.remove("/nowhere")
    await harness.fleet.restart("/nowhere", "x")


@pytest.mark.parametrize("isolated", [True, False])
async def test_temporary_files_end_with_their_container(fleets: Fleets, isolated: bool):
    """Also with one that was killed and could not clean up; a restarted one finds nothing of them."""
    async with fleets(isolated=isolated) as harness:
        spec = await harness.run(app(revision(env={"PORT": "8000"})))
        made = (await harness.shell(spec, "mktemp"))["out"].strip()
        assert (await harness.shell(spec, f"test -f {made}"))["code"] == 0
        with suppress(httpx.HTTPError):
            await harness.post(spec, "/exit", content="137")
        await until(lambda: [replica.restart_count for replica in harness.replicas(spec)] == [1])
        await until(lambda: all(replica.ready for replica in harness.replicas(spec)))
        assert (await harness.shell(spec, f"test -f {made}"))["code"] == 1
    assert not Path(made).exists()


async def test_a_replica_that_the_sandbox_fails_to_start_is_tried_again(harness: Harness, monkeypatch):
    """Whatever went wrong, such as no file descriptor left: it is in the system log and does not end the replica."""
    start, failures = Container.start, iter([OSError(errno.EMFILE, "Too many open files"), ValueError("unforeseen")])

    async def failing(*arguments: Any) -> Container:
        for failure in failures:
            raise failure
        return await start(*arguments)

    monkeypatch.setattr(Container, "start", failing)
    spec = await harness.run(app())
    assert "Too many open files" in harness.system_log(spec)
    assert "unforeseen" in harness.system_log(spec)
    assert [replica.restart_count for replica in harness.replicas(spec)] == [2]
