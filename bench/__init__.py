"""Benchmarks: each figure is a ratio of things measured side by side in one run."""
