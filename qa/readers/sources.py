"""Where articles come from: a file, or the files of a folder that may be articles."""

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from qa.errors import ReadError
from qa.lines import printable
from qa.readers.formats import is_pdf

LOGGER = logging.getLogger(__name__)

MAX_BYTES = 20_000_000  # some ten books; beyond that, a file is hardly an article
MAX_PDF_BYTES = 50_000_000  # mostly pictures and fonts, which are not read
MAX_FILES = 100_000  # of one folder; more are no longer read within an hour

# What lies beside articles and is none: a page's parts, pictures, data, programs.
SKIPPED_FILES = re.compile(
    r"\..*|.*\.(css|[cm]?js|map|wasm|woff2?|ttf|otf|eot|png|jpe?g|gif|webp|avif|svgz?|ico|bmp|tiff?|heic|psd"
    r"|mp[34]|m4[av]|wav|og[gav]|web[mp]|mov|avi|mkv|flac|json|jsonl|ndjson|csv|tsv|ya?ml|toml|ini|cfg|lock"
    r"|pyc?|tsx?|jsx|java|c|h|cpp|rs|go|rb|php|sh|bat|ps1|so|dll|exe|o|a|db|sqlite3?|parquet|np[yz]|log|bak|tmp|part|swp)",
    re.IGNORECASE,
)
SKIPPED_FOLDERS = frozenset({"node_modules", "bower_components", "__pycache__", "__macosx", "site-packages", "venv"})
# What browsers call the folder of a saved page's parts, after the page's own name.
PARTS_OF_PAGE = ("_files", ".files", "-Dateien", "_fichiers", "_archivos", "_arquivos", "_file", "_bestanden")


@dataclass(frozen=True, slots=True)
class Source:
    """Where an article comes from.

    Attributes:
        name: what tells it from others: a path below the folder that was read, a file's name, an address.
        path: the file; None for what is not one.
        data: the content of what is not a file.
        url: the address that a page was fetched from; "" for files.
    """

    name: str
    path: Path | None = None
    data: bytes | None = None
    url: str = ""

    def read(self) -> bytes:
        """Return the content.

        Raises:
            ReadError: the file is missing, unreadable or larger than the limit.
        """
        if self.path is None:
            return self.data or b""
        try:
            with self.path.open("rb") as stream:
                data = stream.read(MAX_PDF_BYTES + 1)
                check_size(str(self.path), data, os.fstat(stream.fileno()).st_size)
        except FileNotFoundError as error:
            raise ReadError(f"{self.path} does not exist; give a file or a folder") from error
        except OSError as error:
            raise ReadError(f"cannot read {self.path} ({error.strerror}); give a file that you may read") from error
        return data


def check_size(name: str, data: bytes, declared: int = 0) -> None:
    """Refuse content above the limit; ``declared`` is the size of a file of which it is the beginning.

    Raises:
        ReadError: it is larger.
    """
    size, limit = max(len(data), declared), MAX_PDF_BYTES if is_pdf(data) else MAX_BYTES
    if size > limit:
        raise ReadError(f"{name} has {size:,} bytes; the limit is {limit:,}: split it")


def is_address(path: str) -> bool:
    """Return whether a path names a page of the web rather than a file."""
    return re.match(r"[a-z][a-z\d+.-]+://", path, re.IGNORECASE) is not None


def location_of(path: str | Path) -> str:
    """Return what tells the place of a path's articles from others: the whole path, or the address as it is."""
    return str(path) if is_address(str(path)) else str(Path(path).expanduser().resolve())


def find_sources(path: str | Path, *, max_files: int = MAX_FILES) -> tuple[Source, ...]:
    """Return the file at ``path``, or all files of the folder there that may be articles, sorted by name.

    Hidden files, programs, data, pictures and the parts of saved pages are left out, and so are links
    that lead out of the folder.

    Raises:
        ReadError: the path does not exist, or the folder holds no such file or too many.
    """
    # The functions of os.path take a path that no file can have for one that does not exist.
    root = str(Path(os.path.expanduser(path)))
    if not os.path.isdir(root):
        if not os.path.exists(root):
            raise ReadError(f"{root} does not exist; give a file or a folder")
        return (Source(printable(os.path.basename(root)), Path(root)),)
    files = list(islice(_walk(root), max_files + 1))
    if len(files) > max_files:
        raise ReadError(f"{root} holds more files than the limit, {max_files:,}; give a smaller folder")
    found: dict[str, Source] = {}
    names: set[str] = set()
    inside, outer = os.path.join(os.path.realpath(root), ""), os.path.join(root, "")
    for linked, file in sorted((os.path.islink(file), file) for file in files):  # a file goes by its own name first
        own = file.removeprefix(outer)
        target = os.path.realpath(file) if linked else inside + own  # linked folders are not entered
        if os.path.isfile(target) and target.startswith(inside) and target not in found:
            name = printable(own.replace(os.sep, "/"))
            while name in names:  # another file's, but for what cannot be shown
                name += "\ufffd"
            names.add(name)
            found[target] = Source(name, Path(file))
    if not found:
        raise ReadError(f"{root} holds no article; put a text, Markdown, HTML, PDF or Word file there")
    return tuple(sorted(found.values(), key=lambda source: source.name))


def _walk(folder: str) -> Iterator[str]:
    """Yield the files below a folder that may be articles; linked folders are not entered."""

    def report(error: OSError) -> None:
        LOGGER.warning("left out: cannot list %s (%s); give a folder that you may read", error.filename, error.strerror)

    for place, folders, names in os.walk(folder, onerror=report):
        endings = (os.path.splitext(name) for name in names)
        pages = {page for page, ending in endings if ending.lower() in {".htm", ".html", ".xhtml"}}
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name.lower() not in SKIPPED_FOLDERS
            and not any(name == f"{page}{ending}" for page in pages for ending in PARTS_OF_PAGE)
        ]
        yield from (os.path.join(place, name) for name in names if not SKIPPED_FILES.fullmatch(name))
