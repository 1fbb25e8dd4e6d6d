"""The tab in which notes are read."""
