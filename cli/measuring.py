"""`aca-inference evaluate` and `cost`: how good it is, and what it costs.

What needs more than a moment to import is imported by the command that runs: `--help` should not wait for it.
"""

from pathlib import Path
from typing import Annotated

import typer

from cli.target import Config, Json
from operations.config_file import DEFAULT_PATH

app = typer.Typer()


@app.command()
def evaluate(
    data: Annotated[Path, typer.Argument(help="JSON Lines: phrase and tone, question and ground_truth, or others.")],
    model: Annotated[
        list[str] | None, typer.Option(help="Repeatable; the first is compared with. Left out: base and its adapters.")
    ] = None,
    asked: Annotated[str | None, typer.Option(help="Column with the question.")] = None,
    expected: Annotated[str | None, typer.Option(help="Column with the expected answer.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Text around it, as 'Which tone has this? {phrase}'.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="exact_match, f1, bleu, rouge_l; repeatable.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many items.")] = None,
    parallel: Annotated[int, typer.Option(min=1, max=256, help="Questions at once.")] = 8,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 64,
    judge_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint of a judge, without /v1.")] = None,
    judge_model: Annotated[
        str | None, typer.Option(help="The judge's model; its key: ACA_INFERENCE_JUDGE_KEY.")
    ] = None,
    criterion: Annotated[
        list[str] | None, typer.Option(help="coherence, fluency, groundedness, relevance, similarity; repeatable.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for answers and reports; run again, it goes on.")] = Path(
        "results"
    ),
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask everything anew.")] = False,
    config: Config = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """Asks the endpoint a data set, many questions at once, and compares base and adapters.

    Needs the extra `evaluate`. Interrupted at any moment, it goes on where it stopped.

    Example: aca-inference evaluate dataset/dataset-classification.json --limit 200
    """
    from cli.show_evaluation import Wanted, run

    wanted = Wanted(data, model, asked, expected, prompt, metric, limit, parallel, max_tokens, output, fresh)
    run(config, wanted, judge_url, judge_model, criterion, as_json)


@app.command()
def cost(
    currency: Annotated[str, typer.Option(help="ISO code, as EUR.")] = "USD",
    hours: Annotated[float, typer.Option(min=0, help="Hours a month that all replicas are at work.")] = 730,
    config: Config = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """Tells what the deployment costs an hour and a month, idle and at full scale, from Azure's public price list.

    The list is kept for a day and told with its date. Offline and without one there is no figure: nothing is guessed.

    Example: aca-inference cost --currency EUR --hours 40
    """
    from cli.show_cost import show

    show(config, currency, hours, as_json)
