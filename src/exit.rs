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
    /// The reader of the output closed it before the end, as `head` does. A shell's number for such a program.
    OutputClosed = 141,
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
        let refused = error.is_denied() || error.is_expired() || error.class == Class::Credentials;
        if refused { Exit::Denied } else { Exit::Failed }
    }

    /// How a command ends that carried out a plan.
    pub(crate) fn of_report(report: &Report) -> Self {
        let mut failed = report.failed.values().map(Exit::of_call);
        match report.is_complete() {
            true => Exit::Done,
            false if report.interrupted && report.failed.is_empty() => Exit::Interrupted,
            false => failed.find(|exit| *exit == Exit::Denied).unwrap_or(Exit::Failed),
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
