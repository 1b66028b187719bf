"""Which CLI is chosen, and what ends up in `.toolchain/bin`."""

import platform
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.toolchain.releases import checksums, release, serving
from toolchain import build
from toolchain.download import archive_name
from toolchain.errors import SetupError
from toolchain.pulumi import VERSION, cache_folder, make_pulumi
from toolchain.versions import Versions, is_at_least

MakeCli = Callable[..., Path]
NOWHERE = "http://127.0.0.1:9"
ARCHIVE = archive_name(VERSION, platform.system(), platform.machine())
CHECKSUMS = f"pulumi-{VERSION}-checksums.txt"


def placed(project: Path) -> set[str]:
    return {file.name for file in (project / ".toolchain/bin").iterdir()}


@pytest.mark.parametrize(
    ("version", "serves"), [("3.259.0", True), ("3.272.0", True), ("4.0.0-alpha.1", True), ("3.99.1", False)]
)
def test_versions_are_compared_by_number(version: str, serves: bool) -> None:
    assert is_at_least(version, "3.259.0") is serves


def test_a_new_enough_cli_on_path_is_taken_with_its_own_host(
    project: Path, path_folder: Path, make_cli: MakeCli, built_cli: Path
) -> None:
    """Even with a self-built one in the cache: ours must never shadow the official host."""
    official = make_cli(path_folder, "3.300.1")
    make_pulumi(project, NOWHERE)
    assert placed(project) == {"pulumi"}
    assert (project / ".toolchain/bin/pulumi").readlink() == official


@pytest.mark.parametrize(("version", "host"), [("3.99.1", True), (VERSION, False)])
def test_a_cli_on_path_that_is_too_old_or_without_a_host_is_passed_over(
    project: Path, path_folder: Path, make_cli: MakeCli, built_cli: Path, version: str, host: bool
) -> None:
    make_cli(path_folder, version, host=host)
    make_pulumi(project, NOWHERE)
    assert (project / ".toolchain/bin/pulumi").read_bytes() == built_cli.read_bytes()


def test_our_own_link_on_path_is_not_taken_for_the_users_cli(
    project: Path, path_folder: Path, built_cli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pulumi(project, NOWHERE)
    monkeypatch.setenv("PATH", f"{project / '.toolchain/bin'}:/usr/bin:/bin")
    make_pulumi(project, NOWHERE)
    assert not (project / ".toolchain/bin/pulumi").is_symlink()


def test_the_host_leaves_with_the_self_built_cli(
    project: Path, path_folder: Path, make_cli: MakeCli, built_cli: Path
) -> None:
    make_pulumi(project, NOWHERE)
    assert placed(project) == {
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    }
    make_cli(path_folder)
    make_pulumi(project, NOWHERE)
    assert placed(project) == {"pulumi"}


def test_the_second_run_starts_no_executable(
    project: Path, path_folder: Path, built_cli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pulumi(project, NOWHERE)
    monkeypatch.setattr("toolchain.versions._ask", lambda executable: pytest.fail(f"{executable} was asked again"))
    make_pulumi(project, NOWHERE)


def test_a_changed_executable_is_asked_again(tmp_path: Path, make_cli: MakeCli) -> None:
    versions = Versions(tmp_path / "versions.json")
    assert versions.of(make_cli(tmp_path, "3.1.0")) == "3.1.0"
    assert versions.of(make_cli(tmp_path, "3.100.0")) == "3.100.0"


def test_a_release_is_downloaded_checked_and_used(project: Path, path_folder: Path) -> None:
    with serving({ARCHIVE: release(), CHECKSUMS: checksums(ARCHIVE, release())}) as url:
        make_pulumi(project, url)
    assert (project / ".toolchain/bin/pulumi").readlink() == cache_folder() / "official/pulumi"
    assert placed(project) == {"pulumi"}
    make_pulumi(project, NOWHERE)


@pytest.mark.parametrize(
    ("published", "cut_short", "told"),
    [
        (checksums(ARCHIVE, b"another archive"), None, "does not match"),
        (checksums(ARCHIVE, release()), ARCHIVE, "does not match"),
        (checksums("pulumi-for-another-machine.tar.gz", release()), None, "no checksum is published"),
        (b"", None, "no checksum is published"),
    ],
)
def test_what_does_not_match_its_checksum_is_never_used(
    project: Path, path_folder: Path, published: bytes, cut_short: str | None, told: str
) -> None:
    with (
        serving({ARCHIVE: release(), CHECKSUMS: published}, cut_short) as url,
        pytest.raises(SetupError, match=told) as caught,
    ):
        make_pulumi(project, url)
    assert "\n" not in str(caught.value)
    assert [file.name for file in cache_folder().iterdir()] == ["lock"]


def test_without_release_and_go_one_line_names_the_ways_out(project: Path, path_folder: Path) -> None:
    with pytest.raises(SetupError) as caught:
        make_pulumi(project, NOWHERE)
    message = str(caught.value)
    assert "\n" not in message
    assert "install Go" in message
    assert "install Pulumi" in message


def test_an_old_go_is_named(project: Path, path_folder: Path) -> None:
    (path_folder / "go").write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    (path_folder / "go").chmod(0o755)
    with pytest.raises(SetupError, match=r"Go 1\.19 is too old"):
        make_pulumi(project, NOWHERE)


def fake_go(folder: Path, module: Path, outcome: str) -> None:
    """A `go` that "builds" by running `outcome` with the output file in $out."""
    (module / "python/cmd").mkdir(parents=True)
    (module / "python/cmd" / build.EXECUTOR).write_text("#!/bin/sh\n")
    (folder / "go").write_text(
        "#!/bin/sh\n"
        'case "$1" in\n'
        "version) echo go version go1.26.1 linux/amd64;;\n"
        f"list) echo {module};;\n"
        f'build) while [ "$1" != -o ]; do shift; done; out=$2; {outcome};;\n'
        "esac\n"
    )
    (folder / "go").chmod(0o755)


BUILDS = f"printf '#!/bin/sh\\necho v{VERSION}\\n' > $out"


def test_a_half_built_cli_is_built_anew(project: Path, path_folder: Path, tmp_path: Path) -> None:
    """Half-built in place, as a damaged cache has it, and beside it, as a killed build leaves it."""
    fake_go(path_folder, tmp_path / "sdk", BUILDS)
    for folder in ("built", "build-killed"):
        (cache_folder() / folder).mkdir(parents=True)
        (cache_folder() / folder / "pulumi").write_bytes(b"\x7fELF")
        (cache_folder() / folder / "pulumi").chmod(0o755)
    make_pulumi(project, NOWHERE)
    assert Versions(tmp_path / "new.json").of(project / ".toolchain/bin/pulumi") == VERSION
    assert {file.name for file in cache_folder().iterdir()} == {"lock", "built"}


def test_a_failed_build_leaves_nothing_and_tells_its_cause(project: Path, path_folder: Path, tmp_path: Path) -> None:
    fake_go(path_folder, tmp_path / "sdk", "echo half > $out; echo 'write /tmp/x: No space left on device'; exit 1")
    with pytest.raises(SetupError, match="the disk is full"):
        make_pulumi(project, NOWHERE)
    assert [file.name for file in cache_folder().iterdir()] == ["lock"]


def test_a_build_that_says_another_version_is_refused(project: Path, path_folder: Path, tmp_path: Path) -> None:
    fake_go(path_folder, tmp_path / "sdk", "printf '#!/bin/sh\\necho v3.1.0\\n' > $out")
    with pytest.raises(SetupError, match="says version"):
        make_pulumi(project, NOWHERE)


def test_a_silent_server_costs_seconds_only(project: Path, path_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall that drops packets is a connection that never answers."""
    monkeypatch.setattr("toolchain.download.TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(SetupError, match="timed out"):
        make_pulumi(project, f"http://127.0.0.1:{listener.getsockname()[1]}")
