//! Keys that a user presses while a command runs, in a terminal that is not asked to wait for whole lines.

use super::is_interactive;
use std::io::{Read, Write};
use std::sync::{Mutex, PoisonError};
use std::thread;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// Opens the API in a browser.
    Open,
    /// Runs the checks.
    Check,
    /// Shows the logs, or stops that.
    Logs,
    /// Quits.
    Quit,
}

impl Key {
    /// What a byte means that the terminal sends; nothing for most.
    fn of(byte: u8) -> Option<Self> {
        match byte.to_ascii_lowercase() {
            b'o' => Some(Key::Open),
            b'c' => Some(Key::Check),
            b'l' => Some(Key::Logs),
            b'q' => Some(Key::Quit),
            _ => None,
        }
    }
}

/// The keys, as long as this exists. Then the terminal is as it was before.
pub(super) struct Keys {
    pressed: UnboundedReceiver<Key>,
}

impl Keys {
    /// Listens, where the user has a terminal that this process may set.
    pub(super) fn listen() -> Option<Self> {
        if !is_interactive() || !terminal::take_single_keys() {
            return None;
        }
        let (send, pressed) = unbounded_channel();
        // A read cannot be given up, so the thread ends with the process.
        thread::spawn(move || {
            let mut bytes = std::io::stdin().lock().bytes().map_while(Result::ok);
            bytes.all(|byte| Key::of(byte).is_none_or(|key| send.send(key).is_ok()))
        });
        Some(Keys { pressed })
    }

    /// The next key. It never comes where none can be pressed any more.
    pub(super) async fn next(keys: &mut Option<Self>) -> Key {
        let key = match keys {
            Some(keys) => keys.pressed.recv().await,
            None => None,
        };
        match key {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        terminal::restore();
    }
}

/// A line that the user types and that the terminal does not show.
///
/// # Errors
/// The terminal cannot be used.
pub(super) fn hidden_line(question: &str) -> std::io::Result<String> {
    // Nothing listens, so a signal ends the process at once, and gives the terminal back before that.
    drop(super::stop_on_ctrl_c());
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question} ")?;
    stderr.flush()?;
    if !terminal::hide() {
        return Err(std::io::Error::other("it cannot hide what is typed"));
    }
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    terminal::restore();
    // The terminal has not shown the end of the line either.
    writeln!(stderr)?;
    read?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Gives the terminal back, before the process ends at once.
pub(super) fn restore() {
    terminal::restore();
}

#[cfg(unix)]
mod terminal {
    use super::{Mutex, PoisonError};
    use rustix::process::getpgrp;
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
    use std::io::stdin;

    /// The settings from before.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    /// Asks the terminal to send each key as it is pressed, and not to show it. Ctrl-C stays what it is. False in the
    /// background, where a program that sets the terminal would be stopped.
    pub(super) fn take_single_keys() -> bool {
        set(|modes| modes.remove(LocalModes::ICANON | LocalModes::ECHO))
    }

    /// Asks the terminal not to show what is typed.
    pub(super) fn hide() -> bool {
        set(|modes| modes.remove(LocalModes::ECHO))
    }

    fn set(change: impl FnOnce(&mut LocalModes)) -> bool {
        let stdin = stdin();
        let (Ok(before), Ok(front)) = (tcgetattr(&stdin), tcgetpgrp(&stdin)) else { return false };
        if front != getpgrp() {
            return false;
        }
        let mut settings = before.clone();
        change(&mut settings.local_modes);
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        tcsetattr(&stdin, OptionalActions::Now, &settings).is_ok()
    }

    pub(super) fn restore() {
        if let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A terminal that is closed needs no settings.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
        }
    }
}

#[cfg(not(unix))]
mod terminal {
    pub(super) fn take_single_keys() -> bool {
        false
    }

    pub(super) fn hide() -> bool {
        false
    }

    pub(super) fn restore() {}
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_few_letters_are_keys_and_all_else_is_not() {
        let keys: Vec<Option<Key>> = b"oClq\n x".iter().map(|byte| Key::of(*byte)).collect();
        let [open, check, logs, quit] = [Key::Open, Key::Check, Key::Logs, Key::Quit].map(Some);
        assert_eq!(keys, [open, check, logs, quit, None, None, None]);
    }
}
