//! The exit statuses of the program, for the shell and the pipeline that called it.

use std::process::{ExitCode, Termination};

/// The exit statuses. Those from 64 on are the numbers of `sysexits.h`, and 130 is a shell's for Ctrl-C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command succeeded.
    Done = 0,
    /// It failed and has reported why.
    Failed = 1,
    /// `plan --detailed-exitcode`: there are changes.
    Pending = 2,
    /// The command line is wrong, or the user would have to be asked and cannot be.
    Usage = 64,
    /// The stack file is missing or invalid.
    BadFile = 65,
    /// An internal error.
    InternalError = 70,
    /// AWS denied access, or there are no credentials.
    Denied = 77,
    /// Ctrl-C ended it.
    Interrupted = 130,
    /// The reader of the output closed it before the end, as `head` does. A shell's number for such a program.
    OutputClosed = 141,
}

impl Exit {
    /// The exit status of a command that succeeded, or has reported why it did not.
    pub fn success_if(succeeded: bool) -> Self {
        if succeeded { Exit::Done } else { Exit::Failed }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
