"""Waiting for what other threads bring about."""

import threading
from collections.abc import Callable

PATIENCE = 30.0  # seconds; a test that waits for longer has failed


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition comes true."""
    never = threading.Event()
    for _ in range(int(PATIENCE * 1000)):
        if condition():
            return
        never.wait(0.001)
    raise AssertionError("the condition never came true")
