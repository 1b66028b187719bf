"""Where there are no namespaces: the same apps as plain processes, and honest about it."""

from pathlib import Path, PurePosixPath

import pytest

from sandbox.fleet.app import PLAIN_NOTICE
from sandbox.fleet.image import translate
from sandbox.fleet.spec import Mount
from tests.sandbox.fleet.conftest import Fleets
from tests.sandbox.fleet.harness import app, container, processes_with, revision, until


@pytest.fixture
async def plain(fleets: Fleets):
    async with fleets(isolated=False) as harness:
        yield harness


async def test_mount_paths_are_translated(plain, tmp_path: Path):
    """In args and environment; said in the system log and the status."""
    share = tmp_path / "share"
    share.mkdir()
    (share / "a.txt").write_text("from outside")
    mounts = (Mount(share, PurePosixPath("/mount")),)
    spec = await plain.run(app(revision(mounts=mounts, env={"DATA": "/mount/a.txt", "PORT": "8000"})))
    assert (await plain.shell(spec, "cat $DATA"))["out"] == "from outside"
    assert plain.status(spec).details == PLAIN_NOTICE
    assert plain.system_log(spec).count("NamespacesUnavailable") == 1


async def test_replicas_get_ports_of_their_own(plain):
    """Two replicas, and a revision that takes over, if the port is in the environment or the command."""
    spec = await plain.run(app(revision(env={"PORT": "8000"}, min_replicas=2)))
    await until(lambda: all(replica.ready for replica in plain.replicas(spec)))
    assert len({(await plain.who(spec))["replica"] for _ in range(10)}) == 2


async def test_a_replica_takes_its_descendants_along(plain):
    """Those of its process group."""
    spec = await plain.run(app(revision(env={"PORT": "8000", "MARK": "plain-of-test"})))
    await plain.shell(spec, "sleep 1000 >/dev/null 2>&1 < /dev/null &")
    await until(lambda: len(processes_with("plain-of-test")) == 2)
    await plain.fleet.remove(spec.app_id)
    assert processes_with("plain-of-test") == []


def test_only_whole_paths_and_ports_are_translated(tmp_path: Path):
    """/mount, not /mounted or /data/mount; 8000, not 18000 or 8000.5."""
    spec = container(
        command=("serve", "/mount", "--model=/mount/base", "/mounted", "/data/mount"),
        args=("--port", "8000", "0.0.0.0:8000", "18000", "8000.5"),
        mounts=(Mount(tmp_path, PurePosixPath("/mount")),),
    )
    plain = translate(spec, 8000, tmp_path)
    port = str(plain.ports[8000])
    assert plain.spec.command == ("serve", f"{tmp_path}", f"--model={tmp_path}/base", "/mounted", "/data/mount")
    assert plain.spec.args == ("--port", port, f"0.0.0.0:{port}", "18000", "8000.5")
