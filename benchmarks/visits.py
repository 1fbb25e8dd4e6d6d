"""Visits of the page that are recorded: every part of it, in each language, with what a person does there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.product import Product
from benchmarks.sample import EDITED, edit, write_sample
from benchmarks.visitor import Visitor

LANGUAGES = {"zh": "", "en": "/en"}  # the path that each is under
ATTENTION, FOUND, FOLLOWING, MISSED = "llm/注意力.md", "LoRA 的原理是什么", "它有什么缺点", "长城有多长？"
LOOKED = 1.2  # seconds after which the page looks at the files again
FOLLOWED = 120  # looks, four in a second
NOT_OURS = {"content-length", "date", "last-modified", "etag"}

Step = tuple[str, Any]
Visit = Callable[[Visitor, Path], Iterator[Step]]


def page(product: Product, folder: Path) -> dict[str, Any]:
    """Returns what the page shows of itself and after each thing done; each visit has a server of its own."""
    entries: dict[str, Any] = {}
    for language, base in LANGUAGES.items():
        entries |= _visited(product, folder / language, f"page/{language}", base, whole, "--allow-writing")
    return entries | _visited(product, folder / "plain", "page/plain", "", plain, "--editor", "")


def _visited(product: Product, folder: Path, name: str, base: str, visit: Visit, *options: str) -> dict[str, Any]:
    notes = write_sample(folder / "notes")
    with product.served(notes, folder / "index", *options) as (url, said):
        steps = {step: shown for step, shown in visit(Visitor(f"{url}{base}"), notes)}
    steps |= {f"kept/{log.name}": log.read_text(encoding="utf-8") for log in sorted((folder / "feedback").glob("*"))}
    return {f"{name}/{step}": shown for step, shown in {"started": said, **steps}.items()}


def whole(visitor: Visitor, notes: Path) -> Iterator[Step]:
    """Does everything that the page offers, in an order in which each thing has something to show."""
    for part in (opened, asked, judged, read, listed, edited, filled, rebuilt, watched, called):
        yield from part(visitor, notes)


def plain(visitor: Visitor, notes: Path) -> Iterator[Step]:
    """Visits a page that does not write into notes and knows no editor."""
    yield "asked/missed", visitor.ask(MISSED)
    yield "asked/found", visitor.ask(FOUND)
    yield "note", visitor.send("kd-command-open", source=EDITED, first=3, last=5)
    yield "index", visitor.send("kd-command-index")
    yield "fill", visitor.send("kd-command-gap-fill", question=MISSED)
    yield "fill/written", visitor.fire("kd-fill-confirm", "click")


def opened(visitor: Visitor, notes: Path) -> Iterator[Step]:
    for name, props in visitor.components.items():
        yield f"component/{name}", {key: value for key, value in props.items() if value is not None}
    yield "events", visitor.events
    yield "headers", {key: value for key, value in visitor.headers().items() if key.lower() not in NOT_OURS}
    yield "title", visitor.title
    yield "words", visitor.words
    yield "loaded", visitor.fire("", "load")


def asked(visitor: Visitor, notes: Path) -> Iterator[Step]:
    yield "asked/nothing", visitor.ask("  ")
    yield "asked/punctuation", visitor.ask("？！")
    yield "asked/too long", visitor.ask("长" * 4_001)
    yield "asked/found", visitor.ask(FOUND)
    yield "asked/following", visitor.ask(FOLLOWING)
    yield "asked/missed", visitor.ask(MISSED)
    yield "asked/missed again", visitor.ask(f"请问{MISSED}")
    yield "asked/english", visitor.ask("What is temperature?")
    yield "asked/prose", visitor.ask("词表越大有什么好处")
    yield "asked/compared", visitor.ask("LoRA 和位置编码有什么区别")
    yield "asked/hostile", visitor.ask("<b>LoRA</b> & top-p 的 <script>alert(1)</script>")
    yield "stopped", visitor.fire("kd-stop", "click")
    kept = visitor.value("kd-conversation")
    yield "restored/damaged", visitor.send("kd-command-restore", conversation="[{")
    yield "restored/empty", visitor.send("kd-command-restore", conversation="")
    yield "restored", visitor.send("kd-command-restore", conversation=kept)


def judged(visitor: Visitor, notes: Path) -> Iterator[Step]:
    yield "rated/good", visitor.send("kd-command-rate", turn=1, good=True)
    yield "rated/bad", visitor.send("kd-command-rate", turn=2, good=False, reason="wrong", comment="不对\n真的")
    yield "rated/absent", visitor.send("kd-command-rate", turn=3, good=False, reason="absent", comment="")
    yield "rated/unknown", visitor.send("kd-command-rate", turn=99, good=True)
    for turn in (1, 2, 3):
        yield f"pinned/{turn}", visitor.send("kd-command-pin", turn=turn, pinned=True)
    yield "pinned/lost", visitor.send("kd-command-pin", turn=2, pinned=False)
    yield "pinned/unknown", visitor.send("kd-command-pin", turn=99, pinned=True)


def read(visitor: Visitor, notes: Path) -> Iterator[Step]:
    for query in ("LoRA", "faq", "显存", "x", "zzzz", ""):
        yield f"notes/{query}", visitor.enter("kd-notes-query", query)
    for source in (ATTENTION, EDITED, "faq/常见问题.md", "decoding.md", "分词.txt"):
        yield f"note/{source}", visitor.send("kd-command-open", source=source, first=0, last=0)
        yield f"note/{source} borders", visitor.send("kd-command-note", raw=False, borders=True)
        yield f"note/{source} raw", visitor.send("kd-command-note", raw=True, borders=False)
        yield f"note/{source} raw borders", visitor.send("kd-command-note", raw=True, borders=True)
        yield f"note/{source} plain", visitor.send("kd-command-note", raw=False, borders=False)
    yield "note/marked", visitor.send("kd-command-open", source=ATTENTION, first=7, last=15)
    yield "note/marked raw", visitor.send("kd-command-note", raw=True, borders=True)
    yield "note/beyond", visitor.send("kd-command-open", source=ATTENTION, first=900, last=901)
    yield "note/unknown", visitor.send("kd-command-open", source="nowhere.md", first=1, last=1)
    yield "note/outside", visitor.send("kd-command-open", source="../index/CURRENT", first=1, last=1)
    yield "note/left out", visitor.send("kd-command-open", source="broken.md", first=1, last=1)
    yield "note/damaged", visitor.enter("kd-command-open", "[")
    yield "twins", visitor.send("kd-command-twins")


def listed(visitor: Visitor, notes: Path) -> Iterator[Step]:
    yield "index", visitor.send("kd-command-index")
    yield "index/unpinned", visitor.send("kd-command-unpin", question=MISSED)
    yield "index/settled", visitor.send("kd-command-gap-settle", question=f"请问{MISSED}")
    yield "state", visitor.get("/kuaida/state")
    yield "map", visitor.get("/kuaida/map")
    for question in (FOUND, MISSED, "？"):
        yield f"map/{question}", visitor.get("/kuaida/map/question", q=question)
    for typed in ("zhuyili", "lora", "位置", "zzzz", ""):
        yield f"suggest/{typed}", visitor.get("/kuaida/suggest", q=typed)


def edited(visitor: Visitor, notes: Path) -> Iterator[Step]:
    """Changes notes on disk and looks at everything that says so."""
    edit(notes)
    time.sleep(LOOKED)
    yield "edited/index", visitor.send("kd-command-index")
    yield "edited/state", visitor.get("/kuaida/state")
    yield "edited/cards", visitor.send("kd-command-refresh")
    yield "edited/note", visitor.send("kd-command-open", source=EDITED, first=16, last=21)
    yield "edited/note gone", visitor.send("kd-command-open", source="decoding.md", first=3, last=5)
    yield "edited/note new", visitor.send("kd-command-open", source="新.md", first=1, last=5)


def filled(visitor: Visitor, notes: Path) -> Iterator[Step]:
    """Adds an unanswered question to a note."""
    question = "怎么给 GPU memory 做梯度检查点？"
    yield "filled/asked", visitor.ask(question)
    yield "filled/form", visitor.send("kd-command-gap-fill", question=question)
    yield "filled/nothing", visitor.send("kd-command-gap-fill", question="")
    yield "filled/form again", visitor.send("kd-command-gap-fill", question=question)
    yield "filled/preview", visitor.enter("kd-fill-note", "分词.txt")
    yield "filled/cancelled", visitor.fire("kd-fill-cancel", "click")
    yield "filled/written", visitor.fire("kd-fill-confirm", "click")
    yield "filled/note", {"text": (notes / "分词.txt").read_text(encoding="utf-8")}


def rebuilt(visitor: Visitor, notes: Path) -> Iterator[Step]:
    yield "rebuilt", visitor.fire("kd-rebuild", "click")
    yield "rebuilt/again", visitor.fire("kd-rebuild", "click")
    elsewhere = notes.rename(notes.with_name("elsewhere"))
    yield "rebuilt/without notes", visitor.fire("kd-rebuild", "click")
    yield "rebuilt/failed", visitor.send("kd-command-index")
    elsewhere.rename(notes)
    yield "rebuilt/back", visitor.fire("kd-rebuild", "click")
    yield "rebuilt/index", visitor.send("kd-command-index")
    yield "rebuilt/cards", visitor.send("kd-command-refresh")
    yield "rebuilt/notes", visitor.send("kd-command-notes")
    yield "rebuilt/asked", visitor.ask(MISSED)
    yield "rebuilt/loaded", visitor.fire("", "load")
    yield "rebuilt/map", visitor.get("/kuaida/map")


def watched(visitor: Visitor, notes: Path) -> Iterator[Step]:
    """Lets the index follow the files; of what is shown meanwhile only the switch is sure."""
    yield "watched/on", visitor.enter("kd-watch", True, "input").get("kd-watch")
    before = visitor.get("/kuaida/state")
    yield "watched/state", before
    note = notes.with_name("another.md")
    note.write_text("# 又\n\n## 什么是蒸馏？\n\n蒸馏让小模型模仿大模型。\n", encoding="utf-8")
    note.rename(notes / note.name)  # whole at once
    yield "watched/followed", _until(lambda: visitor.get("/kuaida/state"), before)
    yield "watched/index", visitor.send("kd-command-index")
    yield "watched/off", visitor.enter("kd-watch", False, "input").get("kd-watch")


def _until(look: Callable[[], Any], before: dict[str, Any]) -> Any:
    """Returns the state once it tells of another rebuild, or what it says when it does not for a long while."""
    for _ in range(FOLLOWED):
        time.sleep(0.25)
        if (now := look()).get("rebuilds") != before.get("rebuilds"):
            break
    return now


def called(visitor: Visitor, notes: Path) -> Iterator[Step]:
    """Calls what programs call."""
    yield "api", visitor.info()
    yield "api/found", visitor.api("ask", FOUND, 5)
    yield "api/two", visitor.api("ask", FOUND, 2)
    yield "api/none", visitor.api("ask", FOUND, 0)
    yield "api/missed", visitor.api("ask", "红烧肉怎么做", 5)
    yield "api/nothing", visitor.api("ask", "", 5)
    yield "api/too long", visitor.api("ask", "长" * 4_001, 5)
