//! The aliases of a function with a release.

use super::section::{Alias as Config, Deploy};
use super::{Alias, Spec, named};
use crate::config::Entry;
use crate::kind::Kind;
use crate::kinds::function::Function;
use crate::kinds::function::section::Config as FunctionConfig;
use crate::lower::{Lower, known_attributes, resource};
use crate::model::{Resource, ResourceId, Text};

impl Lower<'_> {
    /// The aliases of a function; none without a release.
    pub(in crate::kinds) fn aliases(
        &self,
        function: &Entry<FunctionConfig>,
        id: &ResourceId,
    ) -> Vec<Resource> {
        let Some(release) = &function.release else { return Vec::new() };
        let asynchronous = function.asynchronous.as_ref().map(|settings| self.asynchronous(settings));
        let asynchronous = asynchronous.filter(|settings| !settings.is_default());
        let of = |(name, alias): &(String, Config)| {
            let Config { deploy, canary, provisioned_concurrency: _ } = alias;
            let ready = release.kept_ready_of(alias);
            let spec = Spec {
                function: Text::reference(id, "name"),
                version: (*deploy == Deploy::Automatic).then(|| Text::reference(id, "version")),
                canary: canary.map(u32::cast_signed),
                provisioned_concurrency: ready.map(u32::cast_signed),
                asynchronous: asynchronous.clone(),
                marked: true,
            };
            let alias = id.child(Alias::NAME, named(&id.name, name));
            let known_attributes = known_attributes(&alias, self.scope.expand(Function::ARN, &alias.name));
            // Where `promote` moves the alias, only this says that the first version is published before it.
            let depends_on = vec![id.clone()];
            Resource { known_attributes, depends_on, ..resource::<Alias>(alias, function.at, &spec) }
        };
        release.aliases.iter().map(of).collect()
    }

    /// What calls a function: the alias that is named, else the first one of its release, else the function itself.
    pub(in crate::kinds) fn called(&self, function: &str, alias: Option<&str>) -> ResourceId {
        let id = self.id(Function::NAME, function);
        let entry = self.stack.functions().iter().find(|entry| entry.name == function);
        match entry.and_then(|entry| entry.alias(alias)) {
            Some(alias) => id.child(Alias::NAME, named(&id.name, alias)),
            None => id,
        }
    }
}
