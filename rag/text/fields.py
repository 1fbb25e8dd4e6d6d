"""What a note says of itself before its text: YAML front matter, or the properties of an outliner's page."""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from rag.text.markdown import front_matter

PROPERTY = re.compile(r"\s*(?:[-*]\s+)?(?P<key>[A-Za-z][\w.-]*)::(?:\s+(?P<value>.*\S))?\s*")  # `title:: …`
LINE = re.compile(r"^(?P<key>[A-Za-z][\w-]*)\s*:[ \t]+(?P<value>\S.*?)[ \t]*$", re.MULTILINE)
LIST = re.compile(r"\s*[,，、]\s*")
LINK = re.compile(r"\[\[(.*?)\]\]")

Fields = Mapping[str, tuple[str, ...]]  # by their names in small letters


def fields(lines: list[str]) -> Fields:
    """Returns the fields of a note by its lines, each as the texts it lists; what cannot be parsed is none."""
    front = front_matter(lines)
    if front:
        return _yaml("\n".join(lines[1 : front - 1]))
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        match = PROPERTY.fullmatch(line)
        if not match:
            break
        found[match["key"].lower()] = tuple(LIST.split(LINK.sub(r"\1", match["value"]))) if match["value"] else ()
    return found


def _yaml(text: str) -> Fields:
    try:
        values = yaml.load(text, yaml.CBaseLoader)  # everything stays a string; nothing is made of it
    except (yaml.YAMLError, RecursionError, ValueError):
        values = None
    if not isinstance(values, dict):  # people write `title: Berlin: day one`, which is no YAML
        return {match["key"].lower(): (match["value"].strip("\"'"),) for match in LINE.finditer(text)}
    return {str(key).lower(): _texts(value) for key, value in values.items()}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(entry for entry in value if isinstance(entry, str) and entry)
    return (value,) if isinstance(value, str) and value else ()
