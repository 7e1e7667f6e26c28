//! `bootstrap`, the program that Lambda starts for a custom runtime: whether Linux could start it.

use std::path::Path;

use super::error::Error;

/// Its name. It must lie at the top of the code.
pub(super) const NAME: &str = "bootstrap";

/// As much of a file as Linux looks at to find out how to start it.
pub(super) const START: u64 = 256;

/// Whether a runtime starts `bootstrap`.
pub(super) fn is_needed(runtime: &str) -> bool {
    runtime.starts_with("provided")
}

/// Checks the first bytes of a `bootstrap` at `path`. What is not known to fail is left to AWS.
pub(super) fn check(start: &[u8], path: &Path, architecture: &str) -> Result<(), Error> {
    let refused = |reason: String| Err(Error::Bootstrap { path: path.to_owned(), reason });
    let line = start.split(|&byte| byte == b'\n').next().unwrap_or(start);
    if line.starts_with(b"\xef\xbb\xbf#!") {
        return refused(
            "begins with a byte order mark, which no script may have; save it without".to_owned(),
        );
    }
    if line.starts_with(b"#!") && line.ends_with(b"\r") {
        return refused(
            "is a script whose lines end with CRLF, and Linux takes the CR for a part of the interpreter's name; save \
             it with LF line ends (git: `bootstrap text eol=lf` in .gitattributes)"
                .to_owned(),
        );
    }
    match built_for(start) {
        Some(system) if system != architecture => refused(format!(
            "is a program for {system}, and the function runs on Linux {architecture}; build it for that, or set \
             `architecture`"
        )),
        _ => Ok(()),
    }
}

/// What a program was built for, by its first bytes; a Linux program by its processor.
fn built_for(start: &[u8]) -> Option<&'static str> {
    match start {
        // The header of ELF has the processor in two bytes at 18, the lower first on all processors that matter.
        [0x7f, b'E', b'L', b'F', ..] => match start.get(18..20)? {
            [62, 0] => Some("x86_64"),
            [183, 0] => Some("arm64"),
            _ => Some("another processor"),
        },
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => Some("macOS"),
        [b'M', b'Z', ..] => Some("Windows"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(machine: u8) -> Vec<u8> {
        let mut header = b"\x7fELF\x02\x01\x01".to_vec();
        header.resize(18, 0);
        header.extend([machine, 0]);
        header
    }

    #[test]
    fn what_linux_cannot_start_is_refused() {
        for (start, expected) in [
            (b"#!/bin/sh\r\necho\n".to_vec(), "end with CRLF"),
            (b"\xef\xbb\xbf#!/bin/sh\n".to_vec(), "byte order mark"),
            (b"MZ\x90\0".to_vec(), "a program for Windows, and the function runs on Linux arm64"),
            (b"\xcf\xfa\xed\xfe\x0c\0\0\x01".to_vec(), "a program for macOS"),
            (elf(62), "a program for x86_64"),
            (elf(8), "a program for another processor"),
        ] {
            let error = check(&start, Path::new("app/bootstrap"), "arm64").expect_err(expected).to_string();
            assert!(error.starts_with("`app/bootstrap` cannot be started by Lambda: it "), "{error}");
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_it_can_or_may_start_is_fine() {
        for start in
            [elf(183), b"#!/bin/sh\necho\r\n".to_vec(), b"#!/bin/sh".to_vec(), Vec::new(), vec![0; 300]]
        {
            assert!(check(&start, Path::new("bootstrap"), "arm64").is_ok(), "{start:?}");
        }
    }
}
