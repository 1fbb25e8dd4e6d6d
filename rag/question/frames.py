"""The words that frame a topic, in Chinese and English, and the topic itself. Pure text."""

from __future__ import annotations

import re

from rag.text.normal import is_chinese, normalize
from rag.text.tokens import tokens

QUESTION_CHARACTERS = 200  # a longer text was pasted in: its form says nothing about what is asked
TOPIC_CHARACTERS = 40  # beyond this a topic is a story: what it is about cannot be told from its form

# What is asked about a topic: alone, it asks about the topic before.
FACETS = (
    "优缺点|优点|优势|好处|缺点|坏处|缺陷|劣势|弊端|不足|局限性?|毛病|风险|原因|理由|原理|机制|公式|推导|步骤|流程|过程|"
    "做法|方法|办法|细节|例子|示例|实例|代码|应用场景|使用场景|应用|场景|用途|用处|作用|意义|目的|代价|成本|开销|复杂度|"
    "效果|效率|速度|性能|精度|显存|内存|作者|价格|价钱|费用|预算|密码|地址|电话|号码|日期|期限|名字|尺寸|大小|颜色|定义|概念|含义|意思|特点|区别|差别|不同|参数|指标|种类|类型|分类|结构|前提|条件|"
    "advantages?|disadvantages?|benefits?|drawbacks?|limitations?|pros|cons|downsides?|reasons?|formula|steps?|"
    "examples?|use cases?|applications?|costs?|memory|complexity|definition|parameters?|params?|speed|accuracy"
)
# What is done to a topic, and small words: a question of these alone has no topic of its own.
ACTIONS = (
    "具体|详细|一般|通常|主要|实际|展开|继续|仔细|再|更|还|都|也|又|就|可以|可|会|能|应该|该|要|需要|有没有|有|没有|是|"
    "时候|时|情况|和|跟|与|比|在|上|里|来|去|到底|究竟|使用|用|做|弄|搞|实现|计算|算|设置|设|选择|选|调|解决|避免|缓解|改进|优化|工作|运作|训练|"
    "举|说|讲|解释|介绍|多|少|大|小|好|快|慢|长|久|一些|一点|"
    "第[一二三四五六七八九十几]|差|钱|点|步|条|项|清楚|说清|买|卖|送|装|修|换|拿|放|带|交|退|补|寄|付|花|吃|喝|住|坐|走|开|关|丢|弄丢|"
    "avoid|fix|solve|reduce|improve|prevent|handle|choose|set|tune|take|make|keep|go|come|put|find|buy|pay|send|bring|"
    "open|close|start|stop|leave|stay|wait|say|ask|want|like|try|let|call|change|forget|happens?|long|far|big|late|soon|"
    "often|old|early|expensive|if|into|bit|step|point|works?|used?|using|done|computed?|calculated?|implement(?:ed)?|trained?|more|details?|give|show|so|not|and|but|"
    "then|ok|okay|any|one|much|many|have|has|needs?|get|helps?|matters?|means?|exactly|that|this"
)
ASKING = (
    "请问|麻烦|帮我|给我|我想问|我想知道|想问|请|为什么|为何|为啥|什么时候|什么样|什么|怎么样|怎么办|怎么|怎样|如何|"
    "谁|多久|多远|多重|多贵|几[点号天月年次]|哪[天年月]|是否|是不是|能不能|哪些|哪个|哪种|哪里|哪|多少|几个|几|吗|呢|吧|啊|呀|嘛|了|的|啥|咋|干嘛|一下|下|一个|个|点|那么|那|"
    "what|why|how|come|when|where|which|who|is|are|was|does|do|did|can|could|should|will|would|the|a|an|of|in|on|for|"
    "to|it|there|please|tell|me|explain|about|you|we|i"
)
NO_TOPIC = re.compile(rf"(?:(?:{FACETS}|{ACTIONS}|{ASKING})(?![a-z])|[\W_])*+")

LEAD = re.compile(
    r"(?:(?:请问|麻烦|请|帮我|给我|我?想(?:问|知道|了解)|简单|详细|大概|为什么|为何|为啥|怎么样?|怎样|如何|什么(?:是|叫)|"
    r"啥(?:是|叫)|何为|(?:解释|介绍|描述|简述|比较|对比|讲|说|聊|谈)(?:明|讲|说|聊|谈)?)(?:一下|下)?"
    r"|(?:please|(?:can|could) you|tell me|explain|describe|define|compare|what(?:'s| is| are| does| do| about)?|"
    r"how(?: much| many| about| to)?|why|when|which|is|are|does|do|should|can|the|an?|about|we|i)(?![\w'@-]))"
    r"[\s,，:：]*"
)
PREDICATE = re.compile(
    r"[?？,，;；。！!]|(?:一般|通常|大概|到底|究竟|分别|都|各|又|还|我)*(?:"
    r"是(?:什么|啥|怎|如何|干|做什么|指|不是|否|算)|有(?:什么|啥|哪|多|几|没有|何|用)|(?<![性智功可技效])能(?![力量耗源])|"
    r"(?<!机)会(?!话)|(?<![重主摘必概])要(?![点素求])|应该|应当|该|可以|需要|怎|如何|为什么|为何|为啥|咋|"
    r"多(?:少|大|长|久|高|重|远|宽|深|厚|早|晚|快|贵)|几(?!何)|哪|干嘛|干啥|吗|呢|吧|讲|说|介绍|解释|什么|啥|谁|靠谱|好不好)"
)
ENGLISH_PREDICATE = re.compile(
    r"[?,;!]|[.](?=\s|$)|\s(?:works?|means?|measures?|used|good|better|needs?|have|has|helps?|matters?|for|in|on|with|"
    r"differs?|different|compares?|requires?|costs?|from|when|if|do|so|useful|important|called|and (?:how|why|what))\b"
)
AUXILIARY = re.compile(r"\s(?:does|do|is|are|can|should|did|will)\s")
LEADING_VERB = re.compile(r"(?:非得|必须|需要|使用|应该|会|能|有|用|做|要)+")
TOPIC_END = re.compile(rf"(?:(?:\s+|\s*的\s*)(?:{FACETS}))?[\s的是]*$")
# What stands before a predicate and is no thing: 谁主持, 最后一笔, 后来降了.
VERBAL = re.compile(
    r"(?:谁|我|你|他|她|它|咱|最|后|先|再|刚|已|头|前|下|上|多少|几|什么|怎|哪|要|能|会|可|有|是|在|给|把|被|让|[这那](?!个)).*|.*[了过着]"
)
# Characters that are no topic alone: what is left of a question between its frames. They stand in every other word.
FUNCTION = frozenset("有用在是不和与把被会要做到很都也就还又没让对从为可能个些种这那其它他你我来去上下中里后前时")

PUNCTUATION = " \t\n,，;；。.？?！!"
ASKED = (
    r"什么|怎|如何|为何|为啥|咋|哪|几(?!何)|多(?:少|大|长|久|高)|啥|谁|干嘛|能不能|是不是|有没有|会不会|可不可以|要不要"
)
WH = r"what|why|how|when|where|which|who|is|are|does|do|can|should"
ASKS = re.compile(rf"{ASKED}|吗|呢|靠谱|[讲说](?:讲|说|一下|下)|介绍|解释|\b(?:{WH}|explain|describe)\b")
STARTS_ASKING = re.compile(rf"(?:那|又|到底)?(?:{ASKED})")
STARTS_ASKING_ENGLISH = re.compile(rf"(?:{WH}|explain|describe)\b")
# Function words and question frames: in every question, in no topic. Han runs are cut here before bigrams are made.
QUESTION_FRAMES = re.compile(
    "请问|请简述|请解释|请描述|简述|解释一下|介绍一下|介绍下|说一下|说说|讲讲|讲一下|谈谈|告诉我|帮我|我想知道|想问|"
    "什么是|是什么|是啥|什么叫|叫什么|什么|怎么样|怎么回事|怎么办|怎样|怎么|如何|为什么|为何|为啥|干嘛|干啥|咋|"
    "哪些|哪个|哪种|哪几|多少|几个|几种|几步|有没有|能不能|可不可以|是不是|要不要|有啥|起啥|啥|"
    "一下|一点|一个|那个|这个|这些|那些|那种|这种|之间|以及|还是|或者|如果|但是|因为|所以|然后|其实|"
    "到底|究竟|大概|应该|可以|时候|东西|地方|的话|(?<!目)的|了(?!解)|吗|呢|吧|啊|呀|嘛|哦"
)
STOP_WORDS = frozenset(
    "a an and are as at be by can do does did for from how i in is it its of on or should that the their there these "
    "this to was we what when where which who why will with would you me my please tell explain describe about between"
    .split()
)  # fmt: skip

# What is said around a question and asks nothing: courtesy, who wants to know, how it should be told.
FILLER = re.compile(
    r"^(?:您?你?好|嗨|哈喽|hi|hello|hey)[\s,，!！。~]+"
    r"|(?:麻烦|劳驾|打扰|不好意思|请教|求教|求助|求问|想请教|请问|顺便)(?:一?下|各位|大家|你|您|了|问)*[\s,，]*"
    r"|(?:有没有|有)(?:人|谁|哪位|大佬|大神)(?:知道|懂|了解|能说说)|谁(?:能|来)(?:说说|讲讲|告诉我|帮我)(?:一下|下)?"
    r"|(?:大佬|大神|各位|老铁|亲|兄弟)们?[\s,，]*"
    r"|帮(?:我|忙)(?:看看|看一下|查查|查一下|查下|找找|找一下|想想|瞅瞅|回忆一下|确认一下|确认下|翻一下|翻翻)(?:一下)?[\s,，]*"
    r"|(?:给我|跟我)?(?:详细|简单|大概|通俗|仔细)?(?:地|的)?(?:讲讲|说说|聊聊|唠唠|谈谈|科普|讲解|解答|介绍|解释)(?:一下|下)?(?:呗|吧|看)?"
    r"|面试官?(?:里|中|时)?(?:老|总|最?爱|常|经常|喜欢|会|可能|必)*(?:被)?问(?:到|起)?(?:的)?(?:那种|那个|那道)?(?:题|问题)?"
    r"|用?(?:大白话|人话|通俗(?:点|易懂)?)(?:来|地)?(?:讲讲|说说|讲|说|解释)?"
    r"|我?(?:有点|有些)?(?:记不清了?|忘记?了|想不起来了?|没搞懂|搞不懂|没看懂|不太懂|拿不准|没弄明白)[\s,，]*"
    r"|我?(?:记得|好像|貌似|印象中|印象里)(?:笔记里|里面|之前|以前|上次)?(?:有|写过|记过|说过)?"
    r"|(?:笔记|文档|资料)(?:里|上|中)(?:面)?(?:有没有|有)?(?:写|说|提|记)?(?:过|到|的|着)?"
    r"|来着|在线等|急急*|(?:小白|萌新|新手)(?:一枚|求问)"
    r"|\b(?:please|pls|plz|kindly|just wondering|quick question|i was wondering|i wonder|could you|can you|would you|"
    r"tell me|remind me|do you know|any idea|help me (?:find|check|see|out)|let me know|anyone know|thanks|thank you|"
    r"i forgot|i can't remember|according to (?:my|the) notes|in (?:my|the) notes)\b[\s,:]*"
)


def aligned(question: str) -> tuple[str, str]:
    """Returns the text as typed and in the form that is compared, character for character.

    Where they cannot be laid over each other, the compared form is both.
    """
    plain = normalize(question)
    return (question, plain) if len(plain) == len(question) else (plain, plain)


def without_filler(question: str) -> str:
    """Returns the question without what is said around it, in the form that is compared; as it is where that is all."""
    plain = normalize(question)
    bare = FILLER.sub(" ", plain).strip(PUNCTUATION)
    return bare if bare != plain.strip(PUNCTUATION) and has_topic(bare) else question


def has_topic(question: str) -> bool:
    """Says whether the question names what it is about: 有什么好处 does not."""
    return NO_TOPIC.fullmatch(normalize(question)) is None


def topic(question: str) -> str:
    """Returns what the question is about, as typed: LoRA of "LoRA 有什么缺点"; empty when its form does not tell."""
    if len(question) > QUESTION_CHARACTERS:
        return ""
    text, plain = aligned(question)
    start = skip(LEAD, plain)
    predicate = PREDICATE if is_chinese(question) else ENGLISH_PREDICATE
    cut = predicate.search(plain, start + 1)
    end = cut.start() if cut else len(plain)
    if auxiliaries := [found.end() for found in AUXILIARY.finditer(plain, start, end)]:
        start = auxiliaries[-1]
    start = skip(LEADING_VERB, plain, start)
    closing = TOPIC_END.search(plain, start, end)
    if closing and plain[start : closing.start()].strip():
        end = closing.start()
    found = text[start:end].strip()
    return found if len(found) <= TOPIC_CHARACTERS and has_topic(found) else ""


def has_subject(question: str) -> bool:
    """Says whether the question begins with a thing that it is about: 长城有多长 does, 后来降了吗 does not."""
    found = normalize(topic(question))
    return found != "" and VERBAL.fullmatch(found) is None


def skip(pattern: re.Pattern[str], text: str, start: int = 0) -> int:
    """Returns where `text` goes on after all that `pattern` matches from `start` on."""
    while (match := pattern.match(text, start)) and match.end() > start:
        start = match.end()
    return start


def content_tokens(question: str) -> tuple[str, ...]:
    """Returns the tokens of `question` that carry its topic, without question frames and stop words.

    Falls back to all tokens when nothing else is left.
    """
    topic = QUESTION_FRAMES.sub(" ", normalize(question))
    kept = tuple(token for token in tokens(topic) if token not in STOP_WORDS)
    return kept or tuple(tokens(question))
