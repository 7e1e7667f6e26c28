"""Tests of kinds.py: `python3 scripts/linters/kinds_test.py`."""

import unittest

from kinds import ENGINE, Kinds, allowed, engine_imports, folder, judge
from words import ROOT

KINDS = Kinds({
    "table.rs": """const NAME: &'static str = "table"; const SECTION: &'static str = "tables";""",
    "log_group.rs": """const NAME: &'static str = "log_group";""",
})

BAD = r"""
use crate::kinds::table;
use crate::{
    aws::Context,
    kinds::{kind, log_group::{LOGS, PREFIX}, registry},
};

use crate::config::{LogGroup, LogGroups};

fn of(kind: &str) -> bool {
    stack.tables.iter();
    stack.tables().iter();
    // "table" in a comment, as crate::kinds::table is.
    match kind {
        "table" => crate::kinds::log_group::may(),
        _ => kind == "log_group",
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::table;
    const KIND: &str = "table";
}
"""

GOOD = r"""
use crate::kinds::{kind, kinds, registry};
use crate::kind::{AnyKind, Registry};

/// A `table`; see [`crate::kinds::table`].
fn of() -> &'static str {
    let kind = kind(crate::kinds::kinds()[0].name());
    println!("the table {} and tables; use crate::kinds::table;", "tables");
    let names = args.tables;
    clients.tables().name()
}
"""


class Names(unittest.TestCase):
    def test_literals_imports_and_paths_are_found_with_their_lines(self):
        found = KINDS.find(BAD)
        self.assertEqual([line for line, _ in found], [2, 5, 5, 8, 11, 12, 15, 15, 16])
        self.assertEqual({what for _, what in found if "::" not in what}, {"table", "log_group", ".tables"})

    def test_the_registry_comments_and_longer_texts_pass(self):
        self.assertEqual(KINDS.find(GOOD), [])

    def test_the_registered_kinds_are_read_from_their_files(self):
        sources = {path.name: path.read_text() for path in (ROOT / "src/kinds").glob("*.rs")}
        kinds = Kinds({name: source for name, source in sources.items() if "impl Kind for" in source})
        self.assertEqual(len(kinds.names), len(kinds.modules))
        self.assertEqual(len(kinds.names), sources["mod.rs"].split("\nkinds! {\n")[1].split("}")[0].count("::"))


class Engine(unittest.TestCase):
    def test_every_import_of_the_kinds_is_found(self):
        self.assertEqual(engine_imports(BAD), [2, 3, 15])
        self.assertEqual(engine_imports(GOOD), [2, 7])
        self.assertEqual(engine_imports("use crate::kind::Kind;\nuse crate::{aws, kind::Kind};\n"), [])

    def test_the_engine_is_these_files(self):
        for path in ["src/model/id.rs", "src/diff.rs", "src/kind.rs", "src/kind/features.rs", "src/plan/build.rs"]:
            self.assertTrue(ENGINE.fullmatch(path), path)
        for path in ["src/kinds/mod.rs", "src/adopt.rs", "src/commands/plan.rs", "src/render/plan.rs"]:
            self.assertFalse(ENGINE.fullmatch(path), path)


class Counts(unittest.TestCase):
    def test_counts_may_only_shrink(self):
        may = allowed("# a comment\nsrc/config 3\n")
        self.assertEqual(judge(counts({"src/config": 3}), may), [])
        self.assertEqual(len(judge(counts({"src/config": 4}), may)), 1)
        self.assertEqual(len(judge(counts({"src/config": 2}), may)), 1)
        self.assertEqual(len(judge(counts({"src/config": 3, "src/adopt.rs": 1}), may)), 1)

    def test_a_folder_counts_as_one(self):
        self.assertEqual(folder((ROOT / "src/config/tests/x.rs").relative_to(ROOT)), "src/config")
        self.assertEqual(folder((ROOT / "src/adopt.rs").relative_to(ROOT)), "src/adopt.rs")


def counts(by_folder):
    from collections import Counter

    return Counter(by_folder)


if __name__ == "__main__":
    unittest.main()
