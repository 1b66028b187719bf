"""`aca-inference status`, `logs`, `open` and `chat`: what a deployment does, and talking to it.

What needs Azure's SDKs is imported by the command that runs: `--help` should not wait for it.
"""

from typing import Annotated, Any

import typer

from cli.target import Config, Json
from operations.config_file import DEFAULT_PATH

app = typer.Typer()


@app.command()
def status(config: Config = DEFAULT_PATH, as_json: Json = False) -> None:
    """Shows environment, app, revisions, replicas, release, models, and what is wrong; exit status 1 if something is.

    Example: aca-inference status --json
    """
    from cli.show_status import show

    show(config, as_json)


@app.command()
def logs(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    system: Annotated[bool, typer.Option("--system", help="The app's system log instead of the consoles.")] = False,
    replica: Annotated[str | None, typer.Option(help="Only this replica (its name, or the end of it).")] = None,
    tail: Annotated[int, typer.Option(min=0, max=300, help="How many lines of the past.")] = 100,
    config: Config = DEFAULT_PATH,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Prints what the replicas write, or what the platform says about them.

    Example: aca-inference logs -f --replica x7k2p
    """
    from cli.show_logs import show

    show(config, follow=follow, system=system, replica=replica, tail=tail, as_json=as_json)


@app.command(name="open")
def open_page(config: Config = DEFAULT_PATH, as_json: Json = False) -> None:
    """Opens the endpoint's chat page in the browser, and prints its address.

    Example: aca-inference open
    """
    import json
    import webbrowser

    from operations import config_file, endpoint

    url = endpoint.endpoint_url(config_file.read(config).aca_app_endpoint)
    opened: dict[str, Any] = {"endpoint": url, "opened": webbrowser.open(url)}
    print(json.dumps(opened) if as_json else url)


@app.command()
def chat(
    question: Annotated[list[str] | None, typer.Argument(help="Asked once; left out: a conversation.")] = None,
    model: Annotated[str | None, typer.Option(help="Base model or adapter; left out: the first adapter.")] = None,
    system: Annotated[str | None, typer.Option(help="System message before everything else.")] = None,
    temperature: Annotated[float, typer.Option(min=0, max=5, help="0: always the likeliest word.")] = 0.7,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 512,
    config: Config = DEFAULT_PATH,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each answer.")] = False,
) -> None:
    """Talks to the model in the terminal. In a conversation `/reset` forgets, `/model NAME` changes, `/quit` ends.

    The key is taken from ACA_INFERENCE_API_KEY or, with your sign-in, from the app itself.

    Example: aca-inference chat --model tone "I scored the winning goal"
    """
    from cli.show_chat import talk
    from operations.chat import Choices

    choices = Choices(temperature=temperature, max_tokens=max_tokens)
    talk(config, " ".join(question or []), model, system, choices, as_json)
