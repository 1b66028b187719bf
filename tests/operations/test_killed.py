"""Publishing and uploading killed (SIGKILL) at random instants: never half visible, finished by the next run."""

import json
import random
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pytest

from operations import release
from operations.file_share import ShareAddress, list_files, list_folders, open_share
from operations.upload import upload_tree

KILLS: Final = 5
FILES: Final = 15
MODEL_BYTES: Final = 24 * 1024 * 1024
SEED: Final = 20

WORKER: Final = """
import json, sys
from pathlib import Path
from operations import release, upload
from operations.file_share import ShareAddress
address = ShareAddress(**json.loads(sys.stdin.readline()))
print("ready", flush=True)
if sys.argv[1] == "publish":
    release.publish(address, Path(sys.argv[2]))
else:
    upload.upload_tree(address, Path(sys.argv[2]), "model-cache")
print("done", flush=True)
"""


def started(address: ShareAddress, *words: str) -> subprocess.Popen[str]:
    """A process that has everything imported and begins its work now; the key goes in by its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(asdict(address)) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    return process


def killed_after(process: subprocess.Popen[str], seconds: float) -> None:
    time.sleep(seconds)  # the instant is the point, there is nothing to wait for
    process.kill()
    process.communicate()


def finished(process: subprocess.Popen[str]) -> float:
    """Waits for its end; returns how long it took, in seconds."""
    began = time.monotonic()
    output, _ = process.communicate(timeout=60)
    assert output == "done\n"
    return time.monotonic() - began


def tree(folder: Path, version: int) -> dict[str, bytes]:
    """Writes a tree of files that differ between versions; returns their content by path."""
    content = {f"package{index % 3}/file{index}.py": f"{version} {index}\n".encode() * 200 for index in range(FILES)}
    for path, data in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return content


def visible(address: ShareAddress) -> dict[str, dict[str, bytes]]:
    """Every release that a replica could mount now, with its content."""
    with open_share(address) as share:
        names = [name for name in list_folders(share, release.RELEASES) if not name.startswith(".")]
        return {
            name: {
                path.split("/", 3)[3]: share.get_file_client(path).download_file().readall()
                for path in list_files(share, release.release_path(name))
                if not path.endswith(release.MANIFEST)
            }
            for name in names
        }


def test_a_killed_release_is_never_half_visible_and_the_next_run_finishes_it(
    address: ShareAddress, tmp_path: Path
) -> None:
    source, chance = tmp_path / "app", random.Random(SEED)
    contents: dict[str, dict[str, bytes]] = {}
    tree(source, 0)
    duration = finished(started(address, "publish", str(source)))
    release.withdraw(address)
    for version in range(1, KILLS + 1):
        content = tree(source, version)
        contents[release.describe(source).name] = content
        killed_after(started(address, "publish", str(source)), chance.uniform(0, duration))
        assert all(contents[name] == found for name, found in visible(address).items())
    assert release.publish(address, source).name in contents
    assert contents.items() >= visible(address).items()


def test_a_killed_upload_shows_old_content_or_new_and_the_next_run_finishes_it(
    address: ShareAddress, tmp_path: Path
) -> None:
    model, chance = tmp_path / "model.gguf", random.Random(SEED)
    model.write_bytes(chance.randbytes(MODEL_BYTES))
    duration = finished(started(address, "upload", str(model)))
    seen = {model.read_bytes()}
    for _ in range(KILLS):
        model.write_bytes(chance.randbytes(MODEL_BYTES))
        seen.add(model.read_bytes())
        killed_after(started(address, "upload", str(model)), chance.uniform(0, duration))
        with open_share(address) as share:
            assert share.get_file_client("model-cache/model.gguf").download_file().readall() in seen
    upload_tree(address, model, "model-cache")
    with open_share(address) as share:
        assert share.get_file_client("model-cache/model.gguf").download_file().readall() == model.read_bytes()
        assert list(list_files(share, "model-cache")) == ["model-cache/model.gguf"]


@pytest.mark.parametrize("word", ["publish", "upload"])
def test_killed_and_run_again_by_itself_alone(address: ShareAddress, tmp_path: Path, word: str) -> None:
    """The next run of the very same command, by whoever, ends well."""
    tree(tmp_path / "app", 1)
    killed_after(started(address, word, str(tmp_path / "app")), 0.1)
    finished(started(address, word, str(tmp_path / "app")))
