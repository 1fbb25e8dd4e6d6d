"""A conversation goes to the browser and comes back as it was."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rag.serving.turns import MAX_TURNS, Turn, TurnsDamaged, from_json, to_json
from rag.types import Answer, Hit, Passage

PASSAGE = Passage("饮料/咖啡.md", ("咖啡",), "水温多少？", 3, 8, 3, 5, "九十三 \U0001f600")
ANSWER = Answer(
    "水温？", "九十三 [1]", (Hit(PASSAGE, 0.93, (0, 3), False, (0, 3)),), (1,), True, 0.93, "咖啡的水温？", ((4, 7),)
)
TURN = Turn(1, ANSWER, 3.4, ("磨豆机怎么清洗？",))


def test_what_comes_back_is_what_was_sent() -> None:
    assert from_json(to_json([TURN])) == (TURN,)
    assert from_json(" ") == from_json(to_json([])) == ()


def test_the_browser_may_read_it() -> None:
    kept = json.loads(to_json([TURN]))[0]
    assert (kept["number"], kept["answer"]["question"], kept["related"]) == (1, "水温？", ["磨豆机怎么清洗？"])
    assert kept["answer"]["hits"][0]["passage"]["start_line"] == 3


def test_what_an_earlier_version_kept_has_its_marks() -> None:
    kept = json.loads(to_json([TURN]))
    del kept[0]["answer"]["marks"]
    assert from_json(json.dumps(kept)) == (TURN,)
    kept[0]["answer"]["text"] = "九十四 [1]"
    assert from_json(json.dumps(kept))[0].answer.marks == ()  # it is not what would be quoted


@pytest.mark.parametrize("rank", [0, 2, -1])
def test_a_citation_of_nothing_is_damage(rank: int) -> None:
    with pytest.raises(TurnsDamaged):
        from_json(to_json([replace(TURN, answer=replace(ANSWER, cited=(rank,)))]))


def test_of_a_long_conversation_the_end_is_kept() -> None:
    turns = [Turn(number, ANSWER, 1.0) for number in range(1, MAX_TURNS + 4)]
    assert [turn.number for turn in from_json(to_json(turns))] == list(range(4, MAX_TURNS + 4))


@pytest.mark.parametrize("damaged", ["{", "{}", "[1]", '[{"number": 1}]', "null", '[{"number": "x", "answer": {}}]'])
def test_what_is_no_conversation_is_refused(damaged: str) -> None:
    with pytest.raises(TurnsDamaged):
        from_json(damaged)
