"""`python -m rag.query`: for people on a terminal, for scripts in a pipe, and one line of error for both."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.indexing.sync import sync
from rag.query import main, render
from rag.types import Answer, Hit, Passage
from tests.process import ROOT, SECONDS, environment, run, terminal
from tests.small import ENTRY, ENTRY_ANSWER, ENTRY_PLACE, NOTES, write_notes
from tests.toy_encoder import ToyEncoder

UNKNOWN = "饕餮蹀躞"
KEYS = ["question", "found", "confidence", "answer", "cited", "hits", "elapsed_ms"]
NOTHING_ASKED = "请输入问题 / type a question"
PROMPT = "? "

Query = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sync(write_notes(tmp_path / "corpus"), tmp_path / "index", ToyEncoder())
    return tmp_path / "index"


@pytest.fixture
def query(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Query:
    """Runs the command in this process with the toy encoder; `stdin` is what is piped into it."""
    monkeypatch.setattr("rag.query.load_encoder", lambda name: ToyEncoder(name or "toy"))

    def ask(*arguments: str, stdin: str | bytes = "", index: Path = folder) -> int:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return main([*arguments, "--index", str(index)])

    return ask


# ---------------------------------------------------------------------------------------------------------- rendering


def answer(found: bool, stale: bool = False, text: str = "## 问？\n\n答案在这里。别的。") -> Answer:
    first = Hit(Passage("甲/a.md", ("一", "二"), "问？", 0, len(text), 3, 5, text), 0.918, (7, 13), stale, (7, 13))
    prose = "第一句。" + "很长的话" * 20 + "中间。" + "更多的话" * 20
    second = Hit(Passage("b.txt", (), None, 0, len(prose), 1, 1, prose), 0.25, (84, 87), False, (84, 87))
    quote = "答案在这里。别的。 [1]" if found else "笔记里没有找到答案。最接近的是：\n- 问？"
    return Answer("问", quote, (first, second), (1,) if found else (), found, 0.918)


def test_render_plain() -> None:
    assert render(answer(found=True), colours=False) == (
        "答案在这里。别的。 [1]\n"
        "\n"
        "引用\n"
        "*[1] 甲/a.md:3-5  0.92  一 › 二 › 问？\n"
        "      ## 问？»答案在这里。«别的。\n"
        " [2] b.txt:1-1  0.25  \n"
        "      …" + "的话" + "很长的话" * 7 + "»中间。«" + "更多的话" * 7 + "更多" + "…"
    )


def test_render_says_how_the_question_was_understood() -> None:
    understood = dataclasses.replace(answer(found=True), asked="LoRA 有什么\x1b缺点")
    assert render(understood, colours=False) == "按上文理解为：LoRA 有什么缺点\n\n" + render(
        answer(found=True), colours=False
    )
    assert render(understood, colours=True).startswith("\x1b[2m按上文理解为：LoRA 有什么缺点\x1b[0m\n\n答案")


def test_render_what_was_not_found_and_what_is_stale() -> None:
    lines = render(answer(found=False, stale=True), colours=False).split("\n")
    assert lines[:4] == ["笔记里没有找到答案。最接近的是：", "- 问？", "", "最接近的段落"]
    assert lines[4] == " [1] 甲/a.md:3-5  0.92  一 › 二 › 问？  （笔记已改动，请重建索引）"


def test_render_in_colours() -> None:
    lines = render(answer(found=True), colours=True).split("\n")
    assert lines[2:5] == [
        "\x1b[2m引用\x1b[0m",
        "\x1b[1m*[1] 甲/a.md:3-5  0.92  一 › 二 › 问？\x1b[0m",
        "      ## 问？\x1b[7m答案在这里。\x1b[0m别的。",
    ]


def test_render_nothing() -> None:
    empty = Answer("问", "笔记里没有找到答案。", (), (), False, 0.0)
    assert render(empty, colours=True) == "笔记里没有找到答案。"


def test_render_lets_no_control_character_of_a_note_through() -> None:
    evil = "\x1b]0;题\x07\x1b[31m红\x9b2J\u202e"
    passage = Passage(f"{evil}.md", (evil,), evil, 0, 40, 1, 1, f"{evil}前。{evil}句。{evil}后。")
    shown = Answer(evil, f"{evil} [1]", (Hit(passage, 0.9, (16, 30), True, (16, 30)),), (1,), True, 0.9)
    assert not set(render(shown, colours=False)) & set("\x1b\x07\x9b\u202e")
    coloured = render(shown, colours=True)
    for own in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[7m"):
        coloured = coloured.replace(own, "")
    assert coloured == render(shown, colours=False).replace("»", "").replace("«", "")


# -------------------------------------------------------------------------------------------------------- one question


def test_found(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    assert query(ENTRY) == 0
    out, err = capsys.readouterr()
    lines = out.split("\n")
    assert err == ""
    assert lines[:3] == [ENTRY_ANSWER, "", "引用"]
    assert lines[3].startswith(f"*[1] {ENTRY_PLACE}  ")
    assert lines[3].endswith("  注意力 › 什么是位置编码？")
    assert [line[:5] for line in lines[5:13:2]] == [" [2] ", " [3] ", " [4] ", " [5] "]
    assert "\x1b" not in out


def test_not_in_the_notes(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    assert query(UNKNOWN) == 1
    out, err = capsys.readouterr()
    assert out.startswith("笔记里没有找到答案。最接近的是：\n- ")
    assert "\n最接近的段落\n [1] " in out
    assert err == ""


def test_words_need_no_quotes(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    assert query("LoRA", "的原理", "是什么？", "--json") == 0
    assert json.loads(capsys.readouterr().out)["question"] == "LoRA 的原理 是什么？"


def test_json(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    assert query(ENTRY, "--json", "-k", "2") == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    values = json.loads(out)
    assert list(values) == KEYS
    assert (values["found"], values["answer"], values["cited"]) == (True, ENTRY_ANSWER, [1])
    assert [hit["rank"] for hit in values["hits"]] == [1, 2]
    first = values["hits"][0]
    assert f"{first['source']}:{first['start_line']}-{first['end_line']}" == ENTRY_PLACE
    assert first["text"] in NOTES[first["source"]]
    assert values["elapsed_ms"] > 0
    assert query(UNKNOWN, "--json") == 1
    assert json.loads(capsys.readouterr().out)["found"] is False


def test_k(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    for k, count in ((1, 1), (3, 3), (500, 5)):
        assert query(ENTRY, "--json", "-k", str(k)) == 0
        assert len(json.loads(capsys.readouterr().out)["hits"]) == count


def test_a_question_from_a_pipe(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    assert query("--json", stdin=f"{ENTRY}\n") == 0
    assert json.loads(capsys.readouterr().out)["question"] == ENTRY


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16"])
def test_a_question_from_a_pipe_in_another_encoding(
    query: Query, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    assert query("--json", stdin=f"{ENTRY}\r\n".encode(encoding)) == 0
    assert json.loads(capsys.readouterr().out)["question"] == ENTRY


def test_a_pipe_without_text(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    assert_refused(capsys, query(stdin=b"a\0b"), "cannot read the question (binary): pipe one line of text")


# ------------------------------------------------------------------------------------------------------------- batches


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16", "utf-32"])
def test_a_batch_in_another_encoding(
    query: Query, tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    questions = [ENTRY, "LoRA 的原理是什么？", "什么是灾难性遗忘？"]
    data = "\r\n".join(questions).encode(encoding)
    (tmp_path / "questions.txt").write_bytes(data)
    for name, stdin in ((str(tmp_path / "questions.txt"), b""), ("-", data)):
        assert query("--batch", name, stdin=stdin) == 0
        assert [json.loads(line)["question"] for line in capsys.readouterr().out.splitlines()] == questions


def test_a_batch_that_is_no_text(query: Query, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.bin").write_bytes(b"\xff\xff\x80\xff")
    message = (
        f"cannot read {tmp_path / 'a.bin'} (unknown encoding (save it as UTF-8)): give a file with one question a line"
    )
    assert_refused(capsys, query("--batch", str(tmp_path / "a.bin")), message)


def test_batch_answers_in_order(query: Query, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = [ENTRY, UNKNOWN, "LoRA 的原理是什么？", "什么是灾难性遗忘？"]
    (tmp_path / "questions.txt").write_text("\ufeff" + "\r\n".join(questions), encoding="utf-8", newline="")
    assert query("--batch", str(tmp_path / "questions.txt")) == 0
    out, err = capsys.readouterr()
    values = [json.loads(line) for line in out.splitlines()]
    assert err == ""
    assert [value["question"] for value in values] == questions
    assert [value["found"] for value in values] == [True, False, True, True]
    assert [value["hits"][0]["start_line"] for value in values[2:]] == [1, 7]
    assert all(list(value) == KEYS for value in values)


def test_batch_says_which_line_it_rejects_and_goes_on(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [ENTRY, "？！", "", "问" * 4001, UNKNOWN]
    assert query("--batch", "-", stdin="\n".join(lines) + "\n") == 2
    values = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [value.get("error", "")[:4] for value in values] == ["", "请输入问", "请输入问", "问题太长", ""]
    assert values[1] == {"question": "？！", "error": NOTHING_ASKED}
    assert values[3]["question"] == "问" * 200
    assert [value.get("found") for value in values] == [True, None, None, None, False]


def test_a_batch_of_conversations(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["LoRA 的原理是什么？", "它训练什么", "？！", "为什么", "", "它训练什么"]
    assert query("--batch", "-", "--conversation", stdin="\n".join(lines) + "\n") == 2
    values = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [value["question"] for value in values] == [line for line in lines if line]  # an empty line asks nothing
    asked = [value.get("asked") for value in values]
    assert asked == [None, "LoRA 训练什么", None, "LoRA 它训练什么，为什么", None]
    assert list(values[1]) == ["question", "asked", *KEYS[1:]]


def test_a_conversation_without_a_batch(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    message = "--conversation goes with --batch: the prompt is a conversation anyway"
    assert_refused(capsys, query(ENTRY, "--conversation"), message)


def test_a_batch_without_lines(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    assert query("--batch", "-", stdin="") == 0
    assert capsys.readouterr().out == ""


# -------------------------------------------------------------------------------------------------------------- errors


def assert_refused(capsys: pytest.CaptureFixture[str], code: int, message: str) -> None:
    out, err = capsys.readouterr()
    assert (code, out, err) == (2, "", f"rag.query: {message}\n")


def test_no_index(query: Query, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = tmp_path / "none"
    assert_refused(capsys, query(ENTRY, index=none), f"no index in {none}: run `python -m rag.build`")
    assert not none.exists()


@pytest.mark.parametrize("question", ["", " ", "？！", "\x1b"])
def test_nothing_asked(query: Query, capsys: pytest.CaptureFixture[str], question: str) -> None:
    assert_refused(capsys, query(question), NOTHING_ASKED)
    assert_refused(capsys, query(stdin=question), NOTHING_ASKED)


def test_too_long(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    message = "问题太长：4001 个字符，最多 4000 个，请精简后再问 / the question is too long: at most 4000 characters"
    assert_refused(capsys, query("问" * 4001), message)


@pytest.mark.parametrize("k", ["0", "-3"])
def test_k_below_one(query: Query, capsys: pytest.CaptureFixture[str], k: str) -> None:
    assert_refused(capsys, query(ENTRY, "-k", k), "-k must be at least 1")


def test_another_encoder(query: Query, capsys: pytest.CaptureFixture[str]) -> None:
    message = (
        "the index was made by toy (revision 1), not by other (revision 1): run `python -m rag.build --encoder other`"
    )
    assert_refused(capsys, query(ENTRY, "--encoder", "other"), message)


def test_a_corrupt_index(query: Query, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "gen-00000001" / "passages.faiss").write_bytes(b"x")
    message = f"the index in {folder} is damaged (gen-00000001/passages.faiss is damaged): run `python -m rag.build`"
    assert_refused(capsys, query(ENTRY), message)


def test_a_damaged_generation_with_an_older_one(
    query: Query, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_notes(tmp_path / "corpus", {"new.txt": "新的一段。\n"})
    sync(tmp_path / "corpus", folder, ToyEncoder())
    (folder / "gen-00000002" / "sentences.npy").write_bytes(b"x")
    assert query(ENTRY) == 0
    out, err = capsys.readouterr()
    assert out.startswith(ENTRY_ANSWER)
    assert err == (
        f"rag.query: the index in {folder} is damaged (gen-00000002/sentences.npy is damaged), "
        "gen-00000001 is used instead: run `python -m rag.build`\n"
    )


def test_no_batch_file(query: Query, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, cause in ((tmp_path / "none", "No such file or directory"), (tmp_path, "Is a directory")):
        message = f"cannot read {path} ({cause}): give a file with one question a line"
        assert_refused(capsys, query("--batch", str(path)), message)


# ------------------------------------------------------------------------------------------------------------ processes


def test_a_process(bundled_index: Path, tmp_path: Path) -> None:
    done = run("rag.query", ENTRY, "--index", bundled_index, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{ENTRY_ANSWER}\n\n引用\n*[1] {ENTRY_PLACE}  ")
    assert "\x1b" not in done.stdout
    done = run("rag.query", ENTRY, "--index", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"rag.query: no index in {tmp_path}: run `python -m rag.build`\n"


def test_a_batch_process(bundled_index: Path) -> None:
    done = run("rag.query", "--batch", "-", "--index", bundled_index, stdin=f"{ENTRY}\n\n{ENTRY}\n")
    assert (done.returncode, done.stderr) == (2, "")
    assert [json.loads(line).get("answer") for line in done.stdout.splitlines()] == [ENTRY_ANSWER, None, ENTRY_ANSWER]


def test_a_batch_answers_each_line_as_it_comes(bundled_index: Path) -> None:
    command = [sys.executable, "-m", "rag.query", "--batch", "-", "--index", str(bundled_index)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{ENTRY}\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["answer"] == ENTRY_ANSWER
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
        assert (process.returncode, err) == (2, "rag.query: stopped\n")
    finally:
        process.kill()
        process.wait()


def test_nobody_reads_the_answer(bundled_index: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "rag.query", ENTRY, "--index", str(bundled_index)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), stdout=writer, stderr=subprocess.PIPE, timeout=SECONDS)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_no_standard_input(bundled_index: Path) -> None:
    command = f'exec "{sys.executable}" -m rag.query --index "{bundled_index}" <&-'
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", timeout=SECONDS
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"rag.query: {NOTHING_ASKED}\n")


# ------------------------------------------------------------------------------------------------------------- terminal


def test_colours_on_a_terminal(bundled_index: Path) -> None:
    with terminal("rag.query", ENTRY, "--index", bundled_index) as screen:
        assert screen.wait() == 0
        assert screen.screen.startswith(f"{ENTRY_ANSWER}\n\n\x1b[2m引用\x1b[0m\n\x1b[1m*[1] {ENTRY_PLACE}  ")
        assert screen.screen.count("\x1b[7m") == 5


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours_where_none_are_wanted(bundled_index: Path, variable: dict[str, str]) -> None:
    with terminal("rag.query", ENTRY, "--index", bundled_index, **variable) as screen:
        assert screen.wait() == 0
        assert screen.screen.startswith(f"{ENTRY_ANSWER}\n\n引用\n*[1] {ENTRY_PLACE}  ")
        assert "\x1b" not in screen.screen


def test_escape_sequences_of_a_note_never_reach_the_terminal(bundled: OnnxEncoder, tmp_path: Path) -> None:
    prose = "这是一段普通的文字，说的是终端。" * 30
    entry = "## 什么是\x1b]0;hacked\x07终端？\n\n\x1b[2J终端显示文字。\x1b[31m红。\n"
    note = f"# 终端\x1b[31m\n\n{entry}\n## 别的\n\n{prose}\n"
    sync(write_notes(tmp_path / "corpus", {"a.md": note}), tmp_path / "index", bundled)
    with terminal("rag.query", "什么是终端？", "--index", tmp_path / "index", NO_COLOR="1") as screen:
        assert screen.wait() == 0
        assert "终端显示文字。" in screen.screen
        assert not set("\x1b\x07") & set(screen.screen)
    done = run("rag.query", "什么是终端？", "--json", "--index", tmp_path / "index")
    assert "\x1b" not in done.stdout  # escaped there, but still the exact text
    assert any("\x1b[2J终端显示文字。" in hit["text"] for hit in json.loads(done.stdout)["hits"])


def test_the_prompt_and_its_history(bundled_index: Path, tmp_path: Path) -> None:
    pytest.importorskip("readline", reason="no readline on this platform")
    home = {"XDG_STATE_HOME": str(tmp_path), "NO_COLOR": "1"}
    greeting = "输入问题，回车提问，空行退出 / type a question, an empty line ends\n"
    with terminal("rag.query", "--index", bundled_index, **home) as screen:
        screen.wait_for(greeting)
        screen.wait_for(PROMPT)
        screen.type("？！\n")
        screen.wait_for(f"{NOTHING_ASKED}\n")
        screen.wait_for(PROMPT, times=2)
        screen.type(f"{ENTRY}\n")
        screen.wait_for(f"{ENTRY_ANSWER}\n\n引用\n*[1] {ENTRY_PLACE}  ")
        screen.wait_for(PROMPT, times=3)
        screen.type("\n")
        assert screen.wait() == 0
    assert (tmp_path / "kuaida" / "history").is_file()
    with terminal("rag.query", "--index", bundled_index, **home) as screen:
        screen.wait_for(greeting)
        screen.wait_for(PROMPT)
        screen.type("\x1b[A\n")  # arrow up
        screen.wait_for(f"{ENTRY_ANSWER}\n\n引用\n")
        screen.wait_for(PROMPT, times=2)
        screen.type("\x04")  # end of input
        assert screen.wait() == 0


def test_the_prompt_remembers_what_was_asked_and_a_single_question_does_not(
    bundled_index: Path, tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    with terminal("rag.query", "--index", bundled_index, XDG_STATE_HOME=str(tmp_path), NO_COLOR="1") as screen:
        screen.wait_for(PROMPT)
        screen.type(f"{ENTRY}\n")
        screen.wait_for(PROMPT, times=2)
        screen.type("为什么？\n")
        screen.wait_for("按上文理解为：什么是位置编码，为什么\n")
        screen.wait_for(PROMPT, times=3)
        screen.type("\n")
        assert screen.wait() == 0
    query("--batch", "-", "--json", stdin=f"{ENTRY}\n为什么？\n")
    alone = json.loads(capsys.readouterr().out.splitlines()[1])
    query("为什么？", "--json")
    assert json.loads(capsys.readouterr().out)["hits"] == alone["hits"]


def test_the_prompt_sees_a_rebuild(bundled: OnnxEncoder, tmp_path: Path) -> None:
    corpus, index = write_notes(tmp_path / "corpus"), tmp_path / "index"
    sync(corpus, index, bundled)
    with terminal("rag.query", "--index", index, XDG_STATE_HOME=str(tmp_path), NO_COLOR="1") as screen:
        screen.wait_for(PROMPT)
        screen.type(f"{ENTRY}\n")
        screen.wait_for(ENTRY_ANSWER)
        screen.wait_for(PROMPT, times=2)
        write_notes(corpus, {"llm/attention.md": NOTES["llm/attention.md"].replace("每个词", "每一个词")})
        sync(corpus, index, bundled)
        screen.type(f"{ENTRY}\n")
        screen.wait_for("位置编码告诉模型每一个词在哪里。 [1]")
        screen.wait_for(PROMPT, times=3)
        screen.type("\n")
        assert screen.wait() == 0
