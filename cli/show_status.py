"""How `aca-inference status` looks."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from cli.target import enter, given_api_key
from operations.status import Revision, Status, survey


def show(config: Path, as_json: bool) -> None:
    """Surveys and prints; ends with status 1 if the endpoint would not answer."""
    found = survey(enter(config).config, given_api_key())
    if as_json:
        print(json.dumps({"well": found.well, **asdict(found)}, indent=2))
    else:
        console = Console(soft_wrap=True, highlight=False)
        for name, value in _rows(found):
            console.print(Text(f"{name:<11} {value}"))
        for problem in found.problems:
            console.print(Text(f"problem: {problem.what}", style="red"))
            console.print(Text(f"    fix: {problem.fix}"))
            if problem.source != problem.what:
                console.print(Text(f"  Azure: {problem.source}", style="dim"))
    if not found.well:
        raise typer.Exit(1)


def _rows(found: Status) -> Iterator[tuple[str, str]]:
    environment = found.environment
    least, most = found.replicas_allowed
    yield "endpoint", found.endpoint
    yield "app", f"{found.app} in {found.resource_group}: {found.running} (provisioning {found.provisioning})"
    yield (
        "environment",
        f"{environment.name} in {environment.location}: {environment.state}; profile {environment.profile}"
        f" ({environment.profile_type}), {least} to {most} replicas",
    )
    yield "probes", ", ".join(f"{kind} {path}" for kind, path in found.probes.items()) or "none"
    yield "release", _release(found)
    for revision in found.revisions:
        yield "revision", _revision(revision)
        for replica in revision.replicas:
            ready = "ready" if replica.ready else "started" if replica.started else replica.state
            yield "  replica", f"{replica.name}: {ready}, {replica.restarts} restarts; {replica.details}".rstrip("; ")
    yield "ready", "yes" if found.waiting_for is None else f"no: {found.waiting_for}"
    for model in found.models:
        yield "model", model.id if model.parent is None else f"{model.id} (adapter of {model.parent})"
    for adapter in found.unusable:
        yield "unusable", f"{adapter.id} at {adapter.path}: {adapter.reason}"


def _release(found: Status) -> str:
    if found.newest_release is None:
        return "none: the app mounts no release of this project"
    if found.serving_release in (None, found.newest_release):
        return found.newest_release
    return f"{found.newest_release} is on its way, {found.serving_release} answers"


def _revision(revision: Revision) -> str:
    parts = (f"{revision.state}, {revision.health}", f"{revision.traffic} % of the traffic", revision.details)
    return f"{revision.name}: {'; '.join(filter(None, parts))}"
