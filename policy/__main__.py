"""Starts the pack for the engine, which runs this folder as a program."""

import sys
from pathlib import Path

# The engine puts this folder first on the path; the package is found from the one above.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from policy.analyzer import serve  # noqa: E402

serve()
