"""Files → notes."""
