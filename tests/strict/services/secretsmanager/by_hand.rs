//! What people and other tools do with secrets.

use super::policy::theirs;
use super::secret::{Content, Secret, Version, remove};
use crate::cloud::Cloud;
use crate::service::{Drift, ID, Make, changed, map, own, pick, retag};

/// The names of secrets in random stacks.
pub(super) const SECRETS: &[&str] = &["walk/db", "key", "token"];

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a secret is deleted for good", |cloud, stack, nth| {
        let name = pick(&cloud.secretsmanager.secrets, |secret| told(secret, stack), nth)?;
        remove(cloud, &name);
        Some(name)
    }),
    ("the deletion of a secret is scheduled", |cloud, stack, nth| {
        let now = cloud.now;
        change(cloud, stack, nth, |secret| {
            secret.deletion = Some((now + std::time::Duration::from_secs(7 * 24 * 3600), now));
        })
    }),
    ("a secret that the file tells has another value", |cloud, stack, nth| {
        let name = pick(&cloud.secretsmanager.secrets, |secret| told(secret, stack), nth)?;
        cloud.secretsmanager.put(&name, "theirs");
        Some(name)
    }),
    ("a secret is described", |cloud, stack, nth| {
        change(cloud, stack, nth, |secret| "theirs".clone_into(&mut secret.description))
    }),
    ("a secret has another key", |cloud, stack, nth| {
        change(cloud, stack, nth, |secret| {
            secret.key = Some("arn:aws:kms:eu-west-1:123456789012:key/theirs".to_owned())
        })
    }),
    ("a secret admits others", |cloud, stack, nth| {
        let has = |secret: &Secret| {
            let is_of = secret.tags.get("provision:stack").is_some_and(|of| of == stack);
            is_of && secret.deletion.is_none() && secret.tags.contains_key(APART)
        };
        let name = pick(&cloud.secretsmanager.secrets, has, nth)?;
        cloud.secretsmanager.secrets.get_mut(&name)?.policy = Some(theirs());
        Some(name)
    }),
    ("a secret can be restored for another time", |cloud, stack, nth| {
        change(cloud, stack, nth, |secret| {
            drop(secret.tags.insert("provision:recovery".to_owned(), "29".to_owned()))
        })
    }),
    ("a secret's tags are changed", |cloud, stack, nth| {
        change(cloud, stack, nth, |secret| retag(&mut secret.tags))
    }),
];

/// The tag that tells of a policy: only then it is read.
const APART: &str = "provision:settings";

fn change(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Secret)) -> Option<String> {
    changed(&mut cloud.secretsmanager.secrets, stack, nth, change)
}

/// Whether the name of the version of a stack's secret tells its value, as that of one whose value the file gives.
fn told(secret: &Secret, stack: &str) -> bool {
    let is_told = |version: &Version| version.id.starts_with("p1");
    secret.tags.get("provision:stack").is_some_and(|of| of == stack)
        && secret.versions.last().is_some_and(is_told)
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a secret of a wanted name", |cloud, stack, nth| {
        make(cloud, &own(stack, SECRETS, nth), &[("owner", "theirs")])
    }),
    ("a secret of a near name", |cloud, stack, nth| {
        make(cloud, &format!("{}-2", own(stack, SECRETS, nth)), &[])
    }),
    ("a secret of another stack", |cloud, _, nth| {
        make(cloud, &format!("prod-{}", SECRETS[nth % SECRETS.len()]), &[("provision:stack", "walk/prod")]);
    }),
];

fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    if cloud.secretsmanager.secrets.contains_key(name) {
        return;
    }
    cloud.secretsmanager.put(name, "theirs");
    if let Some(secret) = cloud.secretsmanager.secrets.get_mut(name) {
        secret.tags = map(tags);
    }
}

/// Changes all secrets wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    let names: Vec<String> = cloud.secretsmanager.secrets.keys().cloned().collect();
    let has_policies = cloud.secretsmanager.secrets.values().any(|secret| secret.tags.contains_key(APART));
    for name in names {
        let secret = &cloud.secretsmanager.secrets[&name];
        let stack = secret.tags.get("provision:stack").cloned().unwrap_or_default();
        if told(secret, &stack) {
            cloud.secretsmanager.put(&name, "theirs");
        }
        let Some(secret) = cloud.secretsmanager.secrets.get_mut(&name) else { continue };
        "theirs".clone_into(&mut secret.description);
        secret.key = Some("arn:aws:kms:eu-west-1:123456789012:key/theirs".to_owned());
        secret.tags.remove(ID);
        match secret.tags.get(APART) {
            Some(_) => secret.policy = None,
            // A policy that an earlier version of the stack has had.
            None if has_policies => {
                secret.tags.insert(APART.to_owned(), "resource-policy".to_owned());
                secret.policy = Some(theirs());
            }
            None => {}
        }
    }
    let now = cloud.now;
    let mut own = cloud.secretsmanager.secrets.values_mut().rev();
    if let Some(last) = own.find(|secret| secret.tags.contains_key("provision:stack")) {
        last.deletion = Some((now + std::time::Duration::from_secs(7 * 24 * 3600), now));
    }
}

/// A secret that is no longer declared.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    let mut own =
        cloud.secretsmanager.secrets.values().filter(|secret| secret.tags.contains_key("provision:stack"));
    let Some(secret) = own.next().cloned() else { return };
    let secret = Secret { ending: "earlie".to_owned(), ..secret };
    debug_assert!(secret.versions.iter().all(|version| !matches!(version.content, Content::Binary(_))));
    cloud.secretsmanager.secrets.insert("earlier".to_owned(), secret);
}
