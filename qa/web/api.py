"""The HTTP API for programs: the same answers, and the same JSON, as the command line."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.exceptions import HTTPException

from qa.answering import Answer
from qa.article import Article
from qa.engine import Engine
from qa.errors import QuestionError
from qa.faq import faq_entries, faq_jsonld
from qa.web.render import sentence
from qa.web.security import refusal
from qa.web.service import BusyError, NotReadyError, Service

MAX_HISTORY = 20  # a conversation's earlier topics hardly matter beyond a few turns
MAX_NAME_CHARS = 200
ANSWERS = TypeAdapter(Answer)  # writes JSON ten times as fast as by way of a dict
ARTICLE_FIELDS = ("name", "title", "date", "summary", "language", "text", "sha256")
NOT_JSON = 'The body is not JSON; send something like {"question": "What is this article about?"}.'
Name = Annotated[str | None, Query(max_length=MAX_NAME_CHARS, description="The name of the only article.")]
METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]


class Question(BaseModel):
    """What is asked."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: str = Field(description="In plain words.", examples=["How much did it cost to train R1?"])
    history: list[str] = Field(
        default_factory=list, max_length=MAX_HISTORY, description="Earlier questions of the conversation, oldest first."
    )
    article: str | None = Field(
        default=None, max_length=MAX_NAME_CHARS, description="The name of the only article that may answer."
    )


class Problem(BaseModel):
    """What every refused request gets."""

    error: str = Field(description="One plain sentence.")


COMMON = {429: "Too many requests; Retry-After tells when.", 503: "Loading or busy; Retry-After tells when."}


def _problems(own: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return how an address's refusals are described: its ``own``, and those that all have."""
    return {status: {"model": Problem, "description": text} for status, text in {**own, **COMMON}.items()}


def add_api(app: FastAPI, service: Service) -> None:
    """Give ``app`` the API's routes, and sentences in place of the framework's errors."""

    @app.post(
        "/api/ask",
        response_class=JSONResponse,
        responses={
            200: {"model": Answer},
            **_problems({404: "No such article.", 413: "Too long.", 422: "Not a question."}),
        },
    )
    async def ask(body: Question) -> Response:
        """Answer a question; an abstention is an answer of kind ``none``."""
        _named(service.engine, body.article)
        try:
            reply = await asyncio.wrap_future(service.submit(body.question, body.history, body.article))
        except QuestionError as error:
            limit = service.engine.settings.max_question_chars
            too_long = max(map(len, [body.question.strip(), *body.history])) > limit
            return refusal(413 if too_long else 422, sentence(str(error)))
        return Response(ANSWERS.dump_json(reply.answer), media_type="application/json")

    @app.get("/api/article", response_class=JSONResponse, responses=_problems({404: "No such article."}))
    async def one_article(article: Name = None) -> Response:
        """Return the article's text and where its sections lie; if there are several, a list of them."""
        articles = [_article(each) for each in _named(service.engine, article)]
        return JSONResponse(articles[0] if len(articles) == 1 else {"articles": articles})

    @app.get(
        "/api/faq",
        response_class=JSONResponse,
        responses=_problems({404: "No such article.", 422: "No such format."}),
    )
    async def faq(
        form: Annotated[Literal["json", "jsonld"], Query(alias="format")] = "json", article: Name = None
    ) -> Response:
        """Return the FAQ's entries; ``format=jsonld`` gives a schema.org FAQPage."""
        articles = _named(service.engine, article)
        if form == "json":
            return JSONResponse({"faq": [entry for each in articles for entry in _entries(each)]})
        about = (articles[0].title, articles[0].language) if len(articles) == 1 else ()
        return Response(faq_jsonld(faq_entries(articles), *about), media_type="application/ld+json")

    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", response_class=JSONResponse)
    async def healthz() -> Response:
        """Return 200 once questions can be answered, 503 before."""
        state = service.state
        return JSONResponse({"status": state}, 200 if state == "ready" else 503)

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Return counters in Prometheus' text form."""
        return Response(generate_latest(service.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    @app.api_route("/api/{rest:path}", methods=METHODS, include_in_schema=False)
    async def other(rest: str) -> Response:
        """Keep wrong addresses and methods from reaching the page."""
        allowed = {"ask": "POST", "article": "GET", "faq": "GET"}.get(rest)
        if allowed:
            return refusal(405, f"/api/{rest} answers {allowed} only.", {"Allow": allowed})
        return refusal(404, "There is nothing at this address; /api/openapi.json lists what there is.")

    _add_refusals(app)


def _add_refusals(app: FastAPI) -> None:
    """Turn each exception into one plain sentence."""

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        return refusal(422, _explain(error.errors()[0]))

    @app.exception_handler(BusyError)
    async def busy(_: Request, error: BusyError) -> Response:
        return refusal(503, sentence(str(error)), {"Retry-After": "1"})

    @app.exception_handler(NotReadyError)
    async def not_ready(_: Request, error: NotReadyError) -> Response:
        return refusal(503, str(error), {"Retry-After": "5"})

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> Response:
        if error.status_code == 400:  # the framework's word for a body that is not even text
            return refusal(422, NOT_JSON)
        return refusal(error.status_code, sentence(error.detail), error.headers)


def _article(article: Article) -> dict[str, Any]:
    sections = [
        {"title": section.title, "level": section.level, "start": section.span.start, "end": section.span.end}
        for section in article.sections
    ]
    return {name: getattr(article, name) for name in ARTICLE_FIELDS} | {"sections": sections}


def _entries(article: Article) -> list[dict[str, Any]]:
    return [
        {
            "question": article.quote(entry.question),
            "answer": article.quote(entry.answer),
            "start": entry.answer.start,
            "end": entry.answer.end,
            "section": article.section_title(entry.section),
            "article": article.name,
        }
        for entry in article.faqs
    ]


def _named(engine: Engine, name: str | None) -> Sequence[Article]:
    """Return the article of this name, or all of them for None.

    Raises:
        HTTPException: there is none.
    """
    articles = engine.articles
    if name is None:
        return articles
    number = engine.index.numbers.get(name)
    if number is None:
        known = f"there is {articles[0].name!r}" if len(articles) == 1 else f"/api/article lists all {len(articles)}"
        raise HTTPException(404, f"There is no article of this name; {known}.")
    return articles[number : number + 1]


def _explain(error: Mapping[str, Any]) -> str:
    """Return one sentence for what pydantic found first."""
    where = ".".join(str(part) for part in error["loc"][1:])[:MAX_NAME_CHARS]
    kind = error["type"]
    if kind == "json_invalid":
        return NOT_JSON
    if not where:
        return "There is no JSON object; send one, with Content-Type: application/json."
    if kind == "missing":
        return f"{where!r} is missing; send it along."
    if kind == "extra_forbidden":
        return f"{where!r} is not a field; there are {', '.join(Question.model_fields)}."
    message = error["msg"]
    return sentence(f"{where!r}" + (message.removeprefix("Input") if message.startswith("Input ") else f": {message}"))
