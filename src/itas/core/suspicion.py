"""Marks answers that look as if they were to talk to a judge or to leave their place. A mark, never a filter.

What is looked for: words to a judge, the forms of replies that judges are asked for, fences and roles of prompts,
characters that nobody sees, floods of one character. An answer about such things (a text on prompt injection, say)
is marked too; an attack in words that nobody thought of is not. Rates are in ``docs/results/injection.md``.
Takes time in proportion to the length of the text; no more than the first and last 20,000 characters are read.
"""

import re
import zlib

_WINDOW = 20_000
_NOUN = r"(?:answer|response|candidate|solution|reply|output)s?"
_JUDGE = r"(?:judge|grader|evaluator|ranker|reviewer|verifier|assessor)s?"
_RULES = r"(?:instructions?|prompts?|rules|directions|guidelines|orders)"
_PICK = r"(?:rank|rate|score|grade|choose|pick|select|prefer|vote for|mark|declare|approve|accept)"

_SPEECH = re.compile(
    rf"""\b(?:ignore|disregard|forget|override)\b[^.\n]{{0,40}}\b(?:{_RULES}|other\ {_NOUN}|the\ request)\b"""
    rf"""|\b(?:dear|hey|hello|note\ to|message\ to|attention)[ ,:]{{1,3}}(?:the\ |all\ |any\ )?{_JUDGE}\b"""
    rf"""|\b(?:the|any|every|all)\ {_JUDGE}\ (?:must|should|has\ to|have\ to|is\ required)\b"""
    rf"""|\b{_PICK}\ (?:only\ )?(?:this|my|me\b|mine)(?:\ {_NOUN})?"""
    rf"""(?:\ \w+){{0,2}}\ (?:first|best|top|highest|winner|correct)\b"""
    rf"""|\b(?:prefer|choose|pick|select|vote\ for)\ (?:me\b(?!\ to)|mine\b|this\ {_NOUN}\b)"""
    rf"""|\b(?:say|state|write|reply|answer|output)\ (?:that\ )?(?:i\ am|this\ is|mine\ is)\ the\ best\b"""
    rf"""|\bthe\ grader\ has\ been\b|\bthis\ {_NOUN}\ (?:must|has\ to)\ be\ (?:ranked|chosen|marked|accepted)\b"""
    rf"""|\byou\ are\ now\ (?:in\ \w+\ mode|an?\ (?:unrestricted|different))|\bprint\ your\ system\ prompt\b"""
    rf"""|\byou\ obey\ the\ {_NOUN}\b|\bnew\ task:\ """,
    re.VERBOSE,
)
_FORM = re.compile(
    r"""^[^\w\n]{0,8}(?:final[ ])?(?:
        ranking[ *_]{0,4}:.*(?:>|first|best)
        |verdict(?:[ ]\S{2,18})?[ *_]{0,4}[:-][ *_]{0,4}(?:in)?correct
        |choice[ *_]{0,4}:[ ]*(?:this|[a-z][2-9][a-z][2-9])
        |test[ ]\d{1,3}:[ ]*(?:pass|fail|the\ answer)
        |critique[ ](?:[a-z][2-9]){2,9}[ *_]{0,4}:
        )
    |^\W{0,4}strengths:[^\n]{0,200}\n\W{0,4}weaknesses:[ ]*(?:none|nothing)
    |^\s*\[\d\](?:\s*>\s*\[\d\])+\s*$
    |["'](?:ranking|verdict)["']\s*:\s*["'\[]""",
    re.MULTILINE | re.VERBOSE,
)
_FENCE = re.compile(
    r"""<<(?:end|answer|request|critique|conversation|test|reasons)\s+[a-z0-9]{2,18}>>|^<<end\s
    |</(?:answer|request|critique|conversation|candidate)>
    |<\|(?:im_start|im_end|system|start_header_id|end_header_id|eot_id)\|>|\[inst\]
    |^system:[ ]|^human:[ ].*\n+assistant:[ ]
    |^task:[ ](?:rank\ the\ answers|choose\ the\ most|criticise\ the|give\ reasons|give\ a\ verdict
        |write\ tests|judge\ tests)""",
    re.MULTILINE | re.VERBOSE,
)
# Directions, marks of order, tag characters, and blanks of no width other than those that hold emoji together.
_HIDDEN = re.compile(
    "[\u200e\u200f\u202a-\u202e\u2060-\u2069\U000e0000-\U000e007f\ud800-\udfff\u200b]|(?<=.)\ufeff", re.DOTALL
)
_LONG = 2000
_FEW = 20
_DENSE = 0.02

# Patterns read the text in small letters. One is only tried where one of its words stands: most answers are
# passed over in microseconds.
_PATTERNS: tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...] = (
    (
        "speaks to a judge",
        _SPEECH,
        (
            "ignore", "disregard", "forget", "override", "judge", "grader", "evaluator", "ranker", "reviewer",
            "verifier", "assessor", "this answer", "this response", "this candidate", "this solution",
            "this reply", "this output", "my answer", "my response", "my solution", " mine", "rank me",
            "rate me", "score me", "mark me", "prefer me", "choose me", "pick me", "select me", "vote for me",
            "you are now", "system prompt", "you obey", "new task", "is the best", "am the best",
        ),
    ),
    (
        "form of a judge's reply",
        _FORM,
        ("ranking", "verdict", "choice", "test ", "critique", "strengths:", "] > [", "]>["),
    ),
    (
        "fence or role of a prompt",
        _FENCE,
        ("<<", "</", "<|", "[inst]", "system: ", "human: ", "task: "),
    ),
)  # fmt: skip


def find_suspicions(text: str) -> tuple[str, ...]:
    """Why a text looks hostile, in words; nothing for most."""
    if len(text) > 2 * _WINDOW:
        text = f"{text[:_WINDOW]}\n{text[-_WINDOW:]}"
    lower = text.lower()
    found = [
        name
        for name, pattern, words in _PATTERNS
        if any(word in lower for word in words) and pattern.search(lower)
    ]
    if "\0" in text or (not text.isascii() and _HIDDEN.search(text)):
        found.append("characters that nobody sees")
    if len(text) >= _LONG and _is_flood(text):
        found.append("flood")
    return tuple(found)


def _is_flood(text: str) -> bool:
    """Whether a long text says almost nothing: it can be packed into a fiftieth."""
    if len(set(text)) > _FEW:
        return False
    data = text.encode("utf-8", "surrogatepass")
    return len(zlib.compress(data, 1)) < _DENSE * len(data)
