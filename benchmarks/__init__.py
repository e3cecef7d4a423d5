"""Benchmarks that anyone can run; see ``docs/performance.md``."""
