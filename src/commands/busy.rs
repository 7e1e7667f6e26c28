//! What a command shows in a terminal while it reads or waits: a line that moves, and that is taken away again. Elsewhere nothing
//! is shown.

use super::err;
use super::screen::{can_move, hide_line, move_line};
use crate::aws::{Connection, Waits};
use crate::local::{Endpoint, LocalCloud};
use crate::render;
use anyhow::Result;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What is done before shows no line, which would only flicker.
const DELAY: Duration = Duration::from_millis(500);
/// How often the text is asked for.
const TICK: Duration = Duration::from_millis(100);
/// How long a wait is shown after it was reported. The longest pause between two reports is shorter.
const WAIT: Duration = Duration::from_secs(5);

/// What was last waited for, and when that was reported.
static LAST_WAIT: Mutex<Option<(Instant, String)>> = Mutex::new(None);

/// There is one line.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

type Text = Box<dyn Fn() -> String + Send>;

/// The line, while this exists. It is gone as soon as this is dropped.
pub(super) struct Busy {
    text: Arc<Mutex<Option<Text>>>,
    since: Instant,
    /// The thread that moves the line, and what ends it; `None` where no line can move.
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Busy {
    /// A line with no text yet.
    pub(super) fn new() -> Self {
        let (text, since) = (Arc::<Mutex<Option<Text>>>::default(), Instant::now());
        if !can_move() || IS_TAKEN.swap(true, Ordering::SeqCst) {
            return Busy { text, since, ticker: None };
        }
        let (end, ended) = channel::<()>();
        let shown = text.clone();
        let ticker = thread::spawn(move || {
            let mut pause = DELAY;
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                pause = TICK;
                let text = lock(&shown).as_ref().map(|text| text());
                text.iter().for_each(|text| move_line(text));
            }
        });
        Busy { text, since, ticker: Some((end, ticker)) }
    }

    /// A line whose text is asked for each time when it is drawn.
    pub(super) fn saying(text: impl Fn() -> String + Send + 'static) -> Self {
        let busy = Busy::new();
        busy.say(text);
        busy
    }

    /// A line for something that takes a while.
    pub(super) fn lasting(what: &'static str) -> Self {
        let since = Instant::now();
        Busy::saying(move || render::lasting(what, since.elapsed()))
    }

    /// A line for the calls of a connection.
    pub(super) fn reading(connection: &Connection) -> Self {
        let (calls, place) = (connection.calls().clone(), place(connection.is_local()));
        Busy::saying(move || render::reading(place, calls.reads(), calls.again(), last_wait().as_deref()))
    }

    /// Another text from now on.
    pub(super) fn say(&self, text: impl Fn() -> String + Send + 'static) {
        *lock(&self.text) = Some(Box::new(text));
    }

    /// Prints a message about something that takes a while, and from then on how long it has taken.
    pub(super) fn tell(&self, line: &str) {
        err(&render::aside(line));
        let since = Instant::now();
        self.say(move || render::lasting("", since.elapsed()));
    }

    /// Since when it exists.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// True if there is a line. Elsewhere a message must be printed.
    pub(super) fn is_live(&self) -> bool {
        self.ticker.is_some()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some((end, ticker)) = self.ticker.take() {
            drop(end);
            // The thread may be drawing; it only fails if the terminal does.
            let _ = ticker.join();
            hide_line();
            IS_TAKEN.store(false, Ordering::SeqCst);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is read.
fn place(is_local: bool) -> &'static str {
    if is_local { "the local cloud" } else { "AWS" }
}

/// Waits that the line shows.
pub(super) fn waits() -> Waits {
    Waits::new(|id, why| *lock(&LAST_WAIT) = Some((Instant::now(), format!("{id}: {why}"))))
}

fn last_wait() -> Option<String> {
    let last = lock(&LAST_WAIT);
    last.as_ref().filter(|(at, _)| at.elapsed() < WAIT).map(|(_, why)| why.clone())
}

/// Shows the line for the calls of a connection as long as something is read.
pub(super) async fn reading<T>(connection: &Connection, read: impl Future<Output = T>) -> T {
    let _busy = Busy::reading(connection);
    read.await
}

/// Installs the local cloud if needed, and starts it.
///
/// # Errors
/// As [`LocalCloud::start`].
pub(super) async fn start(cloud: &LocalCloud) -> Result<Endpoint> {
    let busy = Busy::new();
    cloud.start(&|line| busy.tell(line)).await
}
