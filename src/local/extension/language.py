"""What a text says, by rules: common words, capital letters, patterns. Offsets count characters, as Comprehend's do."""

import re
from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address

from . import words

WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
# As a phrase has it: with what belongs to a number or an address.
PART = re.compile(r"[$€£+]?\w(?:\S*[\w%])?")
# How far before a name something tells what it is.
NEAR = 20
# `j'aime`
ELIDED = re.compile(r"\b(?:[jldmtscn]|qu)'")
SCRIPTS = {
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "el": re.compile("[\u0370-\u03ff]"),
}
FUNCTION_WORDS = frozenset().union(*words.COMMON.values(), words.NEGATIONS) - words.POSITIVE
# With a capital these begin a sentence, or stand before a name.
NOT_NAMES = FUNCTION_WORDS | words.VERBS | words.HONORIFICS | {"today", "yesterday", "tomorrow"}

MONTH = f"(?:{'|'.join(words.MONTHS)})"
DATE = re.compile(
    rf"\b(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}/\d{{1,2}}/\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th)? {MONTH}(?: \d{{4}})?"
    rf"|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?|{MONTH} \d{{4}}|(?:{'|'.join(words.DAYS)})"
    r"|(?i:today|yesterday|tomorrow)|(?:1[5-9]|20)\d\d)\b(?![.,]?\d)")
NUMBER = r"\d+(?:[.,]\d+)*"
QUANTITY = re.compile(rf"(?<![\w.,@/-])(?:[$€£] ?{NUMBER}|{NUMBER}(?: ?%| (?:{words.UNITS})\b|\b))(?![\w@/-]|\.\d)")
# A name: words with capitals, and what may stand between them.
CAPITAL = r"(?:(?:Mrs?|Ms|Dr|Prof|Inc|Ltd|Corp|[A-Z])\.|[^\W\d_a-z][\w’'-]*)"
NAME = re.compile(rf"\b{CAPITAL}(?: (?:(?:of|de|van|von|da|del|di) )?{CAPITAL})*")

EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+\b")
URL = re.compile(r"\b(?:https?://|www\.)[^\s<>\"']+[^\s<>\"'.,;:!?)]")
ADDRESS = re.compile(rf"\b\d{{1,5}} (?:[A-Z]\w+ ){{1,3}}(?:{words.STREET})\b")
SOCIAL = re.compile(r"\b(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}\b")
CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")
PHONE = re.compile(r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\) ?)?\d{2,4}(?:[ .-]\d{2,4}){1,4}(?![\w-]|\.\w)")
NETWORK = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")


@dataclass(frozen=True)
class Span:
    """Something in a text, from one character to before another."""

    begin: int
    end: int
    type: str
    score: float


def languages(text):
    """The languages of a text with their scores, the most probable first; English if nothing tells."""
    votes = Counter({code: len(script.findall(text)) for code, script in SCRIPTS.items()})
    # Japanese has Chinese characters as well.
    if votes["ja"]:
        votes["ja"] += votes.pop("zh")
    for word in WORD.findall(text.lower()):
        of = [code for code, common in words.COMMON.items() if word in common]
        votes.update({code: 1 / len(of) for code in of})
    total = votes.total()
    if not total:
        return [("en", 0.5)]
    return [(code, round(0.99 * count / total, 4)) for code, count in votes.most_common() if count * 10 >= total]


def sentiment(text):
    """The scores of the four sentiments, which are 1 together."""
    good = bad = 0
    before = []
    for word in WORD.findall(ELIDED.sub("", text.lower().replace("’", "'"))):
        denied = any(one in words.NEGATIONS for one in before[-2:])
        good += word in (words.NEGATIVE if denied else words.POSITIVE)
        bad += word in (words.POSITIVE if denied else words.NEGATIVE)
        before.append(word)
    weights = {"Positive": max(good - bad, 0), "Negative": max(bad - good, 0), "Neutral": int(good + bad == 0),
               "Mixed": 2 * min(good, bad)}
    total = sum(weights.values())
    return {name: round(0.01 + 0.96 * weight / total, 4) for name, weight in weights.items()}


def entities(text):
    """Dates, addresses, quantities and names."""
    found = matches(text, DATE, "DATE", 0.99)
    for pattern, is_one in ((EMAIL, bool), (URL, bool), (CARD, has_check_digit), (NETWORK, is_network_address),
                            (PHONE, is_phone)):
        found += matches(text, pattern, "OTHER", 0.95, is_one)
    found += matches(text, QUANTITY, "QUANTITY", 0.98)
    for match in NAME.finditer(text):
        found += named(text, *match.span())
    return apart(found)


def matches(text, pattern, kind, score, is_one=bool):
    return [Span(*match.span(), kind, score) for match in pattern.finditer(text) if is_one(match.group())]


def apart(found):
    """What is found, in the order of the text. Of two that overlap, the one that was found first is kept."""
    kept, taken = [], bytearray(max((span.end for span in found), default=0))
    for span in found:
        if not any(taken[span.begin:span.end]):
            taken[span.begin:span.end] = b"\1" * (span.end - span.begin)
            kept.append(span)
    return sorted(kept, key=lambda span: span.begin)


def named(text, begin, end):
    """The entity of words with capitals, if they are more than the beginning of a sentence."""
    parts = [match.span() for match in re.finditer(r"\S+", text[begin:end])]
    parts = [(begin + first, begin + last) for first, last in parts]
    before = text[max(begin - NEAR, 0):begin]
    is_first = re.search(r"(?:^|[.!?:\n]\s*|[\"“(]\s*)$", before) is not None
    # `The London Eye`: the first word is written so because of its place.
    while parts and plain(text, parts[0]) in NOT_NAMES:
        is_first, parts = False, parts[1:]
    if not parts:
        return []
    names = [plain(text, part) for part in parts]
    kind, score = kind_of(names, text[max(parts[0][0] - NEAR, 0):parts[0][0]])
    if is_first and len(names) == 1 and kind == "OTHER":
        return []
    return [Span(parts[0][0], end, kind, score)]


def plain(text, part):
    return text[slice(*part)].lower().rstrip(".,;:")


def kind_of(names, before):
    """The type of a name, by its words and the word before it."""
    previous = (before.lower().split() or [""])[-1]
    whole = "-".join(names)
    if names[-1] in words.COMPANY or whole in words.ORGANIZATIONS:
        return "ORGANIZATION", 0.97
    if names[0] in words.PLACES or whole in words.LONG_PLACES:
        return "LOCATION", 0.99
    if previous in words.HONORIFICS or names[0] in words.FIRST_NAMES:
        return "PERSON", 0.99
    if previous in ("in", "at", "near", "from"):
        return "LOCATION", 0.8
    return ("PERSON", 0.85) if len(names) in (2, 3) else ("OTHER", 0.6)


def key_phrases(text):
    """Runs of words between those that only join others, each with the word `the` or its like before it."""
    found, run = [], []
    for match in PART.finditer(text):
        word = match.group().lower()
        if run and text[run[-1].end():match.start()].strip(" \t"):
            found += phrase(run)
            run = []
        if word in words.DETERMINERS:
            found += phrase(run)
            run = [match]
        elif word in FUNCTION_WORDS or word in words.VERBS:
            found += phrase(run)
            run = []
        else:
            run.append(match)
    return found + phrase(run)


def phrase(run):
    """The phrase of a run of words, unless it is one word that stands before others or praises them."""
    if not run or len(run) == 1 and run[0].group().lower() in words.DETERMINERS | words.POSITIVE | words.NEGATIVE:
        return []
    return [Span(run[0].start(), run[-1].end(), "", 0.99 if len(run) > 1 else 0.95)]


def personal_data(text):
    """What tells who somebody is, or how to reach them."""
    found = (matches(text, EMAIL, "EMAIL", 0.9999) + matches(text, URL, "URL", 0.999)
             + matches(text, ACCESS_KEY, "AWS_ACCESS_KEY", 0.999) + matches(text, ADDRESS, "ADDRESS", 0.98)
             + matches(text, SOCIAL, "SSN", 0.999) + matches(text, CARD, "CREDIT_DEBIT_NUMBER", 0.999, has_check_digit)
             + matches(text, NETWORK, "IP_ADDRESS", 0.999, is_network_address)
             + matches(text, DATE, "DATE_TIME", 0.99) + matches(text, PHONE, "PHONE", 0.99, is_phone))
    people = [Span(one.begin, one.end, "NAME", one.score) for one in entities(text) if one.type == "PERSON"]
    return apart(found + people)


def has_check_digit(number):
    """Whether the last digit fits the others, as that of a card does (Luhn)."""
    digits = [int(digit) for digit in reversed(number) if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def is_network_address(text):
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def is_phone(text):
    return 7 <= sum(character.isdigit() for character in text) <= 15
