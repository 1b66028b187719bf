"""How `aca-inference upload` looks: what it is and where it goes, then progress with rate and time left."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from cli.consent import ask
from cli.target import enter
from cli.terminal import Say, counted, phase
from operations.config_file import InferenceConfig
from operations.management import current_cloud
from operations.model_files import Found, recognise
from operations.share_key import share_address
from operations.upload import UploadReport, upload_files

BYTES_PER_MB: Final = 1_000_000
_SETTLED_SECONDS: Final = 1.0
"""Before that a rate says nothing yet."""


def run(config: Path, folder: Path, name: str | None, yes: bool, as_json: bool) -> None:
    """Recognises, shows, asks, uploads."""
    found = recognise(folder, name)
    target = enter(config).config
    # Progress goes to stderr, so that what is printed at the end can be piped.
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    if as_json:
        report = _upload(console, target, found) if yes else None
        plan: dict[str, Any] = {"kind": found.kind, "files": len(found.files), "bytes": found.total_bytes}
        outcome = asdict(report) if report else None
        print(json.dumps({"plan": {**plan, "remote": found.remote}, "outcome": outcome}, indent=2))
        return
    base = f" (of {found.base})" if found.base else ""
    print(f"{found.kind}{base}: {counted(len(found.files), 'file')}, {found.total_bytes / BYTES_PER_MB:.1f} MB")
    print(f"  -> {target.storage_account_name}/{target.file_share_name}/{found.remote}")
    ask("upload it?", yes)
    report = _upload(console, target, found)
    sent = f"{counted(report.sent, 'file')} sent ({report.sent_bytes / BYTES_PER_MB:.1f} MB)"
    print(f"{sent}, {report.unchanged} there already")


def progress(say: Say, clock: Callable[[], float] = time.monotonic) -> Callable[[int, int], None]:
    """Tells bytes done and in all as megabytes, with the mean rate and the time that is left at this rate."""
    began = clock()

    def tell(done: int, total: int) -> None:
        seconds = clock() - began
        text = f"{done / BYTES_PER_MB:.1f} of {total / BYTES_PER_MB:.1f} MB"
        if done and seconds >= _SETTLED_SECONDS:
            rate = done / seconds
            text += f", {rate / BYTES_PER_MB:.1f} MB/s, {(total - done) / rate:.0f} s left"
        say(text)

    return tell


def _upload(console: Console, target: InferenceConfig, found: Found) -> UploadReport:
    with phase(console, "upload") as say:
        address = share_address(target, current_cloud())
        return upload_files(address, found.files, found.remote, progress(say))
