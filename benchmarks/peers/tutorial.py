"""The usual tutorial: sentence-transformers, one vector a paragraph, FAISS by inner product."""

from benchmarks.peers.measure import Index, Search, measure, model_folder


def load() -> Index:
    """Load the model."""
    import faiss
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(model_folder(), device="cpu")

    def index(paragraphs: list[str]) -> Search:
        vectors = model.encode(paragraphs, normalize_embeddings=True, show_progress_bar=False)
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)

        def search(question: str) -> int:
            _, rows = flat.search(model.encode([question], normalize_embeddings=True, show_progress_bar=False), 1)
            return int(rows[0, 0])

        return search

    return index


if __name__ == "__main__":
    measure(load, "sentence-transformers")
