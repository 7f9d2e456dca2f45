"""Benchmarks: one file each, against its peers and its physical limit in one run."""
