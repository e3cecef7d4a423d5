"""LangChain: its FAISS vector store over Hugging Face embeddings."""

from benchmarks.peers.measure import Index, Search, measure, model_folder


def load() -> Index:
    """Load the model."""
    from langchain_community.vectorstores import FAISS
    from langchain_huggingface import HuggingFaceEmbeddings

    embeddings = HuggingFaceEmbeddings(model_name=model_folder(), model_kwargs={"device": "cpu"})

    def index(paragraphs: list[str]) -> Search:
        store = FAISS.from_texts(paragraphs, embeddings, metadatas=[{"number": k} for k in range(len(paragraphs))])

        def search(question: str) -> int:
            return int(store.similarity_search(question, k=1)[0].metadata["number"])

        return search

    return index


if __name__ == "__main__":
    measure(load, "langchain-community")
