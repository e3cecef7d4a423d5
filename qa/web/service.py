"""One engine behind page and API: loaded in the background, asked by a few threads, never swamped."""

import concurrent.futures
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from qa.answering import Answer, AnswerKind
from qa.engine import Engine
from qa.errors import AskError, QuestionError
from qa.feedback.log import FeedbackLog

LOGGER = logging.getLogger(__name__)

State = Literal["loading", "ready", "failed"]
Result = TypeVar("Result")

PREPARING = "Preparing the model and the article; the first start takes a minute."
BROKEN = "The article could not be prepared; the server's log tells why."

# Questions answered at once, each in one pass of the model: one for each core, and few, since all else waits for the
# one lock of all Python. On two cores, 50 clients get 327 answers a second of 2, and 305 of 8 that share passes
# (benchmarks/load.py).
WORKERS = min(os.cpu_count() or 1, 4)
MAX_WAITING = 64  # a fifth of a second's worth on two cores; further questions are better asked again
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


class BusyError(AskError):
    """Too many questions or texts wait already; asking again in a moment helps."""


class NotReadyError(AskError):
    """The engine is still loading, could not be loaded, or is shutting down; the message says which."""


class Turns:
    """Runs calls in the order in which they come, on a few threads.

    Args:
        name: of the threads.
        workers: how many calls run at once.
        limit: how many may run or wait.
        busy: what a caller beyond the limit is told.
    """

    def __init__(self, name: str, workers: int, limit: int, busy: str) -> None:
        self._limit = limit
        self._busy = busy
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self.pending = 0  # calls that run or wait

    def submit(self, call: Callable[[], Result]) -> "Future[Result]":
        """Return at once with the result to come.

        Raises:
            BusyError: too many calls wait.
            NotReadyError: no more are taken.
        """
        with self._lock:
            if self.pending >= self._limit:
                raise BusyError(self._busy)
            try:
                future = self._pool.submit(call)
            except RuntimeError as error:
                raise NotReadyError("The server is shutting down; ask again when it is back.") from error
            self.pending += 1
        future.add_done_callback(self._leave)
        return future

    def close(self) -> None:
        """End what is under way, drop what waits, take no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _leave(self, _: object) -> None:
        with self._lock:
            self.pending -= 1


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and the id by which its reader can rate it; "" if nothing is recorded."""

    answer: Answer
    question_id: str


class Service:
    """Answers the questions of many callers with one engine.

    Args:
        load: makes the engine; called once, in a thread of its own, after ``start``.
        workers: how many questions are answered at once.
        max_waiting: how many more may wait for their turn.
        log: records what is asked; None records nothing. It is closed together with the service.
    """

    def __init__(
        self,
        load: Callable[[], Engine],
        *,
        workers: int = WORKERS,
        max_waiting: int = MAX_WAITING,
        log: FeedbackLog | None = None,
    ) -> None:
        self._load = load
        self.log = log
        self._loaded: Future[Engine] = Future()
        self._workers = workers
        busy = f"{max_waiting} questions are waiting already; ask again in a moment"
        self._turns = Turns("ask", workers, workers + max_waiting, busy)
        self.registry = CollectorRegistry()
        self._questions = Counter(
            "qa_questions", "Questions by kind of answer, or why there was none.", ["kind"], registry=self.registry
        )
        for kind in (*AnswerKind, "refused", "busy", "failed"):
            self._questions.labels(kind)
        self._seconds = Histogram(
            "qa_answer_seconds",
            "Time from question to answer, waiting included.",
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        waiting = Gauge("qa_questions_waiting", "Questions that wait for their turn.", registry=self.registry)
        waiting.set_function(lambda: self.waiting)
        ready = Gauge("qa_ready", "1 if questions can be answered.", registry=self.registry)
        ready.set_function(lambda: self.state == "ready")

    def start(self) -> None:
        """Load the engine in the background."""
        threading.Thread(target=self._run_load, name="load", daemon=True).start()

    def close(self) -> None:
        """Answer what is under way, drop what waits, take no more."""
        self._turns.close()
        if self.log is not None:
            self.log.close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until loading has ended, well or not; return whether the service is ready."""
        concurrent.futures.wait([self._loaded], timeout)
        return self.state == "ready"

    @property
    def state(self) -> State:
        """Return where the service stands."""
        if not self._loaded.done():
            return "loading"
        return "failed" if self._loaded.exception() else "ready"

    @property
    def message(self) -> str:
        """Return in one line for people why nothing can be asked."""
        return str(self._loaded.exception()) if self._loaded.done() else PREPARING

    @property
    def engine(self) -> Engine:
        """Return the engine.

        Raises:
            NotReadyError: it is not there yet, or could not be loaded.
        """
        if self.state != "ready":
            raise NotReadyError(self.message)
        return self._loaded.result()

    @property
    def waiting(self) -> int:
        """Return how many questions wait for their turn."""
        return max(0, self._turns.pending - self._workers)

    def ask(self, question: str, history: Sequence[str] = (), article: str | None = None) -> Answer:
        """Answer a question, after the earlier ``history`` of questions, oldest first; from one ``article`` or all.

        Raises:
            NotReadyError: the engine is not loaded.
            BusyError: too many questions wait.
            QuestionError: the question is empty, too long, or not text.
        """
        return self.submit(question, history, article).result().answer

    def submit(
        self, question: str, history: Sequence[str] = (), article: str | None = None, own: Engine | None = None
    ) -> "Future[Reply]":
        """Return at once with the answer to come; raises like ``ask``, QuestionError excepted.

        Given a visitor's ``own`` engine, that one answers, and nothing is recorded.
        """
        engine = own or self.engine
        asked = time.perf_counter()
        try:
            return self._turns.submit(lambda: self._answer(engine, question, tuple(history), article, asked))
        except BusyError:
            self._questions.labels("busy").inc()
            raise

    def _answer(
        self, engine: Engine, question: str, history: tuple[str, ...], article: str | None, asked: float
    ) -> Reply:
        """Ask the engine, count what came of it, and record it."""
        kind = "failed"
        try:
            answer = engine.ask(question, history, article)
            kind = answer.kind.value
            seconds = time.perf_counter() - asked
            self._seconds.observe(seconds)
        except QuestionError:
            kind = "refused"
            raise
        finally:
            self._questions.labels(kind).inc()
        if self.log is None or engine is not self.engine:
            return Reply(answer, "")
        return Reply(answer, self.log.record(answer, history=len(history), seconds=seconds, articles=engine.articles))

    def _run_load(self) -> None:
        try:
            self._loaded.set_result(self._load())
        except AskError as error:
            LOGGER.error("cannot load: %s", error)
            self._loaded.set_exception(error)
        except BaseException:  # whatever it is must not leave the page waiting
            LOGGER.exception("cannot load")
            self._loaded.set_exception(NotReadyError(BROKEN))
