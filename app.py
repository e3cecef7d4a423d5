"""Opens the web chat about the article that ships with the package: ``python app.py``, the same as ``qa chat``."""

import sys

from qa.cli import main

if __name__ == "__main__":
    main(["chat", *sys.argv[1:]])
