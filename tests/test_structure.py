"""The code keeps the shape that was chosen for it: what may know what, and what is loaded when."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import qa

PACKAGE = Path(qa.__file__).parent
SOURCES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
MAX_LINES = 350
# What each part may import of the package; a folder stands for all modules in it.
MAY_IMPORT = {
    "article.py": set[str](),
    "errors.py": set(),
    "language.py": set(),
    "lines.py": set(),
    "faq.py": {"qa.article", "qa.lines", "qa.readers"},
    "fragments.py": {"qa.article"},
    "quotes.py": {"qa.article"},
    "receipts.py": {"qa.article", "qa.errors", "qa.lines", "qa.quotes"},
    "spelling.py": set(),
    "settings.py": {"qa.errors"},
    "feedback/": {
        "qa.answering",
        "qa.article",
        "qa.encoder",
        "qa.engine",
        "qa.errors",
        "qa.evaluation",
        "qa.faq",
        "qa.feedback",
        "qa.lines",
        "qa.quotes",
        "qa.readers",
        "qa.reports",
        "qa.settings",
    },
    "reports.py": {"qa.faq", "qa.lines"},
    "readers/": {"qa.article", "qa.errors", "qa.language", "qa.lines", "qa.readers"},
    "fetch.py": {"qa.errors", "qa.lines", "qa.readers"},
    "encoder/": {"qa.encoder", "qa.errors", "qa.settings"},
    "index/": {"qa.article", "qa.encoder", "qa.errors", "qa.index", "qa.language", "qa.readers"},
    "retrieval.py": {"qa.encoder", "qa.index"},
    "signals.py": {"qa.article", "qa.index", "qa.language", "qa.lines", "qa.retrieval"},
    "confidence.py": {"qa.errors", "qa.signals"},
    "answering.py": {
        "qa.article",
        "qa.confidence",
        "qa.fragments",
        "qa.index",
        "qa.language",
        "qa.lines",
        "qa.retrieval",
        "qa.signals",
    },
}
ENTRY_POINTS = ("cli.py", "terminal.py", "commands/")


def imports(path: Path) -> Iterator[str]:
    """Yield the module of every import statement, wherever in the file it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            yield from ([f"qa.{alias.name}" for alias in node.names] if module == "qa" else [module])


def importers(package: str) -> set[str]:
    """Return the files that import a distribution's package."""
    return {name for name, path in SOURCES.items() if any(module.split(".")[0] == package for module in imports(path))}


def test_the_public_names_are_sorted_and_can_be_imported() -> None:
    assert qa.__all__ == sorted(qa.__all__)
    assert len(qa.__all__) == len(set(qa.__all__))
    assert [name for name in qa.__all__ if not hasattr(qa, name)] == []


def test_the_bundled_articles_folder_is_found() -> None:
    assert sorted(path.name for path in qa.corpus_path().glob("*.md")) == ["deepseek.md"]


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_knows_only_what_it_may(part: str) -> None:
    files = [path for name, path in SOURCES.items() if name == part or (part.endswith("/") and name.startswith(part))]
    known = {module for path in files for module in imports(path) if module.split(".")[0] == "qa"}

    assert files
    assert {".".join(module.split(".")[:2]) for module in known} <= MAY_IMPORT[part]


def test_only_the_index_knows_the_vector_engine() -> None:
    assert importers("faiss") == {"index/vectors.py"}


def test_only_the_web_part_knows_gradio_and_only_the_export_and_its_fallback_know_torch() -> None:
    assert {name.split("/")[0] for name in importers("gradio")} == {"web"}
    assert importers("torch") == {"encoder/export.py"}
    assert importers("sentence_transformers") == {"encoder/export.py", "encoder/torch.py"}


def test_the_web_part_fetches_nothing() -> None:
    fetching = {name for name, path in SOURCES.items() if "qa.fetch" in imports(path)}

    assert fetching == {"commands/options.py"}


def test_nothing_but_the_entry_points_prints() -> None:
    printing = {
        next((place for place in ENTRY_POINTS if name.startswith(place)), name)
        for name, path in SOURCES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }

    assert printing <= set(ENTRY_POINTS)


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_is_short_enough_to_be_read_at_once(name: str) -> None:
    assert len(SOURCES[name].read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = (
        "torch", "transformers", "sentence_transformers", "sklearn", "scipy", "matplotlib", "gradio", "fastapi",
        "onnxruntime", "tokenizers", "faiss", "bm25s", "sentencex", "markdown_it", "yaml", "typer", "rich",
        "pypdf", "docx", "httpx", "charset_normalizer",
    )  # fmt: skip
    source = f"import sys, qa; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True)

    assert done.stdout == "[]\n"


def test_every_error_is_one_of_ours() -> None:
    from qa import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]

    assert {kind.__name__ for kind in kinds} <= set(qa.__all__)
    assert all(issubclass(kind, qa.AskError) for kind in kinds)
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in kinds)
