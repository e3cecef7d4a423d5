"""The product and its peers, each a script of its own; see ``benchmarks.peers.measure``."""
