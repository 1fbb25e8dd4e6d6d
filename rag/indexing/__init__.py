"""Notes → a new index."""
