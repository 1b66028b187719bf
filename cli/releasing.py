"""`aca-inference deploy`, `rollback` and `upload`: what the app runs, and what it serves.

What needs Azure's SDKs is imported by the command that runs: `--help` should not wait for it.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.target import Config
from operations.config_file import DEFAULT_PATH

CODE: Final = Path("inference_app")

app = typer.Typer()

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


class Strategy(StrEnum):
    """`operations.deployment.Strategy`, for the help text."""

    AUTO = "auto"
    ROLLING = "rolling"
    RESTART = "restart"


How = Annotated[
    Strategy,
    typer.Option(
        help="rolling: the old revision answers until the new one is ready; restart: it ends first, where there is no"
        " room for a second replica; auto: what fits the app's profile."
    ),
]


@app.command()
def deploy(
    source: Annotated[Path, typer.Argument(help="Folder with the code.")] = CODE,
    strategy: How = Strategy.AUTO,
    watch: Annotated[bool, typer.Option("--watch", help="Deploy again at each change, until Ctrl-C.")] = False,
    yes: Yes = False,
    config: Config = DEFAULT_PATH,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; acts only with --yes.")] = False,
) -> None:
    """Releases the code: uploads what changed, and lets a new revision take over once it is ready.

    What `.gitignore` and `.releaseignore` say stays here. Interrupted at any moment, the endpoint goes on answering.

    Example: aca-inference deploy --yes
    """
    from cli.show_deploy import run, run_watching
    from operations import deployment

    chosen = deployment.Strategy(strategy)
    if watch:
        run_watching(config, source, chosen, yes)
    else:
        run(config, source, chosen, yes, as_json)


@app.command()
def rollback(
    release: Annotated[str | None, typer.Argument(help="The release; left out: the one before.")] = None,
    list_releases: Annotated[bool, typer.Option("--list", help="Show the releases that are kept.")] = False,
    strategy: How = Strategy.AUTO,
    yes: Yes = False,
    config: Config = DEFAULT_PATH,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; acts only with --yes.")] = False,
) -> None:
    """Goes back to a release that is still on the share; nothing is uploaded.

    Example: aca-inference rollback --list
    """
    from cli import show_rollback
    from operations import deployment

    if list_releases:
        show_rollback.show_kept(config, as_json)
    else:
        show_rollback.run(config, release, deployment.Strategy(strategy), yes, as_json)


@app.command()
def upload(
    folder: Annotated[Path, typer.Argument(help="Folder with a base model or a LoRA adapter, or one *.gguf file.")],
    name: Annotated[
        str | None, typer.Option(help="Name on the share: ORG/NAME of a model, NAME of an adapter.")
    ] = None,
    yes: Yes = False,
    config: Config = DEFAULT_PATH,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; acts only with --yes.")] = False,
) -> None:
    """Puts a model or an adapter on the share, where fine-tuning leaves them; the endpoint finds it there by itself.

    What is there already is not sent again, and an interrupted upload goes on where it stopped.

    Example: aca-inference upload model-cache/microsoft/Phi-3-mini-4k-instruct
    """
    from cli.show_upload import run

    run(config, folder, name, yes, as_json)
