"""What the README shows is what happens."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import serving

from qa import Engine
from qa.web.service import Service

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:7860"


@pytest.fixture(scope="module")
def address(engine: Engine) -> Iterator[str]:
    service = Service(lambda: engine)
    with serving(service) as url:
        assert service.wait(60)
        yield url.rstrip("/")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"))
def test_python_examples_run_and_print_an_answer(code: str, address: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code.replace(ADDRESS, address)],
        capture_output=True, text=True, check=False, timeout=120, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "US$5.6 million" in done.stdout or "founded in 2023" in done.stdout


def test_the_curl_example_answers(address: str) -> None:
    (command,) = blocks("bash")
    done = subprocess.run(
        ["bash", "-c", command.replace(ADDRESS, address)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "US$5.6 million" in done.stdout


def test_the_session_prints_as_shown() -> None:
    (session,) = re.findall(r"<!-- session -->\n```console\n(.*?)```\n<!-- /session -->", README, re.DOTALL)
    for part in filter(None, session.split("$ qa ")):
        command, _, shown = part.partition("\n")
        (question,) = re.findall(r'^ask "(.*)"$', command)
        done = subprocess.run(
            [sys.executable, "-m", "qa", "ask", question], capture_output=True, text=True, check=False, timeout=60
        )
        assert [line.rstrip() for line in done.stdout.rstrip().splitlines()] == shown.rstrip().splitlines()
