//! Reads the small files that tell how to build a package, in the encodings that editors and shells write.

use std::fs;
use std::path::Path;

use super::error::Error;

/// The encodings that are refused, by name.
const UTF_16: &str = "UTF-16, not UTF-8";
const UNKNOWN: &str = "not UTF-8";

/// Reads a file in UTF-8, called `shown` in messages. A byte order mark is no part of the text.
///
/// Node.js and npm read nothing else than UTF-8, so another encoding would only fail later.
pub(super) fn read_utf8(path: &Path, shown: &Path) -> Result<String, Error> {
    let bytes = read_bytes(path, shown)?;
    if utf_16(&bytes).is_some() {
        return Err(undecodable(shown, UTF_16));
    }
    decode(bytes).ok_or_else(|| undecodable(shown, UNKNOWN))
}

/// Reads a file whose byte order mark decides between UTF-8 and UTF-16, as pip does: Windows PowerShell writes UTF-16
/// with `>`.
pub(super) fn read_marked(path: &Path, shown: &Path) -> Result<String, Error> {
    let bytes = read_bytes(path, shown)?;
    let Some((order, data)) = utf_16(&bytes) else {
        return decode(bytes).ok_or_else(|| undecodable(shown, UNKNOWN));
    };
    let units = data.chunks_exact(2).map(|pair| match order {
        Order::LowFirst => u16::from_le_bytes([pair[0], pair[1]]),
        Order::HighFirst => u16::from_be_bytes([pair[0], pair[1]]),
    });
    let text: Option<String> = char::decode_utf16(units).map(Result::ok).collect();
    // A zero is what is left of UTF-32.
    text.filter(|text| data.len().is_multiple_of(2) && !text.contains('\0'))
        .ok_or_else(|| undecodable(shown, "not valid UTF-16"))
}

fn read_bytes(path: &Path, shown: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |source| Error::Unreadable { path: shown.to_owned(), source };
    // A device may have no end.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(Error::Special { path: shown.to_owned() });
    }
    fs::read(path).map_err(unreadable)
}

/// The order of the two bytes of a unit of UTF-16.
#[derive(Clone, Copy)]
enum Order {
    LowFirst,
    HighFirst,
}

/// What the byte order mark of UTF-16 says, and what follows it.
fn utf_16(bytes: &[u8]) -> Option<(Order, &[u8])> {
    match bytes {
        [0xff, 0xfe, data @ ..] => Some((Order::LowFirst, data)),
        [0xfe, 0xff, data @ ..] => Some((Order::HighFirst, data)),
        _ => None,
    }
}

fn decode(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn undecodable(shown: &Path, encoding: &'static str) -> Error {
    Error::Encoding { path: shown.to_owned(), encoding }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(bytes: &[u8]) -> (Option<String>, Option<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, bytes).expect("written");
        (read_utf8(&path, &path).ok(), read_marked(&path, &path).ok())
    }

    fn encoded(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn the_byte_order_mark_decides() {
        let text = "six==1 # für 🐍\r\n";
        let same = Some(text.to_owned());
        assert_eq!(both(text.as_bytes()), (same.clone(), same.clone()));
        assert_eq!(both(format!("\u{feff}{text}").as_bytes()), (same.clone(), same.clone()));
        let marked = format!("\u{feff}{text}");
        assert_eq!(both(&encoded(&marked, u16::to_le_bytes)), (None, same.clone()));
        assert_eq!(both(&encoded(&marked, u16::to_be_bytes)), (None, same));
    }

    #[test]
    fn other_encodings_are_refused() {
        let utf_32: Vec<u8> = "\u{feff}six".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        for bytes in [b"# f\xfcr".as_slice(), b"\xff\xfea", b"\xff\xfe\x00\xd8", &utf_32] {
            assert_eq!(both(bytes), (None, None), "{bytes:?}");
        }
    }
}
