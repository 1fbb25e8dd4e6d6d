"""What pyproject.toml cannot say: the notes in corpus/ are installed as rag/bundled_notes."""

from setuptools import find_packages, setup

NOTES = "rag.bundled_notes"

setup(packages=[*find_packages(include=["rag", "rag.*"]), NOTES], package_dir={NOTES: "corpus"})
