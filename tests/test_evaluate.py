"""`python -m rag.evaluate` from end to end over the small corpus, and what it says when it cannot."""

from __future__ import annotations

import html.parser
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.evaluate import main
from rag.evaluation.golden import Gold, read_folder
from rag.evaluation.metrics import Difference, Estimate
from rag.evaluation.report import Comparison, Result, Setting, compare, render, saved_ranks, summarise, width
from rag.evaluation.report_page import render as render_page
from rag.feedback.log import Feedback
from rag.indexing.sync import sync
from rag.store.local import Index
from tests.process import ROOT, environment, run
from tests.small import write_notes
from tests.toy_encoder import ToyEncoder

Evaluate = Callable[..., int]
Record = dict[str, Any]


def record(name: str, question: str, style: str, *gold: tuple[str, str], half: str = "dev") -> Record:
    entries = [{"source": source, "anchor": anchor} for source, anchor in gold]
    return {"id": name, "question": question, "style": style, "gold": entries, "half": half}


QUESTIONS = [
    record("q1", "什么是位置编码？", "verbatim", ("llm/attention.md", "位置编码告诉模型")),
    record("q2", "LoRA 的原理是什么？", "verbatim", ("分词.txt", "词元"), ("tuning.md", "两个低秩矩阵"), half="test"),
    record("q3", "字节对编码从字符开始", "prose", ("llm/attention.md", "注意力机制让模型")),  # wrong on purpose
    record("q4", "zebra quokka", "far"),
    record("q5", "什么是位置编码？", "near"),  # answered for sure, and wrongly by this golden file
]


def write_lines(path: Path, records: list[Record]) -> Path:
    path.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in records), encoding="utf-8")
    return path


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "golden.jsonl", QUESTIONS)


@pytest.fixture
def evaluate(corpus: Path, golden: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """Runs the command in this process with the toy encoder on the small corpus."""
    monkeypatch.setattr("rag.evaluate.load_encoder", lambda name: ToyEncoder(name or "toy"))

    def command(*options: object, corpus: Path | None = corpus, golden: Path | None = golden) -> int:
        notes = [] if corpus is None else ["--corpus", str(corpus)]
        asked = [] if golden is None else ["--golden", str(golden)]
        return main([*asked, *notes, *map(str, options)])

    return command


@pytest.fixture
def report(evaluate: Evaluate, capsys: pytest.CaptureFixture[str]) -> Callable[..., Record]:
    """Runs the command with --json and returns what it printed."""

    def command(*options: object, **more: Any) -> Record:
        assert evaluate("--json", *options, **more) == 0
        parsed: Record = json.loads(capsys.readouterr().out)
        return parsed

    return command


# ------------------------------------------------------------------------------------------------------------ results


def test_json_holds_figures_and_every_result(report: Callable[..., Record]) -> None:
    values = report()
    assert values["setting"] == {
        "golden": "golden",
        "half": "all",
        "corpus": "corpus",
        "encoder": "toy 1",
        "notes": 3,
        "passages": 5,
    }
    results = {result["id"]: result for result in values["results"]}
    assert list(results) == ["q1", "q2", "q3", "q4", "q5"]
    assert results["q1"]["rank"] == results["q2"]["rank"] == 1
    assert results["q1"]["first"] == "llm/attention.md:7-9: 什么是位置编码？"
    assert results["q2"]["wanted"] == ["分词.txt: 词元", "tuning.md: 两个低秩矩阵"]
    assert results["q3"]["rank"] > 1
    assert [result["rank"] for result in values["results"][3:]] == [0, 0]
    assert (results["q1"]["found"], results["q4"]["found"], results["q5"]["found"]) == (True, False, True)
    everything, *styles = values["answerable"]
    assert [(row["name"], row["questions"]) for row in (everything, *styles)] == [
        ("answerable", 3),
        ("verbatim", 2),
        ("prose", 1),
    ]
    assert everything["first"]["value"] == pytest.approx(2 / 3)
    assert everything["mrr"]["value"] == pytest.approx((2 + 1 / results["q3"]["rank"]) / 3)
    assert styles[0]["ndcg"] == {"value": 1, "low": 1, "high": 1}
    assert [(row["name"], row["questions"], row["answered"]["value"]) for row in values["unanswerable"]] == [
        ("unanswerable", 2, 0.5),
        ("far", 1, 0),
        ("near", 1, 1),
    ]
    assert values["unanswerable"][1]["auroc"]["value"] == 1
    found = [result for result in values["results"] if result["found"]]
    wrong = sum(result["rank"] != 1 for result in found)
    assert values["decision"] == {"coverage": len(found) / 5, "risk": pytest.approx(wrong / len(found))}
    assert values["risk"]["risk"][-1] == pytest.approx(3 / 5)
    assert sum(part["questions"] for part in values["reliability"]["bins"]) == 5
    assert values["comparison"] is None


def test_the_same_run_twice_is_the_same(report: Callable[..., Record]) -> None:
    assert report() == report()


def test_a_half_is_what_is_asked(report: Callable[..., Record]) -> None:
    assert [result["id"] for result in report("--half", "test")["results"]] == ["q2"]
    assert len(report("--half", "dev")["results"]) == 4


def test_without_golden_questions_the_notes_are_asked_their_own(report: Callable[..., Record]) -> None:
    results = report(golden=None)["results"]
    own = {result["question"]: result for result in results if result["style"] == "own"}
    assert set(own) == {"什么是注意力机制？", "什么是位置编码？", "LoRA 的原理是什么？", "什么是灾难性遗忘？"}
    assert all(result["rank"] == 1 and result["found"] for result in own.values())
    shortened = {result["question"] for result in results if result["style"] == "shortened"}
    assert shortened >= {"什么置编码", "什么难性遗忘"}
    held_out = {result["question"]: result for result in results if result["style"] == "held out"}
    assert set(held_out) == set(own)
    for question, result in held_out.items():
        assert (result["answerable"], result["rank"]) == (False, 0)
        assert result["confidence"] < own[question]["confidence"]


def test_notes_without_questions_or_headings(
    evaluate: Evaluate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_notes(tmp_path / "plain", {"a.txt": "只有一段话。\n"})
    assert evaluate(golden=None, corpus=tmp_path / "plain") == 2
    assert capsys.readouterr().err == (
        "rag.evaluate: the notes have no questions or headings to ask: name golden questions with --golden\n"
    )


def test_an_index_that_is_named_is_kept(evaluate: Evaluate, tmp_path: Path) -> None:
    assert evaluate("--index", tmp_path / "kept") == 0
    assert Index.open(tmp_path / "kept", ToyEncoder()).size == 5


def test_text_fits_a_terminal(evaluate: Evaluate, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate() == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert lines[0] == "golden: 5 questions"
    assert lines[1] == "corpus: 3 notes, 5 passages, by toy 1"
    assert lines[3].split() == ["n", "R@1", "R@5", "MRR", "nDCG@10", "refused"]
    assert lines[4].split()[:3] == ["answerable", "3", "66.7"]
    assert [line.split()[0] for line in lines[4:7]] == ["answerable", "verbatim", "prose"]
    assert re.search(r"^far +1  1\.000 1\.00–1\.00   0\.0 0–0$", text, re.MULTILINE)
    assert "expected calibration error 0." in text
    assert max(map(width, lines)) <= 80


def test_columns_stand_below_each_other_with_chinese_names(evaluate: Evaluate, tmp_path: Path) -> None:
    setting = Setting("g", "all", "c", "e", 1, 1)
    results = [
        Result(str(number), "问", style, True, (), 1, "", 0.5, True)
        for number, style in enumerate(["口语", "a", "一个特别特别长的问题种类"])
    ]
    table = render(summarise(setting, results)).split("\n\n")[1].splitlines()
    starts = {width(line[: line.index(" 100 ")]) for line in table[1:]}
    assert starts == {table[0].index("R@1")}
    assert table[4].startswith("一个特别特别长…  ")


def test_one_question_and_none_that_can_be_answered(evaluate: Evaluate, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    assert evaluate("--html", page, golden=write_lines(tmp_path / "one.jsonl", QUESTIONS[3:4])) == 0
    assert evaluate("--html", page, golden=write_lines(tmp_path / "one.jsonl", QUESTIONS[:1])) == 0


# --------------------------------------------------------------------------------------------------------- comparison


def result(name: str, rank: int) -> Result:
    return Result(name, f"问题 {name}", "spoken", True, (), rank, "", 0.5, True)


def test_compare_pairs_by_id() -> None:
    before = {"a": 1, "b": 3, "c": 0, "d": 1, "gone": 1}
    comparison = compare("old.json", before, [result("new", 1), *(map(result, "dcba", (2, 0, 1, 1)))])
    assert (comparison.questions, comparison.unpaired) == (4, 2)
    assert [(change.id, change.before, change.after) for change in comparison.better] == [("b", 3, 1)]
    assert [(change.id, change.before, change.after) for change in comparison.worse] == [("d", 1, 2)]
    assert comparison.first.estimate.value == pytest.approx(0)
    assert comparison.mrr.estimate.value == pytest.approx((1 - 1 / 3 + 1 / 2 - 1) / 4)


def test_not_found_is_worse_than_last() -> None:
    comparison = compare("old.json", {"a": 10, "b": 0}, [result("a", 0), result("b", 10)])
    assert [change.id for change in comparison.better] == ["b"]
    assert [change.id for change in comparison.worse] == ["a"]


def test_compare_from_end_to_end(
    evaluate: Evaluate, report: Callable[..., Record], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = report()
    rank = saved["results"][2]["rank"]
    saved["results"][0]["rank"], saved["results"][2]["rank"] = 0, 1
    other = tmp_path / "other.json"
    other.write_text(json.dumps(saved), encoding="utf-8")
    assert saved_ranks(other) == {"q1": 0, "q2": 1, "q3": 1}
    assert evaluate("--compare", other, "--html", tmp_path / "r.html") == 0
    text = capsys.readouterr().out
    assert "against other.json: 3 questions in both\n" in text
    assert re.search(r"^R@1  \+0\.0 \(−100\.0 to \+100\.0\)  p = 1\.000$", text, re.MULTILINE)
    assert f"better: 1\n  not in 10 → 1   q1  什么是位置编码？\nworse: 1\n  1 → {rank}           q3  字节" in text
    assert "Against other.json" in (tmp_path / "r.html").read_text(encoding="utf-8")
    comparison = report("--compare", other)["comparison"]
    assert [change["id"] for change in comparison["better"]] == ["q1"]


# ------------------------------------------------------------------------------------------------------------ page


class Reader(html.parser.HTMLParser):
    """Gathers tags, attributes and text, and checks that every tag is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_runs_and_loads_nothing(evaluate: Evaluate, tmp_path: Path) -> None:
    assert evaluate("--html", tmp_path / "report.html") == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    reader = Reader(page)
    assert reader.open == []
    assert reader.tags & {"script", "link", "img", "iframe", "object", "image", "use", "a"} == set()
    assert {"svg", "polyline", "circle", "rect", "table", "details"} <= reader.tags
    names = {name for name, _ in reader.attributes}
    assert names & {"src", "href", "xlink:href", "action", "style"} == set()
    assert [name for name in names if name.startswith("on")] == []
    assert re.findall(r"https?:|url\(|@import|//[a-z]", page) == []
    assert "prefers-color-scheme: dark" in page
    assert "66.7" in reader.text
    assert "字节对编码从字符开始" in reader.text  # the miss, with what was wanted and what came first
    assert "llm/attention.md: 注意力机制让模型" in reader.text
    assert "分词.txt:1-3" in reader.text
    assert re.findall(r"\b(nan|inf)\b", page, re.IGNORECASE) == []


def test_whatever_stands_in_questions_and_notes_is_text() -> None:
    evil = '<script>alert("1")</script><img src=x onerror=a>\x1b\u202e&amp;'
    results = [Result(evil, evil, evil, answerable, (evil,), 2, evil, 0.9, True) for answerable in (True, True, False)]
    results.append(Result("b", "b", "other", True, (), 0, "", 0.1, False))
    changes = compare(evil, {evil: 1}, results)
    page = render_page(summarise(Setting(evil, evil, evil, evil, 1, 1), results, changes))
    reader = Reader(page)
    assert reader.tags & {"script", "img"} == set()
    assert reader.text.count('<script>alert("1")</script><img src=x onerror=a>&amp;') >= 10
    assert "\x1b" not in page and "\u202e" not in page


def test_the_page_of_a_clear_difference() -> None:
    difference = Difference(Estimate(0.1, 0.05, 0.15), 0.0001)
    comparison = Comparison("o", 2, 0, difference, difference, (), ())
    report = summarise(Setting("g", "all", "c", "e", 1, 1), [result("a", 1), result("b", 0)], comparison)
    assert "R@1  +10.0 (+5.0 to +15.0)  p < 0.001" in render(report)
    assert "(+5.0 to +15.0), p &lt; 0.001" in render_page(report)


# ------------------------------------------------------------------------------------------------------- BEIR folders


@pytest.fixture
def folder_of_documents(tmp_path: Path) -> Path:
    folder = tmp_path / "beir"
    folder.mkdir()
    texts = {"D/1": "注意力机制让模型关注相关的部分。", "..": "低秩矩阵冻结原来的权重。", ".d3": "字节对编码合并字符。"}
    documents = [{"_id": name, "title": f"题 {name}", "text": text} for name, text in texts.items()]
    write_lines(folder / "corpus.jsonl", documents)
    queries = [("x", "低秩矩阵冻结什么？"), ("unjudged", "谁？"), ("y", "字节对编码合并什么？")]
    write_lines(folder / "queries.jsonl", [{"_id": name, "text": text} for name, text in queries])
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nx\t..\t1\ny\t.d3\t1\nx\tD/1\t0\n", encoding="utf-8")
    return folder


def test_a_folder_is_read_as_notes_and_questions(folder_of_documents: Path) -> None:
    notes, questions = read_folder(folder_of_documents)
    assert notes["%2E%2E.md"] == "# 题 ..\n\n低秩矩阵冻结原来的权重。\n"
    assert sorted(notes) == ["%2E%2E.md", "%2Ed3.md", "D%2F1.md"]
    assert [(question.id, question.gold) for question in questions] == [
        ("x", (Gold("%2E%2E.md", ""),)),
        ("y", (Gold("%2Ed3.md", ""),)),
    ]


def test_a_folder_is_judged_by_note(report: Callable[..., Record], folder_of_documents: Path) -> None:
    values = report(corpus=None, golden=folder_of_documents)
    assert [(result["id"], result["rank"]) for result in values["results"]] == [("x", 1), ("y", 1)]
    assert (values["setting"]["golden"], values["setting"]["notes"]) == ("beir", 3)
    assert [row["name"] for row in values["answerable"]] == ["answerable"]
    assert values["unanswerable"] == []
    assert sorted(path.name for path in folder_of_documents.iterdir()) == ["corpus.jsonl", "qrels.tsv", "queries.jsonl"]


def test_a_long_id_makes_a_short_name(folder_of_documents: Path) -> None:
    write_lines(folder_of_documents / "corpus.jsonl", [{"_id": f"{'文' * 100}{end}", "text": "t"} for end in "ab"])
    (folder_of_documents / "qrels.tsv").write_text(f"x\t{'文' * 100}a\t1\n", encoding="utf-8")
    names = list(read_folder(folder_of_documents)[0])
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 255


# ------------------------------------------------------------------------------------------------------------ ratings


@pytest.fixture
def ratings(corpus: Path, tmp_path: Path) -> Path:
    """A log that the page would have kept: good, absent, wrong, and good of a passage that was edited afterwards."""
    sync(corpus, tmp_path / "rated", ToyEncoder())
    assistant, feedback = Assistant.open(tmp_path / "rated", ToyEncoder()), Feedback(tmp_path / "feedback")
    for asked in ("什么是位置编码？", "什么是灾难性遗忘？"):
        feedback.rate(asked, True, assistant.ask(asked).hits[0])
    feedback.rate("zebra quokka", False, None, "absent")
    feedback.rate("LoRA 的原理是什么？", False, None, "wrong")
    tuning = corpus / "tuning.md"
    tuning.write_text(tuning.read_text(encoding="utf-8").replace("什么是灾难", "何谓灾难"), encoding="utf-8")
    return tmp_path / "feedback" / "feedback.jsonl"


def test_ratings_are_golden_questions(evaluate: Evaluate, ratings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("--json", golden=ratings) == 0
    out, err = capsys.readouterr()
    assert err == ("rag.evaluate: left out 2 of the ratings (right answer unknown: 1, note edited since: 1)\n")
    results = json.loads(out)["results"]
    assert [(one["question"], one["style"], one["answerable"], one["rank"]) for one in results] == [
        ("什么是位置编码？", "feedback", True, 1),
        ("zebra quokka", "feedback", False, 0),
    ]
    assert results[0]["wanted"] == ["llm/attention.md: ## 什么是位置编码？"]


def test_ratings_of_which_none_is_left(
    evaluate: Evaluate, corpus: Path, ratings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in ratings.read_text(encoding="utf-8").splitlines() if "灾难" in line]
    ratings.write_text("\n".join(lines), encoding="utf-8")
    assert evaluate(golden=ratings) == 2
    assert capsys.readouterr().err.endswith(
        f"rag.evaluate: the notes of all ratings in {ratings} were edited since: rate more answers\n"
    )


# ------------------------------------------------------------------------------------------------------------- errors


def assert_refused(capsys: pytest.CaptureFixture[str], code: int, message: str) -> None:
    out, err = capsys.readouterr()
    assert (code, out, err) == (2, "", f"rag.evaluate: {message}\n")


LINE = 'a line is {"id": "…", "question": "…", "gold": [{"source": "…", "anchor": "…"}]}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"gold": []}\n', f'line 1: "id" is missing: {LINE}'),
        ("\n\n[1]\n", f"line 3: not a JSON object: {LINE}"),
        ("id,question\n", f"line 1: not JSON: {LINE}"),
        ('{"id": 7, "question": "问", "gold": []}', f'line 1: "id" is no text: {LINE}'),
        ('{"id": "7", "question": "问", "gold": [{"source": "a.md"}]}', f'line 1: "anchor" is missing: {LINE}'),
        ('{"id": "7", "question": "问", "gold": null}', f'line 1: "gold" is no list of objects: {LINE}'),
        ('{"id": "7", "question": "问", "gold": ["a"]}', f'line 1: "gold" is no list of objects: {LINE}'),
    ],
)
def test_a_file_that_is_not_golden(
    evaluate: Evaluate, golden: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    golden.write_text(text, encoding="utf-8")
    assert_refused(capsys, evaluate(), f"{golden}, {message}")


def test_files_that_cannot_be_read(evaluate: Evaluate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = tmp_path / "none"
    message = f"cannot read {none} (No such file or directory): name golden questions with --golden"
    assert_refused(capsys, evaluate(golden=none), message)
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes(b'{"id": "\xe9"}\n')
    assert_refused(capsys, evaluate(golden=latin), f"{latin} is not UTF-8: save it as UTF-8")


def test_nothing_to_ask(evaluate: Evaluate, golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_lines(golden, QUESTIONS[:1])
    message = f"no questions of half test in {golden}: choose another --half or --golden file"
    assert_refused(capsys, evaluate("--half", "test"), message)
    golden.write_text("\n")
    assert_refused(capsys, evaluate(), f"no questions in {golden}: name golden questions with --golden")


def test_two_questions_of_one_id(evaluate: Evaluate, golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_lines(golden, [QUESTIONS[0], QUESTIONS[0]])
    assert_refused(capsys, evaluate(), f"{golden}: two entries have the id q1: give each its own")


@pytest.mark.parametrize(
    ("gold", "cause"),
    [
        (("none.md", "位置"), "there is no note none.md"),
        (("tuning.md", "位置编码"), "“位置编码” does not stand in tuning.md"),
    ],
)
def test_gold_that_stands_nowhere(
    evaluate: Evaluate, golden: Path, capsys: pytest.CaptureFixture[str], gold: tuple[str, str], cause: str
) -> None:
    write_lines(golden, [QUESTIONS[0], record("q9", "问", "spoken", ("tuning.md", "低秩"), gold)])
    mend = "mend its gold, or name the notes that it is about with --corpus"
    assert_refused(capsys, evaluate(), f"question q9: {cause}: {mend}")


def test_a_question_that_cannot_be_asked(evaluate: Evaluate, golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_lines(golden, [record("q9", " ?", "spoken")])
    assert_refused(capsys, evaluate(), "question q9 cannot be asked: 请输入问题 / type a question")


def test_a_report_that_is_none(
    evaluate: Evaluate, golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = f"{golden} is no report: save one with --json, and compare with that"
    assert_refused(capsys, evaluate("--compare", golden), message)
    none = tmp_path / "none.json"
    message = f"cannot read {none} (No such file or directory): save a report there with --json"
    assert_refused(capsys, evaluate("--compare", none), message)


def test_a_report_on_other_questions(evaluate: Evaluate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"results": [{"id": "z", "rank": 1, "answerable": true}]}')
    message = "other.json has no question in common with this run: compare runs on the same questions"
    assert_refused(capsys, evaluate("--compare", other), message)


def test_a_page_that_cannot_be_written(evaluate: Evaluate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "none" / "r.html"
    message = f"no folder {file.parent}: create it, or name another file with --html"
    assert_refused(capsys, evaluate("--html", file), message)
    assert evaluate("--html", tmp_path) == 2
    out, err = capsys.readouterr()
    assert out.startswith("golden: 5 questions\n")
    assert err == f"rag.evaluate: cannot write {tmp_path} (Is a directory): name another file with --html\n"


def test_folders_that_do_not_fit(
    evaluate: Evaluate, folder_of_documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of_documents
    message = f"the folder {folder} has notes of its own: leave out --corpus"
    assert_refused(capsys, evaluate(golden=folder), message)
    message = f"the folder {folder} knows no halves: leave out --half"
    assert_refused(capsys, evaluate("--half", "dev", corpus=None, golden=folder), message)
    qrels = folder / "qrels.tsv"
    for line, message in {
        "x\tD/1": "line 1: expected query-id, corpus-id and score with tabs",
        "x 0 D/1 1": "line 1: expected query-id, corpus-id and score with tabs",
        "z\tD/1\t1": "line 1: z is not in queries.jsonl: add it there, or drop this line",
        "x\tD/2\t1": "line 1: D/2 is not in corpus.jsonl: add it there, or drop this line",
    }.items():
        qrels.write_text(line)
        assert_refused(capsys, evaluate(corpus=None, golden=folder), f"{qrels}, {message}")
    qrels.write_text("query-id\tcorpus-id\tscore\n")
    message = f"{qrels} names no right document: give it lines with a score above 0"
    assert_refused(capsys, evaluate(corpus=None, golden=folder), message)
    write_lines(folder / "queries.jsonl", [{"_id": "x"}])
    message = f'{folder / "queries.jsonl"}, line 1: "text" is missing: a line is {{"_id": "…", "text": "…"}}'
    assert_refused(capsys, evaluate(corpus=None, golden=folder), message)


def test_a_missing_corpus(evaluate: Evaluate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = tmp_path / "none"
    message = f"no folder {none}/: create it and put notes in it, or name yours with --corpus"
    assert_refused(capsys, evaluate(corpus=none), message)


# ------------------------------------------------------------------------------------------------- with what is shipped


def test_in_a_process_of_its_own(golden: Path, corpus: Path) -> None:
    done = run("rag.evaluate", "--golden", golden, "--corpus", corpus)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("golden: 5 questions\ncorpus: 3 notes, 5 passages, by kuaida")


def test_it_loads_no_heavy_library(golden: Path, corpus: Path) -> None:
    heavy = ("torch", "sentence_transformers", "transformers", "gradio", "scipy", "pandas", "ir_measures")
    code = (
        "import sys; from rag.evaluate import main; "
        f"code = main(['--golden', {str(golden)!r}, '--corpus', {str(corpus)!r}]); "
        f"sys.exit(str([name for name in {heavy} if name in sys.modules]) if code == 0 else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", timeout=60
    )
    assert (done.returncode, done.stderr) == (1, "[]\n")
