"""Ours against the limit and against a peer: whole processes, in turn, in one run. See docs/performance.md."""
