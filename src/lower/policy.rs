//! The policy of a role: what its owner needs, what the stack file grants it, and the user's own statements.

use super::Lower;
use crate::config::access::{Access, PartOn, Paths, Within};
use crate::config::{self, Destination, Grant};
use crate::model::Text;
use crate::policy::{Policy, Statement, Tree};
use std::collections::BTreeMap;

impl Lower<'_> {
    /// A policy of what a role's owner `needs`, each with the `Sid` that it gets, of the `grants` to other entries, and of the
    /// user's `own` statements.
    pub(crate) fn policy(
        &self,
        needs: Vec<(&str, Statement<Text>)>,
        grants: Vec<Grant>,
        own: &[config::Statement],
    ) -> Policy<Text> {
        // The user's own names take precedence; the others get free ones.
        let own = own.iter().map(|statement| self.statement(statement));
        let (named, unnamed): (Vec<_>, Vec<_>) = own.partition(|(sid, _)| sid.is_some());
        let mut statements: BTreeMap<String, Statement<Text>> =
            named.into_iter().filter_map(|(sid, statement)| Some((sid?, statement))).collect();
        let grants = grants.into_iter().flat_map(|grant| self.granted(grant));
        let needs = needs.into_iter().map(|(sid, statement)| (sid.to_owned(), statement));
        let unnamed = unnamed.into_iter().map(|(_, statement)| ("Policy".to_owned(), statement));
        for (sid, statement) in needs.chain(grants).chain(unnamed) {
            statements.insert(free_sid(&statements, &sid), statement);
        }
        Policy(statements)
    }

    /// The policy of a resource. A statement that names no resource is about this one, `own`.
    pub(crate) fn resource_policy(&self, statements: &[config::Statement], own: &str) -> Policy<Text> {
        self.resource_policy_on(statements, &[own.to_owned()])
    }

    /// The same for a resource with several ARNs.
    pub(crate) fn resource_policy_on(
        &self,
        statements: &[config::Statement],
        own: &[String],
    ) -> Policy<Text> {
        let mut policy: BTreeMap<String, Statement<Text>> = BTreeMap::new();
        let (named, unnamed): (Vec<_>, Vec<_>) =
            statements.iter().partition(|statement| statement.members.contains_key("Sid"));
        for statement in named.into_iter().chain(unnamed) {
            let members = statement.members.iter();
            let mut members: BTreeMap<String, Tree<Text>> =
                members.map(|(name, member)| (name.clone(), self.json(member))).collect();
            if !members.contains_key("NotResource") {
                let it = || Tree::List(own.iter().map(|arn| Tree::Text(arn.into())).collect());
                members.entry("Resource".to_owned()).or_insert_with(it);
            }
            for name in ["Principal", "NotPrincipal"] {
                if let Some(Tree::Map(types)) = members.get_mut(name) {
                    types.get_mut("AWS").into_iter().for_each(|accounts| self.spell_out(accounts));
                }
            }
            let sid = match members.remove("Sid") {
                Some(Tree::Text(Text::Known(sid))) => sid,
                _ => "Policy".to_owned(),
            };
            let numbered = (2..).map(|number| format!("{sid}{number}"));
            let free = std::iter::once(sid.clone()).chain(numbered).find(|sid| !policy.contains_key(sid));
            policy.insert(free.unwrap_or_default(), Statement(members));
        }
        Policy(policy)
    }

    /// Writes accounts as AWS returns them [aws-facts: Policy text as read back].
    pub(crate) fn spell_out(&self, accounts: &mut Tree<Text>) {
        match accounts {
            Tree::List(items) => items.iter_mut().for_each(|item| self.spell_out(item)),
            Tree::Text(Text::Known(account)) if account.bytes().all(|byte| byte.is_ascii_digit()) => {
                *account = format!("arn:{}:iam::{account}:root", self.scope.partition);
            }
            _ => {}
        }
    }

    /// The statements of a grant, each with the `Sid` that it gets: on the entry, on what belongs to it, and on its KMS key.
    fn granted(&self, grant: Grant) -> Vec<(String, Statement<Text>)> {
        let sid = format!("{}{}", capitalised(grant.kind), alphanumeric(&grant.key));
        let key = self.use_of_key(&grant).map(|statement| (format!("{sid}Key"), statement));
        let access = self.stack.sections.of_kind(grant.kind).and_then(|section| section.access());
        let statements = match access.and_then(|access| Some((access, access.paths?))) {
            Some((access, paths)) if !grant.within.is_empty() => {
                let within = grant.within.iter();
                within.flat_map(|within| self.granted_within(&grant, &sid, within, access, paths)).collect()
            }
            _ => self.granted_on_all(&grant, &sid, access),
        };
        statements.into_iter().chain(key).collect()
    }

    /// The statements of a grant on the whole of an entry.
    fn granted_on_all(
        &self,
        grant: &Grant,
        sid: &str,
        access: Option<&Access>,
    ) -> Vec<(String, Statement<Text>)> {
        let arn = self.arn_of_granted(grant);
        let within = |path: &str| Text::join([arn.clone(), path.into()]);
        let (mut actions, mut resources, mut others) = (grant.actions.clone(), vec![arn.clone()], Vec::new());
        for (access, part) in
            access.into_iter().flat_map(|access| access.parts.iter().map(move |part| (access, part)))
        {
            let named = part.actions.iter().map(|action| access.qualified(action));
            let named: Vec<String> = named.filter(|action| grant.allows(action)).collect();
            if named.is_empty() || !self.has_part(grant, part.name) {
                continue;
            }
            let resource = match part.on {
                PartOn::Also(path) => {
                    resources.push(within(path));
                    continue;
                }
                PartOn::Only(path) => within(path),
                PartOn::Instead(from, to, end) => {
                    // It follows from the name, also where the statement refers to the entry.
                    let section = self.stack.sections.of_kind(grant.kind);
                    let arn = section.map(|section| self.arn_of(section, &grant.key)).unwrap_or_default();
                    format!("{}{end}", arn.replacen(from, to, 1)).into()
                }
                PartOn::Everything => "*".into(),
            };
            actions.retain(|action| !named.contains(action));
            others.push((format!("{sid}{}", capitalised(part.name)), allow(named, resource)));
        }
        let resources = resources.into_iter().map(Tree::Text).collect();
        let own = (!actions.is_empty())
            .then(|| (sid.to_owned(), Statement::allow(actions, ("Resource", Tree::List(resources)))));
        own.into_iter().chain(others).collect()
    }

    /// The statements of a grant on some of what an entry contains.
    fn granted_within(
        &self,
        grant: &Grant,
        sid: &str,
        within: &Within,
        access: &Access,
        paths: &Paths,
    ) -> Vec<(String, Statement<Text>)> {
        let arn = self.arn_of_granted(grant);
        let part = access.parts.iter().find(|part| part.name == paths.part);
        let in_part =
            part.into_iter().flat_map(|part| part.actions.iter().map(|action| access.qualified(action)));
        let in_part: Vec<String> = in_part.filter(|action| within.actions.contains(action)).collect();
        let (listing, key) = paths.listing;
        let listing = listing.iter().map(|action| access.qualified(action));
        let listing: Vec<String> = listing.filter(|action| within.actions.contains(action)).collect();
        let resources =
            within.paths.iter().map(|path| Tree::Text(Text::join([arn.clone(), format!("/{path}").into()])));
        let on_part = (!in_part.is_empty())
            .then(|| Statement::allow(in_part, ("Resource", Tree::List(resources.collect()))))
            .map(|statement| (format!("{sid}{}", capitalised(paths.part)), statement));
        let names = within.paths.iter().map(|path| Tree::Text(path.as_str().into())).collect();
        let mut on_entry = allow(listing.clone(), arn);
        let condition = Tree::Map([(key.to_owned(), Tree::List(names))].into());
        on_entry.0.insert("Condition".to_owned(), Tree::Map([("StringLike".to_owned(), condition)].into()));
        let on_entry = (!listing.is_empty()).then(|| (sid.to_owned(), on_entry));
        on_entry.into_iter().chain(on_part).collect()
    }

    /// The ARN of the entry that a grant is about.
    fn arn_of_granted(&self, grant: &Grant) -> Text {
        let section = self.stack.sections.of_kind(grant.kind);
        match section.filter(|section| section.access().is_some_and(|access| access.by_name)) {
            Some(section) => self.arn_of(section, &grant.key).into(),
            None => Text::reference(&self.id(grant.kind, &grant.key), "arn"),
        }
    }

    /// The ARN of a destination, which exists before what delivers there: AWS looks for it.
    pub(crate) fn destination(&self, destination: &Destination) -> Text {
        match destination {
            Destination::Arn(arn, _) => arn.into(),
            Destination::Entry(grant) => Text::reference(&self.id(grant.kind, &grant.key), "arn"),
        }
    }

    /// One of the user's own statements: its `Sid`, and its other members.
    fn statement(&self, statement: &config::Statement) -> (Option<String>, Statement<Text>) {
        let members = statement.members.iter();
        let mut members: BTreeMap<String, Tree<Text>> =
            members.map(|(name, member)| (name.clone(), self.json(member))).collect();
        let sid = match members.remove("Sid") {
            Some(Tree::Text(Text::Known(sid))) => Some(sid),
            _ => None,
        };
        (sid, Statement(members))
    }
}

/// A statement that allows actions on a resource.
pub(crate) fn allow(actions: impl IntoIterator<Item = impl Into<String>>, resource: Text) -> Statement<Text> {
    Statement::allow(actions, ("Resource", Tree::List(vec![Tree::Text(resource)])))
}

/// A `Sid` that no statement has yet: the given one, or that with a number. IAM takes letters and digits only.
pub(super) fn free_sid(statements: &BTreeMap<String, Statement<Text>>, wanted: &str) -> String {
    let numbered = (2..).map(|number| format!("{wanted}{number}"));
    let mut candidates = std::iter::once(wanted.to_owned()).chain(numbered);
    candidates.find(|sid| !statements.contains_key(sid)).unwrap_or_default()
}

/// The name of a kind as it begins a `Sid`.
fn capitalised(kind: &str) -> String {
    kind.split('_').map(crate::text::capital).collect()
}

fn alphanumeric(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}
