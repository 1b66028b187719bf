"""A replica sees what its spec says and nothing is left behind on the machine."""

import json
from pathlib import Path, PurePosixPath

from sandbox.fleet.spec import Mount
from tests.sandbox.fleet.conftest import needs_namespaces
from tests.sandbox.fleet.harness import Harness, app, processes_with, revision, until

pytestmark = needs_namespaces


async def test_mounts_are_seen_where_the_spec_says(harness: Harness, tmp_path: Path):
    """Read and written through the target, which exists neither before nor after on the machine itself."""
    share = tmp_path / "share"
    (share / "models").mkdir(parents=True)
    (share / "models" / "a.txt").write_text("from outside")
    targets = ["/share-for-test", "/usr/share/not-on-this-machine/deep", "/mnt/models-for-test"]
    mounts = tuple(
        Mount(source, PurePosixPath(target))
        for source, target in zip((share, share, share / "models"), targets, strict=True)
    )
    spec = await harness.run(app(revision(mounts=mounts)))
    seen = await harness.shell(spec, f"cat {targets[0]}/models/a.txt {targets[1]}/models/a.txt {targets[2]}/a.txt")
    assert seen["out"] == "from outside" * 3
    written = await harness.shell(spec, f"echo from inside > {targets[2]}/b.txt; ls /usr/share | wc -l")
    assert (share / "models" / "b.txt").read_text() == "from inside\n"
    # Its siblings are still there.
    assert int(written["out"]) == len(list(Path("/usr/share").iterdir())) + 1
    await harness.fleet.remove(spec.app_id)
    assert not any(Path(target).exists() for target in (*targets, "/usr/share/not-on-this-machine"))


async def test_a_read_only_mount_cannot_be_written_to(harness: Harness, tmp_path: Path):
    """Neither directly nor by mounting it again, also when the sandbox runs as root."""
    spec = await harness.run(app(revision(mounts=(Mount(tmp_path, PurePosixPath("/mount"), read_only=True),))))
    plain = await harness.shell(spec, "touch /mount/x")
    again = await harness.shell(spec, "mount -o remount,rw /mount; touch /mount/x")
    assert plain["code"] != 0 and "Read-only" in plain["err"]
    assert again["code"] != 0
    assert not (tmp_path / "x").exists()


async def test_replicas_listen_on_the_same_port(harness: Harness):
    """Each has a network of its own, and sees no process but its own."""
    spec = await harness.run(app(revision(min_replicas=2)))
    await until(lambda: sum(replica.ready for replica in harness.replicas(spec)) == 2)
    names = {(await harness.who(spec))["replica"] for _ in range(10)}
    assert names == {replica.name for replica in harness.replicas(spec)}
    listed = await harness.shell(spec, "cat /proc/[0-9]*/comm | grep -c entrypoint")
    assert listed["out"].strip() == "1"


async def test_the_environment_is_the_containers(harness: Harness, monkeypatch):
    """Nothing of the sandbox's own environment; the service's variables; references resolved in args."""
    monkeypatch.setenv("SECRET_OF_THE_SANDBOX", "x")
    shell = ("sh", "-c", "exec entrypoint", "$(GREETING) $(UNKNOWN) $$(GREETING)")
    spec = await harness.run(app(revision(env={"GREETING": "hello"}, command=shell)))
    environment = (await harness.get(spec, "/environment")).json()
    (replica,) = harness.replicas(spec)
    path = environment.pop("PATH")
    environment.pop("PWD", None)  # Added by the shell.
    environment.pop("LC_CTYPE", None)  # Added by Python.
    assert path.split(":")[0].endswith("/image/bin")
    assert environment == {
        "GREETING": "hello",
        "HOME": "/container-home",
        "TMPDIR": "/container-home",
        "CONTAINER_APP_NAME": "app",
        "CONTAINER_APP_REVISION": "app--one",
        "CONTAINER_APP_REPLICA_NAME": replica.name,
        "CONTAINER_APP_PORT": "8000",
    }
    told = await harness.shell(spec, "echo private > $HOME/x && tr '\\0' ' ' < /proc/1/cmdline")
    assert told["code"] == 0


async def test_secrets_are_on_no_command_line_and_in_no_file(harness: Harness):
    """Only the processes of the replica know them."""
    secret = "s3cr3t-value-for-test"
    spec = await harness.run(app(revision(env={"KEY": secret})))
    assert all(secret.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_with(secret))
    assert processes_with(secret)
    logged = [path for path in harness.log_dir.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert logged == []
    assert secret not in json.dumps(repr(harness.status(spec)))


async def test_a_server_on_the_loopback_only_is_not_reached(harness: Harness):
    """As on Azure, where probes and ingress come from outside the container."""
    spec = app(revision(env={"LISTEN": "127.0.0.1"}))
    await harness.fleet.apply(spec)
    await until(lambda: "ProbeFailed" in harness.system_log(spec))
    assert (await harness.get(spec, "/who")).status_code == 503


async def test_what_cannot_start_says_why(harness: Harness, tmp_path: Path):
    """Unknown image, missing program, missing mount source: in the revision's details, no traceback."""
    cases = {
        "image": ({"image": "nowhere/unknown:1"}, "'nowhere/unknown:1' is not to be had in this sandbox"),
        "command": ({"command": ("no-such-program",)}, "cannot execute 'no-such-program': No such file or directory"),
        "mount": (
            {"mounts": (Mount(tmp_path / "gone", PurePosixPath("/m")),)},
            "the folder to mount at /m does not exist",
        ),
    }
    for name, (changes, message) in cases.items():
        spec = app(revision(f"{name}--one", **changes), name=name)
        await harness.fleet.apply(spec)
        await until(lambda spec=spec: harness.status(spec).revisions[0].running_state == "Failed")
        assert message in harness.status(spec).revisions[0].details


async def test_an_image_that_arrives_later_is_used(harness: Harness, tmp_path: Path):
    """The mapping of images is read at each start."""
    images = harness.images
    spec = app(revision(image="later:1"))
    await harness.fleet.apply(spec)
    await until(lambda: harness.status(spec).revisions[0].running_state == "Failed")
    images["later:1"] = next(iter(images.values()))
    await until(lambda: harness.status(spec).latest_ready == "app--one")


async def test_a_replica_takes_all_its_descendants_along(harness: Harness):
    """Also one that left its session and its parent."""
    spec = await harness.run(app(revision(env={"MARK": "descendants-of-test"})))
    await harness.shell(spec, "setsid sh -c 'sleep 1000 & exec sleep 1001' >/dev/null 2>&1 < /dev/null &")
    await until(lambda: len(processes_with("descendants-of-test")) >= 3)
    await harness.fleet.remove(spec.app_id)
    assert processes_with("descendants-of-test") == []
