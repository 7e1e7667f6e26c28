//! How the loop applies a change: it plans, asks once, applies, and runs the checks if they are wanted.

use super::super::busy::reading;
use super::super::execute::{Confirmation, execute, progress_of};
use super::super::plan::{Prepared, make_plan, no_changes, print_plan};
use super::super::session::calls;
use super::super::{check, err, json, out, stop_on_ctrl_c};
use super::{Applied, Change, WatchLoop, report_failure};
use crate::apply::Report;
use crate::config::Stack;
use crate::event::Events;
use crate::exit::Exit;
use crate::kinds::kind;
use crate::lower::identity;
use crate::model::AttributeMap;
use crate::outputs;
use crate::plan::{Action, Plan, Step};
use crate::render::{self, Progress};
use crate::watch::Watcher;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

impl WatchLoop<'_> {
    /// Plans and applies the plan. Except for the first time, which has no saved files, logs come between the lines of the
    /// progress; and where only code has changed, there is nothing to say but that it is live.
    pub(super) async fn apply(
        &mut self,
        change: Change,
        saved: Option<&BTreeSet<PathBuf>>,
        watcher: &mut Watcher,
    ) -> Result<Applied> {
        let (start, is_first) = (Instant::now(), saved.is_none());
        self.applied = None;
        self.session.connection.reset_calls();
        let live_state = reading(&self.session.connection, self.session.look()).await?;
        let Prepared { plan, packages, .. } =
            make_plan(&self.session, self.options.plan, &change.stack, change.packages, live_state)?;
        let code = saved.and_then(|_| only_code(&change.stack, &plan)).filter(|_| self.is_confirmed);
        let short = code.filter(|_| self.globals.verbose == 0);
        if let Some(saved) = saved.filter(|_| short.is_none()) {
            out(&render::saved(saved, &self.folder));
        }
        if short.is_some() {
            json(|| render::json::plan(&plan));
        } else if !print_plan(self.globals, &change.stack, &plan) {
            err("Nothing was changed.");
            return Ok(Applied::Failed);
        }
        if plan.is_empty() {
            out(&no_changes(&self.session, start));
        }
        if !self.is_confirmed && !self.confirmation().is_given(self.globals, &change.stack, &self.session)? {
            err("Nothing was changed.");
            return Ok(Applied::Declined);
        }
        self.is_confirmed = true;
        let attributes = if plan.is_empty() {
            plan.attributes
        } else {
            let files = &change.stack.files;
            let report = match (&short, is_first) {
                (Some(_), _) => self.apply_quietly(&plan, packages, files).await,
                (None, true) => {
                    execute(
                        self.globals,
                        &self.session,
                        &plan,
                        packages,
                        files,
                        progress_of(self.globals, &plan),
                    )
                    .await
                }
                (None, false) => {
                    execute(self.globals, &self.session, &plan, packages, files, Progress::lines(out)).await
                }
            };
            if !report.is_complete() {
                return Ok(Applied::Failed);
            }
            report.attributes
        };
        self.applied = Some(change.graph);
        self.endpoint.send_replace(endpoint_id(&attributes));
        if is_first {
            let short = self.globals.detail().short;
            out(&render::outputs(&change.stack, &self.session.scope, &attributes, &|_| true, short));
            json(|| render::json::outputs(&change.stack, &self.session.scope, &attributes));
        }
        let checked = match self.options.check {
            true => self.check(&change.stack, &attributes, watcher).await,
            false => Ok(Applied::Live),
        };
        self.deployed = Some((change.stack, attributes));
        let checked = checked?;
        Ok(match short {
            Some(functions) if checked == Applied::Live => Applied::LiveCode(functions),
            _ => checked,
        })
    }

    /// Runs the checks because the user wants it now.
    pub(super) async fn run_checks(&mut self, watcher: &mut Watcher) {
        let Some((stack, attributes)) = self.deployed.clone() else {
            return err("Nothing is deployed yet that could be checked.");
        };
        if stack.checks.is_empty() {
            return err("The stack file has no checks.");
        }
        if let Err(error) = self.check(&stack, &attributes, watcher).await {
            report_failure(&error);
        }
    }

    /// Applies a plan, and says something only if it fails.
    async fn apply_quietly(
        &self,
        plan: &Plan,
        packages: BTreeMap<String, PathBuf>,
        files: &[PathBuf],
    ) -> Report {
        let start = Instant::now();
        let events = Events::new(|event| json(|| render::json::event(&event)));
        let report = self.session.apply(plan, packages, events, stop_on_ctrl_c()).await;
        let (took, made) = (start.elapsed(), self.session.connection.calls());
        json(|| render::json::report(plan, &report, took, (made.reads(), made.writes())));
        if !report.is_complete() {
            err(render::report(plan, &report, files, took, &calls(&self.session)).trim_end());
        }
        report
    }

    /// Asks once, for all changes.
    fn confirmation(&self) -> Confirmation<'static> {
        let account = &self.session.connection.account;
        Confirmation {
            yes: self.options.yes,
            name: None,
            question: format!("Apply these changes to account {account}, and the changes of every save?"),
            purpose: "to apply these changes",
            effect: "apply the changes",
        }
    }

    /// Runs the checks if they are wanted. A check may be retried for minutes, so the next save ends them, as Ctrl-C does.
    async fn check(
        &mut self,
        stack: &Stack,
        attributes: &AttributeMap,
        watcher: &mut Watcher,
    ) -> Result<Applied> {
        let exit = tokio::select! {
            exit = check::run(self.globals, stack, &self.session, attributes, self.globals.detail().short) => exit?,
            () = watcher.notice() => {
                err("The checks were not finished: a file was saved.");
                // They are owed, even if the save makes no difference.
                self.applied = None;
                Exit::Failed
            }
        };
        Ok(if exit == Exit::Done { Applied::Live } else { Applied::Failed })
    }
}

/// The physical id of what takes the requests.
fn endpoint_id(attributes: &AttributeMap) -> Option<String> {
    let mut endpoints = attributes.iter().filter_map(|(id, live)| {
        let kind = kind(id.kind);
        kind.features().endpoint?;
        kind.physical_id(live).map(str::to_owned)
    });
    endpoints.next()
}

/// The functions of a plan that changes nothing but code.
fn only_code(stack: &Stack, plan: &Plan) -> Option<Vec<String>> {
    let is_code = |step: &Step| {
        step.action == Action::Update && step.changes.iter().all(|change| change.path == ["code"])
    };
    if plan.is_empty() || !plan.blockers.is_empty() || !plan.steps.iter().all(is_code) {
        return None;
    }
    let identity = identity(stack);
    Some(plan.steps.iter().map(|step| outputs::key(&identity, &step.id).to_owned()).collect())
}
