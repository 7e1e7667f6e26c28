//! `graph`: the stack as a picture. It works offline.

use super::session::Globals;
use super::{Outcome, json, raw};
use crate::error::Failure;
use crate::exit::Exit;
use crate::picture::Picture;
use crate::render;
use anyhow::{Result, anyhow};
use clap::Args;

/// The flags of `graph`.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct GraphArgs {
    /// Print it for Graphviz
    #[arg(long, conflicts_with = "svg")]
    pub dot: bool,
    /// Print it as an SVG image
    #[arg(long)]
    pub svg: bool,
}

/// Prints what the stack declares, and what is connected with what.
///
/// # Errors
/// The stack file is invalid, or the stack is too large for a picture.
pub fn graph(globals: &Globals, args: GraphArgs) -> Outcome {
    let picture = Picture::of(&globals.stack()?);
    if super::is_json() {
        json(|| render::json::graph(&picture));
        return Ok(Exit::Done);
    }
    raw(&text(&picture, args)?);
    Ok(Exit::Done)
}

fn text(picture: &Picture, args: GraphArgs) -> Result<String> {
    match args {
        GraphArgs { dot: true, .. } => Ok(render::dot(picture)),
        GraphArgs { svg: true, .. } => Ok(render::svg(picture)),
        _ => render::mermaid(picture).ok_or_else(|| {
            anyhow!(Failure::new("the stack is too large for a picture in Mermaid", "use --dot or --svg"))
        }),
    }
}
