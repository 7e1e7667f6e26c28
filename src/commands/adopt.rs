//! `adopt`: makes existing resources part of the stack, after it has shown the effect.

use super::execute::Confirmation;
use super::plan::{PlanArgs, Prepared, prepare};
use super::session::{Globals, calls, open};
use super::{Outcome, err, json, out};
use crate::adopt::AdoptRequest;
use crate::event::{Event, Events};
use crate::exit::Exit;
use crate::kind::AnyKind;
use crate::kinds::{kind, kinds};
use crate::render;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, Command};
use std::ffi::OsStr;

/// The flags of `adopt`.
#[derive(Debug, Clone, Args)]
pub struct AdoptArgs {
    /// Kind of the resource; with a function come its role and its log group
    #[arg(value_parser = AdoptableKind)]
    pub kind: &'static str,
    /// Name under which the stack file declares it; for an API, its id
    #[arg(value_name = "NAME|API-ID")]
    pub name: String,
    /// Stack that owns it now and gives it up
    #[arg(long, value_name = "STACK")]
    pub from: Option<String>,
    /// Skip the confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Confirm a change in a protected environment: its stack's name
    #[arg(long, value_name = "STACK")]
    pub confirm: Option<String>,
}

/// Reads the name of a kind whose resources can get ownership tags after they were created. `log_group` may be written
/// `log-group`.
#[derive(Debug, Clone, Copy)]
struct AdoptableKind;

impl AdoptableKind {
    /// Those that have a section of the stack file, then their companions by name.
    fn names() -> Vec<&'static str> {
        let mut adoptable: Vec<&dyn AnyKind> = kinds().to_vec();
        adoptable.retain(|kind| kind.features().adopted_by.is_some());
        adoptable.sort_by_key(|kind| Some(kind.name()).filter(|_| kind.section().is_empty()));
        adoptable.into_iter().map(AnyKind::name).collect()
    }
}

impl TypedValueParser for AdoptableKind {
    type Value = &'static str;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> clap::error::Result<&'static str> {
        let written = value.to_string_lossy().replace('-', "_");
        let names = AdoptableKind::names();
        match names.iter().find(|name| **name == written) {
            Some(name) => Ok(name),
            // It is none of the names, so this fails and says which there are.
            None => {
                PossibleValuesParser::new(names).parse_ref(command, arg, value).map(|name| kind(&name).name())
            }
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(AdoptableKind::names().into_iter().map(PossibleValue::new)))
    }
}

/// Adopts an existing resource under the name that the stack file gives it.
///
/// # Errors
/// It is not declared, does not exist, or belongs to another stack.
pub async fn adopt(globals: &Globals, args: &AdoptArgs) -> Outcome {
    let mut stack = globals.stack()?;
    let session = open(globals, &mut stack).await?;
    let Prepared { live_state, hashes, options, .. } =
        prepare(&session, &PlanArgs::default(), &stack).await?;
    let request = AdoptRequest { kind: args.kind, name: args.name.clone(), from: args.from.clone() };
    let adoption = session.adoption(&stack, &live_state, &request).await?;
    json(|| render::json::adoption(&adoption));
    if adoption.resources.is_empty() {
        out("\nNothing to adopt: this stack already owns it.");
        return Ok(Exit::Done);
    }
    let plan = session.plan_after_adoption(&stack, &hashes, &live_state, &adoption, &options).await?;
    out(&format!("\n{}", render::adoption(&adoption, &plan, globals.detail())));
    json(|| render::json::plan(&plan));
    if !confirmation(args).is_given(globals, &stack, &session)? {
        err("Nothing was adopted.");
        return Ok(Exit::Failed);
    }
    let events = Events::new(|event: Event| {
        if let Event::Waiting { id, why } = event {
            err(&render::aside(&format!("{id}: {why}")));
        }
    });
    session.adopt(&stack, &adoption, events).await?;
    let adopted = render::count(adoption.resources.len() as u64, "resource");
    out(&format!("\nAdopted {adopted} · {}", calls(&session)));
    if !plan.is_empty() {
        out(&format!("Make it match the stack file: {}", globals.command("up")));
    }
    Ok(Exit::Done)
}

fn confirmation(args: &AdoptArgs) -> Confirmation<'_> {
    Confirmation {
        yes: args.yes,
        name: args.confirm.as_deref(),
        question: "Adopt it?".to_owned(),
        purpose: "to adopt it",
        effect: "adopt it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_can_be_adopted_is_read_by_its_name() {
        let read = |text: &str| AdoptableKind.parse_ref(&Command::new("adopt"), None, OsStr::new(text));
        assert_eq!(
            AdoptableKind::names(),
            [
                "table",
                "queue",
                "bucket",
                "topic",
                "stream",
                "bus",
                "archive",
                "parameter",
                "secret",
                "policy",
                "role",
                "function",
                "api",
                "state_machine",
                "log_group"
            ]
        );
        for (written, kind) in [("api", "api"), ("log_group", "log_group"), ("log-group", "log_group")] {
            assert_eq!(read(written).ok(), Some(kind));
        }
        for wrong in ["stage", "log group", "API", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
