//! Changes texts in the ways in which they go wrong by accident, and in those that readers stumble over.

use fastrand::Rng;

/// What is put in the place of a value, or anywhere at all.
const PIECES: &[&str] = &[
    "",
    "~",
    "null",
    "true",
    "no",
    "0",
    "-1",
    "007",
    "0x1F",
    "1e999",
    ".inf",
    ".nan",
    "9223372036854775808",
    "-170141183460469231731687303715884105729",
    "2001-12-14t21:59:43.10-05:00",
    "\"\"",
    "''",
    "{}",
    "[]",
    "[[]]",
    "{a: {b: {c: d}}}",
    "&a x",
    "*a",
    "&a [*a]",
    "<<: *a",
    "<<: {stack: other}",
    "? ",
    "- ",
    "---\n",
    "...\n",
    "!!binary aGVsbG8=",
    "!!set {a, b}",
    "!local x",
    "%YAML 1.2\n",
    "|\n  text\n",
    ">-\n  text\n",
    "|9\n",
    "\t",
    "\r\n",
    "\r",
    "\u{feff}",
    "\u{0}",
    "\"\\0\"",
    "\"\\01\"",
    "\u{1b}[31m",
    "\"\\x1b[2J\"",
    "\u{85}",
    "\u{a0}",
    "\u{a0}\u{a0}",
    "\u{200b}",
    "lambdas\\hello",
    "GET /items/",
    "GET /items/*",
    "\u{2028}",
    "\u{202e}",
    "\u{1f600}",
    "e\u{301}",
    "\u{10ffff}",
    "${",
    "}",
    "$${",
    "${}",
    "${env}",
    "${region}",
    "${account}",
    "${process.HOME}",
    "${process.NOBODY}",
    "${var.x}",
    "${tables.notes.arn}",
    "${tables[\"a.b\"].arn}",
    "${tables[\"",
    "${functions.save.arn}",
    "${functions.save.name}",
    "${api.url}",
    "${capture.x}",
    "${a:b}",
    "${${env}}",
    "$",
    "*",
    "?",
    ":",
    ": ",
    "#",
    " #",
    ",",
    "\"",
    "'",
    "`",
    "@",
    "{",
    "[",
    "]",
    "\\",
    "../..",
    "/etc/passwd",
    "/dev/zero",
    ".",
    "lambdas",
    "lambdas/hello",
    "lambdas/../lambdas/hello",
    "stack.yaml",
    "arn:aws:iam::123456789012:role/x",
    "arn:aws:lambda:eu-west-1:123456789012:layer:a:1",
    "GET /",
    "ANY /{proxy+}",
    "GET /{a}/{a}",
    "$default",
    "get /x",
    "GET /a b",
    "aws:x",
    "provision:x",
    "read-write",
    "[dynamodb:*]",
    "{ Effect: Allow, Action: \"*\", Resource: \"*\" }",
    "provisioned",
    "on-demand",
    "{ read: 0, write: -1 }",
    "python3.13",
    "nodejs22.x",
    "provided.al2023",
    "java21",
    "prod",
    "prod: {}",
    "Some(1)",
    "stack",
    "tables",
    "functions",
    "api",
    "checks",
    "environments",
    "variables",
    "tags",
    "routes",
    "policy",
    "environment",
    "access",
];

/// A text that differs from the given one in a few ways; `other` lends parts.
pub(crate) fn mutated(rng: &mut Rng, text: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    // Few at most times: what is broken at once hides the rest.
    let most = rng.usize(1..=4);
    for _ in 0..rng.usize(1..=most) {
        bytes = match rng.u8(0..16) {
            0 => flipped(rng, bytes),
            1 => inserted(rng, bytes),
            2 => without_part(rng, bytes),
            3 => truncated(rng, bytes),
            4 => spliced(rng, &bytes, other),
            5..=9 => with_other_value(rng, &bytes),
            10 | 11 => with_other_key(rng, &bytes),
            12 | 13 => with_lines_moved(rng, &bytes),
            14 => with_other_indentation(rng, &bytes),
            _ => repeated(rng, &bytes),
        };
    }
    bytes
}

fn piece(rng: &mut Rng) -> Vec<u8> {
    let piece = PIECES[rng.usize(..PIECES.len())].as_bytes();
    match rng.u8(0..20) {
        0 => piece.repeat(rng.usize(1..400)),
        1 => (0..rng.usize(1..12)).map(|_| rng.u8(..)).collect(),
        _ => piece.to_vec(),
    }
}

fn place(rng: &mut Rng, bytes: &[u8]) -> usize {
    rng.usize(..=bytes.len())
}

fn flipped(rng: &mut Rng, mut bytes: Vec<u8>) -> Vec<u8> {
    const SIGNS: &[u8] = b"\0\t\n\r \"'#&*:-[{]}$!|>%@`~?,";
    if !bytes.is_empty() {
        let at = rng.usize(..bytes.len());
        bytes[at] = if rng.bool() { bytes[at] ^ (1 << rng.u8(..8)) } else { SIGNS[rng.usize(..SIGNS.len())] };
    }
    bytes
}

fn inserted(rng: &mut Rng, mut bytes: Vec<u8>) -> Vec<u8> {
    let at = place(rng, &bytes);
    bytes.splice(at..at, piece(rng));
    bytes
}

fn without_part(rng: &mut Rng, mut bytes: Vec<u8>) -> Vec<u8> {
    let start = place(rng, &bytes);
    let end = (start + rng.usize(1..40)).min(bytes.len());
    bytes.drain(start..end);
    bytes
}

fn truncated(rng: &mut Rng, mut bytes: Vec<u8>) -> Vec<u8> {
    let end = place(rng, &bytes);
    bytes.truncate(end);
    bytes
}

fn spliced(rng: &mut Rng, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let (from, to) = (place(rng, bytes), place(rng, other));
    [&bytes[..from], &other[to..]].concat()
}

/// The lines of a text, with their endings.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn with_line(rng: &mut Rng, bytes: &[u8], change: impl FnOnce(&mut Rng, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut lines = lines(bytes);
    if let Some(at) = (!lines.is_empty()).then(|| rng.usize(..lines.len())) {
        lines[at] = change(rng, &lines[at]);
    }
    lines.concat()
}

/// Where the value of a line begins: after `: ` or `- `.
fn value_at(line: &[u8]) -> usize {
    let after = |mark: &[u8]| line.windows(2).position(|pair| pair == mark).map(|at| at + 2);
    after(b": ").or_else(|| after(b"- ")).unwrap_or(line.len())
}

fn with_other_value(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    with_line(rng, bytes, |rng, line| [&line[..value_at(line)], &piece(rng), b"\n"].concat())
}

fn with_other_key(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    with_line(rng, bytes, |rng, line| {
        let indentation = line.iter().take_while(|byte| **byte == b' ').count();
        let rest = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        [&line[..indentation], &piece(rng), &line[rest..]].concat()
    })
}

fn with_lines_moved(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let mut lines = lines(bytes);
    if !lines.is_empty() {
        let (from, to) = (rng.usize(..lines.len()), rng.usize(..lines.len()));
        match rng.u8(0..3) {
            0 => lines.swap(from, to),
            1 => lines.insert(to, lines[from].clone()),
            _ => drop(lines.remove(from)),
        }
    }
    lines.concat()
}

fn with_other_indentation(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    with_line(rng, bytes, |rng, line| match (rng.u8(0..3), line.strip_prefix(b"  ")) {
        (0, Some(less)) => less.to_vec(),
        (1, _) => [b"\t", line].concat(),
        _ => [b"  ", line].concat(),
    })
}

/// A part repeated many times: very long lists and mappings.
fn repeated(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let lines = lines(bytes);
    let Some(last) = lines.len().checked_sub(1) else { return Vec::new() };
    let start = rng.usize(..=last);
    let end = (start + rng.usize(1..6)).min(lines.len());
    let part = lines[start..end].concat().repeat(rng.usize(2..60));
    [lines[..start].concat(), part, lines[end..].concat()].concat()
}
