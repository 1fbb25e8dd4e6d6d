"""The recorder that a refactoring is checked by: what it makes equal, and what it says of a difference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.masking import legible, masking
from benchmarks.snapshot import SnapshotUnusable, differences, main, read, report, write

mask = masking({Path("/tmp/kuaida-x_1"): "<temporary>", Path("/tmp/kuaida-x_1/notes"): "<notes>"})


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("no index in /tmp/kuaida-x_1/index: run", "no index in <temporary>/index: run"),
        ("no folder /tmp/kuaida-x_1/notes/", "no folder <notes>/"),
        ("vscode://file/tmp/kuaida-x_1/notes/a.md:1", "vscode://file<notes>/a.md:1"),
        ("file&#47;tmp&#47;kuaida&#45;x&#95;1&#47;notes&#47;a", "file<notes>&#47;a"),
        ("/tmp/kuaida-x-1/notes", "/tmp/kuaida-x-1/notes"),
        ("(+1 ~2 −0) in 0.4 s", "(+1 ~2 −0) in <elapsed> s"),
        ("no changes&#44; in 12&#46;0 s", "no changes&#44; in <elapsed> s"),
        ("没有变化，用时 0.4 秒", "没有变化，用时 <elapsed> 秒"),
        ("匹配度 93% · 用时 12 毫秒", "匹配度 93% · 用时 <elapsed> 毫秒"),
        ("match 93% · 12 ms", "match 93% · <elapsed> ms"),
        ('{"score": 0.5, "elapsed_ms": 3.1}', '{"score": 0.5, "elapsed_ms": <elapsed>}'),
        ('"seconds": 1.5e-05, ', '"seconds": <elapsed>, '),
        ('"at": "2025-11-30T08:14:24+00:00"', '"at": "<time>"'),
        (
            '<span title="2025&#45;11&#45;30 08&#58;14"><span class="kd-ago kd-at-1764490464">刚刚</span>建立',
            '<span title="<time>"><span class="kd-ago kd-at-<time>"><age></span>建立',
        ),
        ("http://127.0.0.1:38729  (Ctrl-C", "http://127.0.0.1:<port>  (Ctrl-C"),
        ("67778a6853a6dd4a162c5809fce97d5cdb8e4daa7e3dfd287863f439617c573b", "<sha256>"),
        ("gen-00000002, 14 passages, confidence 0.9973", "gen-00000002, 14 passages, confidence 0.9973"),
    ],
)
def test_what_differs_between_runs_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_long_texts_become_lines_that_are_the_same_text() -> None:
    value = {
        "elapsed_ms": 3.1,
        "edited": "f83a",
        "answer": "一\n\n二",
        "html": "<p>a <b>b</b></p>",
        "hits": ({"n": 1},),
    }
    assert legible(value, mask) == {
        "elapsed_ms": "<elapsed_ms>",
        "edited": "<edited>",
        "answer": ["一\n", "\n", "二"],
        "html": ["<p>a <b>b</b>", "</p>"],
        "hits": [{"n": 1}],
    }


def test_differences_name_the_entry_and_the_key() -> None:
    before = {"a": {"found": True, "hits": [{"score": 0.5, "text": ["x\n", "y"]}, {"score": 0.25}], "gone": []}}
    after = {"a": {"found": True, "hits": [{"score": 0.75, "text": ["x\n", "z"]}, {"score": 0.25}], "new": None}}
    assert list(differences("a", before, after)) == [
        "@@ a  hits[0].score",
        "-0.5",
        "+0.75",
        "@@ a  hits[0].text",
        "-y",
        "+z",
        "@@ a  gone",
        "-[]",
        "@@ a  new",
        "+null",
    ]


def test_many_lines_are_counted() -> None:
    lines = list(differences("a", {"a": ["same\n", *map(str, range(15))]}, {"a": ["same\n", *map(str, range(15, 30))]}))
    assert (lines[0], lines[1], lines[15], lines[16]) == ("@@ a  ", "-0", "-14", "+15")
    assert (lines[-1], len(lines)) == ("… 6 more lines", 26)


def test_the_report_counts_and_its_exit_code_says_whether_all_is_equal(capsys: pytest.CaptureFixture[str]) -> None:
    before = {"a": 1, "b": {"x": "old"}, "c": None}
    assert report(before, dict(before)) == 0
    assert capsys.readouterr().out == "3 entries, equal\n"
    assert report(before, {"a": 1, "b": {"x": "new"}, "d": 2}) == 1
    assert capsys.readouterr().out == ('@@ b  x\n-"old"\n+"new"\n@@ c is gone\n@@ d is new\n3 of 4 entries differ\n')


def test_a_snapshot_is_written_sorted_and_read_again(tmp_path: Path) -> None:
    entries = {"b": {"y": 1.5, "x": "二"}, "a": ["一\n"]}
    write(tmp_path / "snapshot.json", entries)
    text = (tmp_path / "snapshot.json").read_text(encoding="utf-8")
    assert text == '{\n "a": [\n  "一\\n"\n ],\n "b": {\n  "x": "二",\n  "y": 1.5\n }\n}\n'
    assert read(tmp_path / "snapshot.json") == entries


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_another_file_is_no_snapshot(text: str, tmp_path: Path) -> None:
    (tmp_path / "other").write_text(text)
    with pytest.raises(SnapshotUnusable, match="is no snapshot: record one"):
        read(tmp_path / "other")


def test_an_error_is_one_sentence_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path / "nowhere.json")]) == 2
    assert "No such file or directory" in capsys.readouterr().err
    (tmp_path / "more.json").write_text(json.dumps({"golden/notes/n001": {}, "golden/corpus/c001": {}}))
    assert main(["compare", str(tmp_path / "more.json")]) == 2
    assert capsys.readouterr().err == (
        f"benchmarks.snapshot: {tmp_path / 'more.json'} has the golden sets notes too: name them with --notes\n"
    )
