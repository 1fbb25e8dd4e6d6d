"""Notes of every form, few enough to read what is recorded over them."""

from __future__ import annotations

from pathlib import Path

NOTES = {
    "llm/注意力.md": (
        "---\ntitle: 注意力\n---\n\n# 注意力\n\n"
        "## 什么是注意力机制？\n\n注意力机制让模型关注**相关**的部分。它由查询、键和值组成：\n\n"
        "$$\n\\mathrm{softmax}(QK^\\top)V\n$$\n\n复杂度是 $O(n^2)$，也写作 `n*n`。\n\n"
        "## 什么是位置编码？\n\n位置编码告诉模型每个词在哪里。\n\n"
        "| 方法 | 外推 |\n|---|---|\n| 正弦 | 差 |\n| RoPE | 好 |\n\n"
        "## 多头注意力为什么要多个头？\n\n1. 每个头看不同的子空间。\n2. 拼接之后再投影。\n\n"
        "## 什么是因果掩码？\n\n"
    ),
    "微调.md": (
        "# 微调\n\n"
        "## LoRA 的原理是什么？\n\nLoRA 冻结原来的权重，只训练两个低秩矩阵。\n\n"
        "```python\n# 不是标题\nw = w0 + a @ b\n```\n\n"
        "## LoRA 有什么缺点？\n\nLoRA 的缺点是容量有限：秩太小的时候学不会新的知识。\n\n"
        "## 什么是灾难性遗忘？\n\n- 模型学了新任务，\n- 却忘了旧任务。\n\n> 回放旧数据可以缓解。\n"
    ),
    "faq/常见问题.md": (
        "# 常见问题\n\n1. LoRA 是什么原理？\n答：LoRA 不动原来的权重，另外训练两个低秩的矩阵，再加回去。\n\n"
        "2. 什么是灾难性的遗忘？\n答：学新任务的时候把旧任务忘了。\n\n"
        "3. 7B 模型推理要多少显存？\n答：半精度的 7B 模型推理大约要 14 GB 显存。\n\n"
        "4. 70B 模型推理要多少显存？\n答：半精度的 70B 模型推理大约要 140 GB 显存，一张卡放不下。\n"
    ),
    "decoding.md": (
        "# Decoding\n\n## What is temperature?\n\nTemperature divides the logits before the softmax. "
        "A low one makes the answer steady, a high one makes it varied. See [the paper](https://example.org/t).\n\n"
        "## How does top-p sampling work?\n\nTop-p keeps the smallest set of tokens whose probabilities add up to p, "
        "and samples from it.\n\n<script>alert(1)</script> ![x](https://example.org/x.png)\n"
    ),
    "分词.txt": (
        "分词器把文本切成词元。词元可以是一个字、一个词，也可以是词的一部分。字节对编码从单个字符开始，"
        "每次合并出现得最多的一对，直到词表够大为止。\n\n"
        "词表越大，同样的文本切出来的词元越少，推理越快；但是嵌入矩阵也越大，少见的词元训练得越差。"
        "中文的词表通常在三万到十五万之间。一般认为，词表大小应当随着模型一起变大。"
        "字节级的分词器不会遇到不认识的字，因为任何文本都是字节。代价是一个汉字可能被切成三个词元，"
        "上下文因此变短。也有人完全不用分词器，直接在字节上训练模型，再用下采样缩短序列。"
        "训练分词器的语料应当和训练模型的语料来自同一个分布，否则常用的词会被切得很碎。"
        "最后，换了分词器的模型要重新训练嵌入，旧的检查点不能直接使用。\n"
    ),
    "glossary.tsv": "# 别名\n显存\tGPU memory\tVRAM\n低秩适配\tLoRA\n",
}
LEFT_OUT = {"photo.jpg": b"\xff\xd8\xff", "broken.md": b"\x81\x00\xff\xfe\x00", ".hidden.md": "# 藏\n".encode()}
EDITED = "微调.md"
EDIT = "旧任务。\n\n> 回放旧数据可以缓解。", "旧任务。\n\n> 也可以混入旧的数据。"


def write_sample(folder: Path) -> Path:
    """Writes the notes, and files that are none, below a folder, and returns it."""
    for name, data in {**{name: text.encode() for name, text in NOTES.items()}, **LEFT_OUT}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def edit(folder: Path) -> None:
    """Changes a passage, adds a note with a new one, and removes one."""
    path = folder / EDITED
    path.write_text(path.read_text(encoding="utf-8").replace(*EDIT), encoding="utf-8")
    (folder / "新.md").write_text("# 新\n\n## 长城有多长？\n\n长城的总长是两万一千多公里。\n", encoding="utf-8")
    (folder / "decoding.md").unlink()
