//! What must hold after a command that succeeded: the stack is up as after a first `up`, or deleted.

use super::{Outcome, Runner, SETTLED, account, everything};
use crate::cloud::{ACCOUNT, Cloud, REGION, Tags};
use crate::dump::{differences, dump};
use crate::run::{Command, End, later, run};
use crate::service::{Resource, Wanted};
use crate::services::Service;
use provision::desired::{lower, wanted};
use provision::lower::identity;
use provision::model::Scope;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

impl Runner {
    /// The stack is up: there is what a first `up` makes and nothing else, every route is answered, and there is nothing
    /// more to do.
    pub(super) fn is_up(&mut self) -> Outcome {
        let fresh = self.fresh()?;
        let mut live = self.comparable(&later(&self.cloud, SETTLED), &self.unmanaged);
        live.retain(|name, _| fresh.contains_key(name) || !self.is_untagged(name));
        let differ = differences(&live, &fresh);
        if !differ.is_empty() {
            return Err(format!("there is other than after a first up:\n    {}", differ.join("\n    ")));
        }
        let is_theirs = |resource: &Resource| self.unmanaged.contains_key(resource);
        let unusable = Service::ALL
            .iter()
            .flat_map(|service| service.unusable(&self.cloud, &self.identity, &is_theirs))
            .next();
        if let Some(why) = unusable {
            return Err(why);
        }
        let plan = run(&self.cloud, Command::Plan(&self.stack), None);
        match plan.end == End::Done(0) && plan.writes().is_empty() {
            true => Ok(()),
            false => Err(format!("after an up that succeeded, a plan is not empty: {:?}", plan.end)),
        }
    }

    /// The stack is down: there is nothing of it, and another `down` writes nothing.
    pub(super) fn is_down(&self) -> Outcome {
        let mut live = self.comparable(&later(&self.cloud, SETTLED), &self.unmanaged);
        live.retain(|name, _| !self.is_untagged(name));
        if !live.is_empty() {
            return Err(format!("down leaves {:?}", live.keys()));
        }
        let again = run(&self.cloud, Command::Down(&self.stack), None);
        match again.end == End::Done(0) && again.writes().is_empty() {
            true => Ok(()),
            false => Err(format!("after a down that succeeded, another one ends {:?}", again.end)),
        }
    }

    /// True for a resource, by its name in a dump, that has lost its ownership tag.
    pub(super) fn is_untagged(&self, name: &str) -> bool {
        let mut tagged = Service::ALL.iter().flat_map(|service| service.tagged(&self.cloud));
        self.stripped.contains(name)
            && tagged.find(|resource| resource.name == name).is_none_or(|resource| resource.tags.is_empty())
    }

    /// What there is after an `up` in an account where nothing of the stack was.
    pub(super) fn fresh(&mut self) -> Result<BTreeMap<String, Json>, String> {
        if let Some(fresh) = self.fresh.get(&self.text) {
            return Ok(fresh.clone());
        }
        let account = account();
        let ran = run(&account, Command::Up(&self.stack), None);
        if !matches!(ran.end, End::Done(_)) {
            return Err(format!("it comes up, but not from nothing: {:?}", ran.end));
        }
        let fresh = self.comparable(&later(&ran.cloud, SETTLED), &everything(&account));
        self.fresh.insert(self.text.clone(), fresh.clone());
        Ok(fresh)
    }

    /// What there is of the stack, without what it does not say, and without tags that are not declared, since a tag that is
    /// no longer declared stays.
    pub(super) fn comparable(
        &self,
        cloud: &Cloud,
        unmanaged: &BTreeMap<Resource, String>,
    ) -> BTreeMap<String, Json> {
        let mut cloud = cloud.clone();
        unmanaged.keys().for_each(|resource| resource.service.remove(&mut cloud, resource));
        let declared = &self.stack.stack.tags;
        let keep = |tags: &mut Tags| {
            tags.retain(|key, _| key.starts_with("provision:") || declared.contains_key(key));
        };
        Service::ALL.iter().for_each(|service| service.forget(&mut cloud, &keep));
        dump(&cloud)
    }

    /// The names that the stack wants, by kind.
    pub(super) fn wanted(&self) -> Wanted {
        let scope = Scope {
            identity: identity(&self.stack.stack),
            partition: "aws".to_owned(),
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            wanted: BTreeMap::new(),
            tag_keys: Default::default(),
            existing: BTreeMap::new(),
            protected: BTreeSet::new(),
            destroy: false,
        };
        let wanted = wanted(lower(&self.stack.stack, &scope, &BTreeMap::new())).into_iter();
        wanted.map(|(kind, names)| (kind, names.into_keys().collect())).collect()
    }
}
