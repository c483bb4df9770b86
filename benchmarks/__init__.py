"""Benchmarks: the package beside its peers and its limits, measured in turns in one run."""
