//! Progress in a terminal: the running steps, each with its time, below the finished ones.

use super::progress::{line, stopping};
use super::{DIM, present, styled};
use crate::event::Event;
use crate::model::ResourceId;
use crate::text::printable;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

/// How often the times on the screen are updated.
const TICK: Duration = Duration::from_millis(100);

/// The live view of a run. It is cleared when it is dropped; the finished lines stay.
pub(super) struct Live {
    screen: MultiProgress,
    total: ProgressBar,
    /// Done with the first event. Until then nothing is drawn: what is printed before would leave the total where it is.
    begin: Once,
    /// The running steps by their indexes: two steps may concern resources of the same id.
    running: Mutex<BTreeMap<usize, Running>>,
    /// How many of them have a line, so that the total and some finished ones stay in sight.
    most: usize,
    /// Removes the styles if the user wants none.
    dress: fn(&str) -> String,
}

/// A running step.
struct Running {
    id: ResourceId,
    text: String,
    since: Instant,
    /// Its line, where there is room for it.
    bar: Option<ProgressBar>,
}

/// What of the screen is not for running steps.
const OTHER_ROWS: usize = 6;

impl Live {
    /// A view of so many steps to come, on a screen of so many rows.
    pub(super) fn new(
        target: ProgressDrawTarget,
        rows: usize,
        steps: usize,
        dress: fn(&str) -> String,
    ) -> Self {
        let screen = MultiProgress::with_draw_target(target);
        let total = screen.add(ProgressBar::new(steps as u64));
        total.set_style(style("  {pos} of {len} done in {took}{msg}", dress));
        let most = rows.saturating_sub(OTHER_ROWS).max(1);
        Live { screen, total, begin: Once::new(), running: Mutex::default(), most, dress }
    }

    /// Shows an event.
    pub(super) fn show(&self, event: &Event) {
        self.begin.call_once(|| self.total.enable_steady_tick(TICK));
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { step, id, action } => {
                let text = format!("{} {id}", present(*action));
                running.insert(*step, Running { id: id.clone(), text, since: Instant::now(), bar: None });
                self.fill(&mut running);
            }
            Event::Waiting { id, why } => {
                for one in running.values_mut().filter(|one| one.id == *id) {
                    one.text = self.shown(&format!("{id}: {}", styled(DIM, why)));
                    one.bar.iter().for_each(|bar| bar.set_message(one.text.clone()));
                }
            }
            Event::Stopping => self.keep(&stopping()),
            Event::Done { step, .. } | Event::Failed { step, .. } | Event::Skipped { step, .. } => {
                if let Some(bar) = running.remove(step).and_then(|one| one.bar) {
                    bar.finish_and_clear();
                    self.screen.remove(&bar);
                }
                line(event).iter().for_each(|line| self.keep(line));
                self.total.inc(1);
                self.fill(&mut running);
            }
        }
    }

    /// Gives lines to running steps as far as there is room, and says how many have none.
    fn fill(&self, running: &mut BTreeMap<usize, Running>) {
        let mut shown = running.values().filter(|one| one.bar.is_some()).count();
        for one in running.values_mut().filter(|one| one.bar.is_none()) {
            if shown == self.most {
                break;
            }
            one.bar = Some(self.line(one));
            shown += 1;
        }
        self.total.set_message(match running.len() - shown {
            0 => String::new(),
            more => format!(" · and {more} more running"),
        });
    }

    /// A line for a running step, above the total.
    fn line(&self, of: &Running) -> ProgressBar {
        let bar = self.screen.insert_before(&self.total, ProgressBar::new_spinner());
        let bar = bar.with_elapsed(of.since.elapsed());
        bar.set_style(style("  {spinner} {took:>7} {wide_msg}", self.dress));
        bar.set_message(of.text.clone());
        bar.enable_steady_tick(TICK);
        bar
    }

    /// A line that stays on the screen, above all that moves.
    fn keep(&self, text: &str) {
        // If the terminal is closed, there is nothing left to do.
        let _ = self.screen.println(self.shown(text));
    }

    /// A text as it goes to the screen.
    fn shown(&self, text: &str) -> String {
        (self.dress)(&printable(text))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.running.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        self.total.finish_and_clear();
        let _ = self.screen.clear();
    }
}

/// A style with the time as all other lines have it.
fn style(template: &str, dress: fn(&str) -> String) -> ProgressStyle {
    let took = move |state: &ProgressState, out: &mut dyn Write| {
        let _ = write!(out, "{}", dress(&styled(DIM, super::seconds(state.elapsed()))));
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    style.with_key("took", took)
}
