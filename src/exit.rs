//! How the program ends, for the shell and the pipeline that called it.

use crate::apply::Report;
use crate::aws::{Class, Error};
use crate::config::Diagnostics;
use crate::error::Failure;
use std::process::{ExitCode, Termination};

/// The exit statuses. Those from 64 on are the numbers of `sysexits.h`, and 130 is a shell's for Ctrl-C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command reached what it is for.
    Done = 0,
    /// It did not, and has said why.
    Failed = 1,
    /// `plan --detailed-exitcode`: there is something to do.
    Pending = 2,
    /// The command line is wrong, or lacks something that nobody could be asked for.
    Usage = 64,
    /// The stack file is missing or wrong.
    BadFile = 65,
    /// The program has met a defect of its own.
    Defect = 70,
    /// AWS's access control refused, or there are no credentials.
    Denied = 77,
    /// Ctrl-C ended it.
    Interrupted = 130,
}

impl Exit {
    /// How a command ends that reached what it is for, or has said why it did not.
    pub fn when(fine: bool) -> Self {
        if fine { Exit::Done } else { Exit::Failed }
    }

    /// How a command ends that an error kept from going on.
    pub fn of(error: &anyhow::Error) -> Self {
        if error.is::<Diagnostics>() {
            return Exit::BadFile;
        }
        error.downcast_ref::<Failure>().map_or(Exit::Failed, |failure| failure.exit)
    }

    /// How a command ends whose call failed.
    pub(crate) fn of_call(error: &Error) -> Self {
        match error.class {
            Class::Internal => Exit::Defect,
            Class::Credentials => Exit::Denied,
            _ if error.is_denied() || error.is_expired() => Exit::Denied,
            _ => Exit::Failed,
        }
    }

    /// How a command ends that carried out a plan.
    pub(crate) fn of_report(report: &Report) -> Self {
        let failed: Vec<Exit> = report.failed.values().map(Exit::of_call).collect();
        match report.is_complete() {
            true => Exit::Done,
            false if only_stopped(report) => Exit::Interrupted,
            false if failed.contains(&Exit::Defect) => Exit::Defect,
            false if failed.contains(&Exit::Denied) => Exit::Denied,
            false => Exit::Failed,
        }
    }
}

/// True where nothing kept a run from its end but the user.
fn only_stopped(report: &Report) -> bool {
    let mut failed = report.failed.values();
    report.skipped.is_empty() && failed.all(|error| error.class == Class::Stopped)
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
