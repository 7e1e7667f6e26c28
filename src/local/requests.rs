//! The requests that the APIs of the local cloud served, as its extension notes them.

use super::process;
use serde::Deserialize;
use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom};
use std::path::PathBuf;

/// A request that an API served.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Served {
    /// When it came, in milliseconds since 1970.
    pub at: i64,
    /// The physical id of what served it.
    pub endpoint: String,
    /// The method.
    pub method: String,
    /// The path within the API's URL, without a query.
    pub path: String,
    /// The status of the response.
    pub status: u16,
    /// How long the response took.
    pub milliseconds: u64,
}

/// Reads what is served from now on.
#[derive(Debug)]
pub struct RequestLog {
    file: PathBuf,
    /// How much of the file has been read.
    read: u64,
}

impl RequestLog {
    /// A reader of the log in a state folder, from its end.
    pub(super) fn new(state: &std::path::Path) -> Self {
        let file = process::requests(state);
        let read = file.metadata().map_or(0, |file| file.len());
        RequestLog { file, read }
    }

    /// What was served since the last look. There is no file before the first request.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn look(&mut self) -> Result<Vec<Served>> {
        let Ok(mut file) = File::open(&self.file) else { return Ok(Vec::new()) };
        if file.metadata()?.len() < self.read {
            // The log became long, or the cloud was started again.
            self.read = 0;
        }
        file.seek(SeekFrom::Start(self.read))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        let lines = text[..whole].split(|byte| *byte == b'\n');
        Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::io::Write;

    fn line(path: &str) -> String {
        format!(
            r#"{{"at": 5, "endpoint": "a1", "method": "GET", "path": "{path}", "status": 200, "milliseconds": 58}}"#
        )
    }

    fn paths(log: &mut RequestLog) -> Result<Vec<String>> {
        Ok(log.look()?.into_iter().map(|served| served.path).collect())
    }

    #[test]
    fn each_request_is_read_once_and_whole() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut log = RequestLog::new(folder.path());
        assert_eq!(log.look()?, []);
        let file = process::requests(folder.path());
        let append =
            |text: &str| OpenOptions::new().append(true).create(true).open(&file)?.write_all(text.as_bytes());
        append(&format!("{}\n{}\n", line("/a"), line("/b")))?;
        assert_eq!(paths(&mut log)?, ["/a", "/b"]);
        let next = line("/c");
        append(&next[..9])?;
        assert_eq!(paths(&mut log)?, [""; 0]);
        append(&format!("{}\n", &next[9..]))?;
        assert_eq!(paths(&mut log)?, ["/c"]);
        // What was there before is not read.
        assert_eq!(RequestLog::new(folder.path()).look()?, []);
        std::fs::write(&file, format!("{}\n", line("/d")))?;
        assert_eq!(paths(&mut log)?, ["/d"], "it began again");
        Ok(())
    }
}
