"""Numbers are names: of a version, a day or an address that the notes lack, nothing is found."""

from __future__ import annotations

import pytest

from rag.assistant import Assistant
from rag.encoders.onnx import OnnxEncoder
from rag.indexing.sync import sync
from tests.small import write_notes

NOTES = {
    "更新记录.md": (
        "# 更新记录\n\n## 3.2.1\n\n修复了导出时的乱码，图标换成了新的。\n\n"
        "## 1.3.2\n\n修复了登录时的卡顿，改了默认的字体。\n\n"
        "## v2.0\n\n重写了同步，旧的账号要重新登录。\n"
    ),
    "日记/2018-04-09.md": "上午带孩子去河边钓鱼，晚上下了大雨。\n",
    "日记/2018-04-10.md": "在家修了一天的水管，换了两个接头。\n",
    "日记/五月.md": "## 5月3日\n\n和老同学吃火锅。\n\n## 5月13日\n\n去医院复查，一切正常。\n",
    "机房.md": "# 机房\n\n- 192.168.1.7 是打印服务器\n- 192.168.1.17 是门禁的主机\n- 值班电话 0551-6360-1234\n",
}


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory, bundled: OnnxEncoder) -> Assistant:
    folder = tmp_path_factory.mktemp("numbered")
    sync(write_notes(folder / "notes", NOTES), folder / "index", bundled)
    return Assistant.open(folder / "index", bundled)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("1.3.2 修复了什么", "登录时的卡顿"),
        ("3.2.1 版本修复了什么", "乱码"),
        ("2.0 版改了什么", "重写了同步"),
        ("2018年4月9日在河边干什么", "河边钓鱼"),
        ("4月10号修水管换了几个接头", "修了一天的水管"),
        ("五月十三日去哪了", "医院复查"),
        ("5 月 3 日和谁吃饭", "老同学"),
        ("192.168.1.17 是哪台机器", "门禁的主机"),
    ],
)
def test_what_is_named_is_found(numbered: Assistant, question: str, answer: str) -> None:
    got = numbered.ask(question)
    assert answer in got.hits[0].passage.text
    assert got.found


@pytest.mark.parametrize(
    "question",
    [
        "2.3.1 修复了什么",
        "1.2.3 版本改了什么",
        "2018年4月11日去了哪里",
        "2019年4月9日去了哪里",
        "5月23日去医院了吗",
        "192.168.1.71 是哪台机器",
    ],
)
def test_of_what_is_not_named_nothing_is_found(numbered: Assistant, question: str) -> None:
    assert not numbered.ask(question).found
