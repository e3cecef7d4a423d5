"""Opens the web chat about the article that ships with the package: ``python app.py``."""

from qa import corpus_path
from qa.web.server import engine_loader, serve


def main() -> None:
    """Serve until interrupted."""
    serve(engine_loader(corpus_path()), announce=print)


if __name__ == "__main__":
    main()
