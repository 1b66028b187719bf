"""Models and adapters on the share, in the layout that fine-tuning leaves them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Lock

from operations.errors import OperationError
from operations.file_share import (
    ShareAddress,
    file_md5,
    has_content,
    in_parallel,
    make_folders,
    open_share,
    put_file,
    share_errors,
)


@dataclass(frozen=True)
class UploadReport:
    """What an upload did: files sent, files that were there already, bytes sent."""

    sent: int
    unchanged: int
    sent_bytes: int


def upload_tree(
    address: ShareAddress,
    local: Path,
    remote: str,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> UploadReport:
    """Makes the share's folder `remote` hold every file of the folder `local` (or the one file `local`).

    Files that are there with the same size and checksum are not sent again, so an interrupted upload goes on where it
    stopped. `on_progress` gets bytes done and bytes in all.

    Raises:
        OperationError: there is nothing to upload.
        ShareError: the share refused or could not be reached.
    """
    files = _files(local)
    sizes = {name: path.stat().st_size for name, path in files.items()}
    total, done, sent = sum(sizes.values()), 0, list[str]()
    lock = Lock()

    def advance(count: int) -> None:
        nonlocal done
        with lock:
            done += count
            on_progress(done, total)

    def put(name: str) -> None:
        target = f"{remote}/{name}"
        md5 = file_md5(files[name])
        if has_content(share.get_file_client(target), sizes[name], md5):
            advance(sizes[name])
        else:
            put_file(share, files[name], target, md5, advance)
            sent.append(name)

    share = open_share(address)
    with share_errors(share):
        for folder in sorted({str(PurePosixPath(remote, name).parent) for name in files}):
            make_folders(share, folder)
        in_parallel(put, files)
    return UploadReport(len(sent), len(files) - len(sent), sum(sizes[name] for name in sent))


def _files(local: Path) -> dict[str, Path]:
    if local.is_file():
        return {local.name: local}
    files = {path.relative_to(local).as_posix(): path for path in sorted(local.rglob("*")) if path.is_file()}
    if not files:
        raise OperationError(f"{local} is missing or empty: there is nothing to upload")
    return files
