"""The notes tab in a real browser: the tree, the search, notes at their lines, notes that changed, hostile notes."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.indexing.sync import sync
from rag.notes.corpus import read_note
from rag.passages.split import split
from rag.ui.markup import printable
from tests.ui.conftest import COFFEE, Served, Visit
from tests.ui.hostile import FRAGMENTS, UNREADABLE
from tests.ui.tab import Tab

TEA = "# 绿茶\n\n## 绿茶用多少度的水？\n\n用 80 度的水。\n\n## 绿茶泡多久？\n\n- 第一泡一分钟\n- 第二泡两分钟\n"
MOVED = "# 面包\n\n## 面包怎么发酵？\n\n放在温暖的地方一小时。\n\n## 面包烤多久？\n\n烤四十分钟。\n"
GONE = "# 蛋糕\n\n## 蛋糕怎么打发？\n\n蛋清打到硬性发泡。\n"
LONG = "# 长长的清单\n\n" + "\n\n".join(f"第 {number} 条：{'内容' * 12}。" for number in range(1, 1_001)) + "\n"
QUERY = "#kd-notes-query :is(input, textarea)"
FORBIDDEN = """areas => areas.flatMap(area => [...area.querySelectorAll('*')]).filter(element =>
    ['IMG', 'SCRIPT', 'IFRAME', 'FORM', 'INPUT', 'TEXTAREA', 'SELECT', 'STYLE', 'LINK', 'META', 'BASE', 'OBJECT',
     'EMBED', 'VIDEO', 'AUDIO', 'TEMPLATE', 'DIALOG'].includes(element.tagName.toUpperCase())
    || element.getAttributeNames().some(name => name.startsWith('on') || ['src', 'srcset', 'srcdoc'].includes(name))
    || (element.hasAttribute('href') && !element.getAttribute('href').startsWith('vscode://file/'))
    || (element.id && element.id !== '')
    || ['fixed', 'sticky'].includes(getComputedStyle(element).position)
).map(element => element.outerHTML.slice(0, 200))"""


class Notes(Tab):
    """A page that opens on its notes."""

    def ready(self) -> None:
        self.page.wait_for_selector("#kd-notes-tree .kd-leaf", state="attached")
        self.page.wait_for_selector("#kd-notes", state="visible")


def long_enough(fragment: str) -> str:
    """Returns a note with `fragment` in it that is no binary file: control characters are rare in it."""
    return f"{fragment}\n\n{'平常的文字。' * 120}\n"


@pytest.fixture(scope="module")
def ready(bundled: OnnxEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the notes of these tests and their index, to be copied."""
    folder = tmp_path_factory.mktemp("notes")
    corpus = folder / "corpus"
    notes = {"饮料/咖啡.md": COFFEE, "饮料/茶/绿茶.md": TEA, "面包.md": MOVED, "蛋糕.md": GONE, "长.md": LONG}
    notes |= {"旧/咖啡.md": "# 旧咖啡\n\n## 手冲咖啡的水温应该是多少？\n\n水温要到 100 度，越烫越好。\n"}
    notes |= {f"恶意/h{number}.md": f"{fragment}\n" for number, fragment in enumerate(FRAGMENTS, 1)}
    notes |= {f"恶意/u{number}.md": long_enough(fragment) for number, fragment in enumerate(UNREADABLE, 1)}
    notes |= {"恶意/<img src=x onerror=window.hacked=1>.md": "\n\n".join(FRAGMENTS) + "\n"}
    for source, text in notes.items():
        path = corpus / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.replace("\0", "").encode("utf-8", "surrogatepass"))
    sync(corpus, folder / "index", bundled)
    return folder


@pytest.fixture
def tab(visit: Visit, own: Served) -> Notes:
    return visit(f"{own.url}/#notes", Notes)


def address(source: str, first: int = 0, last: int = 0) -> str:
    return f"#notes={quote(source, safe='')}" + (f":{first}-{last}" if first else "")


def go(tab: Tab, source: str, first: int = 0, last: int = 0) -> None:
    """Opens a note by its address, and waits until it is there."""
    tab.page.evaluate("hash => { location.hash = hash; }", address(source, first, last))
    at = f":{first}" if first == last else f":{first}–{last}"
    shown = source + (at if first else "")
    tab.wait_for("shown => document.querySelector('#kd-note .kd-note-place code')?.textContent === shown", shown)
    wait_until_there(tab)


def wait_until_there(tab: Tab) -> None:
    """Waits until the focus has come to the note: it would take what is typed elsewhere meanwhile."""
    tab.wait_for("() => document.activeElement.closest('#kd-note') !== null")


def wait_for_marked(tab: Tab, lines: list[int]) -> None:
    """Waits until just these lines are marked."""
    tab.wait_for(
        r"""lines => JSON.stringify(lines) === JSON.stringify([...new Set(
            [...document.querySelectorAll('#kd-note .kd-marked')].flatMap(piece =>
                [...piece.classList].filter(name => /^kd-l\d+$/.test(name)).map(name => Number(name.slice(4))))
            )].sort((one, other) => one - other))""",
        lines,
    )


def look(tab: Tab, how: str) -> None:
    """Shows the note rendered or raw."""
    tab.page.click(f'#kd-note button[name="note-view"][value="{how}"]')
    tab.page.wait_for_selector(f"#kd-note .{'kd-raw' if how == 'raw' else 'kd-note'}")


def filled(text: str, first: int, last: int) -> list[int]:
    lines = text.split("\n")
    return [number for number in range(first, last + 1) if lines[number - 1].strip()]


def passages(corpus: Path, source: str) -> list[tuple[int, int]]:
    return [(passage.start_line, passage.end_line) for passage in split(read_note(corpus, source))]


# ---------------------------------------------------------------------------------------------------- tree and search


def test_the_tree_names_all_notes_and_counts_their_passages(tab: Tab) -> None:
    tab.page.wait_for_selector("#kd-notes-tree .kd-leaf", state="visible")
    folders = tab.page.locator("#kd-notes-tree summary").evaluate_all(
        "all => all.map(one => [one.querySelector('bdi').textContent, one.querySelector('.kd-count').textContent])"
    )
    assert [name for name, _ in folders] == ["恶意", "旧", "饮料", "茶"]
    assert dict(folders)["饮料"] == "4"
    assert dict(folders)["茶"] == "2"
    leaves = tab.page.locator("#kd-notes-tree .kd-leaf").evaluate_all(
        "all => all.map(one => [one.value, one.querySelector('.kd-count').textContent])"
    )
    assert dict(leaves)[quote("饮料/茶/绿茶.md", safe="")] == "2"
    assert len(leaves) == len(FRAGMENTS) + len(UNREADABLE) + 7
    assert tab.text("#kd-notes-tree .kd-panel-title .kd-count") == str(len(leaves))


def test_the_search_narrows_the_tree_and_finds_passages(tab: Tab) -> None:
    tab.page.fill(QUERY, "绿茶")
    tab.wait_for_text("#kd-notes-found .kd-leaf", "绿茶")
    tab.wait_for_texts("#kd-notes-tree .kd-leaf bdi", ["绿茶.md"])
    assert set(tab.texts("#kd-notes-found .kd-leaf .kd-entry")[:2]) == {"绿茶泡多久？", "绿茶用多少度的水？"}
    assert "饮料/茶/绿茶.md:7–10" in tab.texts("#kd-notes-found .kd-entry-place")[:2]
    tab.page.fill(QUERY, "绿茶泡多久")
    tab.wait_for_text("#kd-notes-tree .kd-empty", "没有名字里含“绿茶泡多久”的笔记。")
    tab.wait_for_text("#kd-notes-found .kd-leaf", "绿茶泡多久？")
    tab.page.press(QUERY, "Enter")
    tab.wait_for_text("#kd-note .kd-note-place code", "饮料/茶/绿茶.md:7–10")
    wait_for_marked(tab, [7, 9, 10])
    wait_until_there(tab)
    tab.page.fill(QUERY, "")
    tab.wait_for("() => document.querySelectorAll('#kd-notes-tree .kd-leaf').length > 5")
    tab.wait_for_count("#kd-notes-found .kd-leaf", 0)
    tab.wait_for_texts("#kd-notes-tree .kd-leaf-open bdi", ["绿茶.md"])


def test_the_list_is_walked_by_arrow_keys(tab: Tab) -> None:
    tab.page.fill(QUERY, "茶")
    tab.wait_for("() => document.querySelectorAll('#kd-notes-tree .kd-leaf').length === 1")
    said = []
    tab.page.focus(QUERY)
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "ArrowDown", "ArrowDown"):
        tab.page.keyboard.press(key)
        at = "document.activeElement"
        said.append(tab.page.evaluate(f"() => ({at}.querySelector('bdi') ?? {at}).textContent"))
    assert said == ["饮料", "茶", "绿茶.md", "茶", "茶", "茶", "绿茶.md", "相近的问题"]
    tab.page.focus('#kd-notes-tree button[name="open"]')
    tab.page.keyboard.press("Enter")
    tab.wait_for_text("#kd-note .kd-note-title", "绿茶")


# ------------------------------------------------------------------------------------------------------------- a note


@pytest.mark.parametrize("source", ["饮料/咖啡.md", "饮料/茶/绿茶.md", "长.md"])
def test_a_note_opens_at_exact_lines_in_both_views(tab: Tab, own: Served, source: str) -> None:
    text = (own.corpus / source).read_text(encoding="utf-8")
    places = passages(own.corpus, source)
    for first, last in [*places[:2], *places[2 :: max(1, len(places) // 4)]]:
        for how in ("rendered", "raw"):
            go(tab, source, first, last)
            look(tab, how)
            go(tab, source)
            go(tab, source, first, last)
            wait_for_marked(tab, filled(text, first, last) if how == "rendered" else [*range(first, last + 1)])
            tab.wait_for("() => document.activeElement.classList.contains('kd-marked')")
            box = tab.page.evaluate("() => document.activeElement.getBoundingClientRect().toJSON()")
            assert 0 < box["top"] < 800
            assert f"kd-l{first}" in tab.page.evaluate("document.activeElement.className").split()
            if how == "raw":
                lines = text.split("\n")
                for number in range(first, last + 1):
                    assert tab.text(f"#kd-note .kd-l{number}") == lines[number - 1]


def test_a_note_is_rendered_with_formulas_and_tables(tab: Tab) -> None:
    go(tab, "饮料/咖啡.md", 1, 9)
    assert tab.text("#kd-note .kd-note-title") == "咖啡"
    assert tab.text("#kd-note .kd-note-place") == "饮料/咖啡.md:1–9 15 行 · 2 个段落 · 2 个问题"
    tab.page.wait_for_selector("#kd-note .katex")
    assert tab.page.locator("#kd-note tbody td").all_inner_texts() == ["浅烘", "94"]
    assert tab.text("#kd-note pre") == "shbrush --dry  # 不用水\n"
    link = str(tab.page.get_attribute("#kd-note a.kd-icon-editor", "href"))
    assert link.endswith("/corpus/%E9%A5%AE%E6%96%99/%E5%92%96%E5%95%A1.md:1")
    assert tab.page.get_attribute('#kd-note button[name="copy"]', "value") == "饮料/咖啡.md:1"
    look(tab, "raw")
    tab.wait_for_count("#kd-note .katex", 0)
    assert tab.text("#kd-note .kd-l5") == COFFEE.split("\n")[4]
    assert tab.page.get_attribute('#kd-note button[value="raw"]', "aria-pressed") == "true"
    tab.page.reload()  # how a note is shown is kept
    tab.page.wait_for_selector("#kd-note .kd-raw")
    wait_for_marked(tab, list(range(1, 10)))


def test_borders_say_what_a_passage_would_be_asked_by(tab: Tab) -> None:
    go(tab, "饮料/茶/绿茶.md")
    tab.wait_for_count("#kd-note .kd-border", 0)
    tab.page.click('#kd-note button[name="note-borders"]')
    tab.page.wait_for_selector("#kd-note .kd-border")
    assert [text.split("？")[0] for text in tab.texts("#kd-note .kd-border")] == [
        "段落 1 第 1–5 行 绿茶用多少度的水",
        "段落 2 第 7–10 行 绿茶泡多久",
    ]
    look(tab, "raw")
    tab.wait_for_count("#kd-note .kd-border", 2)
    tab.wait_for_texts("#kd-note .kd-l", TEA.removesuffix("\n").split("\n"))
    tab.page.click('#kd-note button[name="note-borders"]')
    tab.wait_for("() => document.querySelectorAll('#kd-note .kd-border').length === 0")


def test_the_address_is_a_link_and_the_back_button_returns(tab: Tab, visit: Visit, own: Served) -> None:
    go(tab, "饮料/咖啡.md", 11, 15)
    go(tab, "饮料/茶/绿茶.md", 1, 5)
    tab.page.go_back()
    tab.wait_for_text("#kd-note .kd-note-place code", "饮料/咖啡.md:11–15")
    wait_for_marked(tab, [11, 13, 14, 15])
    fresh = visit(own.url + "/" + address("饮料/茶/绿茶.md", 1, 5), Notes)
    fresh.wait_for("() => document.activeElement.classList.contains('kd-l1')")
    wait_for_marked(fresh, [1, 3, 5])


def test_a_place_that_is_open_is_scrolled_to_again(tab: Tab) -> None:
    tab.page.fill(QUERY, "绿茶泡多久")
    tab.wait_for_text("#kd-notes-found .kd-leaf", "绿茶泡多久？")
    for _ in range(2):
        tab.page.click("#kd-notes-found .kd-leaf >> nth=0")
        tab.wait_for("() => document.activeElement.classList.contains('kd-l7')")
        tab.page.focus(QUERY)


def test_a_note_that_is_not_there_is_one_sentence(tab: Tab) -> None:
    for source in ("../../etc/passwd", "没有.md", "/etc/passwd", "a\\x00.md", "photo.jpg", "<b>.md"):
        tab.page.evaluate("hash => { location.hash = hash; }", address(source, 1, 2))
        tab.wait_for_text("#kd-note .kd-notice", f"没有这篇笔记：{source}")


def test_a_long_note_is_shown_in_parts(tab: Tab) -> None:
    go(tab, "长.md", 1_001, 1_001)
    assert tab.text("#kd-note .kd-part") == "这篇笔记共 2001 行，这里显示第 626–2001 行。"
    wait_for_marked(tab, [1_001])
    tab.page.click("#kd-note button[name=note-part]")
    tab.wait_for_text("#kd-note .kd-part", "第 1–1500 行")
    tab.page.click("#kd-note button[name=note-part]")
    tab.wait_for_text("#kd-note .kd-part", "第 1126–2001 行")
    go(tab, "长.md", 1, 1)
    tab.wait_for_text("#kd-note .kd-part", "第 1–1500 行")


# --------------------------------------------------------------------------------------------- what changed meanwhile


def test_a_note_that_changed_is_shown_as_it_is_now(tab: Tab, own: Served) -> None:
    path = own.corpus / "面包.md"
    go(tab, "面包.md", 7, 9)
    tab.wait_for_count("#kd-note .kd-standing", 0)

    path.write_text(MOVED.replace("# 面包\n", "# 面包\n\n新的一段。\n", 1), encoding="utf-8")
    go(tab, "面包.md")
    tab.page.evaluate("hash => { location.hash = hash; }", address("面包.md", 7, 9))
    tab.wait_for_text("#kd-note .kd-standing + .kd-standing", "从第 7–9 行移到了第 9–11 行")
    assert tab.text("#kd-note .kd-note-place code") == "面包.md:9–11"
    assert tab.text("#kd-note .kd-badge") == "已改动"
    wait_for_marked(tab, [9, 11])
    look(tab, "raw")
    assert tab.text("#kd-note .kd-l11") == "烤四十分钟。"

    path.write_text(MOVED.replace("一小时", "两小时"), encoding="utf-8")
    tab.page.evaluate("hash => { location.hash = hash; }", address("面包.md", 1, 5))
    tab.wait_for_text("#kd-note .kd-standing + .kd-standing", "原来第 1–5 行的这段文字，现在的笔记里已经没有了")
    assert tab.text("#kd-note .kd-lost") == "\n".join(MOVED.split("\n")[:5])
    wait_for_marked(tab, [])
    assert tab.text("#kd-note .kd-l5") == "放在温暖的地方两小时。"
    tab.page.evaluate("hash => { location.hash = hash; }", address("面包.md", 7, 9))
    tab.wait_for_text("#kd-note .kd-standing + .kd-standing", "仍在原来的行")
    wait_for_marked(tab, [7, 8, 9])


def test_a_note_that_is_gone_is_shown_as_it_was_indexed(tab: Tab, own: Served) -> None:
    (own.corpus / "蛋糕.md").unlink()
    go(tab, "蛋糕.md", 1, 5)
    assert tab.text("#kd-note .kd-standing") == "这篇笔记已经不在磁盘上了；下面是建立索引时的文字。"
    wait_for_marked(tab, [1, 3, 5])
    look(tab, "raw")
    tab.wait_for_texts("#kd-note .kd-l", GONE.removesuffix("\n").split("\n"))


def test_questions_that_are_answered_twice_stand_side_by_side(tab: Tab) -> None:
    tab.page.click('#kd-notes-tree button[name="twins"]')
    tab.page.wait_for_selector("#kd-notes-twins .kd-twin", state="visible")
    places = tab.texts("#kd-notes-twins .kd-twin >> nth=0 >> .kd-entry-place")
    assert places == ["旧/咖啡.md:1–5", "饮料/咖啡.md:1–9"]
    assert "越烫越好" in tab.text("#kd-notes-twins .kd-twin-answer")
    tab.page.click("#kd-notes-twins .kd-twin .kd-leaf >> nth=1")
    tab.wait_for_text("#kd-note .kd-note-place code", "饮料/咖啡.md:1–9")
    assert not tab.page.is_visible("#kd-notes-twins")
    tab.page.go_back()
    tab.page.wait_for_selector("#kd-notes-twins .kd-twin", state="visible")


# -------------------------------------------------------------------------------------------------------- hostile notes


def test_hostile_notes_are_only_read(tab: Tab, own: Served) -> None:
    sources = [f"恶意/h{number}.md" for number in range(1, len(FRAGMENTS) + 1)]
    sources += [f"恶意/u{number}.md" for number in range(1, len(UNREADABLE) + 1)]
    go(tab, sources[0])
    for source in sources:
        go(tab, source, 1, 1)
        wait_for_marked(tab, [1])
        harmless(tab)
    tab.page.click('#kd-note button[name="note-borders"]')
    look(tab, "raw")
    for source in ["恶意/<img src=x onerror=window.hacked=1>.md", *sources[-3:]]:
        go(tab, source, 1, 1)
        text = read_note(own.corpus, source).text
        tab.wait_for_texts("#kd-note .kd-l", list(map(printable, text.removesuffix("\n").split("\n"))))
        harmless(tab)
    tab.page.fill(QUERY, "<script>window.hacked")
    tab.page.wait_for_selector("#kd-notes-found .kd-leaf")
    harmless(tab)
    tab.settle()
    harmless(tab)


def harmless(tab: Tab) -> None:
    """Checks that nothing ran, and nothing is there that could run, load, post, cover or lead away."""
    assert tab.page.evaluate("window.hacked") is None
    assert urlsplit(tab.page.url).path == "/"
    assert tab.page.locator("#kd-notes .prose").evaluate_all(FORBIDDEN) == []
    # what is at a point outside of the note is the page's own: nothing lies over it
    over = tab.page.evaluate(
        """() => [...document.querySelectorAll('#kd-tabs [role=tab], #kd-notes-query')].filter(own => {
            const box = own.getBoundingClientRect();
            const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
            return box.width && !own.contains(top);
        }).length"""
    )
    assert over == 0
    # buttons do only what the page's own buttons do
    names = tab.page.locator("#kd-note button").evaluate_all("all => all.map(one => one.name)")
    assert set(names) <= {"note-list", "note-view", "note-borders", "copy", "note-part"}


# ------------------------------------------------------------------------------------------------------------- a phone


@pytest.mark.parametrize("width", [360, 390])
def test_a_phone_shows_list_or_note(visit: Visit, own: Served, width: int) -> None:
    tab = visit(f"{own.url}/#notes", Notes, viewport={"width": width, "height": 740}, has_touch=True)
    tab.page.click("#kd-notes-tree .kd-leaf >> text=绿茶.md")
    tab.wait_for_text("#kd-note .kd-note-title", "绿茶")
    tab.page.wait_for_selector("#kd-notes-list", state="hidden")
    tab.wait_for_width(width)
    go(tab, "饮料/咖啡.md", 11, 15)
    look(tab, "raw")
    tab.wait_for_width(width)
    look(tab, "rendered")
    tab.page.click("#kd-note .kd-back")
    tab.page.wait_for_selector("#kd-notes-list", state="visible")
    tab.page.wait_for_selector("#kd-note", state="hidden")
    tab.wait_for_width(width)
