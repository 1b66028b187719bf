"""Which processes belong to a copy of the checkout, and what they listen on."""

from pathlib import Path

import psutil


def of_workspace(workspace: Path) -> list[psutil.Process]:
    """Every process whose command line names the copy."""
    return [process for process in psutil.process_iter() if str(workspace) in " ".join(_words(process))]


def sandbox_process(workspace: Path) -> psutil.Process:
    """The sandbox's one process."""
    (found,) = [process for process in of_workspace(workspace) if {"sandbox", "serve"} <= set(_words(process))]
    return found


def replicas(workspace: Path) -> list[psutil.Process]:
    """The processes that serve the model: descendants of the sandbox that run the inference app."""
    family = sandbox_process(workspace).children(recursive=True)
    return [process for process in family if "inference_app" in _words(process)]


def listening_ports(workspace: Path) -> set[int]:
    """Ports of this machine that the copy's processes listen on."""
    found: set[int] = set()
    for process in of_workspace(workspace):
        try:
            found |= {item.laddr.port for item in process.net_connections("tcp") if item.status == psutil.CONN_LISTEN}
        except psutil.NoSuchProcess:
            continue
    return found


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []
