"""Measurements that anyone can run: each module is a command, `python -m benchmarks.NAME`."""
