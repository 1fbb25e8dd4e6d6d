"""What kind of fact a question asks for, and which sentences hold one of that kind. Pure text.

Whoever asks how long, how much or when wants a sentence with a number; an introduction to the subject has none.
"""

from __future__ import annotations

import re

from rag.text.normal import normalize

NUMERAL = r"[0-9〇零一二两三四五六七八九十百千万半几]"
UNIT = (
    "分钟|小时|秒|天|周|星期|礼拜|个月|年|号|日|点|次|遍|回|岁|元|块|毛|角|分|万|折|倍|成|度|米|公里|里|厘米|毫米|寸|层|楼|页|本|"
    "克|斤|公斤|两|升|毫升|勺|杯|碗|个|只|片|颗|粒|人|位|间|张|份|条|集|局|轮|班|路|线|站|排|座|伏|瓦|安|匹|兆|级|季度|成"
)
NUMBER_ASKED = re.compile(
    r"多(?:少|久|长|大|高|重|远|宽|深|厚|贵|快|早|晚)|几(?!何|乎)|什么时候|啥时候|何时|哪[年月天日一]|时间|日期|期限|截止|周期|"
    r"价格|价钱|单价|费用|预算|成本|花了|房租|工资|温度|火候|比例|尺寸|大小|面积|重量|速度|次数|频率|上限|下限|额度|密码|电话|号码|"
    r"编号|版本|端口|车牌|地址|"
    r"\bhow (?:long|much|many|often|far|big|large|old|tall|high|deep|hot|late|early|soon|fast|heavy|wide)\b|\bwhen\b|"
    r"\bwhat (?:time|date|day|year|price|size|temperature|number|port|version|percentage|rate|limit)\b|"
    r"\bwhich (?:day|date|year|number|port|version|floor|room)\b|"
    r"\b(?:price|cost|costs|fee|fees|deadline|budget|password|phone|temperature|duration|quota|limit|ratio)\b"
)
NUMBER = re.compile(
    rf"{NUMERAL}+(?:个)?(?:{UNIT})|半(?:天|年|小时|个)|每[天周月年日]|"
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|dozen|half|twice|once|monday|tuesday|wednesday|"
    r"thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september|october|november|"
    r"december|daily|weekly|monthly|yearly|noon|midnight)\b|[周星期](?:一|二|三|四|五|六|日|天|末)"
)
DIGIT = re.compile(r"\d")
LIST_NUMBER = re.compile(r"^\s*\d{1,3}[.)、]\s")


def asks_for_number(question: str) -> bool:
    """Says whether a question wants a number, a time, a date or a price."""
    return NUMBER_ASKED.search(normalize(question)) is not None


def has_number(sentence: str) -> bool:
    """Says whether a sentence has a number, a time or a date, in digits or in words; numbers of list items are none."""
    bare = LIST_NUMBER.sub("", sentence)
    return DIGIT.search(bare) is not None or NUMBER.search(normalize(bare)) is not None  # the former is quick
