"""Benchmarks: every performance claim of the project is one of these, as a ratio within one run."""
