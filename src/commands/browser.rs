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
        // What it says is about programs that the user has never heard of.
        Err(_) => {
            let help = format!("open it yourself: {url}");
            err(&render::error("no browser can be opened from here", Some(&help)));
            false
        }
    }
}
