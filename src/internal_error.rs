//! The last message of the program after an internal error.

use crate::commands::screen::err;
use crate::exit::Exit;
use crate::render;

/// Ends the process if it panics, with a message that says what to do and how to report it.
pub fn on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let why = panic.payload_as_str().unwrap_or("no reason given");
        let message = format!("internal error in provision {}: {why} ({place})", env!("CARGO_PKG_VERSION"));
        let help = "please report this line and what you did, as CONTRIBUTING.md says. Nothing is lost: AWS holds the \
            state; run the same command again to continue";
        err(&render::error(&message, Some(help)));
        std::process::exit(Exit::InternalError as i32);
    }));
}
