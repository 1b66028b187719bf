"""`python3 -m toolchain base|dev|test`: makes ready what `make up` (base) or `make test` (test) needs."""

import sys

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 14)  # the newest that every pinned package has a wheel for

if not OLDEST_PYTHON <= tuple(sys.version_info[:2]) <= NEWEST_PYTHON:
    sys.exit(
        f"set-up needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} to {NEWEST_PYTHON[0]}.{NEWEST_PYTHON[1]};"
        f" this is {sys.version.split()[0]}. Install one, then: make PYTHON=python3.11 ..."
    )

from toolchain.setup import main  # noqa: E402  only a Python that is new enough can read it

sys.exit(main(sys.argv[1:]))
