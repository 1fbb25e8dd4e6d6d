"""Rerankers: a real CrossEncoder of random weights decides the order, never whether something was found."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.errors import RerankerError
from rag.indexing.sync import sync
from rag.passages.views import embedded_text
from rag.query import main
from rag.retrieval.calibration import THRESHOLD
from rag.retrieval.pipeline import RERANKED
from rag.retrieval.reranker import CrossEncoderReranker, Reranker, load_reranker
from tests.offline import LIGHT, refused_at_once
from tests.process import ROOT, environment
from tests.small import ENTRY, write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
CURE = "give a folder with a sentence-transformers CrossEncoder of one score, or a hub name while online"
QUESTION = "注意力机制的原理是什么？"
CHARACTERS = "什么是注意力机制微调大模型的原理"
TEXTS = ["注意力机制", "大模型的微调", "lora 的原理", "什么"]


def write_model(folder: Path, architecture: str = "BertForSequenceClassification", labels: int = 1) -> Path:
    """Writes a BERT with two layers of random weights and a vocabulary of characters, as transformers would."""
    torch = pytest.importorskip("torch", reason=LIGHT)
    transformers = pytest.importorskip("transformers", reason=LIGHT)
    pytest.importorskip("sentence_transformers", reason=LIGHT)
    torch.manual_seed(4)
    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *CHARACTERS, *"？。", "lora"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    configuration = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        num_labels=labels,
        initializer_range=0.5,  # so wide that the scores of different texts lie apart
    )
    getattr(transformers, architecture)(configuration).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("reranker") / "tiny")


@pytest.fixture(scope="module")
def tiny(tiny_folder: Path) -> Reranker:
    reranker = load_reranker(str(tiny_folder))
    assert isinstance(reranker, CrossEncoderReranker)
    assert reranker.name == str(tiny_folder)
    return reranker


def test_none_is_asked_for() -> None:
    assert load_reranker(None) is None


def test_its_scores_are_those_of_the_model(tiny: Reranker, tiny_folder: Path) -> None:
    """Not asked of CrossEncoder again, but of the network itself: sigmoid of its one logit."""
    torch = pytest.importorskip("torch", reason=LIGHT)
    transformers = pytest.importorskip("transformers", reason=LIGHT)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tiny_folder).eval()
    with torch.no_grad():
        logits = [float(model(**tokenizer(QUESTION, text, return_tensors="pt")).logits) for text in TEXTS]
    expected = [1 / (1 + math.exp(-logit)) for logit in logits]
    assert tiny.scores(QUESTION, TEXTS) == pytest.approx(expected, abs=1e-5)
    assert max(expected) - min(expected) > 0.01
    assert tiny.scores(QUESTION, []) == []


def test_a_text_longer_than_the_model_reads_is_cut(tiny: Reranker) -> None:
    (score,) = tiny.scores(QUESTION, ["注意力机制。" * 100])
    assert 0 < score < 1


# ------------------------------------------------------------------------------------------------------- the ranking


class Backwards:
    """Finds the last text best, and remembers what it was given."""

    name = "backwards"

    def __init__(self) -> None:
        self.seen: list[tuple[str, tuple[str, ...]]] = []

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        self.seen.append((question, tuple(texts)))
        return [float(place) for place in range(len(texts))]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """An index of 30 passages that differ in characters which the tiny model knows."""
    draw = random.Random(3)
    words = ["".join(draw.sample(CHARACTERS, 8)) for _ in range(30)]
    notes = {f"{n}.md": f"# 章\n\n## 什么是概念{n}？\n\n{word}。\n" for n, word in enumerate(words)}
    sync(write_notes(tmp_path / "corpus", notes), tmp_path / "index", TOY)
    return tmp_path / "index"


def test_the_first_twenty_are_ordered_by_the_model(many: Path, tiny: Reranker) -> None:
    before = Assistant.open(many, TOY).ask("概念", 30).hits
    after = Assistant.open(many, TOY, tiny).ask("概念", 30).hits
    texts = [embedded_text(hit.passage)[0] for hit in before[:RERANKED]]
    scores = dict(zip([hit.passage for hit in before], tiny.scores("概念", texts), strict=False))
    assert len(scores) == RERANKED == 20
    expected = sorted(before[:RERANKED], key=lambda hit: -scores[hit.passage])
    assert list(after[:RERANKED]) == expected != list(before[:RERANKED])
    assert after[RERANKED:] == before[RERANKED:]


def test_it_reads_headings_question_and_text(many: Path) -> None:
    reranker = Backwards()
    before = Assistant.open(many, TOY).ask("什么是概念7？", 30).hits
    after = Assistant.open(many, TOY, reranker).ask("什么是概念7？", 3).hits
    assert [hit.passage for hit in after] == [hit.passage for hit in before[19:16:-1]]
    ((question, texts),) = reranker.seen
    assert (question, len(texts)) == ("什么是概念7？", 20)
    assert texts == tuple(embedded_text(hit.passage)[0] for hit in before[:20])
    assert texts[0].startswith("章\n章 什么是概念7？ ")


def test_what_only_the_reranker_favours_does_not_count_as_found(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    before = Assistant.open(folder, TOY).ask(ENTRY)
    after = Assistant.open(folder, TOY, Backwards()).ask(ENTRY)
    assert after.hits == before.hits[::-1]  # each with its own score
    assert before.found
    assert after.confidence == after.hits[0].score < THRESHOLD
    assert after.found is False


# ---------------------------------------------------------------------------------------------------------- loading


def test_what_is_no_reranker_is_refused(tmp_path: Path) -> None:
    """An encoder would answer at random, and three labels are no order."""
    for number, folder in enumerate((write_model(tmp_path / "a", "BertModel"), write_model(tmp_path / "b", labels=3))):
        with pytest.raises(RerankerError) as raised:
            load_reranker(str(folder))
        assert (number, str(raised.value)) == (number, f"{str(folder)!r} is no reranker: {CURE}")


def test_an_unknown_name_is_refused_at_once_and_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason=LIGHT)
    for name in ("no-such/reranker", str(tmp_path), str(tmp_path / "none")):
        assert (
            refused_at_once(load_reranker, RerankerError, name, monkeypatch)
            == f"cannot load the reranker {name!r}: {CURE}"
        )


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(RerankerError) as raised:
        load_reranker("BAAI/bge-reranker-base")
    assert str(raised.value) == (
        "the reranker 'BAAI/bge-reranker-base' needs sentence-transformers: run `pip install -r requirements.txt`"
    )


def test_nothing_heavy_is_imported_unless_asked_for() -> None:
    code = (
        "import sys; from rag.retrieval.reranker import load_reranker; "
        "load_reranker(None); print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", timeout=60
    )
    assert (done.stdout, done.returncode) == ("False\n", 0)


def test_the_command_takes_a_folder(
    many: Path, tiny: Reranker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.query.load_encoder", lambda name: TOY)
    expected = Assistant.open(many, TOY, tiny).ask("概念", 1).hits[0].passage
    main(["概念", "--index", str(many), "-k", "1", "--reranker", tiny.name])
    assert f"[1] {expected.source}:" in capsys.readouterr().out


def test_an_unknown_reranker_is_one_line(capsys: pytest.CaptureFixture[str], many: Path, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason=LIGHT)
    name = str(tmp_path / "none")
    assert main(["概念", "--index", str(many), "--reranker", name]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"rag.query: cannot load the reranker {name!r}: {CURE}"
