"""Mutations of a text file: small changes as a slip of the hand, a misunderstanding or malice makes them.

A mutation takes a random generator and the text, and returns another text, or None where it finds nothing to change.
Those of WRONG leave a file that cannot be right, whatever else it says; those of ANY may leave one that is.
"""

import random
import re
from collections.abc import Callable, Iterator

from .worker import MARKER

PROSE = ("title", "reference", "notes", "paper", "sources")
"""Keys of words, not code."""
MIXED = ("numbers", "design", "quantities", "phases")
"""Keys of both."""
STATED = ("parameters", "weights")
"""Keys of lines `name = value`."""
UNITS = {
    "ms": "mV", "second": "volt", "volt": "amp", "mV": "ms", "amp": "volt", "nA": "mV", "nS": "ms", "pF": "mV",
    "Hz": "mV", "Gohm": "ms", "siemens": "second",
}  # fmt: skip
ODD = [
    "0", "-1", "inf", "-inf", "nan", "1e400", "1e-400", "1e308", "1e30", "1e-30", "0.5", "1j", "1e6", "2**0.5", "1/0",
    "1_000", "0x1F", "1.5.3", "log(-1)", "9**9**9**9", "10**10000000", "99999999999999999999", "1e", "\u0661", "1,5",
    "-0.0",
]  # fmt: skip
OPERATORS = [
    "+",
    "-",
    "*",
    "/",
    "**",
    "//",
    "%",
    "==",
    "<",
    ">",
    "<=",
    "!=",
    "=",
    "^",
    "&",
    "|",
    "@",
    " and ",
    ":",
    ",",
]
FLAGS = [
    "constant", "shared", "unless refractory", "event-driven", "clock-driven", "summed", "constant over dt", "konstant",
]  # fmt: skip
ATTACKS = [
    f"__import__('os').system('touch {MARKER}')",
    f'exp(\'__import__("os").system("touch {MARKER}")\')',
    f"open('{MARKER}', 'w')",
    f"(lambda: open('{MARKER}', 'w'))()",
    f"[open('{MARKER}', 'w') for v in [1]][0]",
    "v.__class__.__base__.__subclasses__()",
    f"exec(\"open('{MARKER}','w')\")",
    f"$(touch {MARKER})",
    f"`touch {MARKER}`",
]
TAGS = [
    f"!!python/object/apply:os.system ['touch {MARKER}']",
    "!!python/name:os.system",
    "!!binary aGVsbG8=",
    "*nothing",
    "&a [*a]",
]
NAMES = [
    "t",
    "dt",
    "i",
    "j",
    "N",
    "v",
    "w",
    "x",
    "e",
    "pi",
    "xi",
    "rand()",
    "int",
    "lambda",
    "volt",
    "_x",
    "I_post",
    "N_pre",
]

Mutation = Callable[[random.Random, str], str | None]


def _lines(text: str) -> Iterator[tuple[str, int, int]]:
    """Top-level key, start and end of each line without its comment."""
    key, start = "", 0
    for line in text.splitlines(keepends=True):
        if found := re.match(r"(\w+):", line):
            key = found[1]
        comment = re.search(r"(^|\s)#.*", line)
        yield key, start, start + (comment.start() if comment else len(line.rstrip("\n")))
        start += len(line)


def _spans(
    text: str, pattern: str, keys: Callable[[str], bool] = lambda key: key not in PROSE
) -> list[tuple[int, int]]:
    """Where a pattern is found, or the group in it, outside of comments, under the keys that are asked for."""
    return [
        (start + found.start(found.lastindex or 0), start + found.end(found.lastindex or 0))
        for key, start, end in _lines(text)
        if keys(key)
        for found in re.finditer(pattern, text[start:end])
    ]


def _put(text: str, span: tuple[int, int], new: str) -> str:
    return text[: span[0]] + new + text[span[1] :]


def _replaced(rng: random.Random, text: str, spans: list[tuple[int, int]], new: Callable[[str], str]) -> str | None:
    if not spans:
        return None
    span = rng.choice(spans)
    return _put(text, span, new(text[slice(*span)]))


def _misspelt(name: str) -> str:
    return name[:-1] + "q" + name[-1:]


def _code(key: str) -> bool:
    """Of equations and statements; `backward` is read with symmetric feedback alone."""
    return key not in (*PROSE, *STATED, "backward")


# What cannot be right


def misspell_a_name(rng: random.Random, text: str) -> str | None:
    """On the right-hand side of an equation or a statement."""
    sides = _spans(text, r"^\s+[\w/ ]+ [-+*/]?= ([^:{}]+)", _code)
    spans = [
        (start + found.start(), start + found.end())
        for start, end in sides
        for found in re.finditer(r"\b[A-Za-z_]\w+\b", text[start:end])
    ]
    return _replaced(rng, text, spans, _misspelt)


def misspell_a_key(rng: random.Random, text: str) -> str | None:
    return _replaced(rng, text, _spans(text, r"^(\w+):", lambda key: True), _misspelt)


def misspell_a_reference(rng: random.Random, text: str) -> str | None:
    """Of an experiment to another file."""
    if "\nneurons:" not in text and "\nextends:" not in text:
        return None
    keys = ("learning", "circuit", "neurons", "synapses", "encoders", "extends", "states")
    spans = _spans(text, r"(?!scale|filter|traces|transmits)\b\w+: (\w+)", lambda key: key in keys)
    return _replaced(rng, text, spans, _misspelt)


def change_a_unit(rng: random.Random, text: str) -> str | None:
    """Of a parameter that an equation uses, or of what an equation gives."""
    spans = []
    for start, end in _spans(text, r"^\s+\w+\s*= [-\d.e/]+\*(\w+)\s*$", lambda key: key == "parameters"):
        name = re.match(r"\s*(\w+)", text[text.rfind("\n", 0, start) + 1 :])[1]
        if _spans(text, rf"(?<!\w){name}\b", _code) and text[start:end] in UNITS:
            spans.append((start, end))
    spans += [s for s in _spans(text, r"=[^:{}]*\S : (\w+)", _code) if text[slice(*s)] in UNITS]
    return _replaced(rng, text, spans, UNITS.__getitem__)


def drop_a_bracket(rng: random.Random, text: str) -> str | None:
    return _replaced(rng, text, _spans(text, r"[\[\](){}]", lambda key: key not in (*PROSE, *MIXED)), lambda _: "")


def drop_the_title(rng: random.Random, text: str) -> str | None:
    """Which every file has to have; one that extends another takes over its."""
    if "\nextends:" in text:
        return None
    return re.sub(r"^title: .*\n", "", text, count=1, flags=re.MULTILINE)


def run_code(rng: random.Random, text: str) -> str | None:
    pattern = r"= ([^:#{}\n]+)|^threshold: (.+)|^(?:encode|derivative): (.+)"
    spans = _spans(text, pattern, lambda key: key not in (*PROSE, *MIXED))
    spans = spans or _spans(text, r"value: ([^,}]+)")
    return _replaced(rng, text, spans, lambda _: rng.choice(ATTACKS))


def tag_a_value(rng: random.Random, text: str) -> str | None:
    spans = _spans(text, r"^\w+: ([^|>\n]+)$", lambda key: True)
    return _replaced(rng, text, spans, lambda _: rng.choice(TAGS))


def repeat_a_key(rng: random.Random, text: str) -> str | None:
    lines = re.findall(r"^\w+: [^|>{\n]+\n", text, flags=re.MULTILINE)
    return text + rng.choice(lines) if lines else None


WRONG: list[Mutation] = [
    misspell_a_name, misspell_a_key, misspell_a_reference, change_a_unit, drop_a_bracket, drop_the_title, run_code,
    tag_a_value, repeat_a_key,
]  # fmt: skip

# What may be right


def odd_number(rng: random.Random, text: str) -> str | None:
    return _replaced(rng, text, _spans(text, r"(?<![\w.])\d[\d.]*(?:e-?\d+)?"), lambda _: rng.choice(ODD))


def other_number(rng: random.Random, text: str) -> str | None:
    spans = _spans(text, r"(?<![\w.])(\d+(?:\.\d+)?(?:e-?\d+)?)\b(?!\.)")
    return _replaced(rng, text, spans, lambda number: f"{float(number) * rng.uniform(0.2, 3):.3g}")


def other_operator(rng: random.Random, text: str) -> str | None:
    return _replaced(rng, text, _spans(text, r"[-+*/<>%=]+"), lambda _: rng.choice(OPERATORS))


def other_name(rng: random.Random, text: str) -> str | None:
    """By another of the same file, or a name that means something elsewhere."""
    spans = _spans(text, r"\b[A-Za-z_]\w*\b")
    return _replaced(rng, text, spans, lambda _: rng.choice(NAMES + [text[slice(*span)] for span in spans]))


def other_flag(rng: random.Random, text: str) -> str | None:
    spans = _spans(text, r" : \w+( \([\w ,-]+\)|)")
    flags = rng.sample(FLAGS, rng.choice([1, 1, 2]))
    return _replaced(rng, text, spans, lambda was: "" if was and rng.random() < 0.3 else f" ({', '.join(flags)})")


def swap_tokens(rng: random.Random, text: str) -> str | None:
    spans = _spans(text, r"\w+|[^\w\s]")
    if len(spans) < 2:
        return None
    k = rng.randrange(len(spans) - 1)
    one, two = spans[k], spans[k + 1]
    return text[: one[0]] + text[slice(*two)] + text[one[1] : two[0]] + text[slice(*one)] + text[two[1] :]


def drop_a_token(rng: random.Random, text: str) -> str | None:
    return _replaced(rng, text, _spans(text, r"\w+|[^\w\s]"), lambda _: "")


def repeat_a_token(rng: random.Random, text: str) -> str | None:
    return _replaced(rng, text, _spans(text, r"\w+|[^\w\s]"), lambda token: f"{token} {token}")


def _edit_lines(rng: random.Random, text: str, edit: Callable[[list[str], int], None]) -> str:
    lines = text.splitlines(keepends=True)
    edit(lines, rng.randrange(len(lines)))
    return "".join(lines)


def drop_a_line(rng: random.Random, text: str) -> str | None:
    return _edit_lines(rng, text, lambda lines, k: lines.pop(k))


def repeat_a_line(rng: random.Random, text: str) -> str | None:
    return _edit_lines(rng, text, lambda lines, k: lines.insert(k, lines[k]))


def swap_lines(rng: random.Random, text: str) -> str | None:
    def swap(lines: list[str], k: int) -> None:
        lines[k - 1], lines[k] = lines[k], lines[k - 1]

    return _edit_lines(rng, text, swap)


def indent(rng: random.Random, text: str) -> str | None:
    def shift(lines: list[str], k: int) -> None:
        lines[k] = rng.choice(["  " + lines[k], " " + lines[k], lines[k][1:], lines[k].lstrip(), "\t" + lines[k]])

    return _edit_lines(rng, text, shift)


def other_type(rng: random.Random, text: str) -> str | None:
    """A list, a mapping, a number, nothing in place of what a key has."""
    spans = _spans(text, r"\w+: *([^|>\n{}\[\]]+)$", lambda key: True)
    values = [
        "[@]",
        "{a: @}",
        "",
        "null",
        "true",
        "3",
        "1.5",
        "[]",
        "{}",
        "2020-01-01",
        "''",
        "|\n  @\n",
        '"@"',
        "[[[1]]]",
    ]
    return _replaced(rng, text, spans, lambda was: rng.choice(values).replace("@", was.strip()))


def other_key(rng: random.Random, text: str) -> str | None:
    keys = re.findall(r"^ *([\w\"*]+):", text, flags=re.MULTILINE)
    return _replaced(
        rng,
        text,
        _spans(text, r"^ *(\w+):", lambda key: True),
        lambda _: rng.choice([*keys, "1", "''", "../x", "1x", "null"]),
    )


def truncate(rng: random.Random, text: str) -> str | None:
    return text[: rng.randrange(len(text))]


def random_characters(rng: random.Random, text: str) -> str | None:
    at = rng.randrange(len(text))
    junk = "".join(
        rng.choice("\x00\x07\t\r\\'\"{}[]#&*!|>%@`,:-?~$^éΩ中\u2028\ufeff\u202e\U0001f600")
        for _ in range(rng.randint(1, 4))
    )
    return text[:at] + junk + text[at + rng.randint(0, 2) :]


def make_it_long(rng: random.Random, text: str) -> str | None:
    """An expression nested or repeated far beyond what anybody writes."""
    ways = [
        "(" * 3000 + "@" + ")" * 3000,
        "-" * 3000 + "@",
        " + ".join("@" * 5000),
        "*".join("@" * 200),
        "(@)**99",
        "sqrt(" * 40 + "@" + ")" * 40,
    ]
    return _replaced(rng, text, _spans(text, r"= ([^:#{}\n]+)"), lambda was: rng.choice(ways).replace("@", was.strip()))


def splice(rng: random.Random, text: str) -> str | None:
    """A line of the file at another place."""
    lines = text.splitlines(keepends=True)
    lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return "".join(lines)


ANY: list[Mutation] = [
    odd_number, odd_number, odd_number, other_number, other_operator, other_name, other_name, other_flag, swap_tokens,
    drop_a_token, repeat_a_token, drop_a_line, repeat_a_line, swap_lines, indent, other_type, other_type, other_key,
    truncate, random_characters, make_it_long, splice,
]  # fmt: skip


def mutant(rng: random.Random, text: str) -> tuple[str, str, bool]:
    """A changed text, the name of its mutation, and whether it cannot be right."""
    while True:
        wrong = rng.random() < 0.4
        mutation = rng.choice(WRONG if wrong else ANY)
        changed = mutation(rng, text)
        if changed is not None and changed != text:
            return changed, mutation.__name__, wrong
