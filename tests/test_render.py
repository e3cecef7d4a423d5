"""What the chat, the panel and the exported Markdown make of answers, and that no text in them does anything."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from attacks import ATTACKS
from markdown_it import MarkdownIt

from qa.answering import Answer, AnswerKind, Citation, FaqMatch, PassageMatch
from qa.article import Article
from qa.index.corpus import Corpus, article_columns
from qa.readers import parse_article
from qa.web import choice, panel, render

SOURCE = """# Bees

Bees dance. They dance in the dark.

## Angles

- Up is the sun.
- Long is far.

## FAQ

### Who found out?

Karl von Frisch.

He won a prize.
"""


@pytest.fixture(scope="module")
def bees() -> Article:
    return parse_article("bees.md", SOURCE)


def corpus(*articles: Article) -> Corpus:
    return Corpus(article_columns(articles))


def cite(article: Article, quote: str, section: str) -> Citation:
    start = article.text.index(quote)
    return Citation(1, quote, start, start + len(quote), section, article.name, article.sha256)


def entry(article: Article) -> FaqMatch:
    faq = article.faqs[0]
    return FaqMatch(
        article.quote(faq.question), article.quote(faq.answer), faq.answer.start, faq.answer.end, "FAQ", "bees.md", 0.9
    )


def passage(article: Article, sentence: str) -> PassageMatch:
    found = next(passage for passage in article.passages if sentence in article.quote(passage.span))
    return PassageMatch(article.quote(found.span), sentence, found.span.start, found.span.end, "Angles", "bees.md", 0.5)


class Reader(HTMLParser):
    """Collects elements, attributes and the text that shows."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: set[tuple[str, str]] = set()
        self.pieces: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.pieces.append(data)

    @property
    def text(self) -> str:
        """Return all of it."""
        return "".join(self.pieces)

    def handle_comment(self, data: str) -> None:
        """Refuse a comment."""
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        """Refuse a declaration."""
        raise AssertionError(f"a declaration: {decl}")


def words(text: str) -> str:
    return " ".join(text.split())


def test_an_answer_shows_quote_number_section_and_confidence(bees: Article) -> None:
    citation = cite(bees, "They dance in the dark.", "Bees")
    markup = render.answer_html(Answer("where", AnswerKind.PASSAGE, citation.quote, 0.93, (citation,)), [bees])
    assert markup == (
        '<div class="answer"><blockquote class="cite" dir="auto">“They dance in the dark.” '
        f'<a class="cite" href="#cite-0-{citation.start}-{citation.end}" title="Show it in the article">[1]</a>'
        '</blockquote><p class="source"><span><span hidden>[1] </span><span>Bees</span>'
        f"<span hidden> (bees.md, characters 18–41, sha256 {bees.sha256[:12]})</span></span>"
        '<span class="sure" title="Confidence 0.93: of 100 answers like this one, about 93 are right">'
        '<span class="meter" role="img" title="Confidence 0.93: of 100 answers like this one, about 93 are right">'
        '<span style="width:93%"></span></span> very sure</span></p></div>'
    )


@pytest.mark.parametrize(
    ("confidence", "word"),
    [(1.0, "very sure"), (0.9, "very sure"), (0.89, "fairly sure"), (0.75, "fairly sure"), (0.74, "not quite sure")],
)
def test_confidence_is_put_in_words(confidence: float, word: str) -> None:
    assert render.sureness(confidence) == word


def test_the_nearest_faq_entry_and_other_passages_are_folded_away(bees: Article) -> None:
    citation = cite(bees, "They dance in the dark.", "Bees")
    passages = (passage(bees, "Bees dance."), passage(bees, "Up is the sun."))
    answer = Answer("where", AnswerKind.PASSAGE, citation.quote, 0.8, (citation,), (entry(bees),), passages)
    reader = Reader(render.answer_html(answer, [bees]))
    assert reader.elements.count("details") == 2
    assert "In the FAQ: Who found out?Karl von Frisch.He won a prize." in reader.text
    assert "Other passages (1)“Up is the sun.” Angles" in reader.text  # the cited passage is not another one
    assert ("details", "open") not in reader.attributes


def test_a_faq_answer_names_its_question_unless_the_reader_asked_just_that(bees: Article) -> None:
    faq = entry(bees)
    citation = Citation(1, faq.answer, faq.start, faq.end, "FAQ", "bees.md")
    asked = Answer("who discovered it", AnswerKind.FAQ, faq.answer, 0.9, (citation,), (faq,))
    assert '<p class="label">Who found out?</p>' in render.answer_html(asked, [bees])
    verbatim = Answer("who found out?", AnswerKind.FAQ, faq.answer, 1.0, (citation,), (faq,))
    assert "Who found out?" not in render.answer_html(verbatim, [bees])


def test_a_faq_answer_is_not_given_the_question_that_stands_at_its_place_in_another_article(bees: Article) -> None:
    faq = entry(bees)
    wasps = replace(faq, question="Who fears wasps?", article="wasps.md")
    citation = Citation(1, faq.answer, faq.start, faq.end, "FAQ", "bees.md")
    answer = Answer("who discovered it", AnswerKind.FAQ, faq.answer, 0.9, (citation,), (wasps, faq))
    markup = render.answer_html(answer, [bees, replace(bees, name="wasps.md")])
    assert '<p class="label">Who found out?</p>' in markup
    assert '<p class="label">Who fears wasps?</p>' not in markup


def test_an_abstention_says_so_and_shows_the_closest_sentence_as_no_answer(bees: Article) -> None:
    closest = cite(bees, "Bees dance.", "Bees")
    answer = Answer(
        "how old", AnswerKind.NONE, "The article doesn't say.", 0.2, closest=closest, reason="too unlikely",
        suggestions=("Who found out?",),
    )  # fmt: skip
    reader = Reader(render.answer_html(answer, [bees]))
    assert words(reader.text) == (
        "The article doesn't say.Closest, but not an answer:“Bees dance.” [1][1] Bees "
        f"(bees.md, characters 6–17, sha256 {bees.sha256[:12]})What you could ask instead:"
    )
    assert ("span", "style") not in reader.attributes  # no meter: nothing was answered


def test_a_question_in_another_language_is_told_why_it_has_no_answer(bees: Article) -> None:
    reason = "the question seems to be in German, but the article is in English"
    answer = Answer("wer", AnswerKind.NONE, "The article doesn't say.", 0.0, reason=reason)
    assert "The question seems to be in German, but the article is in English." in render.answer_html(answer, [bees])
    assert "The question seems to be in German" in render.conversation_markdown([("wer", answer)], [bees])


def test_small_talk_is_a_plain_reply(bees: Article) -> None:
    answer = Answer("hi", AnswerKind.NONE, "Hello!", 0.0, reason="small talk", suggestions=("Who found out?",))
    assert render.answer_html(answer, [bees]) == '<div class="answer"><p class="no">Hello!</p></div>'


def test_what_the_conversation_added_is_shown(bees: Article) -> None:
    answer = Answer("who", AnswerKind.NONE, "No.", 0.0, reason="small talk", understood_as="Who found out? who")
    assert '<p class="understood">Understood as: Who found out? who</p>' in render.answer_html(answer, [bees])


def test_follow_ups_become_options(bees: Article) -> None:
    answer = Answer("hi", AnswerKind.NONE, "Hello!", 0.0, reason="small talk")
    message = render.answer_message(answer, [bees], ["Who found out?"])
    assert message["options"] == [{"value": "Who found out?", "label": "Who found out?"}]
    assert "options" not in render.answer_message(answer, [bees])


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_question_comes_back_from_its_message_as_it_was(attack: str) -> None:
    message = render.question_message(attack)
    assert render.question_of(message) == words(attack)
    as_gradio_returns_it = {"role": "user", "content": [{"type": "text", "text": message["content"]}]}
    assert render.questions_of([as_gradio_returns_it, render.note_message("x")]) == [words(attack)]


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_plain_text_in_the_chat(attack: str) -> None:
    place = (0, 1, attack, "a.md")
    answer = Answer(
        attack, AnswerKind.PASSAGE, attack, 0.8, (Citation(1, attack, *place),),
        (FaqMatch(attack, attack, 5, *place[1:], 0.1),), (PassageMatch(attack, attack, 7, 9, attack, "a.md", 0.1),),
        understood_as=attack,
    )  # fmt: skip
    none = Answer(
        attack, AnswerKind.NONE, attack, 0.1, closest=Citation(1, attack, *place), reason=attack, suggestions=(attack,)
    )
    article = parse_article("a.md", f"# {attack} title\n\nOne sentence.")
    expected = {"div", "p", "span", "a", "b", "blockquote", "details", "summary", "ul", "li", "small"}
    for message in (
        render.question_message(attack), render.note_message(attack), render.answer_message(answer, [article]),
        render.answer_message(none, [article]),
    ):  # fmt: skip
        markup = message["content"]
        reader = Reader(markup)
        assert set(reader.elements) <= expected
        assert {name for _, name in reader.attributes} <= {"class", "dir", "href", "title", "role", "style", "hidden"}
        assert words(attack) in words(reader.text)
        assert len(markup.splitlines()) == 1  # Markdown keeps its hands off a block of HTML up to a blank line
        assert markup.startswith("<div class=")


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_plain_text_in_the_panel(attack: str) -> None:
    source = f"# {attack} title\n\n{attack} sentence.\n\n## FAQ\n\n### {attack} why?\n\n{attack} because."
    article = parse_article("a.md", source)
    expected = {"div", "header", "h2", "h3", "h4", "p", "span", "br", "ul", "li", "button"}
    shown = panel.article_html(article) + panel.faq_html(corpus(article, article)) + panel.notice_html(attack)
    reader = Reader(shown)
    assert set(reader.elements) <= expected
    allowed = {"class", "dir", "lang", "tabindex", "role", "aria-label", "type"}
    assert {name for _, name in reader.attributes if not name.startswith("data-")} <= allowed
    assert article.title in reader.text
    assert words(attack) in words(reader.text)


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_plain_text_in_exported_markdown(attack: str) -> None:
    article = parse_article("a.md", "# Title\n\nOne sentence.")
    citation = Citation(1, attack, 0, 1, attack, "a.md")
    answer = Answer(attack, AnswerKind.PASSAGE, attack, 0.8, (citation,), understood_as=attack)
    exported = render.conversation_markdown([(attack, answer), (attack, None)], [article])
    reader = Reader(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(exported))
    assert set(reader.elements) == {"h1", "h2", "blockquote", "p"}
    assert not reader.attributes
    assert words(reader.text).count(words(attack)) == 5
    for start in ("http://", "www.", "a@evil", "$$", "~~"):  # what other dialects act upon
        assert start not in exported


def test_a_conversation_is_exported_with_citations(bees: Article) -> None:
    citation = cite(bees, "They dance in the dark.", "Bees")
    closest = cite(bees, "Up is the sun.", "Angles")
    turns = [
        ("where?", Answer("where?", AnswerKind.PASSAGE, citation.quote, 0.934, (citation,))),
        ("why?", Answer("why?", AnswerKind.NONE, "The article doesn't say.", 0.2, closest=closest)),
        ("x" * 9, None),
    ]
    digest = bees.sha256[:12]
    assert render.conversation_markdown(turns, [bees]) == (
        "# Questions to Bees\n\n"
        "## where?\n\n> “They dance in the dark.” \\[1\\]\n\n\\[1\\] Bees "
        f"(bees.md, characters 18–41, sha256 {digest})\n\nConfidence 0.93 (very sure)\n\n"
        "## why?\n\nThe article doesn't say.\n\nClosest, but not an answer:\n\n> “Up is the sun.” \\[1\\]\n\n"
        f"\\[1\\] Angles, Bees (bees.md, characters 51–65, sha256 {digest})\n\n"
        "## xxxxxxxxx\n\n(not answered)\n"
    )


@pytest.mark.parametrize(
    ("quote", "shown"),
    [("“Nobody minds.”", "“Nobody minds.”"), ("“Fair,” said Petra.", "‘“Fair,” said Petra.’"), ("Up.", "“Up.”")],
)
def test_no_mark_of_a_quote_is_doubled_in_the_chat_or_the_export(quote: str, shown: str) -> None:
    article = parse_article("bees.md", f"# Bees\n\nBees dance.\n\n{quote}")
    citation = cite(article, quote, "Bees")
    answer = Answer("who", AnswerKind.PASSAGE, citation.quote, 0.93, (citation,))
    assert citation.quote == quote
    assert f"{shown} [1]" in Reader(render.answer_html(answer, [article])).text
    assert f"> {shown} \\[1\\]" in render.conversation_markdown([("who", answer)], [article])
    passage = PassageMatch(quote, quote, citation.start, citation.end, "Bees", "bees.md", 0.5)
    other = Answer(
        "who", AnswerKind.PASSAGE, "Bees dance.", 0.9, (cite(article, "Bees dance.", "Bees"),), (), (passage,)
    )
    assert f"Other passages (1){shown} Bees" in Reader(render.answer_html(other, [article])).text


def test_page_and_link_stand_beside_a_quote_and_in_what_is_copied_or_exported(bees: Article) -> None:
    quote, url = "They dance in the dark.", "https://example.org/a?b&c#:~:text=They%20dance%20in,-Angles"
    citation = Citation(1, quote, 18, 41, "Bees", "bees.md", bees.sha256, 3, url)
    answer = Answer("where", AnswerKind.PASSAGE, quote, 0.93, (citation,))
    markup = render.answer_html(answer, [bees])
    assert (
        f"<span>Bees</span>, page 3<span hidden> (bees.md, characters 18–41, sha256 {bees.sha256[:12]})</span>"
        in markup
    )
    assert (
        f'<a href="{url.replace("&", "&amp;")}" title="Open it at this quote">Published page<span hidden>: ' in markup
    )
    exported = render.conversation_markdown([("where", answer)], [bees])
    assert f"\\[1\\] Bees, page 3 (bees.md, characters 18–41, sha256 {bees.sha256[:12]})\n\n<{url}>\n" in exported


def test_words_that_stand_in_several_articles_are_shown_once_with_each_place(bees: Article) -> None:
    other = parse_article("b.md", "# Dances\n\nBees dance.")
    places = (cite(bees, "Bees dance.", "Bees"), replace(cite(other, "Bees dance.", "Dances"), number=2))
    answer = Answer("who", AnswerKind.PASSAGE, "Bees dance.", 0.93, places)
    reader = Reader(render.answer_html(answer, [bees, other]))
    assert reader.elements.count("blockquote") == 1
    assert reader.text.count("very sure") == 1
    assert '<p class="source"><span><a class="cite" href="#cite-1-8-19" title="Show it in the article">[2]</a> ' in (
        render.answer_html(answer, [bees, other])
    )
    assert render.conversation_markdown([("who", answer)], [bees, other]).count("> “Bees dance.”") == 1


def test_the_panel_shows_the_whole_article_in_order(bees: Article) -> None:
    reader = Reader(panel.article_html(bees))
    assert [words(piece) for piece in reader.pieces if piece.strip()] == [
        "Bees", "Bees dance.", "They dance in the dark.", "Angles", "Up is the sun.", "Long is far.", "FAQ",
        "Who found out?", "Karl von Frisch.", "He won a prize.",
    ]  # fmt: skip
    assert [tag for tag in reader.elements if tag.startswith("h")] == ["header", "h2", "h3", "h3", "h4"]


def test_every_sentence_and_faq_answer_of_the_panel_says_where_it_lies(bees: Article) -> None:
    markup = panel.article_html(bees)
    spans = [sentence for passage in bees.passages for sentence in passage.sentences]
    spans += [faq.answer for faq in bees.faqs]
    assert len(spans) == 5
    for span in spans:
        assert f'data-start="{span.start}" data-end="{span.end}">{bees.quote(span)[:8]}' in markup


def test_date_summary_and_language_head_the_panel() -> None:
    source = "---\ntitle: Biene\ndate: 2024-05-01\nsummary: Kurz.\nlanguage: de\n---\n\nDie Biene tanzt."
    markup = panel.article_html(parse_article("b.md", source), 3)
    assert 'data-article="3" lang="de" dir="auto"' in markup
    assert '<header><p class="date">2024-05-01</p><h2>Biene</h2><p class="summary">Kurz.</p></header>' in markup


def test_headings_never_skip_a_level() -> None:
    article = parse_article("a.md", "# A\n\nOne.\n\n##### Deep\n\nTwo.\n\n## Next\n\nThree.")
    assert [tag for tag in Reader(panel.article_html(article)).elements if tag[0] == "h" and tag[1:].isdigit()] == [
        "h2", "h3", "h3",
    ]  # fmt: skip


def test_code_keeps_its_lines_and_hard_wrapped_text_does_not() -> None:
    article = parse_article("a.md", "# A\n\nOne line\nof two.\n\n```\nx = 1\ny = 2\n```\n")
    markup = panel.article_html(article)
    assert '<p class="code">' in markup
    assert "<br>" not in markup


def test_all_faq_entries_can_be_asked(bees: Article) -> None:
    alone = panel.faq_html(corpus(bees))
    assert '<li><button type="button" class="ask" dir="auto">Who found out?</button></li>' in alone
    assert panel.faq_html(corpus(bees, bees)).count("<h2>Bees</h2>") == 2
    assert "<h2>" not in alone
    assert panel.faq_html(corpus(bees, bees), 1) == alone


def test_of_several_articles_the_first_hundred_questions_are_listed_and_of_one_all() -> None:
    entries = "\n\n".join(f"### What is {number}?\n\nThe number {number}." for number in range(150))
    article = parse_article("n.md", f"# Numbers\n\nThey count.\n\n## FAQ\n\n{entries}")
    several = Reader(panel.faq_html(corpus(article, article)))
    assert several.elements.count("button") == 100
    assert "And 200 more: ask in your own words" in several.text
    alone = Reader(panel.faq_html(corpus(article, article), 1))
    assert alone.elements.count("button") == 150
    assert "more" not in alone.text


def test_the_picker_offers_a_hundred_articles_the_open_one_and_what_is_typed() -> None:
    many = corpus(*(parse_article(f"{number}.md", f"# Bee {number:03}\n\nOne.") for number in range(250)))
    first = [(f"Bee {number:03}", number) for number in range(100)]
    assert choice.offered(many, 7) == first
    assert choice.offered(many, 200) == [*first, ("Bee 200", 200)]
    assert choice.offered(many, 200, "Bee 200") == choice.offered(many, 200)  # nothing was typed yet
    assert choice.offered(many, 7, "  bEE  24") == [(f"Bee {number}", number) for number in range(240, 250)]
    assert choice.offered(many, 7, "<b>") == []


def test_an_exported_conversation_names_a_few_articles_and_counts_more(bees: Article) -> None:
    citation = cite(bees, "They dance in the dark.", "Bees")
    turns = [("where", Answer("where", AnswerKind.PASSAGE, citation.quote, 0.93, (citation,)))]
    others = [parse_article(f"{number}.md", f"# No. {number}\n\nOne.") for number in range(1199)]
    exported = render.conversation_markdown(turns, [*others, bees])
    assert exported.startswith("# Questions to 1,200 articles\n\n## where")
    assert "\\[1\\] Bees (bees.md, " in exported
    assert render.conversation_markdown(turns, [others[3], bees]).startswith("# Questions to No. 3; Bees\n\n")


def test_an_error_becomes_a_sentence_that_leaves_a_name_as_it_is() -> None:
    assert render.sentence("the question is empty") == "The question is empty."
    assert render.sentence("bees.pdf is damaged; save it anew!") == "bees.pdf is damaged; save it anew!"
