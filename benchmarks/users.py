"""The users of a load test, for Locust; runs in an environment of its own.

``STAGES`` is a list like ``8:10,200:10!``: so many users for so many seconds, one stage after the
other; with ``!``, users that are told to come back later (503) ask again at once. Each asks the next
question as soon as the last is answered. Every request is written to ``OUT`` as JSON.
"""

import itertools
import json
import os
import time
from pathlib import Path

from locust import FastHttpUser, LoadTestShape, events, task

STAGES = [
    (int(users), float(seconds.rstrip("!")), seconds.endswith("!"))
    for users, _, seconds in (stage.partition(":") for stage in os.environ["STAGES"].split(","))
]
QUESTIONS = itertools.cycle(json.loads(Path(os.environ["QUESTIONS"]).read_text("utf-8")))
ENDS = list(itertools.accumulate(seconds for _, seconds, _ in STAGES))
IDLE = 0.1  # seconds after which a user that a stage has no place for looks again
NUMBERS = itertools.count()
REQUESTS: list[tuple[float, float, int]] = []  # start, seconds, status; 0 for none
BEGIN: list[float] = []  # when all users had come


def stage() -> int:
    """Return the number of the stage by now; that of none once all are over, and before all users have come."""
    now = time.time() - BEGIN[0] if BEGIN else ENDS[-1]
    return next((number for number, end in enumerate(ENDS) if now < end), len(ENDS))


class Stages(LoadTestShape):
    """Keeps as many users as the largest stage needs; which of them ask, they see for themselves."""

    def tick(self) -> tuple[int, float] | None:
        """Return the number of users, and how fast they come; None ends the test."""
        return None if BEGIN and stage() == len(ENDS) else (max(users for users, _, _ in STAGES), 1000)


class Reader(FastHttpUser):
    """Asks one question after the other."""

    network_timeout = 60.0

    def on_start(self) -> None:
        """Take a number."""
        self.number = next(NUMBERS)

    @task
    def ask(self) -> None:
        """Ask, and come back later if told so."""
        now = stage()
        if now == len(ENDS) or self.number >= STAGES[now][0]:
            time.sleep(IDLE)
            return
        start = time.time()
        with self.client.post("/api/ask", json={"question": next(QUESTIONS)}, catch_response=True) as response:
            REQUESTS.append((start, time.time() - start, response.status_code))
            response.success()
        if response.status_code == 503 and not STAGES[now][2]:
            time.sleep(float(response.headers.get("Retry-After", 1)))


@events.spawning_complete.add_listener
def begin(**_: object) -> None:
    """Let the first stage begin."""
    BEGIN[:] = BEGIN or [time.time()]


@events.quitting.add_listener
def write(**_: object) -> None:
    """Write what was seen."""
    beginnings = [BEGIN[0] + end for end in (0.0, *ENDS)]
    Path(os.environ["OUT"]).write_text(json.dumps({"beginnings": beginnings, "requests": REQUESTS}), "utf-8")
