"""`python3 -m inference_app`: serves the models on the share."""

import argparse
import asyncio
import os
import sys

from inference_app.logs import set_up_logs
from inference_app.settings import SettingsError, describe_settings, read_settings

EXIT_WRONG_SETTINGS = 2


def main() -> int:
    """Reads the settings and serves; the exit status is 0 after a stop that was asked for."""
    argparse.ArgumentParser(
        prog="python3 -m inference_app",
        description="Serves a base model and its LoRA adapters from a file share: OpenAI-compatible API and chat page.",
        epilog=f"settings, from the environment:\n{describe_settings()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - nothing runs yet, a person reads this
        return EXIT_WRONG_SETTINGS
    set_up_logs(settings.log_level)
    # Imported here: wrong settings and --help answer at once.
    from inference_app.server import serve

    try:
        asyncio.run(serve(settings))
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a person reads this
        return EXIT_WRONG_SETTINGS
    return 0


if __name__ == "__main__":
    sys.exit(main())
