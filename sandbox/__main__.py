"""`python -m sandbox serve --state DIR`: the sandbox in this process, until SIGTERM."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.fleet.fleet import Fleet
from sandbox.serving import serve


def main() -> int:
    """Runs the command line; 1 for an error that was foreseen, said in one line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Azure on this machine.")
    commands = parser.add_subparsers(required=True)
    serving = commands.add_parser("serve", help="run the sandbox in this process, until SIGTERM or Ctrl-C")
    serving.add_argument("--state", type=Path, required=True, metavar="DIR", help="where everything is kept")
    serving.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="REFERENCE=DIR",
        help="an image that apps may use; DIR/bin comes first on their PATH (may be repeated)",
    )
    arguments = parser.parse_args()
    images = {reference: Path(folder) for reference, _, folder in (item.rpartition("=") for item in arguments.image)}
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(serve(arguments.state.absolute(), images, Fleet))
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
