"""The three probes: one check, and the series of checks that makes a verdict."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from sandbox.fleet.spec import Probe, ProbeKind

Connect = Callable[[int], Awaitable[tuple[StreamReader, StreamWriter]]]


@dataclass(frozen=True)
class Outcome:
    """One check that counts. `decisive`: a threshold is reached, the container is what `passed` says."""

    passed: bool
    decisive: bool
    reason: str


def probes_of(probes: tuple[Probe, ...], target_port: int | None) -> dict[ProbeKind, Probe]:
    """The probes by kind. With a target port, a startup or readiness probe that is not given is a TCP check of it.

    So does the service, with these values (learn.microsoft.com/azure/container-apps/health-probes), after initial
    delays of 1 and 3 s, which are left out here.
    """
    given = {probe.kind: probe for probe in probes}
    if target_port is not None:
        if ProbeKind.STARTUP not in given:
            given[ProbeKind.STARTUP] = Probe(
                ProbeKind.STARTUP, target_port, period_seconds=1, timeout_seconds=3, failure_threshold=240
            )
        if ProbeKind.READINESS not in given:
            given[ProbeKind.READINESS] = Probe(
                ProbeKind.READINESS, target_port, period_seconds=5, timeout_seconds=5, failure_threshold=48
            )
    return given


async def outcomes(probe: Probe, connect: Connect, eager: float) -> AsyncGenerator[Outcome, None]:
    """Checks for ever, every `period_seconds`, until the first success every `eager` seconds."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(probe.initial_delay_seconds)
    good = bad = 0
    ever = False
    next_failure = loop.time()
    while True:
        began = loop.time()
        reason = await _check(probe, connect)
        if reason is None:
            ever = True
            good, bad = good + 1, 0
            yield Outcome(passed=True, decisive=good >= probe.success_threshold, reason="")
        elif loop.time() >= next_failure:
            good, bad = 0, bad + 1
            next_failure = max(next_failure, began) + probe.period_seconds
            yield Outcome(passed=False, decisive=bad >= probe.failure_threshold, reason=reason)
        interval = probe.period_seconds if ever else min(eager, probe.period_seconds)
        await asyncio.sleep(max(0.0, began + interval - loop.time()))


async def _check(probe: Probe, connect: Connect) -> str | None:
    """None if healthy, else why not."""
    what = f"{probe.kind} probe of port {probe.port}" + (f" at {probe.path}" if probe.path else "")
    try:
        async with asyncio.timeout(probe.timeout_seconds):
            reader, writer = await connect(probe.port)
            try:
                if probe.path is None:
                    return None
                status = await _get(probe, reader, writer)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        return f"{what} had no answer within {probe.timeout_seconds} s"
    except OSError as error:
        return f"{what} failed: {(error.strerror or str(error)).lower()}"
    except ValueError:
        return f"{what} got an answer that is not HTTP"
    return None if 200 <= status < 400 else f"{what} answered {status}"


async def _get(probe: Probe, reader: StreamReader, writer: StreamWriter) -> int:
    headers = {"host": f"127.0.0.1:{probe.port}", "user-agent": "kube-probe", "accept": "*/*", "connection": "close"}
    headers.update({name.lower(): value for name, value in probe.headers.items()})
    lines = [f"GET {probe.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    line = await reader.readline()
    if not line:
        raise ConnectionResetError("the connection was closed without an answer")
    version, status = line.split(maxsplit=2)[:2]
    if not version.startswith(b"HTTP/"):
        raise ValueError(line)
    return int(status)
