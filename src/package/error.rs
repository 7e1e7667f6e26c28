//! Why a package could not be built, each with the path and the way out.

use std::io;
use std::path::PathBuf;

/// Why a function's code could not be packaged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `code` names nothing that can be read.
    #[error(
        "cannot find the code `{code}`: {source}; `code` is a folder, a source file or a .zip inside the \
         stack's folder"
    )]
    Missing {
        /// The value of `code`.
        code: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// `code` lies outside the stack's folder.
    #[error("the code `{code}` is outside the stack's folder; move it inside, next to stack.yaml")]
    OutsideStack {
        /// The value of `code`.
        code: PathBuf,
    },
    /// A symbolic link leads out of the code folder.
    #[error(
        "`{link}` is a symbolic link that leaves the code folder; copy what it points to, or leave it out \
         with `exclude` or .provisionignore"
    )]
    Leaves {
        /// The link, or something reached through it.
        link: PathBuf,
    },
    /// A symbolic link leads back to a folder that contains it.
    #[error(
        "`{link}` is a symbolic link to a folder that contains it; remove it, or leave it out with `exclude` \
         or .provisionignore"
    )]
    Loop {
        /// The link.
        link: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error(
        "cannot read `{path}`: {source}; make it readable, or leave it out with `exclude` or .provisionignore"
    )]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that tells how to build is in an encoding that its readers do not know.
    #[error("`{path}` is {encoding}; save it as UTF-8 in your editor")]
    Encoding {
        /// The file.
        path: PathBuf,
        /// What is known of its encoding.
        encoding: &'static str,
    },
    /// Something that is neither a file nor a folder.
    #[error(
        "`{path}` is neither a file nor a folder (a socket, pipe or device); remove it, or leave it out with \
         `exclude` or .provisionignore"
    )]
    Special {
        /// Its path.
        path: PathBuf,
    },
    /// A name that a zip cannot carry to every machine.
    #[error(
        "the name of `{path}` cannot go into a zip: it must be UTF-8 and have no backslash; rename the file, \
         or leave it out with `exclude` or .provisionignore"
    )]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// A pattern of `exclude` or `.provisionignore` is malformed.
    #[error("a pattern in {origin} is malformed: {reason}; patterns are written as in .gitignore")]
    Pattern {
        /// Where the pattern stands.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing is left to package.
    #[error(
        "there is nothing to package in `{code}`: it has no files, or `exclude` and .provisionignore leave \
         out all of them"
    )]
    Empty {
        /// The value of `code`.
        code: PathBuf,
    },
    /// Lambda could not start the `bootstrap` of a custom runtime.
    #[error("`{path}` cannot be started by Lambda: it {reason}")]
    Bootstrap {
        /// The file.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// A finished `.zip` is not one.
    #[error("`{path}` is not a zip that Lambda could unpack: {reason}; build it again")]
    NotZip {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A package is larger than Lambda takes.
    #[error(
        "the package of `{code}` has {size} bytes {form}, and Lambda takes at most {limit}{largest}; leave \
         files out with `exclude` or .provisionignore, or move packages into a layer",
        size = grouped(*size), limit = grouped(*limit)
    )]
    TooLarge {
        /// The value of `code`.
        code: PathBuf,
        /// `zipped` or `unzipped`.
        form: &'static str,
        /// The actual size in bytes.
        size: u64,
        /// The greatest allowed size in bytes.
        limit: u64,
        /// The largest files, as a clause that follows the limit, or nothing.
        largest: String,
    },
    /// A function's package and its layers exceed one of Lambda's limits together.
    #[error(
        "`{code}` and the layers of the function have {size} bytes unzipped together, and Lambda takes at most {limit}; leave \
         files out with `exclude` or .provisionignore",
        size = grouped(*size), limit = grouped(*limit)
    )]
    TooLargeWithLayers {
        /// The value of `code`.
        code: PathBuf,
        /// The size in bytes.
        size: u64,
        /// The greatest allowed size in bytes.
        limit: u64,
    },
    /// A line of `requirements.txt` that would run code or cannot be cached.
    #[error("`{path}`, line {line}: `{text}` cannot be installed: {reason}")]
    Requirement {
        /// The requirements file.
        path: PathBuf,
        /// The number of the line.
        line: usize,
        /// The line, without credentials.
        text: String,
        /// Why not, and what to do instead.
        reason: String,
    },
    /// `package.json` or its lock file is malformed or cannot be installed from.
    #[error("`{path}`: {reason}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// A build tool is not installed.
    #[error("{task} needs `{tool}`, which is not installed; {help}")]
    ToolMissing {
        /// The name of the program.
        tool: String,
        /// What it was for, such as "installing packages".
        task: String,
        /// How to get it.
        help: &'static str,
    },
    /// A build tool ended with a failure.
    #[error("{task} failed: `{tool}` ended with {status}:\n{output}\n{help}")]
    ToolFailed {
        /// The name of the program.
        tool: String,
        /// What it was for, such as "installing packages".
        task: String,
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        output: String,
        /// What to do.
        help: String,
    },
    /// The cache cannot be written.
    #[error("cannot write to the cache at `{path}`: {source}; check its permissions and the free space")]
    Cache {
        /// The file or folder in the cache.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The program is ending while a package is being built.
    #[error("packaging was interrupted; run the command again")]
    Interrupted,
}

/// Writes `52428800` as `52,428,800`, because sizes are compared by eye.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn large_numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (52_428_800, "52,428,800")] {
            assert_eq!(super::grouped(number), text);
        }
    }
}
