"""From the logit of the best passage to a confidence that means the same over any notes. Pure functions.

How sure the search looks depends on the notes: the more passages there are, the better the best of them fits whatever
is asked. So an index measures itself when it is built: questions of everyday life and of other trades are asked, which
notes on one subject do not answer, and the median of their best logits is its `level`. Where "found" begins was fitted
against that level by `python -m benchmarks.fit`, over development questions on small and large sets of notes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Fitted by `python -m benchmarks.fit`. "Found" begins at the logit SLOPE × level + SHIFT; there, the first passage is
# right with probability THRESHOLD, and SHARPNESS is how fast that rises with the logit.
SLOPE, SHIFT = 0.80, 2.30
LOWEST = -4.5  # "found" never begins below: next to nothing in a folder makes every question look unlike it
SHARPNESS, THRESHOLD = 0.47, 0.33
MAYBE = 0.2  # from here on a passage may answer, and is shown as one that may

# Half of them may well be answered by the notes before the median moves.
EVERYDAY = (
    "番茄炒蛋怎么做才嫩",
    "明天会下雨吗",
    "房租押金不退怎么办",
    "怎么给孩子起名字",
    "世界杯冠军是哪个国家",
    "感冒了吃什么药好得快",
    "去日本旅游需要签证吗",
    "二手车过户要什么材料",
    "吉他和弦怎么按",
    "股票什么时候卖出最好",
    "猫掉毛严重怎么办",
    "怎样写一封辞职信",
    "红烧肉要炖多久",
    "社保断缴有什么影响",
    "how to bake sourdough bread",
    "best time to visit Iceland",
    "symptoms of vitamin D deficiency",
    "how do I change a flat tire",
    "what is the capital of Peru",
    "HashMap 和 Hashtable 有什么区别",
    "MySQL 索引为什么用 B+ 树",
    "React 组件之间怎么传值",
    "how to center a div in CSS",
    "Linux 怎么查看端口被谁占用",
    "TCP 为什么要三次握手",
    "牛顿第二定律是什么",
    "光合作用的过程",
    "鸦片战争发生在哪一年",
    "通货膨胀是怎么产生的",
    "莎士比亚写过哪些悲剧",
)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What an index knows of itself; `level` is the median best logit of the EVERYDAY questions."""

    level: float

    @classmethod
    def of(cls, level: float | None) -> Calibration:
        """Returns the calibration of an index with this level, the typical one where it was not measured."""
        return TYPICAL if level is None else cls(level)

    @property
    def found_from(self) -> float:
        """The logit whose confidence is THRESHOLD."""
        return max(LOWEST, SLOPE * self.level + SHIFT)

    def confidence(self, logit: float) -> float:
        """Returns how surely a passage with this logit answers, 0–1; from THRESHOLD on it counts as found."""
        above = math.log(THRESHOLD / (1 - THRESHOLD)) + SHARPNESS * (logit - self.found_from)
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, above))))


TYPICAL = Calibration(-5.0)  # of some hundred passages on one subject, for an index that was not calibrated
