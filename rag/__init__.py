"""Kuaida: ask your notes, get the passage. The layers, lowest first, are listed in rag/README.md."""

from rag.config import configure_libraries

__version__ = "0.1.0"

configure_libraries()  # before any module of ours imports a library that phones home or spins
