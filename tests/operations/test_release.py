"""Releases: named by their content, visible only when whole, quick when nothing changed."""

import subprocess
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError

from operations import release
from operations.errors import OperationError, ShareError
from operations.file_share import ShareAddress, list_files, list_folders, open_share
from tests.operations.requests_sent import recorded


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "inference_app"
    for name, text in {"__main__.py": "main", "engines/llama.py": "engine", "empty.txt": ""}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def on_share(address: ShareAddress, name: str) -> dict[str, bytes]:
    """Content of a release by path within it."""
    root = release.release_path(name)
    with open_share(address) as share:
        return {
            path.removeprefix(f"{root}/"): share.get_file_client(path).download_file().readall()
            for path in list_files(share, root)
            if path != f"{root}/{release.MANIFEST}"
        }


def all_folders(address: ShareAddress) -> set[str]:
    with open_share(address) as share:
        return set(list_folders(share, release.RELEASES))


def test_the_name_depends_on_paths_and_content_alone(source: Path, tmp_path: Path) -> None:
    name = release.describe(source).name
    copy = tmp_path / "elsewhere"
    source.rename(copy)
    assert release.describe(copy).name == name
    (copy / "engines/llama.py").rename(copy / "engines/other.py")
    assert release.describe(copy).name != name


def test_what_is_ignored_does_not_change_the_name(source: Path) -> None:
    before = release.describe(source)
    (source / ".releaseignore").write_text("notes/\n")
    (source / ".gitignore").write_text("*.log\n")
    for ignored in ("engines/__pycache__/llama.pyc", "old.pyc", ".hidden/file", "notes/todo.md", "run.log"):
        (source / ignored).parent.mkdir(parents=True, exist_ok=True)
        (source / ignored).write_text("ignored")
    assert release.describe(source) == before


def test_ignore_rules_are_git_s(source: Path) -> None:
    """The deeper file decides; nothing comes back from an ignored folder; `/` anchors to its own folder."""
    files = {
        ".gitignore": "*.log\n/top\nbuild/\n",
        "engines/.gitignore": "!kept.log\n/only_here.py\n",
        "build/.gitignore": "!back.py\n",
        "build/back.py": "",
        "engines/kept.log": "",
        "engines/lost.log.py": "",
        "engines/only_here.py": "",
        "engines/deep/only_here.py": "",
        "engines/deep/gone.log": "",
        "engines/top": "",
        "top": "",
    }
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    git = ["git", "-c", "safe.directory=*", "-C", str(source)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    listed = subprocess.run(
        [*git, "ls-files", "--others", "--exclude-standard"], check=True, capture_output=True, text=True
    ).stdout
    visible = {name for name in listed.splitlines() if not name.rpartition("/")[2].startswith(".")}
    assert set(release.describe(source).files) == visible
    assert {"engines/kept.log", "engines/deep/only_here.py"} < visible


def test_only_what_changed_travels_and_the_rest_is_copied(address: ShareAddress, source: Path) -> None:
    first = release.publish(address, source)
    assert (first.sent, first.copied) == (3, 0)
    (source / "engines/llama.py").write_text("changed")
    second = release.publish(address, source, in_use=[first.name])
    assert (second.sent, second.sent_bytes, second.copied) == (1, len("changed"), 2)
    assert on_share(address, second.name)["inference_app/__main__.py"] == b"main"
    assert on_share(address, first.name)["inference_app/engines/llama.py"] == b"engine"


def test_releases_tell_what_is_in_them_the_newest_first(address: ShareAddress, source: Path) -> None:
    first = release.publish(address, source).name
    (source / "__main__.py").write_text("newer")
    second = release.publish(address, source).name
    with open_share(address) as share:
        found = release.kept(share)
    assert [manifest.name for manifest in found] == [second, first]
    assert found[0].source == "inference_app"
    assert set(found[0].files) == {"__main__.py", "engines/llama.py", "empty.txt"}


def test_nothing_to_release_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="holds no file"):
        release.describe(tmp_path)
    with pytest.raises(OperationError, match="not a folder"):
        release.describe(tmp_path / "missing")


def test_a_release_holds_the_folder_under_its_own_name(address: ShareAddress, source: Path) -> None:
    name = release.publish(address, source).name
    assert name == release.describe(source).name
    assert on_share(address, name) == {
        "inference_app/__main__.py": b"main",
        "inference_app/engines/llama.py": b"engine",
        "inference_app/empty.txt": b"",
    }
    assert all_folders(address) == {name}


def test_publishing_the_same_again_costs_one_request(
    address: ShareAddress, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.publish(address, source)
    with recorded(monkeypatch) as sent:
        release.publish(address, source)
    assert len(sent) == 1, sent


def test_an_interrupted_release_is_invisible_and_continued_without_sending_twice(
    address: ShareAddress, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise HttpResponseError("the connection was cut")

    with monkeypatch.context() as patch:
        patch.setattr("azure.storage.fileshare.ShareDirectoryClient.rename_directory", refuse)
        with pytest.raises(ShareError):
            release.publish(address, source)
    name = release.describe(source).name
    assert all_folders(address) == {f".staging-{name}"}
    with recorded(monkeypatch) as sent:
        release.publish(address, source)
    assert not [request for request in sent if request.startswith("PUT") and ".py" in request]
    assert on_share(address, name)["inference_app/engines/llama.py"] == b"engine"
    assert all_folders(address) == {name}


def test_what_arrived_wrongly_is_never_shown(
    address: ShareAddress, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that vanishes between sending and verifying stands for anything that is not as it was sent."""
    original = release.send

    def lose(share: object, file: object, remote: str, *more: object) -> None:
        if not remote.endswith("llama.py"):
            original(share, file, remote, *more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(release, "send", lose)
        with pytest.raises(ShareError, match="did not arrive"):
            release.publish(address, source)
    assert all_folders(address) == set()
    release.publish(address, source)


def test_code_that_changes_during_its_release_is_not_shown_under_the_old_name(
    address: ShareAddress, source: Path
) -> None:
    def edit(_: release.Progress) -> None:
        (source / "__main__.py").write_text("edited")

    name = release.describe(source).name
    with pytest.raises(OperationError, match="changed while"):
        release.publish(address, source, on_progress=edit)
    assert name not in all_folders(address)
    assert on_share(address, release.publish(address, source).name)["inference_app/__main__.py"] == b"edited"


def test_old_releases_go_but_never_one_in_use_nor_the_newest(address: ShareAddress, source: Path) -> None:
    names: list[str] = []
    for text in "abcde":
        (source / "__main__.py").write_text(text)
        names.append(release.publish(address, source, keep=2, in_use=names[:1]).name)
    assert all_folders(address) == {names[0], names[3], names[4]}


def test_withdrawing_removes_every_release_and_can_be_repeated(address: ShareAddress, source: Path) -> None:
    release.publish(address, source)
    release.withdraw(address)
    assert all_folders(address) == set()
    release.withdraw(address)


def test_a_missing_share_is_an_error_that_names_it(address: ShareAddress, source: Path) -> None:
    elsewhere = ShareAddress(address.endpoint_url, address.account_name, address.account_key, "no-such-share")
    with pytest.raises(ShareError, match="no-such-share refused: ShareNotFound"):
        release.publish(elsewhere, source)


def test_a_wrong_key_is_an_error_that_says_so(address: ShareAddress, source: Path) -> None:
    elsewhere = ShareAddress(address.endpoint_url, address.account_name, "d3Jvbmc=", address.share_name)
    with pytest.raises(ShareError, match="the account key is not valid any more"):
        release.publish(elsewhere, source)
