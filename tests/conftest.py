"""What holds for every test."""

import signal


def pytest_configure() -> None:
    """Ctrl-C works in what tests start: a shell that runs something in the background has it ignored, and that is
    inherited."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
