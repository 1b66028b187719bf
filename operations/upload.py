"""Models and adapters on the share, in the layout that fine-tuning leaves them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Event, Lock

from operations.errors import OperationError
from operations.file_share import ShareAddress, in_parallel, list_files, make_folders, open_share
from operations.transfer import is_there, local_file, put


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

    Raises:
        OperationError: there is nothing to upload.
        ShareError: the share refused or could not be reached.
    """
    return upload_files(address, _files(local), remote, on_progress)


def upload_files(
    address: ShareAddress,
    files: Mapping[str, Path],
    remote: str,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> UploadReport:
    """Makes the share's folder `remote` hold these files, named by their paths in it.

    Files that are there with the same size and checksum are not sent again, nor the ranges of a file that an
    interrupted upload has sent. `on_progress` gets bytes done and bytes in all, one call at a time.

    Raises:
        OperationError: a file changed while it was sent.
        ShareError: the share refused or could not be reached.
    """
    sizes = {name: path.stat().st_size for name, path in files.items()}
    total, done, sent = sum(sizes.values()), 0, list[str]()
    lock, stop = Lock(), Event()

    def advance(count: int) -> None:
        nonlocal done
        if stop.is_set():
            raise OperationError("the upload was interrupted; run it again to go on")
        with lock:
            done += count
            on_progress(done, total)

    with open_share(address) as share:
        present = list_files(share, remote)
        make_folders(share, {str(PurePosixPath(remote, name).parent) for name in files})

        def work(name: str) -> None:
            file, target = local_file(files[name]), f"{remote}/{name}"
            if present.get(target) == file.size and is_there(share, file, target):
                advance(file.size)
            else:
                put(share, file, target, advance)
                sent.append(name)

        in_parallel(work, files, stop)
    return UploadReport(len(sent), len(files) - len(sent), sum(sizes[name] for name in sent))


def _files(local: Path) -> dict[str, Path]:
    if local.is_file():
        return {local.name: local}
    files = {path.relative_to(local).as_posix(): path for path in sorted(local.rglob("*")) if path.is_file()}
    if not files:
        raise OperationError(f"{local} is missing or empty: there is nothing to upload")
    return files
