//! The stacks of an account and a region.

use super::{BOLD, DIM, YELLOW, json::Document, styled};
use crate::inventory::{Contents, Inventory};
use crate::kinds::kinds;
use crate::model::Identity;
use crate::text::sanitize_line;
use serde_json::json;

/// A table of the stacks, then those of other regions.
pub fn list(inventory: &Inventory) -> String {
    let mut text = if inventory.stacks.is_empty() {
        "No stacks in this account and region.\n".to_owned()
    } else {
        table(inventory)
    };
    if !inventory.elsewhere.is_empty() {
        let one = |(identity, regions): (&Identity, &std::collections::BTreeSet<String>)| {
            let regions: Vec<String> = regions.iter().map(|region| sanitize_line(region)).collect();
            format!("{} ({})", sanitize_line(&identity.to_string()), regions.join(", "))
        };
        let others: Vec<String> = inventory.elsewhere.iter().map(one).collect();
        text += &format!("\n{}\n", styled(DIM, format!("In other regions: {}", others.join(", "))));
    }
    text
}

fn table(inventory: &Inventory) -> String {
    let environment =
        |identity: &Identity| identity.environment.as_deref().map_or("–".to_owned(), sanitize_line);
    let head = [("stack".to_owned(), "environment".to_owned())].into_iter();
    let names = inventory.stacks.keys().map(|one| (sanitize_line(&one.stack), environment(one)));
    let names: Vec<(String, String)> = head.chain(names).collect();
    let width = |name: fn(&(String, String)) -> &String| {
        names.iter().map(|names| name(names).chars().count()).max().unwrap_or_default()
    };
    let (first, second) = (width(|names| &names.0), width(|names| &names.1));
    let contents = inventory.stacks.values().map(resources);
    let last = std::iter::once("resources".to_owned()).chain(contents);
    let rows = names.iter().zip(last).enumerate().map(|(index, ((stack, environment), last))| {
        let row = format!("{stack:<first$}  {environment:<second$}  {last}");
        if index == 0 { format!("{}\n", styled(BOLD, row)) } else { format!("{row}\n") }
    });
    rows.collect()
}

/// The number of resources of each kind, and the tables with deletion protection.
fn resources(contents: &Contents) -> String {
    let counts = kinds().iter().filter_map(|kind| {
        let count = *contents.kinds.get(kind.name())?;
        Some(format!("{count} {}", kind.noun(usize::try_from(count).unwrap_or(usize::MAX))))
    });
    let text = counts.collect::<Vec<_>>().join(", ");
    if contents.protected.is_empty() {
        return text;
    }
    let protected: Vec<String> = contents.protected.iter().map(|name| sanitize_line(name)).collect();
    format!("{text} {}", styled(YELLOW, format!("(protected: {})", protected.join(", "))))
}

/// One document for each stack.
pub fn documents(inventory: &Inventory, account: &str, region: &str) -> Vec<Document> {
    let one = |(identity, contents): (&Identity, &Contents)| {
        Document::new(
            "stack",
            json!({
                "stack": identity.stack, "environment": identity.environment, "account": account, "region": region,
                "resources": contents.kinds, "protected": contents.protected,
            }),
        )
    };
    let elsewhere = inventory.elsewhere.iter().flat_map(|(identity, regions)| {
        regions.iter().map(move |region| {
            Document::new(
                "stack",
                json!({
                    "stack": identity.stack, "environment": identity.environment, "account": account,
                    "region": region, "resources": null, "protected": null,
                }),
            )
        })
    });
    inventory.stacks.iter().map(one).chain(elsewhere).collect()
}
