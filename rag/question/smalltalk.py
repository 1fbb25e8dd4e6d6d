"""What is said out of courtesy and asks the notes nothing: a greeting, thanks, a farewell. Pure text."""

from __future__ import annotations

import re

from rag.text.normal import is_chinese, normalize

ADDRESS = r"(?:快答|小快|同学|老师|大家|朋友|亲|there|all|everyone|everybody|guys|kuaida|friend)?"
PARTICLES = r"[啊呀哦呢吧啦哈了的~!！。.，,、?？…\s:：)）(（^_\-\U0001f300-\U0001faff❤☺]*"
SAID = {
    "greeting": "你好|您好|你们好|大家好|嗨|哈喽|哈啰|嘿|早|早安|早上好|上午好|中午好|下午好|晚上好|晚安|在吗|在不在|"
    "有人吗|"
    "hi|hello|hey|hiya|good (?:morning|afternoon|evening|day)|greetings|yo|are you there",
    "thanks": "谢谢|谢谢你|谢谢您|多谢|谢了|感谢|非常感谢|太感谢|十分感谢|3q|辛苦|你真棒|真棒|太棒|太好|"
    "很好|不错|好的|好|行|嗯|嗯嗯|"
    "明白|懂|知道|收到|ok|okay|"
    "thanks|thank you|thank you (?:so|very) much|many thanks|thx|ty|cheers|great|perfect|nice|cool|awesome|got it|"
    "thanks a lot|much appreciated",
    "farewell": "再见|拜拜|拜|回头见|明天见|下次见|先这样|bye|bye bye|goodbye|good night|see you|see you later",
    "who": "你是谁|你是什么|你叫什么|你叫什么名字|你能做什么|你能干什么|你能干嘛|"
    "你会什么|你会做什么|你有什么用|怎么用你|你是机器人吗|你是ai吗|"
    "who are you|what are you|what can you do|what do you do|are you a (?:robot|bot|human)|how do you work",
}
KINDS = "|".join(f"(?P<{kind}>{said})" for kind, said in SAID.items())
WHOLE = re.compile(rf"{PARTICLES}(?:(?:{KINDS}){PARTICLES}{ADDRESS}{PARTICLES}){{1,3}}")
REPLIES = {  # in Chinese and in English
    "greeting": ("你好！想从笔记里查什么，直接问就行。", "Hello! Ask me anything that your notes may answer."),
    "thanks": ("不客气，还想查什么就接着问。", "You are welcome. Ask on whenever you like."),
    "farewell": ("再见！", "Goodbye!"),
    "who": (
        "我是快答：你问问题，我在你的笔记里找到答案所在的原文，并标出是哪几行；笔记里没有的，我会直说。",
        "I am Kuaida: you ask, I find the passage of your notes that answers and show its lines; "
        "what the notes do not hold, I say so.",
    ),
}


def small_talk(said: str) -> str | None:
    """Returns the reply to what asks the notes nothing, in its language; None for anything else.

    Of several courtesies the last is replied to: 好的，谢谢.
    """
    whole = WHOLE.fullmatch(normalize(said))
    if whole is None or whole.lastgroup is None:
        return None
    return REPLIES[whole.lastgroup][0 if is_chinese(said) else 1]
