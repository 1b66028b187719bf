"""What replicas print and what happens to them can be read afterwards and followed."""

import asyncio
import json

from sandbox.fleet import logs
from sandbox.fleet.logs import AppLogs, console_log, read_log, system_log
from tests.sandbox.fleet.harness import Harness, app, revision, until

APP_ID = "/subscriptions/s/resourcegroups/g/providers/microsoft.app/containerapps/app"


async def test_both_streams_are_kept_by_line(harness: Harness):
    """With time, replica, revision and stream, and kept after the replica is gone."""
    spec = await harness.run(app(revision(env={"SAY": "grüße\nsecond line"})))
    (replica,) = harness.replicas(spec)
    await harness.fleet.remove(spec.app_id)
    lines = [json.loads(line) async for line in read_log(console_log(harness.log_dir, spec.app_id, replica.name))]
    said = {(line["stream"], line["line"]) for line in lines}
    assert {(stream, text) for stream in ("stdout", "stderr") for text in ("grüße", "second line")} <= said
    assert all(line["replica"] == replica.name and line["revision"] == "app--one" for line in lines)
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)


async def test_a_long_line_is_cut_and_a_last_one_without_end_is_kept(harness: Harness):
    """No byte is lost, none is waited for."""
    text = "x" * 100_000
    spec = app(
        revision(command=("sh", "-c", f"printf %s {text}; echo written >&2; exec sleep 1000")),
        target_port=None,
        ingress_port=None,
    )
    await harness.run(spec)
    (replica,) = harness.replicas(spec)
    path = console_log(harness.log_dir, spec.app_id, replica.name)
    await until(lambda: path.exists() and "written" in path.read_text())
    await harness.fleet.remove(spec.app_id)
    records = [json.loads(line) async for line in read_log(path)]
    lines = [record["line"] for record in records if record["stream"] == "stdout"]
    assert "".join(lines) == text
    assert max(map(len, lines)) <= logs.LINE_BYTES


async def test_system_events_have_reasons_and_counts(harness: Harness):
    """What happened to a crashing app can be told from the log alone."""
    spec = app(revision(env={"EXIT": "3"}))
    await harness.fleet.apply(spec)
    await until(lambda: harness.replicas(spec)[0].restart_count >= 2)
    events = [json.loads(line) async for line in read_log(system_log(harness.log_dir, spec.app_id))]
    crashes = [event for event in events if event["reason"] == "ContainerCrashed"]
    assert [event["count"] for event in crashes] == list(range(1, len(crashes) + 1))
    assert crashes[0]["message"] == "Container main exited with code 3"
    assert crashes[0]["type"] == "Warning"
    assert {"RevisionCreated", "ReplicaCreated", "ContainerStarted", "ContainerBackOff"} <= {
        e["reason"] for e in events
    }


async def test_following_sees_every_line_once_over_rotations(tmp_path, monkeypatch):
    """Files stay bounded; a follower misses nothing that is written between two of its looks and one rotation."""
    monkeypatch.setattr(logs, "ROTATE_BYTES", 2000)
    written = AppLogs(tmp_path, APP_ID)
    seen: list[str] = []

    async def follow():
        async for line in read_log(system_log(tmp_path, APP_ID), follow=True):
            seen.append(json.loads(line)["message"])  # noqa: PERF401  each as it comes: a follower has no end

    follower = asyncio.create_task(follow())
    expected = [str(number) for number in range(60)]
    for number in expected:
        written.event("Test", number)
        await asyncio.sleep(0.02)
    await until(lambda: len(seen) == len(expected))
    follower.cancel()
    assert seen == expected
    assert all(path.stat().st_size < 2500 for path in tmp_path.rglob("*.jsonl*"))


async def test_the_tail_is_the_newest(tmp_path):
    """Also over a rotation; of a log that does not exist it is nothing."""
    written = AppLogs(tmp_path, APP_ID)
    for number in range(30):
        written.event("Test", str(number))
    path = system_log(tmp_path, APP_ID)
    assert [json.loads(line)["message"] async for line in read_log(path, tail=3)] == ["27", "28", "29"]
    path.rename(path.with_name("system.jsonl.1"))
    written.event("Test", "30")
    assert [json.loads(line)["message"] async for line in read_log(path, tail=2)] == ["29", "30"]
    assert [line async for line in read_log(tmp_path / "none.jsonl")] == []
