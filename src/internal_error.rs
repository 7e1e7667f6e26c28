//! The last word of the program where it has met a defect of its own.

use crate::exit::Exit;
use crate::render;

/// Ends the process where it panics, with what to do and how to report it.
pub fn on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let why = panic.payload_as_str().unwrap_or("no reason given");
        let message =
            format!("provision {} has met a defect of its own: {why} ({place})", env!("CARGO_PKG_VERSION"));
        let help = "nothing is lost: AWS is the state, and running the same command again goes on from what is there. \
            Please report this line, and what you did, as CONTRIBUTING.md says";
        anstream::eprintln!("{}", render::error(&message, Some(help)));
        std::process::exit(Exit::Defect as i32);
    }));
}
