//! What the roles of functions may do, as services learn it: a policy counts some seconds after it was written
//! [aws-facts: IAM, Propagation].

use crate::cloud::{Cloud, Delay, Time};
use crate::services::States;
use crate::services::iam::{self, grammar};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Until other services go by a policy of a role that was changed.
pub(crate) const GRANTED: Delay = Delay::of_secs("granted", 8);

/// The policies of AWS that allow a function to receive from a queue.
const RECEIVING: &[&str] = &[
    "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole",
    "arn:aws:iam::aws:policy/AmazonSQSFullAccess",
];

/// The policies of a role: documents by name, and the ARNs of those that are attached.
type Policies = (BTreeMap<String, String>, BTreeSet<String>);

/// What is known of the roles by their ids: another role of the same name is another one [hazards: G3].
#[derive(Debug, Clone, Default)]
pub(crate) struct Grants {
    /// When this was looked at last. What has changed since, the call after that has changed.
    looked: Time,
    roles: BTreeMap<String, Grant>,
}

#[derive(Debug, Clone)]
struct Grant {
    policies: Policies,
    since: Time,
    /// What counts until the change is known.
    before: Policies,
}

/// Takes in what has changed.
pub(super) fn learn(cloud: &mut Cloud) {
    let (now, delay) = (cloud.now, cloud.delays.of(GRANTED));
    let States { iam, lambda, .. } = &mut cloud.states;
    let grants = &mut lambda.grants;
    let looked = std::mem::replace(&mut grants.looked, now);
    let live: HashSet<&str> = iam.roles.values().map(|role| role.id.as_str()).collect();
    grants.roles.retain(|id, _| live.contains(id.as_str()));
    for role in iam.roles.values() {
        let policies = || (role.policies.clone(), role.attached.clone());
        let Some(grant) = grants.roles.get_mut(&role.id) else {
            let grant = Grant { policies: policies(), since: role.created, before: Policies::default() };
            grants.roles.insert(role.id.clone(), grant);
            continue;
        };
        if (&grant.policies.0, &grant.policies.1) != (&role.policies, &role.attached) {
            let policies = policies();
            let counted = if looked < grant.since + delay { &grant.before } else { &grant.policies };
            *grant = Grant { before: counted.clone(), policies, since: looked };
        }
    }
}

/// True if a role, by its ARN, may do something as far as other services know. A role of the user's own may.
pub(crate) fn allows(cloud: &Cloud, role: &str, action: &str, resource: &str) -> bool {
    let Some(role) = cloud.iam.roles.values().find(|other| other.arn() == role) else {
        return iam::exists(cloud, role);
    };
    let Some(grant) = cloud.lambda.grants.roles.get(&role.id) else { return false };
    let known = cloud.now >= grant.since + cloud.delays.of(GRANTED);
    let (inline, attached) = if known { &grant.policies } else { &grant.before };
    inline.values().any(|policy| grammar::allows(policy, action, resource))
        || attached.iter().any(|arn| RECEIVING.contains(&arn.as_str()))
}
