//! What the Resource Groups Tagging API says of the stack's resources: one cheap sweep gives them with their tags. It is some
//! minutes late, misses new resources, and remembers deleted ones for hours [aws-facts: Resource Groups Tagging API].

use super::pages::all_pages;
use super::tags::{self, Tags};
use super::{Context, Result};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use std::collections::BTreeMap;
use tokio::sync::OnceCell;

/// The most resources that a page can have; the default is 50.
const PAGE: i32 = 100;

/// The sweep, made when something first asks for it.
#[derive(Debug, Default)]
pub struct Tagged(OnceCell<Result<TagsByArn>>);

/// Tags by the ARN of their resource.
type TagsByArn = BTreeMap<String, Tags>;

impl Context {
    /// The resources with the stack's ownership tag by the tagging API, of every kind. All callers wait for the same sweep.
    ///
    /// # Errors
    /// The API cannot be read.
    pub(crate) async fn tagged(&self) -> Result<&TagsByArn> {
        self.tagged.0.get_or_init(|| sweep(self)).await.as_ref().map_err(Clone::clone)
    }
}

async fn sweep(ctx: &Context) -> Result<TagsByArn> {
    let filter = TagFilter::builder().key(tags::STACK).values(ctx.scope.identity.to_string()).build();
    let get = ctx.clients.tagging().get_resources().tag_filters(filter).resources_per_page(PAGE);
    let resources = all_pages("tag:GetResources", async |token| {
        let page = get.clone().set_pagination_token(token).send().await?;
        Ok((page.resource_tag_mapping_list.unwrap_or_default(), page.pagination_token))
    })
    .await?;
    let tagged = resources.into_iter().filter_map(|resource| {
        let tags = resource.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
        Some((resource.resource_arn?, tags.collect()))
    });
    Ok(tagged.collect())
}
