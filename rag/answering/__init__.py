"""Ranked passages → an answer."""
