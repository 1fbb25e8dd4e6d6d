"""The tab of the index: its state, rebuilding, gaps and pins."""
