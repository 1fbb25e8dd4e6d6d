"""A note → its passages."""
