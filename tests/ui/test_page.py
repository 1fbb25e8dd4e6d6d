"""`app.py` as people start it: what it prints, what `/ask` returns, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx
import pytest

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # of the client; the page sees to itself
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

from gradio_client import Client
from gradio_client.exceptions import AppError

import app
from tests.ui.conftest import ROOT, Served, StartPage, start, stop

JSON = {"Content-Type": "application/json"}
QUESTION = "手冲咖啡的水温应该是多少？"


@pytest.fixture(scope="module")
def client(served: Served) -> Client:
    return Client(served.url, verbose=False, analytics_enabled=False)


def test_ask_returns_the_record(client: Client) -> None:
    record = client.predict(QUESTION, api_name="/ask")
    first = record["hits"][0]
    assert record["question"] == QUESTION
    assert record["found"] is True
    assert record["cited"] == [1]
    assert record["answer"].startswith("水温在 **92 到 94 度**之间")
    assert record["answer"].endswith("| 浅烘 | 94 | [1]")
    assert (first["rank"], first["source"], first["start_line"], first["end_line"]) == (1, "饮料/咖啡.md", 1, 9)
    assert (first["headings"], first["question"], first["stale"]) == (["咖啡"], QUESTION, False)
    assert len(record["hits"]) == 5
    assert "path" not in str(record.keys()) + str(first.keys())


@pytest.mark.parametrize(("k", "hits"), [(1, 1), (3, 3), (0, 1), (-4, 1), (10**9, 50)])
def test_ask_takes_the_number_of_passages(client: Client, k: int, hits: int) -> None:
    assert len(client.predict(QUESTION, k, api_name="/ask")["hits"]) == hits


@pytest.mark.parametrize(
    ("question", "sentence"),
    [("", "请输入问题"), ("？！…", "请输入问题"), ("\u200b\n\t", "请输入问题"), ("字" * 4001, "问题太长")],
)
def test_a_question_that_cannot_be_asked_is_one_sentence(client: Client, question: str, sentence: str) -> None:
    with pytest.raises(AppError, match=sentence):
        client.predict(question, api_name="/ask")


def test_odd_questions_are_literal_text(client: Client) -> None:
    for question in (
        "水温\x00多少\x1b[31m",
        "<script>alert(1)</script>",
        "'; DROP TABLE notes; --",
        "\u202eabc",
    ):
        record = client.predict(question, api_name="/ask")
        assert record["found"] in (True, False)
        assert not set("\x00\x1b\u202e") & set(record["question"])


def test_half_a_character_does_not_break_the_stream(served: Served) -> None:
    call = f"{served.url}/gradio_api/call/ask"
    event = httpx.post(call, content=rb'{"data": ["\ud800\u6c34\u6e29\udfff", 1]}', headers=JSON).json()["event_id"]
    stream = httpx.get(f"{call}/{event}", timeout=20).text
    assert stream.startswith("event: complete")
    assert json.loads(stream.split("data: ", 1)[1])[0]["question"] == "水温"


def test_nothing_but_ask_is_public(client: Client) -> None:
    api = client.view_api(return_format="dict", print_info=False)
    assert list(api["named_endpoints"]) == ["/ask"]
    assert api["unnamed_endpoints"] == {}
    named = [
        dependency["api_name"]
        for dependency in client.config["dependencies"]
        if dependency["api_visibility"] == "public"
    ]
    assert named == ["ask"]


def test_the_page_names_nothing_outside(served: Served, client: Client) -> None:
    assert client.config["analytics_enabled"] is False
    assert "googleapis" not in str(client.config)


def test_first_start_builds_says_so_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text("# 甲\n\n## 乙是什么？\n\n乙是丙。\n", encoding="utf-8")
    running = start(tmp_path / "corpus", tmp_path / "index")
    assert (tmp_path / "index" / "CURRENT").exists()
    assert httpx.get(running.url, timeout=60).status_code == 200
    assert stop(running).strip() == ""
    assert running.process.returncode == 0


@pytest.mark.parametrize(
    "text",
    ["# 动物\n\n## 什么是猫？\n\n## 什么是狗？\n", "今天下了雨，我们去了公园。\n", "# 只有标题\n", "？\n"],
    ids=["only open questions", "prose", "a heading", "one mark"],
)
def test_the_least_of_notes_still_has_a_page(start_page: StartPage, tmp_path: Path, text: str) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text(text, encoding="utf-8")
    page = start_page(tmp_path / "corpus", tmp_path / "index")
    client = Client(page.url, verbose=False, analytics_enabled=False)
    assert client.predict("什么是猫？", api_name="/ask")["found"] is False
    for route in ("suggest?q=zy", "suggest?q=猫", "state", "map", "map/question?q=猫"):
        assert httpx.get(f"{page.url}/kuaida/{route}", timeout=20).status_code == 200, route


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host", "0.0.0.0"], "app.py: 0.0.0.0 can be reached by others"),
        (["--encoder", "damaged"], "the encoder in damaged is damaged"),
        (["--corpus", "missing"], "missing"),
        (["--corpus", "empty"], "no notes with text in empty"),
    ],
)
def test_a_start_that_fails_is_one_sentence_and_exit_code_2(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "kuaida.json").write_text('{"dimension": 8, "max_tokens": 8}')
    assert app.main(["--port", "0", "--index", "index", "--corpus", str(ROOT / "corpus"), *arguments]) == 2
    said = capfd.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "index" / "CURRENT").exists()


def test_a_port_in_use_is_exit_code_2(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    port = served.url.rsplit(":", 1)[1]
    assert app.main(["--port", port]) == 2
    assert f"port {port} is in use" in capfd.readouterr().err
