//! The port of the local cloud. It is part of the URL of every API there, so it is picked once and kept.

use super::write;
use anyhow::{Context, Result, bail};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

/// Below the ports that systems hand out for outgoing connections, so that it is still free at the next start.
const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;
const DRAWS: u32 = 100;

/// The port for the next start: the wanted one, else the one from before, else a free one; and keeps it.
pub(super) fn choose(state: &Path, wanted: Option<&str>) -> Result<u16> {
    let file = file(state);
    let port = match (wanted, kept(&file)) {
        (Some(text), _) => asked_for(text)?,
        (None, Some(port)) if is_free(port)? => port,
        (None, Some(port)) => bail!(
            "Port {port}, where the local cloud answered before, is in use by another program. End that program; or set \
             PROVISION_LOCAL_PORT to another port, which changes the URLs of your APIs; or run `provision local reset`, \
             which deletes the data of the local cloud and lets the next start pick a new port."
        ),
        (None, None) => pick()?,
    };
    write(&file, &port.to_string())?;
    Ok(port)
}

/// The file that keeps the port; without it, the next start picks a new one.
pub(super) fn file(state: &Path) -> PathBuf {
    state.join("port")
}

fn kept(file: &Path) -> Option<u16> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn asked_for(text: &str) -> Result<u16> {
    let port = match text.trim().parse() {
        Ok(port) if port > 0 => port,
        _ => bail!("PROVISION_LOCAL_PORT is `{text}`; it must be a port between 1 and 65535."),
    };
    if !is_free(port)? {
        bail!("Port {port}, given in PROVISION_LOCAL_PORT, is in use by another program; name another one.");
    }
    Ok(port)
}

fn pick() -> Result<u16> {
    for draw in 0..DRAWS {
        let random = RandomState::new().hash_one(draw) % u64::from(COUNT);
        let port = FIRST + u16::try_from(random)?;
        if is_free(port)? {
            return Ok(port);
        }
    }
    let last = FIRST + COUNT - 1;
    bail!(
        "No free port between {FIRST} and {last} was found for the local cloud; set PROVISION_LOCAL_PORT to one."
    )
}

fn is_free(port: u16) -> Result<bool> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(false),
        Err(error) => Err(error).with_context(|| format!("Cannot use port {port} for the local cloud")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_picked_once_and_kept() {
        let state = tempfile::tempdir().expect("a folder");
        let port = choose(state.path(), None).expect("a free port");
        assert_eq!(choose(state.path(), None).expect("the same"), port);
    }

    #[test]
    fn a_kept_port_in_use_is_never_changed_silently() {
        let state = tempfile::tempdir().expect("a folder");
        let port = choose(state.path(), None).expect("a free port");
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("still free");
        let message = choose(state.path(), None).expect_err("in use").to_string();
        assert!(
            message.starts_with(&format!("Port {port}, where the local cloud answered before")),
            "{message}"
        );
        assert!(
            message.contains("PROVISION_LOCAL_PORT") && message.contains("provision local reset"),
            "{message}"
        );
        fs::remove_file(file(state.path())).expect("removed");
        assert_ne!(choose(state.path(), None).expect("another"), port);
        drop(taken);
    }

    #[test]
    fn the_wanted_port_wins_and_is_kept() {
        let state = tempfile::tempdir().expect("a folder");
        choose(state.path(), None).expect("a free port");
        let wanted = pick().expect("a free port");
        assert_eq!(choose(state.path(), Some(&wanted.to_string())).expect("free"), wanted);
        assert_eq!(choose(state.path(), None).expect("kept"), wanted);
    }

    #[test]
    fn a_wanted_port_must_be_one_and_be_free() {
        let state = tempfile::tempdir().expect("a folder");
        for text in ["0", "70000", "http"] {
            let message = choose(state.path(), Some(text)).expect_err("no port").to_string();
            assert_eq!(
                message,
                format!("PROVISION_LOCAL_PORT is `{text}`; it must be a port between 1 and 65535.")
            );
        }
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = taken.local_addr().expect("bound").port().to_string();
        assert!(
            choose(state.path(), Some(&port)).expect_err("in use").to_string().contains("name another one")
        );
    }
}
