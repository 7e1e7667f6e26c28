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
        crate::commands::release_terminal();
        std::process::exit(Exit::InternalError as i32);
    }));
}

#[cfg(test)]
mod tests {
    use super::on_panic;
    use crate::exit::Exit;
    use crate::sensitive;
    use std::process::Command;

    /// Set in the process that panics.
    const CHILD: &str = "PROVISION_TEST_PANIC";

    #[test]
    fn a_panic_shows_no_sensitive_value() {
        if std::env::var_os(CHILD).is_some() {
            sensitive::note("open-sesame");
            on_panic();
            panic!("got open-sesame");
        }
        let name = "internal_error::tests::a_panic_shows_no_sensitive_value";
        let test = std::env::current_exe().expect("the tests");
        let child = Command::new(test).args([name, "--exact", "--nocapture"]).env(CHILD, "1").output();
        let child = child.expect("the tests run");
        let said =
            [child.stdout, child.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        assert_eq!(child.status.code(), Some(Exit::InternalError as i32), "{said}");
        assert!(said.contains("got (sensitive)") && !said.contains("sesame"), "{said}");
    }
}
