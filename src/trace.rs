//! What the program says of itself when something is to be found out: traces, and a last word where it has met a defect of
//! its own. Never a value of the user's: the libraries below, which would write whole requests, are kept at their
//! notices.

use crate::exit::Exit;
use crate::render;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

/// The variable that turns traces on: a level, such as `debug`, or `target=level` pairs.
const VARIABLE: &str = "PROVISION_LOG";

/// Writes traces to the standard error, where the user asks for them.
pub fn listen() {
    let Some(wanted) = std::env::var(VARIABLE).ok().filter(|wanted| !wanted.is_empty()) else { return };
    let Ok(filter) = wanted.parse::<Targets>() else {
        let text = format!("{VARIABLE} is not understood: `{wanted}`; write for example {VARIABLE}=debug");
        anstream::eprintln!("{}", render::warning(&text));
        return;
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(lines.with_filter(harmless(&filter))).init();
}

/// What of a filter can show nothing secret: our own traces as they are wanted, all others at most their notices.
fn harmless(wanted: &Targets) -> Targets {
    let most = |level: LevelFilter| level.min(LevelFilter::INFO);
    let others =
        wanted.iter().filter(|(target, _)| !is_ours(target)).map(|(target, level)| (target, most(level)));
    let ours = wanted.iter().filter(|(target, _)| is_ours(target));
    let default = wanted.default_level().unwrap_or(LevelFilter::OFF);
    let mut filter = Targets::new().with_default(most(default)).with_target("provision", default);
    filter = filter.with_targets(others.map(|(target, level)| (target.to_owned(), level)));
    filter.with_targets(ours.map(|(target, level)| (target.to_owned(), level)))
}

fn is_ours(target: &str) -> bool {
    target == "provision" || target.starts_with("provision::")
}

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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn libraries_are_never_traced_to_the_wire() {
        for wanted in
            ["trace", "aws_smithy_runtime=trace,hyper=debug,provision=trace", "debug,aws_config=trace"]
        {
            let filter = harmless(&wanted.parse().unwrap());
            for target in ["aws_smithy_runtime::client", "hyper::proto", "aws_config"] {
                assert!(!filter.would_enable(target, &Level::DEBUG), "{wanted}: {target}");
            }
            assert!(filter.would_enable("provision::aws", &Level::DEBUG), "{wanted}");
        }
        let filter = harmless(&"info,provision::package=debug".parse().unwrap());
        assert!(filter.would_enable("provision::package", &Level::DEBUG));
        assert!(!filter.would_enable("provision::aws", &Level::DEBUG));
        assert!(filter.would_enable("hyper", &Level::INFO));
    }
}
