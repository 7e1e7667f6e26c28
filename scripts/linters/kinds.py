"""Counts what names a kind of resource outside of the kind's own file, and keeps the engine apart from the kinds.

Everything that the product knows of a kind stands in its file in src/kinds/, and everything else loops over the registry. So
outside of these files, tests and generated pages neither the name of a kind is a literal, nor its module or its type in
`config` is imported, nor its section of the stack file is a field.
kinds.txt has the folders that still may, with their counts, which may only shrink.
"""

import re
import sys
from collections import Counter
from pathlib import Path

from words import INLINE_TESTS, ROOT, TOKEN, is_test

KINDS = ROOT / "src/kinds"
NAME = re.compile(r"""const NAME: &'static str = "(\w+)";""")
SECTION = re.compile(r"""const SECTION: &'static str = "(\w+)";""")
# Names of kinds that are also words of IAM or of logs, and keys of the stack file.
WORDS = {"policy", "stream"}
USE = re.compile(r"\buse\s+([^;]+);")
PATH = re.compile(r"\bkinds::(\w+)")
# The engine is handed the registry, so it imports nothing of the kinds, not even that.
ENGINE = re.compile(r"src/(?:(?:model|diff|observe|event|kind|plan|apply)(?:\.rs|/.+))")


class Kinds:
    """The registered kinds: their names, modules, types and sections."""

    def __init__(self, files):
        """From the sources of the kinds by file name."""
        self.names = {NAME.search(source)[1] for source in files.values() if NAME.search(source)}
        self.modules = {name.removesuffix(".rs") for name in files}
        types = "|".join(name.title().replace("_", "") for name in self.names)
        self.import_of_one = re.compile(rf"kinds::(?:{'|'.join(self.modules)})\b|config::(?:{types})$")
        sections = "|".join(found[1] for source in files.values() if (found := SECTION.search(source)))
        # `args.functions` are words of the command line.
        self.section = re.compile(rf"(?<!args)\.\s*({sections})\b(?!\s*\()|\bstack\s*\.\s*({sections})\(")

    def find(self, source):
        """What names a kind in Rust code, each with its line. Comments and inline tests may."""
        source = INLINE_TESTS.split(source)[0]
        names = self.names - WORDS
        found = [(token.start(), token["text"]) for token in TOKEN.finditer(source) if token["text"] in names]
        code = names_only(source)
        paths = [(at, path) for use in USE.finditer(code) for at, path in imports(use)]
        paths += [(path.start(), f"kinds::{path[1]}") for path in PATH.finditer(USE.sub(blank, code))]
        found += [(at, path) for at, path in paths if self.import_of_one.search(path)]
        found += [(field.start(), f".{field[1] or field[2]}") for field in self.section.finditer(code)]
        return sorted((1 + code.count("\n", 0, at), what) for at, what in found)


def imports(use):
    """Each path of a `use` with its offset: `a::{b, c::{d}}` is `a::b` and `a::c::d`."""
    prefix, at, found = [""], use.start(1), []
    for piece in re.finditer(r"[^{},]+|[{},]", use[1]):
        text = piece.group().strip()
        if text == "{":
            prefix.append(found.pop()[1] if found else "")
        elif text == "}":
            prefix.pop()
        elif text and text != ",":
            found.append((at + piece.start(), prefix[-1] + re.sub(r"\s", "", text.split(" as ")[0])))
    return found


def engine_imports(source):
    """The lines of the engine that name the kinds' module."""
    code = names_only(INLINE_TESTS.split(source)[0])
    lines = [code.count("\n", 0, use.start()) for use in USE.finditer(code)
             if any(re.match(r"crate::kinds\b", path) for _, path in imports(use))]
    lines += [code.count("\n", 0, path.start()) for path in re.finditer(r"\bcrate::kinds::", USE.sub(blank, code))]
    return sorted(1 + line for line in lines)


def blank(found):
    """Blanks of the same length, on the same lines."""
    return re.sub(r"[^\n]", " ", found.group())


def names_only(source):
    """Code without its comments and literals, on the same lines."""
    return TOKEN.sub(lambda token: token.group() if token["name"] else blank(token), source)


def folder(path):
    """`src/config` of `src/config/api.rs`, and `src/adopt.rs` of itself."""
    return "/".join(path.parts[:2])


def allowed(text):
    """The folders that still may name kinds, each with how often."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return {line[0]: int(line[1]) for line in lines if line}


def judge(counts, may):
    """What is wrong with these counts."""
    over = [f"{where} names kinds {count} times, {may.get(where, 0)} are allowed"
            for where, count in sorted(counts.items()) if count > may.get(where, 0)]
    under = [f"{where} names kinds {counts[where]} times: write that into kinds.txt, where {count} are allowed"
             for where, count in sorted(may.items()) if counts[where] < count]
    return over + under


def main():
    kinds = Kinds({path.name: path.read_text() for path in KINDS.glob("*.rs")
                   if NAME.search(path.read_text())})
    problems, counts, places = [], Counter(), []
    for path in sorted(ROOT.glob("src/**/*.rs")):
        relative = path.relative_to(ROOT)
        if is_test(relative) or KINDS in path.parents:
            continue
        source = path.read_text()
        for line, what in kinds.find(source):
            counts[folder(relative)] += 1
            places.append(f"{relative}:{line}: {what}")
        if ENGINE.fullmatch(str(relative)):
            problems += [f"{relative}:{line}: the engine imports the kinds" for line in engine_imports(source)]
    may = allowed(Path(__file__).with_name("kinds.txt").read_text())
    wrong = judge(counts, may)
    for place in places:
        if any(place.startswith(problem.split(" ")[0]) for problem in wrong) or "--all" in sys.argv:
            print(place, file=sys.stderr)
    by_folder = ", ".join(f"{where} {count}" for where, count in sorted(counts.items()))
    print(f"Names of kinds outside of their files: {counts.total()}" + (f" ({by_folder})" if counts else ""))
    if problems + wrong:
        sys.exit("\n".join(problems + wrong))


if __name__ == "__main__":
    main()
