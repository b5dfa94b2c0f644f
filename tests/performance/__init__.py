"""Benchmarks of benchbox itself: `make perf`. Never part of the tests, which must not fail by noise."""
