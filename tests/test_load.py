"""The running server: fifty people at once, nothing sent elsewhere, a quiet end."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from waiting import PATIENCE, until

from qa import Engine, SettingsError, corpus_path
from qa.web.server import serve

PEOPLE = 50
QUESTIONS_EACH = 2
P95_SECONDS = 2.0
ROUNDS = 3

# Prints each attempt to reach another host, whatever code makes it.
WATCHED = """
import ipaddress, sys

def local(host):
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

def watch(event, arguments):
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[-1]
        if isinstance(address, tuple) and not local(address[0]):
            print(event, address[0], flush=True)
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        if not local(arguments[0]):
            print(event, arguments[0], flush=True)

sys.addaudithook(watch)
"""
SERVE = """
from qa.readers import find_sources
from qa.web.server import engine_loader, serve
load = engine_loader(find_sources(sys.argv[1]), sys.argv[1])
serve(load, port=0, rate="1000000/minute", announce=lambda url: print(url, flush=True))
"""
SERVE_LOADING = """
import threading
from qa.web.server import serve
serve(threading.Event().wait, port=0, announce=lambda url: print(url, flush=True))
"""
REACH_OUT = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    probe.connect(("192.0.2.1", 9))  # sends nothing, being UDP
"""


class Running:
    """A server in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.process = process
        self.url = url
        self.address = str(urlsplit(url).netloc)

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send one request over a connection of its own."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, response.headers, content

    def stop(self) -> tuple[int, str, str]:
        """Press Ctrl-C; return the exit status, and what was printed since the address."""
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, output, errors


@contextmanager
def started(script: str) -> Iterator[Running]:
    """Start a server and wait for its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", WATCHED + script, str(corpus_path())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Running(process, process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


def ready(server: Running) -> bool:
    return server.request("GET", "/healthz")[0] == 200


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with started(SERVE) as running:
        until(lambda: ready(running))
        yield running


@pytest.fixture(scope="module")
def faq(server: Running) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = json.loads(server.request("GET", "/api/faq")[2])["faq"]
    return entries


def ask_page(server: Running, question: str) -> dict[str, Any]:
    """Ask through the page's queue, as ``gradio_client`` does."""
    status, _, content = server.request("POST", "/gradio_api/call/ask", {"data": [question, []]})
    assert status == 200, content
    event = json.loads(content)["event_id"]
    status, headers, content = server.request("GET", f"/gradio_api/call/ask/{event}")
    assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    kind, data = content.decode().strip().split("\n\n")[-1].split("\n")
    assert kind == "event: complete", content
    answer: dict[str, Any] = json.loads(data.removeprefix("data: "))[0]
    return answer


def ask_api(server: Running, question: str) -> dict[str, Any]:
    status, _, content = server.request("POST", "/api/ask", {"question": question})
    assert status == 200, content
    answer: dict[str, Any] = json.loads(content)
    return answer


@pytest.mark.parametrize("ask", [ask_api, ask_page])
def test_fifty_people_at_once_get_their_own_answers_in_time(
    server: Running, faq: list[dict[str, str]], ask: Callable[[Running, str], dict[str, Any]]
) -> None:
    begin = threading.Barrier(PEOPLE)

    def person(number: int) -> list[float]:
        begin.wait(PATIENCE)
        seconds = []
        for turn in range(QUESTIONS_EACH):
            entry = faq[(number + turn) % len(faq)]
            start = time.perf_counter()
            answer = ask(server, entry["question"])
            seconds.append(time.perf_counter() - start)
            assert (answer["question"], answer["text"]) == (entry["question"], entry["answer"])
        return seconds

    def p95() -> float:
        with ThreadPoolExecutor(PEOPLE) as people:
            seconds = sorted(each for turns in people.map(person, range(PEOPLE)) for each in turns)
        assert len(seconds) == PEOPLE * QUESTIONS_EACH
        return seconds[int(0.95 * len(seconds))]

    # A machine that is busy with other things gets as much longer as these take, and may try again.
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert any(p95() < P95_SECONDS * busy for _ in range(ROUNDS))


def test_a_stream_reaches_the_reader_while_it_is_still_open(server: Running) -> None:
    connection = http.client.HTTPConnection(server.address, timeout=PATIENCE)
    connection.request("GET", "/gradio_api/heartbeat/somebody")
    response = connection.getresponse()
    assert response.readline() == b"data: ALIVE\n"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    connection.close()


def test_no_response_names_the_servers_software(server: Running) -> None:
    for path in ("/", "/api/faq", "/none"):
        assert server.request("GET", path)[1]["Server"] is None


def test_answers_are_not_held_back_by_the_network(server: Running) -> None:
    connection = http.client.HTTPConnection(server.address, timeout=PATIENCE)
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        seconds.append(time.perf_counter() - start)
    connection.close()
    assert sorted(seconds)[len(seconds) // 4] < 0.035  # with Nagle's algorithm, each takes 40 ms


def test_nothing_is_sent_to_other_hosts_and_ctrl_c_ends_it_quietly() -> None:
    with started(SERVE) as server:
        until(lambda: ready(server))
        assert server.request("GET", "/")[0] == 200
        assert server.request("GET", "/config")[0] == 200
        assert server.request("GET", "/gradio_api/info")[0] == 200
        assert server.request("GET", "/gradio_api/file=http://192.0.2.1/")[0] == 404
        answer = ask_api(server, "When was DeepSeek founded?")
        assert ask_page(server, "When was DeepSeek founded?") == answer
        stream = http.client.HTTPConnection(server.address, timeout=PATIENCE)
        stream.request("GET", "/gradio_api/heartbeat/somebody")
        assert stream.getresponse().readline() == b"data: ALIVE\n"
        assert server.stop() == (0, "", "")
        stream.close()


def test_ctrl_c_ends_it_quietly_while_the_model_is_still_loading() -> None:
    with started(SERVE_LOADING) as server:
        assert server.request("GET", "/healthz")[0] == 503
        assert server.request("GET", "/")[0] == 200
        assert server.stop() == (0, "", "")


def test_the_watch_over_outside_connections_notices_one() -> None:
    run = subprocess.run([sys.executable, "-c", WATCHED + REACH_OUT], capture_output=True, text=True, check=True)
    assert run.stdout == "socket.connect 192.0.2.1\n"


def no_engine() -> Engine:
    raise AssertionError("the engine is not loaded when there is no port")


def test_a_taken_port_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        expected = f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another with --port"
        with pytest.raises(SettingsError, match=f"^{expected}$"):
            serve(no_engine, port=port)


@pytest.mark.parametrize(
    ("host", "port", "remedy"), [("192.0.2.1", 0, "--host"), ("127.0.0.1", 70000, "--port"), ("a" * 64, 0, "--host")]
)
def test_an_impossible_address_is_told_in_one_line(host: str, port: int, remedy: str) -> None:
    with pytest.raises(SettingsError, match=f"^cannot listen on {host}:{port}: .*; choose another with {remedy}$"):
        serve(no_engine, host=host, port=port)
