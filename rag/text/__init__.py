"""Strings only: normal form, tokens, places, Markdown, other names, the other language, typos."""
