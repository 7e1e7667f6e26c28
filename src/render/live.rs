//! Progress in a terminal: how far it is, and below it what is running, a line for each entry of the stack file.

use super::progress::{line, stopping};
use super::{DIM, present, styled, wrapped};
use crate::event::Event;
use crate::kinds::kind;
use crate::model::ResourceId;
use crate::outline::Outline;
use crate::plan::Action;
use crate::text::printable;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

/// How often the times on the screen are updated.
const TICK: Duration = Duration::from_millis(100);

/// What the live view knows of the steps to come.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    /// How many will be reported.
    pub(super) count: usize,
    /// The entry that each step, by index, is a part of, and what is done with it.
    pub(super) entries: BTreeMap<usize, (ResourceId, Action)>,
    /// True if a step that succeeded leaves a line.
    pub(super) lines: bool,
}

impl Steps {
    /// The steps of a plan.
    pub(super) fn of(outline: &Outline, lines: bool) -> Self {
        let count = outline.plan.steps.iter().filter(|step| !step.with_parent).count();
        let entries = outline.groups.iter().flat_map(|group| {
            let own = outline.steps(group).find(|step| step.id == group.id);
            let action = own.map_or(Action::Update, |step| step.action);
            group.items.iter().map(move |step| (*step, (group.id.clone(), action)))
        });
        Steps { count, entries: entries.collect(), lines }
    }
}

/// The live view of a run. It is cleared when it is dropped; the finished lines stay.
pub(super) struct Live {
    screen: MultiProgress,
    total: ProgressBar,
    /// Done with the first event. Until then nothing is drawn: what is printed before would leave the total where it is.
    begin: Once,
    steps: Steps,
    /// The entries of which steps are running.
    running: Mutex<Vec<Running>>,
    /// How many of them have a line, so that the total and some finished ones stay in sight.
    most: usize,
    /// Removes the styles if the user wants none.
    dress: fn(&str) -> String,
}

/// An entry with its running steps.
struct Running {
    entry: ResourceId,
    action: Action,
    /// The steps by index, each with its resource and what it waits for.
    steps: BTreeMap<usize, (ResourceId, Option<String>)>,
    since: Instant,
    /// Its line, where there is room for it.
    bar: Option<ProgressBar>,
}

impl Running {
    /// What its line says: what is waited for, else what is done, with the parts that are at it.
    fn text(&self) -> String {
        let mut waits = self.steps.values().rev().filter_map(|(id, why)| Some((id, why.as_ref()?)));
        if let Some((id, why)) = waits.next() {
            return format!("{id}: {}", styled(DIM, why));
        }
        let parts = self.steps.values().filter(|(id, _)| *id != self.entry);
        let mut parts: Vec<String> = parts.map(|(id, _)| kind(id.kind).noun(1)).collect();
        parts.dedup();
        let parts =
            if parts.is_empty() { String::new() } else { format!("  {}", styled(DIM, parts.join(", "))) };
        format!("{} {}{parts}", present(self.action), self.entry)
    }
}

/// What of the screen is not for running steps.
const OTHER_ROWS: usize = 6;

impl Live {
    /// A view of the steps to come, on a screen of so many rows.
    pub(super) fn new(
        target: ProgressDrawTarget,
        rows: usize,
        steps: Steps,
        dress: fn(&str) -> String,
    ) -> Self {
        let screen = MultiProgress::with_draw_target(target);
        let total = screen.add(ProgressBar::new(steps.count as u64));
        total.set_style(style("  {bar:20} {pos} of {len} · {took}{msg}", dress).progress_chars("█░"));
        let most = rows.saturating_sub(OTHER_ROWS).max(1);
        Live { screen, total, begin: Once::new(), steps, running: Mutex::default(), most, dress }
    }

    /// True if steps that succeed leave lines on the screen.
    pub(super) fn leaves_lines(&self) -> bool {
        self.steps.lines
    }

    /// Shows an event.
    pub(super) fn show(&self, event: &Event) {
        self.begin.call_once(|| self.total.enable_steady_tick(TICK));
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { step, id, action } => self.start(&mut running, *step, id, *action),
            Event::Waiting { id, why } => {
                for one in &mut *running {
                    let mut own = one.steps.values_mut().filter(|(own, _)| own == id);
                    own.by_ref().for_each(|(_, waits)| *waits = Some(why.clone()));
                    self.update(one);
                }
            }
            Event::Stopping => self.keep(&stopping()),
            Event::Done { step, .. } | Event::Failed { step, .. } | Event::Skipped { step, .. } => {
                self.end(&mut running, *step);
                let stays = self.steps.lines || matches!(event, Event::Failed { .. });
                line(event).iter().filter(|_| stays).for_each(|line| self.keep(line));
                self.total.inc(1);
            }
        }
        self.fill(&mut running);
    }

    fn start(&self, running: &mut Vec<Running>, step: usize, id: &ResourceId, action: Action) {
        let (entry, action) = self.steps.entries.get(&step).cloned().unwrap_or_else(|| (id.clone(), action));
        let own = (id.clone(), None);
        match running.iter_mut().find(|one| one.entry == entry) {
            Some(one) => {
                one.steps.insert(step, own);
                self.update(one);
            }
            None => {
                let steps = BTreeMap::from([(step, own)]);
                running.push(Running { entry, action, steps, since: Instant::now(), bar: None });
            }
        }
    }

    fn end(&self, running: &mut Vec<Running>, step: usize) {
        running.retain_mut(|one| {
            one.steps.remove(&step);
            match (&one.bar, one.steps.is_empty()) {
                (Some(bar), true) => {
                    bar.finish_and_clear();
                    self.screen.remove(bar);
                }
                (_, false) => self.update(one),
                (None, true) => {}
            }
            !one.steps.is_empty()
        });
    }

    /// Gives lines to running entries as far as there is room, and says how many have none.
    fn fill(&self, running: &mut [Running]) {
        let mut shown = running.iter().filter(|one| one.bar.is_some()).count();
        for one in running.iter_mut().filter(|one| one.bar.is_none()) {
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

    /// A line for a running entry, below the total.
    fn line(&self, of: &Running) -> ProgressBar {
        let bar = self.screen.add(ProgressBar::new_spinner()).with_elapsed(of.since.elapsed());
        bar.set_style(style("  {spinner} {took:>7} {wide_msg}", self.dress));
        bar.set_message(self.shown(&of.text()));
        bar.enable_steady_tick(TICK);
        bar
    }

    fn update(&self, one: &Running) {
        one.bar.iter().for_each(|bar| bar.set_message(self.shown(&one.text())));
    }

    /// A line that stays on the screen, above all that moves.
    fn keep(&self, text: &str) {
        // If the terminal is closed, there is nothing left to do.
        let _ = self.screen.println(self.shown(&wrapped("", text)));
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
