"""The tab with all passages at a glance."""
