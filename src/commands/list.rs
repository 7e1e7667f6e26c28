//! `list`: the stacks in the account and region.

use super::session::{Globals, target};
use super::{Outcome, err, json, out};
use crate::aws::Access;
use crate::config;
use crate::exit::Exit;
use crate::inventory::inventory;
use crate::kinds::registry;
use crate::render;

/// Lists the stacks. Of a stack file it uses only the region.
///
/// # Errors
/// AWS cannot be read.
pub async fn list(globals: &Globals) -> Outcome {
    let known = config::identity(&globals.file, globals.env.as_deref());
    let connection = globals.connect(known.as_ref().and_then(|known| known.region.as_deref()), None).await?;
    out(&target(&connection).join(" · "));
    let found = inventory(&connection.clients(Access::Read), registry(), &connection.region).await?;
    found.unreadable.iter().for_each(|unreadable| err(&render::unlisted(unreadable)));
    out(&format!("\n{}", render::list(&found).trim_end()));
    for document in render::json::stacks(&found, &connection.account, &connection.region) {
        json(|| document);
    }
    Ok(Exit::Done)
}
