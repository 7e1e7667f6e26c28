"""Tests of words.py: `python3 scripts/linters/words_test.py`."""

import unittest
from pathlib import Path

from words import Words, count, in_messages, in_page, in_public_docs

WORDS = Words("thing | things => resource\nby now => (leave it out)\nnobody => no one\n# a comment\n")
LIST = Words(Path(__file__).with_name("words.txt").read_text())

BAD_PAGE = """\
Each thing of the stack, and `thing` in code.

It is done by
now. **Nobody** knows.

```yaml
stack: one
```

    $ provision plan
    Another thing.
"""

GOOD_PAGE = """\
Something is nothing; `a thing` and ``the `thing` `` are code, and so is anything, by nowhere.

```yaml
stack: thing-table
```

`things
and more` is one piece of code.
"""

BAD_SOURCE = r"""
/// A thing that is a public item.
#[derive(Debug)]
pub struct Thing;

/// Nobody sees this.
fn a_thing() {
    let quote = '"';
    println!("the {thing} is\nby now \
        a thing");
    println!(r#"say "nobody" here"#); // by now
}

#[cfg(test)]
mod tests {
    const TEXT: &str = "a thing";
}
"""

GOOD_ENGLISH = """\
The plan is out of date. Nothing was changed. The stack still exists; run `provision up` again to continue.
A question needs an answer: yes or no. In order to deploy, wait until the role is ready. The market, a benchmark and
beside-the-point remarks pass. AWS refused the connection. It lies between the two. He answers the question. Bookmarks.
"""


class Pages(unittest.TestCase):
    def test_words_are_found_with_their_lines(self):
        self.assertEqual(in_page(WORDS, BAD_PAGE), [(1, "thing"), (3, "by now"), (4, "nobody"), (11, "thing")])

    def test_inline_code_and_longer_words_pass(self):
        self.assertEqual(in_page(WORDS, GOOD_PAGE), [])


class Sources(unittest.TestCase):
    def test_messages_are_string_literals_outside_of_tests(self):
        self.assertEqual(in_messages(WORDS, BAD_SOURCE), [(9, "by now"), (10, "thing"), (11, "nobody")])

    def test_public_documentation_is_found(self):
        self.assertEqual(in_public_docs(WORDS, BAD_SOURCE), [(2, "thing")])

    def test_comments_and_names_are_counted(self):
        self.assertEqual(count(WORDS, BAD_SOURCE), {"thing": 3, "nobody": 1, "by now": 1})


class TheList(unittest.TestCase):
    def test_each_form_is_found(self):
        for form in LIST.instead:
            self.assertEqual(in_page(LIST, f"So {form}, it is."), [(1, form)])

    def test_what_to_write_instead_passes(self):
        for instead in LIST.instead.values():
            self.assertEqual(in_page(LIST, instead), [])

    def test_good_english_passes(self):
        self.assertEqual(in_page(LIST, GOOD_ENGLISH), [])


if __name__ == "__main__":
    unittest.main()
