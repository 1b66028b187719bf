"""`python3 -m toolchain base|dev|test`: makes ready what `make up` (base) or `make test` (test) needs."""

import sys

OLDEST_PYTHON = (3, 11)

if sys.version_info < OLDEST_PYTHON:
    sys.exit(
        f"set-up needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer; this is {sys.version.split()[0]}."
        " Install one, then: make PYTHON=python3.11 ..."
    )

from toolchain.setup import main  # noqa: E402  only a Python that is new enough can read it

sys.exit(main(sys.argv[1:]))
