"""A server with the page, and a Chromium to look at it."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from qa.web.server import build_app
from qa.web.service import Service

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No sandbox, since tests often run as root in a container; nothing that talks to the browser's makers.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True,
}  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the system's Chromium."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise RuntimeError(f"no browser found (looked for {', '.join(NAMES)}); install one: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def serving(service: Service, **options: Any) -> Iterator[str]:
    """Serve the app on a free port; yields its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        started: Queue[uvicorn.Server | Exception] = Queue()

        def run() -> None:
            # Built here, since Playwright keeps an event loop running in the thread of the tests.
            try:
                app = build_app(service, **options)
            except Exception as error:
                started.put(error)
                raise
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=1))
            started.put(server)
            server.run(sockets=[listener])

        thread = threading.Thread(target=run)
        thread.start()
        server = started.get(timeout=60)
        if isinstance(server, Exception):
            raise server
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()
