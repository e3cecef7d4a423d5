"""Gaps as a draft of FAQ entries, for the author to complete."""

from collections.abc import Sequence
from pathlib import Path

from qa.faq import faq_jsonld, faq_markdown
from qa.feedback.gaps import Gap

MISSING = "✎ …"  # in place of an answer; without a word, so that it is never read back as one
TITLE = f"FAQ draft of what readers asked: write the answer where it says “{MISSING}”, or delete the entry"


def draft_entries(gaps: Sequence[Gap]) -> list[tuple[str, str]]:
    """Return a question and an answer for each gap; the answer is "" where the author has to write it.

    The answer is the sentence that readers marked as right, or else the closest one if it clears the threshold of an
    answer and is not what readers disliked.
    """
    return [
        (f"{gap.context} {gap.question}".strip(), gap.marked or (gap.closest if gap.answered_now else ""))
        for gap in gaps
    ]


def write_drafts(entries: Sequence[tuple[str, str]], folder: Path) -> tuple[Path, Path]:
    """Write ``faq-draft.md`` and ``faq-draft.jsonld`` into a folder; return where they are.

    Entries without an answer are marked in the Markdown, and left out of the JSON-LD: a FAQPage has no room for them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    markdown, jsonld = folder / "faq-draft.md", folder / "faq-draft.jsonld"
    shown = [(question, answer or MISSING) for question, answer in entries]
    answered = [(question, answer) for question, answer in entries if answer]
    markdown.write_text(faq_markdown(shown, TITLE), encoding="utf-8")
    jsonld.write_text(faq_jsonld(answered), encoding="utf-8")
    return markdown, jsonld
