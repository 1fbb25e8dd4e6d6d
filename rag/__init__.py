"""Kuaida: ask your notes, get the passage. The layers, lowest first, are listed in README.md."""
