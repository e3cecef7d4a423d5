"""The command line as people and scripts use it: as a process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from qa import corpus_path
from qa.readers import read_articles


def qa(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "qa", *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def test_ask_prints_quote_section_faq_and_confidence() -> None:
    done = qa("ask", "How much did it cost to train R1?")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "US$5.6" in done.stdout
    assert "[1] How R1 challenges the cost of AI · deepseek.md" in done.stdout
    assert "% sure" in done.stdout
    assert "Nearest FAQ entry:" in done.stdout


def test_ask_json_carries_the_whole_answer_and_exact_offsets() -> None:
    answer = json.loads(qa("ask", "--json", "Why were registrations limited?").stdout)
    assert {"question", "kind", "text", "confidence", "citations", "faqs", "passages"} <= set(answer)
    assert answer["kind"] == "faq"
    article = read_articles(corpus_path())[0]
    for citation in answer["citations"]:
        assert {"number", "quote", "start", "end", "section", "article"} <= set(citation)
        assert article.text[citation["start"] : citation["end"]] == citation["quote"]


def test_an_abstention_says_why_and_what_can_be_asked_and_is_no_failure() -> None:
    done = qa("ask", "How do I bake an apple pie?")
    assert done.returncode == 0
    assert "The article doesn't say." in done.stdout
    assert "Why:" in done.stdout
    assert "You can ask:" in done.stdout


def test_another_article_is_asked_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "light.txt"
    path.write_text("The lighthouse was lit in 1874. Its lamp burned colza oil.\n", encoding="utf-8")
    answer = json.loads(qa("ask", "--json", "--article", str(path), "When was the lighthouse lit?").stdout)
    assert answer["citations"][0]["quote"] == "The lighthouse was lit in 1874."
    assert answer["citations"][0]["article"] == "light.txt"


def test_one_article_of_a_folder_is_asked_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "light.txt").write_text("The lighthouse was lit in 1874.\n", encoding="utf-8")
    (tmp_path / "port.txt").write_text("The harbour was dug in 1790.\n", encoding="utf-8")
    asked = ("ask", "--json", "--article", str(tmp_path), "--only")
    answer = json.loads(qa(*asked, "port.txt", "When was the lighthouse lit?").stdout)
    assert {passage["article"] for passage in answer["passages"]} == {"port.txt"}
    refused = qa(*asked, "sea.txt", "When was it dug?")
    assert refused.returncode == 2
    assert "there is no article 'sea.txt'; there are light.txt, port.txt" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", ""], "the question is empty"),
        (["ask", "x" * 501], "the question has 501 characters; the limit is 500"),
        (["ask", "a\x07b"], "the question is not text: U+0007 at character 2"),
        (["ask", "🙂🙂"], "the question holds no word"),
        (["ask", "who?", "--article", "nowhere.md"], "nowhere.md does not exist; give a file or a folder"),
        (["ask", "who?", "--settings", "nowhere.toml"], "cannot read settings nowhere.toml"),
        (["show", "--article", "nowhere.md"], "nowhere.md does not exist"),
        (["chat", "nowhere.md"], "nowhere.md does not exist"),
        (["faq", "http://127.0.0.1:9/"], "leads to 127.0.0.1, which is not public; add --allow-private"),
        (["eval", "nowhere.jsonl"], "cannot read nowhere.jsonl"),
        (["eval", "--methods", "guessing"], "unknown method guessing"),
    ],
)
def test_bad_input_ends_with_one_line_and_code_2(arguments: list[str], message: str) -> None:
    done = qa(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("qa: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_argument_is_a_usage_error_without_traceback() -> None:
    done = qa("ask")
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_show_prints_sections_passages_sentences_and_faq() -> None:
    shown = qa("show").stdout
    assert "# How R1 challenges the cost of AI" in shown
    assert "Passage 1, characters" in shown
    assert "  1. The Chinese AI startup DeepSeek" in shown
    assert "FAQ, 10 entries" in shown


def test_control_characters_of_a_name_never_reach_the_terminal(tmp_path: Path) -> None:
    done = qa("show", "--article", str(tmp_path / "a\x1b[2J\nb.md"))

    assert (done.returncode, done.stderr) == (
        2,
        f"qa: {tmp_path}/a\ufffd[2J b.md does not exist; give a file or a folder\n",
    )


def test_control_characters_of_an_article_never_reach_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_text(
        "The bell \x1b[31mrings\x1b[0m at noon every day. [bold]Nobody[/bold] knows why.\n", encoding="utf-8"
    )
    shown = qa("show", "--article", str(path)).stdout
    assert "\x1b[31m" not in shown
    assert "[bold]Nobody[/bold]" in shown
