"""What all pages share beside the index: what completes a question is of the generation that answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.indexing.sync import sync
from rag.insights.completion import Suggestions
from rag.serving.service import Service, Settings
from rag.store.local import Index
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()


@pytest.fixture
def service(corpus: Path, folder: Path) -> Service:
    sync(corpus, folder, TOY)
    return Service(Settings(corpus, folder, folder.with_name("feedback")), TOY, Assistant.open(folder, TOY))


def test_suggestions_are_made_once_a_generation(
    service: Service, corpus: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    of = Suggestions.of

    def counted(index: Index) -> Suggestions:
        read.append(index.generation)
        return of(index)

    def completed(typed: str) -> list[str]:
        return [suggestion.text for suggestion in service.complete(typed)]

    monkeypatch.setattr(Suggestions, "of", counted)
    assert list(map(completed, ("灾难", "企鹅", "位置"))) == [
        ["什么是灾难性遗忘？"],
        [],
        ["什么是位置编码？"],
    ]
    (corpus / "tuning.md").write_text("# 鸟\n\n## 企鹅吃什么？\n\n鱼。\n", encoding="utf-8")
    sync(corpus, folder, TOY)
    assert completed("灾难") == ["什么是灾难性遗忘？"]  # until it is refreshed it answers from the one before
    assert service.refresh()
    assert list(map(completed, ("灾难", "企鹅", "位置"))) == [[], ["企鹅吃什么？"], ["什么是位置编码？"]]
    assert read == ["gen-00000001", "gen-00000002"]


def test_two_services_share_nothing(service: Service, corpus: Path, tmp_path: Path) -> None:
    (corpus / "tuning.md").unlink()
    sync(corpus, tmp_path / "other", TOY)
    other = Service(service.settings, TOY, Assistant.open(tmp_path / "other", TOY))
    assert [len(each.complete("灾难")) for each in (service, other, service)] == [1, 0, 1]
