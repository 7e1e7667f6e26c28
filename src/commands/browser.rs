//! Opens a page in the user's browser.

use super::err;
use crate::render;

/// Opens a URL, and says so: what opens it may show nothing.
pub(super) fn open(url: &str) -> bool {
    match open::that_detached(url) {
        Ok(()) => {
            err(&render::aside(&format!("Opening {url}")));
            true
        }
        Err(error) => {
            let help = format!("open it yourself: {url}");
            err(&render::error(&format!("no browser can be opened: {error}"), Some(&help)));
            false
        }
    }
}
