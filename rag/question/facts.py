"""What kind of fact a question asks for, and which texts hold one of that kind. Pure text.

Whoever asks for a telephone number wants one: a passage on the same subject without any does not answer, be it ever so
near, and an introduction to the subject has none (Li & Roth 2002, "Learning Question Classifiers"). A kind is only told
where the words of the question leave no doubt, and a text holds it as soon as it might.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from rag.text.normal import normalize

NUMERAL = r"[0-9〇零一二两三四五六七八九十百千万半几]"
UNIT = (
    "分钟|小时|秒|天|周|星期|礼拜|个月|年|号|日|点|次|遍|回|岁|元|块|毛|角|分|万|折|倍|成|度|米|公里|里|厘米|毫米|寸|层|楼|页|本|"
    "克|斤|公斤|两|升|毫升|勺|杯|碗|个|只|片|颗|粒|人|位|间|张|份|条|集|局|轮|班|路|线|站|排|座|伏|瓦|安|匹|兆|级|季度|成"
)
WEEKDAY = (
    r"(?:周|星期|礼拜)(?:[一二三四五六日天末]|\d)|\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|"
    r"sun)(?:day)?s?\b"
)
MONTH = (
    r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\b"
)
NUMBER = re.compile(  # whole names only: in prose "may", "sat" and "sun" are words
    rf"{NUMERAL}+(?:个)?(?:{UNIT})|半(?:天|年|小时|个)|每(?:[天周月年日次]|星期|礼拜)|"
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|dozen|half|twice|once|monday|tuesday|wednesday|"
    r"thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september|october|november|"
    r"december|daily|weekly|monthly|yearly|noon|midnight)\b|[周星期](?:一|二|三|四|五|六|日|天|末)"
)
COUNTED = (  # what an English number counts that is no price
    r"(?:(?:working |calendar )?(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|nights?|weeks?|months?|years?|yrs?)|"
    r"times?|people|persons?|guests?|kg|g|ml|l|litres?|liters?|cm|mm|km|metres?|meters?|miles?|am|pm|of|to|on|in|at|"
    r"pages?|rooms?|seats?|desks?|floors?|monitors?|steps?|tokens?|layers?|chapters?|ports?)\b"
)
DIGIT = re.compile(r"\d")
LIST_NUMBER = re.compile(r"^\s*\d{1,3}[.)、]\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fact: how questions ask for it, and what texts that hold one have; both in normal form."""

    name: str
    asked: re.Pattern[str]
    held: re.Pattern[str]

    def is_held_by(self, text: str) -> bool:
        """Says whether a text holds a fact of this kind; the numbers of list items are none."""
        if self.held is NUMBER:
            return has_number(text)
        return self.held.search(normalize(LIST_NUMBER.sub("", text))) is not None


TELEPHONE = Kind(
    "telephone",
    re.compile(
        r"(?:电话|手机|座机|热线)(?:号码?)?(?:是|有)?(?:多少|几|啥|什么)|(?:电话|手机|座机)号码?(?=\W*$|是)|"
        r"(?<![打接])(?:电话|座机)\W*$|的(?:电话|手机|座机)\W*$|\b(?:phone|mobile|telephone) (?:no|number)(?=\W*$|"
        r"\s(?:of|for)\b)|(?:'s|s'|\bthe|\bwhat) (?:phone|mobile)\W*$"
    ),
    re.compile(
        r"\d(?:[\d\s.()/-]*\d){5,}|(?:电话|手机|座机|热线|分机|内线|拨打?|微信|\bext\b|\bphone|\bcall|"
        r"\btel\b)\D{0,8}\d{3,}"
    ),
)
ADDRESS = Kind(
    "address on the net",
    re.compile(
        r"邮箱(?:地址)?(?:是|有)?(?:多少|什么|啥|哪)|邮箱(?:地址)?\W*$|的网址|网址(?:是|有)?(?:多少|什么|啥)|"
        r"网址\W*$|\be-?mail address\b"
    ),
    re.compile(r"@|/\w|https?:|www\.|\w\.(?:com|cn|org|net|io|dev|example|edu|gov)\b|邮箱|网址|\]\("),
)
MONEY = Kind(
    "money",
    re.compile(
        r"多少(?:块|元|钱)|几(?:块钱|元(?!的)|毛钱)|价格|价钱|单价|售价|(?:房租|租金|月租|押金|学费|工资|月薪|年费|"
        r"运费|门票)(?:是|要|每月|一年)?多少|\bprices?\b|\bhow much [^?]*\bcosts?\b(?! grow)|\bwhat (?:did|does|do|"
        r"would|will) [^?]*\bcosts?\b|\bhow much (?:is|are|was|were|did|does|do) [^?]*\b(?:cost|pay|paid|rent|fee)\b|"
        r"\bhow expensive\b"
    ),
    re.compile(
        r"[¥$€£₩]|\d\s*(?:元|块|毛|角|万|亿|欧|镑|刀|美[元金]|日元|円|港币|k\b|yuan|rmb|cny|jpy|eur|usd|gbp|chf|"
        r"dollars?|euros?|pounds?|pence|cents?|p\b|yen|francs?|crowns?)|[一二两三四五六七八九十百千万半]+(?:元|块|毛|"
        r"万)|免费|不要钱|不收|包邮|\bfree\b|(?:费|价|租|押金|罚|成交|赏|奖|花|付|钱|元|薪|票|贵|便宜|省|收|\bpaid|"
        r"\bpay|\bfees?|\bcosts?|\bprices?|\brent|\bdeposit|\bbudget)\D{0,30}\d|[\d)]\D{0,3}[/每]\s*(?:月|年|天|人|"
        r"次|晚|斤|个)|克朗|法郎|卢布|泰铢|"
        # a number without a unit may be a price
        rf"(?<![\d.:：/-])\d+(?:\.\d\d?)?多?(?=\s*[,，。;；|)）、包不]|\s+(?!{COUNTED})[a-z]|\s*$)"
    ),
)
CLOCK = Kind(
    "time of day",
    re.compile(r"几点(?!建议|原因|意见|好处|要求|注意|理由|不同|区别|经验|体会)|\b(?:at )?what time\b|\bwhat hour\b"),
    re.compile(
        rf"\d{{1,2}}[:：.]\d{{2}}|{NUMERAL}+\s*点(?!建议|原因)|\b\d{{1,2}}\s?(?:am|pm|a\.m|p\.m|h\b|uhr)|\bnoon\b|"
        rf"\bmidnight\b|中午|零点|"
        r"凌晨|全天|24\s*(?:小时|h)|o'clock|\b(?:at|by|from|until|till|before|after)\s(?:\d|one|two|three|four|five|"
        r"six|seven|eight|nine|ten|eleven|twelve|half)|[上下]午|早[上晨]|晚上|夜里|傍晚|[当今明每日一二三四五六]晚(?!上)(?<!前一晚)(?<!头一晚)|\d\s*时"
    ),
)
DURATION = Kind(
    "length of time",
    re.compile(
        r"多久(?!以前|之前|前)|多长时间|(?:几|多少)(?:分钟|秒|周)(?![几一二三])|(?:几|多少)个?(?:小时|钟头|星期|"
        r"礼拜)(?![几一二三])|(?:几|多少)个月|几天|多少天|(?<!哪)几年|多少年|\bhow long (?!is the|are the|was the|"
        r"were the)|\bhow many (?:seconds|minutes|hours|days|weeks|months|years|nights)\b"
    ),
    re.compile(
        rf"(?:{NUMERAL}|[多数整几])\s*(?:多|来)?个?\s*(?:半|工作|自然)?\s*(?:分|小时|钟|秒|毫秒|微秒|步|轮|天|日|夜|"
        rf"晚|周|星期|礼拜|月|年|季|学期|集|s\b|h\b|m\b|ms\b|d\b)|"
        r"[几数]?[千百]步|每(?:[天日周月年晚次季隔]|星期|礼拜|个)|用完|当天|过夜|隔夜|通宵|终身|永久|长期|一直|直到|随时|\b(?:(?:milli|"
        r"micro)?seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|yrs?|steps?|epochs?|nights?|"
        r"fortnight|overnight|daily|weekly|monthly|yearly|forever|until|decades?)\b|"
        r"\b(?:characters?|letters?|words?|cm|metres?|meters?|inch(?:es)?)\b|厘米|"  # how long is also how tall
        r"\d\s?(?:min|h|s|ms|d|w)\b|\d\s*[-–~至到]\s*\d|\d[:：]\d"
    ),
)
YEAR = Kind(
    "year",
    re.compile(r"哪一?年|何年|\b(?:what|which) year\b"),
    re.compile(
        r"(?<!\d)(?:1[5-9]|20)\d{2}(?!\d)|\d{2}\s*年|[〇零一二三四五六七八九]{2,4}年|[去今前明后]年|\blast year\b|"
        r"\bthis year\b|年前|'\d{2}\b|\d/\d{2}\b|世纪|朝|代"
    ),
)
DAY = Kind(
    "day",
    re.compile(
        r"几[月号](?!楼|门|线|机|库|房)|(?:周|星期|礼拜)几|哪个?(?:天|一天|日子|月份?|星期|礼拜)|\b(?:what|"
        r"which) (?:day|date|month|weekday)\b"
    ),
    re.compile(
        rf"\d{{1,4}}\s*[-/.月]\s*\d{{1,2}}|{NUMERAL}+\s*[月日号]|{WEEKDAY}|{MONTH}|[今明昨前后每当]天|每[周月年日]|"
        rf"工作日|周末|月[初中底末]|[上中下]旬|初[一二三四五六七八九十]|"
        r"节|除夕|\b(?:daily|weekly|weekends?|weekdays?|yesterday|tomorrow|today|easter|christmas|monthly)\b|"
        r"\b\d{1,2}(?:st|nd|rd|th)\b"
    ),
)
LENGTH = Kind(
    "length",
    re.compile(
        r"多少(?:厘米|公分|毫米|米|公里|英?寸)|几(?:厘米|公分|毫米|米|公里|英?寸)(?!饭)|多[宽厚]|(?<!差)多远|"
        r"\bhow many (?:inches|metres|meters|miles|feet|cm|km|mm)\b"
    ),
    re.compile(
        rf"{NUMERAL}\s*(?:多|来)?\s*(?:厘米|公分|毫米|米|公里|千米|里|英?寸|尺|层|楼|站|分钟|小时|步|cm|mm|km|m\b|"
        rf"inch|in\b|\"|ft|feet|foot|miles?|metres?|meters?|minutes?|min|dm|x|×|\*)"
    ),
)
WEIGHT = Kind(
    "weight",
    re.compile(
        r"多少(?:克|公斤|千克|斤|kg|g\b)|几(?:克|公斤|斤|两)|多重|\bhow heavy\b|\bhow many (?:grams|kilos|kg|"
        r"pounds)\b|\bhow much does [^?]* weigh\b"
    ),
    re.compile(
        rf"{NUMERAL}\s*(?:多|来)?\s*(?:公?克|公斤|千克|斤|两|吨|勺|杯|包|把|个|根|片|kg|g\b|mg|lbs?|ounces?|oz|"
        rf"kilos?|grams?|pounds?|tons?|t\b|ml|l\b|[a-z]+)|\bkg\b|公斤|重量"
    ),
)
VOLUME = Kind(
    "volume",
    re.compile(r"(?:多少|几)(?:毫升|公升|升|ml\b)|\bhow many (?:litres|liters|ml|millilitres|milliliters|cups)\b"),
    re.compile(
        rf"(?:{NUMERAL}|[多整])\s*(?:多|来)?\s*(?:大|小|满)?(?:毫升|公升|升|杯|勺|碗|瓶|桶|盒|罐|ml\b|cl\b|dl\b|l\b|"
        rf"litres?|liters?|"
        r"cups?|pints?|gallons?|bottles?|tbsp|tsp)"
    ),
)
TEMPERATURE = Kind(
    "temperature",
    re.compile(
        r"(?<!角)(?<!程)(?:多少|几)度(?!电|数|角)|温度(?:是|要|调|设)?(?:到)?(?:多少|几|多高)|多少摄氏|\bhow (?:hot|"
        r"warm|cold)\b|\bwhat temperature\b"
    ),
    re.compile(
        r"\d\s*(?:度|°|℃|c\b|f\b|k\b|degrees?)|[一二三四五六七八九十百]度|温度?\D{0,4}\d|[34]\d\.\d|[-−]\s?\d|"
        r"设\s*\d|\btemp\w*\D{0,12}\d|零[上下]|室温|冷藏|常温|恒温|[大中小]火|温水|开水|冷水|热水"
    ),
)
SHARE = Kind(
    "share",
    re.compile(r"百分之(?:几|多少)|多少百分|几个百分点|\bwhat (?:percent|percentage|share)\b|\bhow many percent\b"),
    re.compile(
        r"[%％‰]|百分|\d\s*成|[一二两三四五六七八九]成|\bpercent\b|\bhalf\b|一半|全部|\d\s*[:：/]\s*\d|0\.\d|\ball\b"
    ),
)
ANY_NUMBER = Kind(
    "number",
    re.compile(
        r"多(?:少|久|长|大|高|重|远|宽|深|厚|贵|快|早|晚)|几(?!何|乎)|什么时候|啥时候|何时|哪[年月天日一]|时间|日期|"
        r"期限|截止|周期|价格|价钱|单价|费用|预算|成本|花了|房租|工资|温度|火候|比例|尺寸|大小|面积|重量|速度|次数|"
        r"频率|上限|下限|额度|密码|电话|号码|编号|版本|端口|车牌|地址|\bhow (?:long|much|many|often|far|big|large|"
        r"old|tall|high|deep|hot|late|early|soon|fast|heavy|wide)\b|\bwhen\b|\bwhat (?:time|date|day|year|price|size|"
        r"temperature|number|port|version|percentage|rate|limit)\b|\bwhich (?:day|date|year|number|port|version|"
        r"floor|room)\b|\b(?:price|cost|costs|fee|fees|deadline|budget|password|phone|temperature|duration|quota|"
        r"limit|ratio)\b"
    ),
    NUMBER,
)
KINDS = (TELEPHONE, ADDRESS, MONEY, CLOCK, DURATION, YEAR, DAY, LENGTH, WEIGHT, VOLUME, TEMPERATURE, SHARE)


@functools.lru_cache(maxsize=256)
def kind_asked_for(question: str) -> Kind | None:
    """Returns the kind of fact that a question wants, ANY_NUMBER where it wants some number; None for anything else."""
    plain = normalize(question)
    return next((kind for kind in (*KINDS, ANY_NUMBER) if kind.asked.search(plain)), None)


def has_number(text: str) -> bool:
    """Says whether a text has a number, a time or a date, in digits or in words; numbers of list items are none."""
    bare = LIST_NUMBER.sub("", text)
    return DIGIT.search(bare) is not None or NUMBER.search(normalize(bare)) is not None  # the former is quick
