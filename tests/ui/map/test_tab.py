"""The map: what the script gets, and what people do with it in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.errors import QuestionRejected
from rag.indexing.sync import sync
from rag.insights.map import Charts
from rag.insights.projection import place
from rag.store.local import Index
from tests.small import ENTRY, write_notes
from tests.toy_encoder import ToyEncoder
from tests.ui.conftest import Served, StartPage, Visit, hostile_question
from tests.ui.hostile import FRAGMENTS
from tests.ui.tab import Tab

TOY = ToyEncoder()
WATER = "手冲咖啡的水温应该是多少？"
DOTS = ".kd-map-points circle"
FAR = "kd-faded"
ZOOM = "Number(getComputedStyle(document.querySelector('.kd-map-svg > g')).getPropertyValue('--kd-zoom'))"

# ------------------------------------------------------------------------------------------------ what the script gets


def opened(corpus: Path, folder: Path) -> Index:
    sync(corpus, folder, TOY)
    return Index.open(folder, TOY)


def test_a_chart_tells_each_passage_with_its_note(corpus: Path, folder: Path) -> None:
    index = opened(corpus, folder)
    record = Charts(folder).of(index).record
    assert record["identity"] == index.identity
    assert record["notes"] == [
        {"source": "llm/attention.md", "title": "注意力"},
        {"source": "tuning.md", "title": "微调"},
        {"source": "分词.txt", "title": "分词"},
    ]
    assert [point[2:] for point in record["points"]] == [
        [0, "什么是注意力机制？", 1, 5],
        [0, ENTRY, 7, 9],
        [1, "LoRA 的原理是什么？", 1, 5],
        [1, "什么是灾难性遗忘？", 7, 9],
        [2, "分词器把文本切成词元。 字节对编码从字符开始合并。", 1, 3],
    ]
    assert all(0 <= value <= 1 for point in record["points"] for value in point[:2])


def places(record: dict[str, Any]) -> dict[str, list[float]]:
    return {point[3]: point[:2] for point in record["points"]}


def test_an_edit_moves_no_other_passage_in_this_process_or_the_next(corpus: Path, folder: Path) -> None:
    before = places(Charts(folder).of(opened(corpus, folder)).record)
    note = corpus / "tuning.md"
    note.write_text(note.read_text(encoding="utf-8") + "\n## 什么是适配器？\n\n插入的小层。\n", encoding="utf-8")
    after = places(Charts(folder).of(opened(corpus, folder)).record)
    assert {title: after[title] for title in before} == before
    assert set(after) - set(before) == {"什么是适配器？"}


def test_places_stay_in_memory_where_the_folder_cannot_be_written(corpus: Path, folder: Path, tmp_path: Path) -> None:
    charts = Charts(tmp_path / "none")
    before = charts.of(opened(corpus, folder))
    (corpus / "new.md").write_text("# 新\n\n一篇新的笔记。\n", encoding="utf-8")
    after = charts.of(opened(corpus, folder))
    assert after.identity != before.identity
    assert places(after.record).items() >= places(before.record).items()
    assert charts.of(opened(corpus, folder)) is after


def test_a_question_is_beside_the_passages_it_is_like(corpus: Path, folder: Path) -> None:
    index, charts = opened(corpus, folder), Charts(folder)
    ids = [id for id, _ in index.passages()]
    places = np.array([charts.of(index).places[id] for id in ids], np.float32)
    vector = TOY.encode_questions([ENTRY])[0].whole
    assert np.allclose(charts.question(index, TOY, ENTRY), place(vector, index.vectors(ids), places), atol=2e-4)
    with pytest.raises(QuestionRejected):
        charts.question(index, TOY, " ？")


# ------------------------------------------------------------------------------------------------------- in a browser


@pytest.fixture
def phone(visit: Visit, own: Served) -> Tab:
    return visit(own.url, viewport={"width": 360, "height": 800}, has_touch=True)


def show(tab: Tab) -> None:
    tab.open("map")
    tab.page.wait_for_selector(DOTS, state="attached")


def positions(tab: Tab) -> dict[str, list[float]]:
    """Returns where the points are on the screen, by what they are."""
    found = tab.page.locator(DOTS).evaluate_all(
        """dots => dots.map(dot => { const { x, y, width, height } = dot.getBoundingClientRect();
            return [dot.getAttribute('aria-label'), [x + width / 2, y + height / 2]]; })"""
    )
    return dict(found)


def label_of(tab: Tab, title: str) -> str:
    return next(label for label in positions(tab) if label.startswith(title))


def zoom(tab: Tab) -> float:
    return float(tab.page.evaluate(ZOOM))


def wait_for_zoom(tab: Tab, expected: float) -> None:
    tab.wait_for(f"expected => {ZOOM} === expected", expected)


def focused_label(tab: Tab) -> str:
    return str(tab.page.evaluate("() => document.activeElement.getAttribute('aria-label')"))


def canvas_middle(tab: Tab) -> tuple[float, float]:
    box = tab.page.locator(".kd-map-svg").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_map_is_fetched_when_its_tab_is_opened(tab: Tab) -> None:
    fetched: list[str] = []
    tab.page.on("request", lambda request: fetched.append(request.url) if "/kuaida/map" in request.url else None)
    tab.settle()
    assert fetched == []
    show(tab)
    assert len(fetched) == 1
    assert tab.page.locator(DOTS).count() == len(FRAGMENTS) + 2
    tab.wait_for_count(".kd-map-entry", len(FRAGMENTS) + 1)
    assert "咖啡" in tab.texts(".kd-map-name")
    assert tab.page.locator(".kd-map-svg script, .kd-map-side script, .kd-map-side img").count() == 0
    tab.open("ask")
    tab.open("map")
    tab.settle()
    assert len(fetched) == 1
    tab.wait_for_count(f'{DOTS}[tabindex="0"]', 1)


def test_hover_says_what_a_point_is_and_a_click_opens_its_note(tab: Tab) -> None:
    show(tab)
    label = label_of(tab, WATER)
    assert label == f"{WATER}，饮料/咖啡.md:1–9"
    x, y = positions(tab)[label]
    for _ in range(6):  # until no other point is in the way
        before = zoom(tab)
        tab.page.mouse.move(x, y)
        tab.page.mouse.wheel(0, -500)
        tab.wait_for(f"before => {ZOOM} > before || before === 40", before)
        x, y = positions(tab)[label]
    tab.page.mouse.move(x + 1, y)
    tab.page.wait_for_selector(".kd-map-tip", state="visible")
    tab.wait_for_text(".kd-map-tip strong", WATER)  # not that of a point on the way
    assert (tab.text(".kd-map-tip strong"), tab.text(".kd-map-tip span")) == (WATER, "饮料/咖啡.md:1–9")
    tab.page.mouse.click(x + 1, y)
    tab.page.wait_for_url("**/#notes=*")
    assert tab.page.url.endswith("#notes=" + quote("饮料/咖啡.md", safe="") + ":1-9")
    tab.page.go_back()
    tab.page.wait_for_selector(".kd-map-svg", state="visible")


def test_the_keyboard_moves_among_points_zooms_and_opens(tab: Tab) -> None:
    show(tab)
    tab.page.focus(f'{DOTS}[tabindex="0"]')
    first = focused_label(tab)
    tab.page.wait_for_selector(".kd-map-tip", state="visible")
    for way, axis, sign in (("ArrowRight", 0, 1), ("ArrowDown", 1, 1), ("ArrowLeft", 0, -1), ("ArrowUp", 1, -1)):
        before, where = focused_label(tab), positions(tab)
        tab.page.keyboard.press(way)
        after = focused_label(tab)
        assert after == before or sign * (where[after][axis] - where[before][axis]) > 0
    tab.page.keyboard.press("End")
    last = focused_label(tab)
    assert last != first
    tab.page.keyboard.press("+")
    wait_for_zoom(tab, 1.5)
    tab.page.keyboard.press("-")
    tab.page.keyboard.press("+")
    tab.page.keyboard.press("0")
    wait_for_zoom(tab, 1)
    tab.page.keyboard.press("Home")
    assert focused_label(tab) != last
    tab.wait_for_count(f'{DOTS}[tabindex="0"]', 1)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/#notes=*")


def test_wheel_drag_and_buttons_zoom_and_move(tab: Tab) -> None:
    show(tab)
    before = positions(tab)
    x, y = canvas_middle(tab)
    tab.page.mouse.move(x, y)
    tab.page.mouse.wheel(0, -400)
    tab.wait_for("() => document.querySelector('.kd-map-svg.kd-zoomed')")
    tab.settle()
    assert zoom(tab) == pytest.approx(np.exp(0.6), abs=0.01)
    zoomed = positions(tab)
    label = label_of(tab, WATER)
    assert zoomed[label][0] - x == pytest.approx((before[label][0] - x) * np.exp(0.6), abs=1)
    tab.page.mouse.down()
    tab.page.mouse.move(x + 40, y + 30, steps=4)
    tab.page.mouse.up()
    tab.settle()
    dragged = positions(tab)
    assert dragged[label] == pytest.approx([zoomed[label][0] + 40, zoomed[label][1] + 30], abs=1)
    assert "#notes=" not in tab.page.url  # a drag is no click
    tab.page.click("[name=map-whole]")
    wait_for_zoom(tab, 1)
    tab.settle()
    assert positions(tab)[label] == pytest.approx(before[label], abs=0.5)
    tab.page.click("[name=map-in]")
    wait_for_zoom(tab, 1.5)
    tab.page.click("[name=map-out]")
    wait_for_zoom(tab, 1)


def test_two_fingers_zoom_on_a_phone_where_nothing_is_too_wide(phone: Tab) -> None:
    show(phone)
    phone.wait_for_width(360)
    x, y = canvas_middle(phone)
    speaker = phone.page.context.new_cdp_session(phone.page)

    def touch(kind: str, apart: float | None) -> None:
        points = [] if apart is None else [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        speaker.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 30)
    for apart in (40, 50, 60, 75, 90):
        touch("touchMove", apart)
    touch("touchEnd", None)
    phone.wait_for(f"() => {ZOOM} > 2.4")
    assert zoom(phone) == pytest.approx(3, abs=0.6)


def test_the_legend_singles_out_notes(tab: Tab) -> None:
    show(tab)
    entry = tab.page.locator(".kd-map-entry", has_text="咖啡")
    entry.click()
    tab.wait_for_count(".kd-map-entry[aria-pressed=true]", 1)
    assert entry.get_attribute("aria-pressed") == "true"
    tab.wait_for_count(f"{DOTS}:not(.{FAR})", 2)
    tab.wait_for_texts(".kd-map-labels text", ["咖啡"])
    tab.page.focus(f'{DOTS}[tabindex="0"]')
    tab.page.keyboard.press("End")
    assert focused_label(tab) == "磨豆机怎么清洗？，饮料/咖啡.md:11–15"
    tab.page.keyboard.press("Escape")
    tab.wait_for_count(f"{DOTS}.{FAR}", 0)
    entry.click()
    tab.page.click("[name=map-all]")
    tab.wait_for_count(".kd-map-entry[aria-pressed=true]", 0)
    tab.page.wait_for_selector("[name=map-all]", state="hidden")


def test_names_of_notes_do_not_overlap(tab: Tab) -> None:
    show(tab)
    boxes = tab.page.locator(".kd-map-labels text").evaluate_all(
        """labels => labels.map(label => label.getBoundingClientRect())
            .map(({ left, right, top, bottom }) => [left, right, top, bottom])"""
    )
    assert boxes
    for number, (left, right, top, bottom) in enumerate(boxes):
        for other in boxes[:number]:
            assert left >= other[1] or right <= other[0] or top >= other[3] or bottom <= other[2]


def test_the_list_says_all_that_the_map_shows(tab: Tab) -> None:
    show(tab)
    tab.wait_for_count(".kd-map-listed", 0)
    tab.page.click(".kd-map-list summary")
    tab.page.wait_for_selector(".kd-map-listed")  # a browser tells later that it was opened
    listed = tab.texts(".kd-map-listed")
    assert len(listed) == len(FRAGMENTS) + 2
    assert f"{WATER} 饮料/咖啡.md:1–9" in listed
    assert any(text.startswith(hostile_question(1)) for text in listed)
    tab.page.locator(".kd-map-listed", has_text=WATER).click()
    tab.page.wait_for_url("**/#notes=*:1-9")


def test_the_latest_question_is_on_the_map_with_lines_to_its_hits(tab: Tab) -> None:
    show(tab)
    tab.wait_for_count(".kd-map-question path", 0)
    tab.open("ask")
    tab.ask(WATER)
    tab.open("map")
    tab.page.wait_for_selector(".kd-map-question path")
    assert tab.page.locator(".kd-map-question g").get_attribute("aria-label") == f"最近的提问：{WATER}"
    tab.wait_for_count(".kd-map-links line", 5)
    tab.wait_for_count(f"{DOTS}.kd-hit", 5)
    tab.wait_for_count(f'{DOTS}.kd-hit[aria-label^="{WATER}"]', 1)
    tab.page.reload()
    tab.page.wait_for_selector(".kd-map-question path")


def test_a_map_that_cannot_be_had_is_one_sentence_and_can_be_tried_again(tab: Tab) -> None:
    tab.page.route("**/kuaida/map?*", lambda route: route.abort())
    tab.open("map")
    tab.wait_for_text("#kd-map-body", "地图没能画出来。")
    tab.page.unroute("**/kuaida/map?*")
    tab.page.click("[name=map-again]")
    tab.page.wait_for_selector(DOTS, state="attached")
    tab.problems.clear()  # that it could not be had


@pytest.mark.parametrize("query", ["?q=", "?q=%EF%BC%9F", ""])
def test_a_question_that_is_none_is_refused(served: Served, query: str) -> None:
    assert httpx.get(f"{served.url}/kuaida/map/question{query}").status_code in (400, 422)


def test_a_rebuild_adds_a_point_and_moves_none(
    visit: Visit, start_page: StartPage, bundled: OnnxEncoder, tmp_path: Path
) -> None:
    own = start_page(write_notes(tmp_path / "corpus"), tmp_path / "index")
    shown = visit(own.url)
    show(shown)
    before = positions(shown)
    note = own.corpus / "tuning.md"
    note.write_text(note.read_text(encoding="utf-8") + "\n## 什么是适配器？\n\n插入的小层。\n", encoding="utf-8")
    sync(own.corpus, own.corpus.with_name("index"), bundled)  # as another process would; the page notices
    shown.wait_for_count(DOTS, 6)
    shown.settle()
    after = positions(shown)
    assert {label: after[label] for label in before} == {
        label: pytest.approx(where, abs=0.01) for label, where in before.items()
    }
    assert set(after) - set(before) == {"什么是适配器？，tuning.md:11–13"}


def test_one_passage_makes_no_map(visit: Visit, start_page: StartPage, tmp_path: Path) -> None:
    tab = visit(start_page(write_notes(tmp_path / "corpus", {"a.md": "# 唯一\n\n一段。\n"}), tmp_path / "index").url)
    tab.open("map")
    tab.wait_for_text("#kd-map-body", "段落太少，还画不成地图。")
