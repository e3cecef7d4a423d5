"""txtai: an embeddings database over the paragraphs, as its documentation begins."""

from benchmarks.peers.measure import Index, Search, measure, model_folder


def load() -> Index:
    """Load the library; it loads the model with the first index, which later ones share."""
    from txtai import Embeddings

    models: dict[str, object] = {}

    def index(paragraphs: list[str]) -> Search:
        embeddings = Embeddings({"path": model_folder(), "gpu": False}, models=models)
        embeddings.index(paragraphs)

        def search(question: str) -> int:
            return int(embeddings.search(question, 1)[0][0])

        return search

    return index


if __name__ == "__main__":
    measure(load, "txtai")
