"""Finds the words of words.txt in pages, help texts and messages, and counts them in comments and names.

Fails if a page, a message or the documentation of a public item has one of them. Help texts are on the generated pages of
docs/reference/.
"""

import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["*.md", "docs/**/*.md", "examples/*.md", "tests/**/*.md"]
RUST = ["src/**/*.rs"]
FENCE_OR_CODE = re.compile(r"^ *```[^\n]*$|(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)", re.M | re.S)
TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | b?r(?P<hashes>\#*)"(?P<raw>.*?)"(?P=hashes)
      | b?"(?P<text>(?:\\.|[^"\\])*)"
      | b?'(?:\\[^\n]+?|[^'\\\n])'
      | (?P<name>[A-Za-z_]\w*)""",
    re.S | re.X,
)
INLINE_TESTS = re.compile(r"^#\[cfg\(test\)\]\n(?:#\[.*\]\n)*mod \w+ \{", re.M)
PUBLIC = re.compile(r"(?:^ *///[^\n]*\n)+(?=(?: *#\[[^\n]*\n)* *pub )", re.M)


class Words:
    """The words that we do not use."""

    def __init__(self, text):
        self.instead = {}
        for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
            forms, instead = line.split("=>")
            self.instead |= {form.strip(): instead.strip() for form in forms.split("|")}
        longest_first = sorted(self.instead, key=len, reverse=True)
        forms = "|".join(r"\s+".join(map(re.escape, form.split())) for form in longest_first)
        self.pattern = re.compile(rf"(?<![\w-])(?:{forms})(?![\w-])", re.I)

    def find(self, text):
        """Each of them in a text, with its offset."""
        return [(found.start(), " ".join(found.group().lower().split())) for found in self.pattern.finditer(text)]


def blank(text):
    """Blanks of the same length, on the same lines."""
    return re.sub(r"[^\n]", " ", text)


def prose(markdown):
    """A page without its inline code, on the same lines. Blocks of code stay, because they show messages."""
    return FENCE_OR_CODE.sub(lambda found: re.sub(r"[^\n]", "`", found.group()), markdown)


def literal(text):
    """The text of a string literal, without escapes and placeholders, on the same lines."""
    text = re.sub(r"\\(?:u\{\w+\}|.)", lambda found: blank(found.group()), text, flags=re.S)
    return re.sub(r"\{[^{}]*\}", lambda found: blank(found.group()), text)


def split_name(name):
    """`carry_out` and `CarryOut` as words."""
    return " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name))


def is_test(path):
    return "tests" in path.parts or path.name == "tests.rs"


def in_page(words, text):
    """The lines of a page with a word, and the word."""
    return located(text, words.find(prose(text)))


def in_messages(words, source):
    """The lines of Rust code with a word in a string literal, and the word."""
    found = []
    for token in TOKEN.finditer(INLINE_TESTS.split(source)[0]):
        for group in ("raw", "text"):
            if token[group]:
                found += [(token.start(group) + at, word) for at, word in words.find(literal(token[group]))]
    return located(source, found)


def in_public_docs(words, source):
    """The lines with a word in the documentation of a public item, and the word."""
    blocks = PUBLIC.finditer(source)
    return located(source, [(block.start() + at, word) for block in blocks for at, word in words.find(block.group())])


def located(text, found):
    return [(1 + text.count("\n", 0, at), word) for at, word in found]


def count(words, source):
    """How often each word is in a comment or in a name."""
    counts = Counter()
    for token in TOKEN.finditer(source):
        if token["comment"] or token["name"]:
            text = token["comment"] or split_name(token["name"])
            counts.update(word for _, word in words.find(text))
    return counts


def files(patterns):
    return sorted({path for pattern in patterns for path in ROOT.glob(pattern)})


def main():
    words = Words(Path(__file__).with_name("words.txt").read_text())
    problems, counts = [], Counter()
    for path in files(PAGES):
        problems += [(path, "page", *found) for found in in_page(words, path.read_text())]
    for path in files(RUST):
        source = path.read_text()
        counts += count(words, source)
        problems += [(path, "public documentation", *found) for found in in_public_docs(words, source)]
        if not is_test(path.relative_to(ROOT)):
            problems += [(path, "message", *found) for found in in_messages(words, source)]
    for path, where, line, word in problems:
        print(f"{path.relative_to(ROOT)}:{line}: {where}: `{word}`, write: {words.instead[word]}", file=sys.stderr)
    by_word = ", ".join(f"{word} {number}" for word, number in counts.most_common())
    print(f"Words in comments and names: {counts.total()}" + (f" ({by_word})" if counts else ""))
    if problems:
        sys.exit(f"{len(problems)} words of scripts/linters/words.txt")


if __name__ == "__main__":
    main()
