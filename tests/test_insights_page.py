"""What readers typed is shown to the author, and to nobody else; nothing of it runs, wherever it is shown."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest
from attacks import ATTACKS
from diary import NOON, TALL, Diary
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lighthouse import TEXT, lighthouse
from markdown_it import MarkdownIt
from rich.console import Console
from toy import ToyEncoder
from waiting import PATIENCE

from qa import Engine, FeedbackError
from qa.cli import main
from qa.feedback.insights import Insights, gather
from qa.feedback.plots import MAX_DAYS, draw
from qa.feedback.report import print_insights, write_report
from qa.web.insights import NO_LOG, NOT_HERE, add_insights
from qa.web.server import build_app
from qa.web.service import Service

PNG = b"\x89PNG\r\n\x1a\n"
HOSTILE = (*ATTACKS, "ring \x9b31mthe\u202e bell", "<b onclick=window.pwned=1>why</b>")


class Tags(HTMLParser):
    """Notes the tags of a page with their attributes."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.from_articles([lighthouse()], encoder=ToyEncoder())


@pytest.fixture
def hostile(diary: Diary, path: Path, engine: Engine) -> Insights:
    for question in HOSTILE:
        diary.ask(question, "passage", TALL, liked=False, reason=question, before=question)
    return gather(path, engine, now=NOON)


# Reports


def test_a_report_is_one_page_that_asks_nothing_of_the_outside_and_runs_nothing(
    hostile: Insights, tmp_path: Path
) -> None:
    write_report(hostile, tmp_path)

    source = (tmp_path / "insights.html").read_text(encoding="utf-8")
    tags = Tags(source).tags
    assert {name for name, _ in tags} <= {
        "html", "meta", "title", "style", "main", "h1", "h2", "p", "div", "strong",
        "picture", "source", "img", "ol", "ul", "li", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
    urls = [value for _, attributes in tags for name, value in attributes.items() if name in {"src", "srcset", "href"}]
    assert [str(url)[:22] for url in urls] == ["data:image/png;base64,"] * 2
    assert "&lt;script&gt;window.pwned=1&lt;/script&gt;" in source
    assert not {letter for letter in source if not letter.isprintable()} - {"\n"}
    assert (tmp_path / "insights.png").read_bytes().startswith(PNG)


def test_a_report_in_markdown_and_json_and_the_terminal_does_nothing_either(hostile: Insights, tmp_path: Path) -> None:
    write_report(hostile, tmp_path)
    screen = StringIO()
    print_insights(hostile, Console(file=screen, width=100))

    markdown = (tmp_path / "insights.md").read_text(encoding="utf-8")
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown)
    inline = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in inline} <= {
        "text",
        "strong_open",
        "strong_close",
        "image",
        "softbreak",
        "text_special",
    }
    assert [token.attrs for token in inline if token.type == "image"] == [{"src": "insights.png", "alt": ""}]
    assert [token.type for token in tokens].count("ordered_list_open") == 1  # an entry's facts belong to it
    assert not [token.type for token in tokens if token.type in {"html_block", "code_block", "fence", "hr"}]
    assert json.loads((tmp_path / "insights.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(hostile.to_dict())
    )
    for text in (markdown, screen.getvalue()):
        assert not {letter for letter in text if not letter.isprintable()} - {"\n"}


def test_the_terminal_tells_the_figures(diary: Diary, path: Path, engine: Engine) -> None:
    diary.ask("how tall is it", "passage", TALL, sure=0.875, liked=True)
    diary.ask("who drew the plans")
    screen = StringIO()

    print_insights(gather(path, engine, now=NOON), Console(file=screen, width=120))

    lines = [" ".join(line.split()) for line in screen.getvalue().splitlines()]
    for line in (
        "2 questions", "1 answered 50% of the questions", "1 refused 50%", "1 liked",
        "88% median confidence of the answers given", "20 ms median latency from question to answer",
        f"1 1 0 The lighthouse {TALL}", "What readers asked. From the first question to 2027-01-15 08:00 UTC.",
    ):  # fmt: skip
        assert line in lines
    assert any(line.startswith("1 0 who drew the plans no") for line in lines)


def test_many_days_are_drawn_as_months(diary: Diary, path: Path, engine: Engine) -> None:
    diary.ask("who drew the plans")
    diary.now += (MAX_DAYS + 1) * 86_400
    diary.ask("who drew the plans")

    assert draw(gather(path, engine)).light.startswith(PNG)


# The command


def test_the_command_prints_writes_and_drafts(
    diary: Diary, path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    article = tmp_path / "lighthouse.md"
    article.write_text(TEXT, encoding="utf-8")
    diary.ask("who drew the plans of the lighthouse")
    out = tmp_path / "out"

    main(["insights", "--log", str(path), "--article", str(article), "--out", str(out), "--draft-faq", "--json"])

    shown = capsys.readouterr()
    assert json.loads(shown.out)["gaps"][0]["question"] == "who drew the plans of the lighthouse"
    assert "(entries: 1, of which for you to answer: 1)" in shown.err
    assert sorted(file.name for file in out.iterdir()) == [
        "faq-draft.jsonld", "faq-draft.md", "insights.html", "insights.json", "insights.md", "insights.png",
    ]  # fmt: skip


def test_without_a_log_the_command_says_how_to_get_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["insights"], ["feedback", "export"]):
        with pytest.raises(SystemExit):
            main([*command, "--log", str(tmp_path / "none.sqlite3")])
        error = capsys.readouterr().err
        assert error.endswith("none.sqlite3; `qa chat` writes one, or name it with --log\n")
        assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


# The author's page


@pytest.fixture(scope="module")
def site(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, Diary]]:
    """Return the app, and the log that it records in."""
    diary = Diary(tmp_path_factory.mktemp("site") / "log.sqlite3")
    diary.ask("<script>who</script> drew the plans")
    service = Service(lambda: engine, log=diary.log)
    app = build_app(service)
    service.start()
    service.wait(PATIENCE)
    yield app, diary
    service.close()


def browser(app: FastAPI, *, client: str = "127.0.0.1", name: str = "127.0.0.1", root_path: str = "") -> TestClient:
    return TestClient(app, base_url=f"http://{name}:7860", client=(client, 50000), root_path=root_path)


def bare(engine: Engine, root_path: str = "") -> TestClient:
    """Return a client of an app that has nothing but the page, and no log."""
    service = Service(lambda: engine)
    service.start()
    service.wait(PATIENCE)
    app = FastAPI()
    add_insights(app, service, auth=False)
    return browser(app, root_path=root_path)


def test_the_author_sees_the_report_on_the_own_machine(site: tuple[FastAPI, Diary]) -> None:
    app, diary = site
    client = browser(app)
    response = client.get("/insights")
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "&lt;script&gt;who&lt;/script&gt; drew the plans" in response.text
    assert "script-src 'self'" in response.headers["content-security-policy"]

    diary.ask("who painted the stairs green")
    assert client.get("/insights").text == response.text  # kept for a minute
    assert "painted the stairs" in client.get("/insights?since=9999w").text
    assert client.get("/insights?since=never").json()["error"].startswith("since 'never' is no stretch of time")


@pytest.mark.parametrize("name", ["localhost", "[::1]", "127.0.0.2"])
def test_the_machine_has_several_names(site: tuple[FastAPI, Diary], name: str) -> None:
    assert browser(site[0], name=name).get("/insights").status_code == 200


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        ("192.0.2.1", {}),
        ("127.0.0.1", {"Host": "stranger.example:7860"}),
        ("127.0.0.1", {"Host": "127.0.0.1.stranger.example"}),
        ("127.0.0.1", {"Host": "[::1"}),
        ("127.0.0.1", {"Host": ""}),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}),
    ],
)
def test_nobody_else_sees_it(site: tuple[FastAPI, Diary], client: str, headers: dict[str, str]) -> None:
    response = browser(site[0], client=client).get("/insights", headers=headers)

    assert (response.status_code, response.json()) == (403, {"error": NOT_HERE})


def test_behind_a_proxy_nobody_is_on_this_machine(engine: Engine) -> None:
    assert bare(engine, root_path="/ask").get("/insights").status_code == 403


def test_with_a_password_it_is_seen_from_anywhere(engine: Engine, diary: Diary) -> None:
    service = Service(lambda: engine, log=diary.log)
    app = build_app(service, auth="author:secret", root_path="/ask")
    service.start()
    service.wait(PATIENCE)
    client = browser(app, client="192.0.2.1", name="chat.example")

    assert client.get("/insights").status_code == 401
    assert client.get("/insights", auth=("author", "secret")).status_code == 200
    service.close()


def test_without_a_log_the_page_says_so(engine: Engine) -> None:
    response = bare(engine).get("/insights")

    assert (response.status_code, response.json()) == (404, {"error": NO_LOG})


def test_a_log_that_is_gone_is_told(path: Path, engine: Engine) -> None:
    with pytest.raises(FeedbackError, match="there is no log of questions at"):
        gather(path, engine)
