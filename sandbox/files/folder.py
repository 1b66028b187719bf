"""A share's folder: every access goes from the share's root down, one component at a time, following no link.

So no name and no symbolic link that an app puts there leads out of the share. Everything here blocks and belongs on a
worker thread. An acknowledged write has reached the disk (fsync): it outlives the process and the machine.
"""

import errno
import os
import stat
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from sandbox.files.errors import FilesError

Parts: TypeAlias = tuple[str, ...]
"""A path within a share; empty for the root."""

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a FIFO that an app made would wait for its other end.
_FILE: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_ZEROS: Final = bytes(1024 * 1024)
_renaming = threading.Lock()


@dataclass(frozen=True)
class Entry:
    """A file or directory in a listing."""

    name: str
    status: os.stat_result

    @property
    def is_directory(self) -> bool:
        """Everything else shows as a file."""
        return stat.S_ISDIR(self.status.st_mode)


class ShareFolder:
    """The files of one share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def status(self, parts: Parts, directory: bool) -> os.stat_result:
        """Status of a file or a directory; the other kind is refused."""
        with self._parent(parts) as (parent, name):
            found = _status(parent, name)
        if stat.S_ISDIR(found.st_mode) != directory:
            raise FilesError("ResourceNotFound", "Something of the other kind is there.")
        return found

    def parent_id(self, parts: Parts) -> int:
        """Inode of the directory that contains this."""
        with self._parent(parts) as (parent, _):
            return os.fstat(parent).st_ino

    def create_directory(self, parts: Parts) -> os.stat_result:
        """Makes one directory; its parent must exist."""
        with self._parent(parts) as (parent, name):
            try:
                os.mkdir(name, dir_fd=parent)
            except FileExistsError as error:
                raise FilesError("ResourceAlreadyExists") from error
            os.fsync(parent)
            return _status(parent, name)

    def delete_directory(self, parts: Parts) -> None:
        """Removes an empty directory."""
        with self._parent(parts) as (parent, name):
            if not stat.S_ISDIR(_status(parent, name).st_mode):
                raise FilesError("ResourceTypeMismatch")
            try:
                os.rmdir(name, dir_fd=parent)
            except OSError as error:
                if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
                    raise FilesError("DirectoryNotEmpty") from error
                raise
            os.fsync(parent)

    def entries(self, parts: Parts, prefix: str, first: str, count: int) -> tuple[Sequence[Entry], str | None]:
        """At most `count` entries by name from `first` on, and the name that the next page begins with."""
        with self._directory(parts) as directory:
            names = sorted(name for name in os.listdir(directory) if name.startswith(prefix) and name >= first)  # noqa: PTH208
            listed: list[Entry] = []
            for index, name in enumerate(names):
                if len(listed) == count:
                    return listed, names[index]
                try:
                    listed.append(Entry(name, _status(directory, name)))
                except FilesError:
                    continue  # gone since
            return listed, None

    def create_file(self, parts: Parts, size: int) -> os.stat_result:
        """Makes a file of zeros, or makes an existing one so."""
        with self._parent(parts) as (parent, name):
            with _opened(parent, name, os.O_RDWR | os.O_CREAT) as file:
                os.ftruncate(file, 0)
                _resize(file, size)
                os.fsync(file)
                status = os.fstat(file)
            os.fsync(parent)
        return status

    def write(self, parts: Parts, offset: int, data: bytes | bytearray, preserve_time: bool) -> os.stat_result:
        """Writes within the file's size."""
        with self._file(parts, os.O_RDWR) as file:
            before = os.fstat(file)
            if offset + len(data) > before.st_size:
                raise FilesError("InvalidRange")
            view = memoryview(data)
            while view:
                written = os.pwrite(file, view, offset)
                view, offset = view[written:], offset + written
            return _settled(file, before, preserve_time)

    def clear(self, parts: Parts, offset: int, length: int, preserve_time: bool) -> os.stat_result:
        """Writes zeros within the file's size."""
        with self._file(parts, os.O_RDWR) as file:
            before = os.fstat(file)
            if offset + length > before.st_size:
                raise FilesError("InvalidRange")
            while length > 0:
                written = os.pwrite(file, _ZEROS[: min(length, len(_ZEROS))], offset)
                offset, length = offset + written, length - written
            return _settled(file, before, preserve_time)

    def resize(self, parts: Parts, size: int) -> os.stat_result:
        """Cuts, or extends by zeros."""
        with self._file(parts, os.O_RDWR) as file:
            _resize(file, size)
            os.fsync(file)
            return os.fstat(file)

    def open(self, parts: Parts) -> tuple[int, os.stat_result]:
        """A descriptor for reading, to be closed by the caller, and the file's status."""
        with self._parent(parts) as (parent, name):
            file = _open_file(parent, name, os.O_RDONLY)
            return file, os.fstat(file)

    def ranges(self, parts: Parts) -> tuple[list[tuple[int, int]], os.stat_result]:
        """First and last byte of each piece that was written, as far as the file system keeps track of holes."""
        with self._file(parts, os.O_RDONLY) as file:
            status, found, end = os.fstat(file), list[tuple[int, int]](), 0
            while end < status.st_size:
                try:
                    first = os.lseek(file, end, os.SEEK_DATA)
                except OSError as error:
                    if error.errno == errno.ENXIO:  # nothing but a hole is left
                        break
                    raise
                end = os.lseek(file, first, os.SEEK_HOLE)
                found.append((first, end - 1))
            return found, status

    def copy_file(self, parts: Parts, target_folder: "ShareFolder", target: Parts) -> os.stat_result:
        """Makes the target a file with this one's content."""
        with self._file(parts, os.O_RDONLY) as source:
            size = os.fstat(source).st_size
            target_folder.create_file(target, size)
            with target_folder._file(target, os.O_RDWR) as file:
                before, done = os.fstat(file), 0
                while done < size and (piece := os.pread(source, len(_ZEROS), done)):
                    done += os.pwrite(file, piece, done)
                return _settled(file, before, preserve_time=False)

    def delete_file(self, parts: Parts) -> None:
        """Removes a file."""
        with self._parent(parts) as (parent, name):
            if stat.S_ISDIR(_status(parent, name).st_mode):
                raise FilesError("ResourceTypeMismatch")
            os.unlink(name, dir_fd=parent)
            os.fsync(parent)

    def rename_to(self, source: Parts, target_folder: "ShareFolder", target: Parts, replace: bool) -> os.stat_result:
        """Moves a file or directory at once, also into another share."""
        with (
            self._parent(source) as (source_parent, source_name),
            target_folder._parent(target) as (target_parent, target_name),
            _renaming,
        ):
            moved = _status(source_parent, source_name)
            try:
                existing = _status(target_parent, target_name)
            except FilesError:
                existing = None
            if existing is not None:
                if not replace:
                    raise FilesError("ResourceAlreadyExists")
                if stat.S_ISDIR(existing.st_mode) or stat.S_ISDIR(moved.st_mode):
                    raise FilesError("ResourceTypeMismatch")
            try:
                os.rename(source_name, target_name, src_dir_fd=source_parent, dst_dir_fd=target_parent)
            except OSError as error:
                if error.errno == errno.EINVAL:  # a directory into itself
                    raise FilesError("InvalidInput", "A directory cannot be moved into itself.") from error
                raise
            os.fsync(source_parent)
            os.fsync(target_parent)
            return _status(target_parent, target_name)

    @contextmanager
    def _directory(self, parts: Parts, missing: str = "ResourceNotFound") -> Generator[int]:
        """A descriptor of a directory in the share; `missing` is the error's code if it is not there."""
        current = os.open(self._root, _DIRECTORY)
        try:
            for name in parts:
                try:
                    inner = os.open(name, _DIRECTORY, dir_fd=current)
                except FileNotFoundError as error:
                    raise FilesError(missing) from error
                except OSError as error:
                    if error.errno in {errno.ENOTDIR, errno.ELOOP}:
                        raise FilesError("ResourceTypeMismatch") from error
                    raise
                os.close(current)
                current = inner
            yield current
        finally:
            os.close(current)

    @contextmanager
    def _parent(self, parts: Parts) -> Generator[tuple[int, str]]:
        """A descriptor of the directory that contains `parts`, and the last name. The root is its own parent."""
        if not parts:
            with self._directory(()) as root:
                yield root, "."
            return
        with self._directory(parts[:-1], missing="ParentNotFound") as parent:
            yield parent, parts[-1]

    @contextmanager
    def _file(self, parts: Parts, flags: int) -> Generator[int]:
        with self._parent(parts) as (parent, name), _opened(parent, name, flags) as file:
            yield file


def _status(parent: int, name: str) -> os.stat_result:
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError as error:
        raise FilesError("ResourceNotFound") from error


def _open_file(parent: int, name: str, flags: int) -> int:
    try:
        file = os.open(name, flags | _FILE, 0o666, dir_fd=parent)
    except FileNotFoundError as error:
        raise FilesError("ResourceNotFound") from error
    except OSError as error:
        if error.errno in {errno.EISDIR, errno.ELOOP, errno.ENXIO}:
            raise FilesError("ResourceTypeMismatch") from error
        raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise FilesError("ResourceTypeMismatch")
    return file


@contextmanager
def _opened(parent: int, name: str, flags: int) -> Generator[int]:
    file = _open_file(parent, name, flags)
    try:
        yield file
    finally:
        os.close(file)


def _resize(file: int, size: int) -> None:
    try:
        os.ftruncate(file, size)
    except OSError as error:
        if error.errno in {errno.EFBIG, errno.EINVAL}:
            raise FilesError("FileTooLarge") from error
        raise


def _settled(file: int, before: os.stat_result, preserve_time: bool) -> os.stat_result:
    if preserve_time:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.fsync(file)
    return os.fstat(file)
