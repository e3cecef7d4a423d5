"""Haystack: an in-memory document store with sentence-transformers' embedders and the embedding retriever."""

from benchmarks.peers.measure import Index, Search, measure, model_folder


def load() -> Index:
    """Load the model, once for documents and once for questions, as the components have it."""
    from haystack import Document
    from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack.utils import ComponentDevice
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersDocumentEmbedder,
        SentenceTransformersTextEmbedder,
    )

    options = {"model": model_folder(), "device": ComponentDevice.from_str("cpu"), "progress_bar": False}
    documents = SentenceTransformersDocumentEmbedder(**options)
    text = SentenceTransformersTextEmbedder(**options)
    documents.warm_up()
    text.warm_up()

    def index(paragraphs: list[str]) -> Search:
        store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        made = [Document(content=each, meta={"number": number}) for number, each in enumerate(paragraphs)]
        store.write_documents(documents.run(made)["documents"])
        retriever = InMemoryEmbeddingRetriever(store, top_k=1)

        def search(question: str) -> int:
            found = retriever.run(text.run(question)["embedding"])["documents"]
            return int(found[0].meta["number"])

        return search

    return index


if __name__ == "__main__":
    measure(load, "haystack-ai")
