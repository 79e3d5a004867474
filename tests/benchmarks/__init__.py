"""Benchmarks: what the gateway costs, measured side by side with a loop that remembers nothing."""
