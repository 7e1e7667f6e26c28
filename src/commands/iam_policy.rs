//! `iam-policy`: the deploy policy, the least permissions that a stack needs.

use super::session::{Globals, LOCAL_REGION};
use super::{Outcome, err, raw};
use crate::aws::configured_region;
use crate::config::{self, Known, Location, Stack};
use crate::deploy_policy::{Document, Task, documents, statements};
use crate::elsewhere::Need;
use crate::error::Failure;
use crate::exit::Exit;
use crate::lower::identity;
use crate::model::{Scope, Values, partition_of};
use crate::render;
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use std::collections::{BTreeMap, BTreeSet};

/// The flags of `iam-policy`.
#[derive(Debug, Clone, Default, Args)]
pub struct IamPolicyArgs {
    /// Commands to allow; `up` and `down` by default
    #[arg(value_enum)]
    pub tasks: Vec<Allowed>,
    /// Account, if the stack file does not name one; `*` by default
    #[arg(long, value_name = "ACCOUNT", value_parser = config::account_number)]
    pub account: Option<String>,
}

/// What can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Allowed {
    /// Read, with `plan` and `check`
    Plan,
    /// Create and update the stack; includes reading
    Up,
    /// Delete the stack; includes reading
    Down,
}

impl From<Allowed> for Task {
    fn from(allowed: Allowed) -> Self {
        match allowed {
            Allowed::Plan => Task::Plan,
            Allowed::Up => Task::Up,
            Allowed::Down => Task::Down,
        }
    }
}

/// Prints the policy. It calls nothing, so that it can be printed before there are any credentials; unless it depends on what a
/// value elsewhere is.
///
/// # Errors
/// The stack file is invalid, or no region is known.
pub async fn iam_policy(globals: &Globals, args: &IamPolicyArgs) -> Outcome {
    let stack = globals.stack()?;
    let scope = place(globals, args, &stack).await?;
    let stack = match stack.is_for_now {
        true if stack.is_form_unread => read(globals, stack).await?,
        true => {
            let known = Known { location: location(&scope)?, values: Values::new() };
            globals.stack_with(Some(&known))?
        }
        false => stack,
    };
    let tasks = match args.tasks.as_slice() {
        [] => vec![Task::Up, Task::Down],
        given => given.iter().copied().map(Task::from).collect(),
    };
    let documents = documents(&statements(&stack, &scope, &tasks));
    // A policy is JSON, whatever format is asked for.
    raw(&format!("{}\n", text(&documents)?));
    Ok(Exit::Done)
}

/// The stack with the values that live elsewhere.
async fn read(globals: &Globals, stack: Stack) -> Result<Stack> {
    err(&render::aside("The policy depends on values that live elsewhere, so they are read first."));
    let connection = globals.connect(stack.region.as_deref(), stack.account.as_deref()).await?;
    globals.completed(&connection, stack, Need::All).await
}

/// The account and region of the stack, from its file, flags and the environment.
async fn place(globals: &Globals, args: &IamPolicyArgs, stack: &Stack) -> Result<Scope> {
    let account = match (&stack.account, &args.account) {
        (Some(own), Some(given)) if own != given => {
            let (name, own) = (globals.file.display(), own);
            bail!(Failure::new(
                format!("{name} allows account {own} only, but --account is {given}"),
                format!("omit --account, or change `account:` in {name}"),
            ))
        }
        (own, given) => own.as_ref().or(given.as_ref()).cloned(),
    };
    let account = account.unwrap_or_else(|| {
        err(&render::aside("No account is given, so the policy uses `*`; --account ACCOUNT sets it."));
        "*".to_owned()
    });
    let region = globals.region.clone().filter(|given| !given.is_empty()).or_else(|| stack.region.clone());
    let region = match region {
        None if globals.local => LOCAL_REGION.to_owned(),
        given => configured_region(given.as_deref(), globals.profile.as_deref()).await?,
    };
    Ok(Scope {
        identity: identity(stack),
        partition: partition_of(&region).to_owned(),
        account,
        region,
        wanted: BTreeMap::new(),
        tag_keys: Default::default(),
        existing: BTreeMap::new(),
        protected: BTreeSet::new(),
        destroy: false,
    })
}

/// Where the stack will be.
fn location(scope: &Scope) -> Result<Location> {
    let Scope { partition, region, account, .. } = scope;
    if account == "*" {
        bail!(Failure::usage(
            "values of the stack file depend on where the stack is, and no account is given",
            "name it with --account ACCOUNT, or with `account:` in the stack file"
        ));
    }
    Ok(Location { partition: partition.clone(), region: region.clone(), account: account.clone() })
}

/// One document alone, several as a list.
fn text(documents: &[Document]) -> Result<String> {
    if let [document] = documents {
        return Ok(serde_json::to_string_pretty(document)?);
    }
    err(&render::aside(&format!(
        "This is too long for one managed policy, so it is a list of {}: create a policy from each and attach all of them.",
        documents.len()
    )));
    Ok(serde_json::to_string_pretty(documents)?)
}
