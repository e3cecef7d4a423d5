"""LlamaIndex: its vector store index over Hugging Face embeddings; no language model."""

from benchmarks.peers.measure import Index, Search, measure, model_folder


def load() -> Index:
    """Load the model."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    embedding = HuggingFaceEmbedding(model_name=model_folder(), device="cpu")

    def index(paragraphs: list[str]) -> Search:
        nodes = [TextNode(text=each, metadata={"number": number}) for number, each in enumerate(paragraphs)]
        for node in nodes:  # the number is ours, not the text's
            node.excluded_embed_metadata_keys = ["number"]
        retriever = VectorStoreIndex(nodes, embed_model=embedding).as_retriever(similarity_top_k=1)

        def search(question: str) -> int:
            return int(retriever.retrieve(question)[0].node.metadata["number"])

        return search

    return index


if __name__ == "__main__":
    measure(load, "llama-index-core")
