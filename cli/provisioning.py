"""`aca-inference provision`, `destroy` and `doctor`: what is there, and whether it can work.

What needs more than a moment to import is imported by the command that runs: `--help` should not wait for it.
"""

from typing import Annotated

import typer

from cli.target import Config, Json
from operations.config_file import DEFAULT_PATH

app = typer.Typer()

StackName = Annotated[
    str, typer.Option("--stack", "-s", envvar="PULUMI_STACK", help="The stack; local runs on the sandbox.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


@app.command()
def provision(
    stack: StackName = "local",
    yes: Yes = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; needs --yes.")] = False,
) -> None:
    """Makes or updates everything: checks, plan, `pulumi up`; then the configuration file is written.

    Example: aca-inference provision --stack dev
    """
    from cli.provision import provision as run

    run(stack, yes, as_json)


@app.command()
def destroy(
    stack: StackName = "local",
    yes: Yes = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; needs --yes.")] = False,
) -> None:
    """Deletes what the stack made, with the releases and models on its own share; what it adopted stays.

    Example: aca-inference destroy --stack dev
    """
    from cli.provision import destroy as run

    run(stack, yes, as_json)


@app.command()
def doctor(stack: StackName = "local", config: Config = DEFAULT_PATH, as_json: Json = False) -> None:
    """Checks tools, sign-in, configuration, resources, GPU quota and the endpoint; exit status 1 if one is wrong.

    Before anything is provisioned: what the stack would meet, that is providers, permissions, region and names.

    Example: aca-inference doctor --stack dev
    """
    from cli.show_doctor import show

    show(config, stack, as_json)
