"""How long a test waits for what must happen.  Generous: sanitizer builds share their cores."""

import os
import time

DEADLINE = float(os.environ.get("RESPGATE_TEST_DEADLINE", "30"))


def wait_until(condition, what, deadline=DEADLINE):
    """Returns the condition's first true value; fails with `what` when the deadline passes."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g} s: {what() if callable(what) else what}")
        time.sleep(0.01)  # the pace of the polling, not a time that anything is given
