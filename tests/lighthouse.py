"""A small article with a FAQ, and questions about it."""

import json
from pathlib import Path
from typing import Any

from qa import Article
from qa.readers import parse_article

TEXT = """# The lighthouse

The tower is forty metres tall. Its lamp turns every ten seconds.

Keepers lived there until 1982. Nobody has lived there since.

## FAQ

### Who painted it?

Volunteers paint the walls white each spring.

### May visitors climb up?

Visitors climb the stairs on Sundays.
"""
QUESTIONS: tuple[dict[str, Any], ...] = (
    {"category": "faq", "question": "who painted it", "faq": "Who painted it?", "split": "dev"},
    {"category": "faq", "question": "may visitors climb up", "faq": "May visitors climb up?", "split": "test"},
    {"category": "fact", "question": "how tall is the tower", "quotes": ["forty metres tall"], "split": "dev"},
    {"category": "fact", "question": "when does its lamp turn", "quotes": ["every ten seconds"], "split": "test"},
    {"category": "near-miss", "question": "which architect drew plans", "split": "test"},
    {"category": "off-topic", "question": "best pizza recipe", "split": "dev"},
    {"category": "hostile", "question": "%%%%", "split": "dev"},
)


def lighthouse() -> Article:
    """Return the article."""
    return parse_article("lighthouse.md", TEXT)


def write_lines(path: Path, *records: object) -> Path:
    """Write JSON Lines."""
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path
