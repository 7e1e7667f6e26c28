//! The lifecycle rules of a bucket. The document is the stack's as a whole: S3 replaces it.

use super::{Rule, settings};
use crate::aws::{Context, Result};
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration, Transition, TransitionStorageClass,
};

pub(super) async fn read(ctx: &Context, name: &str) -> Result<Vec<Rule>> {
    let response = ctx.clients.s3().get_bucket_lifecycle_configuration().bucket(name).send().await;
    let response = settings::where_set(response, "NoSuchLifecycleConfiguration")?;
    let rules = response.and_then(|response| response.rules).unwrap_or_default();
    Ok(rules.iter().map(rule).collect())
}

/// A rule as it is compared, without its id. What no stack file can say is a part of it as text.
fn rule(live: &LifecycleRule) -> Rule {
    let expiration = live.expiration();
    let prefix = live.filter().and_then(LifecycleRuleFilter::prefix);
    let mut rule = Rule {
        prefix: prefix.unwrap_or_default().to_owned(),
        expire: expiration.and_then(LifecycleExpiration::days),
        abort_uploads: live
            .abort_incomplete_multipart_upload()
            .and_then(|abort| abort.days_after_initiation()),
        expire_noncurrent: live
            .noncurrent_version_expiration()
            .and_then(|expiration| expiration.noncurrent_days()),
        ..Rule::default()
    };
    for transition in live.transitions() {
        let class = transition.storage_class().map(|class| in_lower_case(class.as_str()));
        rule.transition.extend(class.zip(transition.days()));
    }
    if sent("", &rule).is_ok_and(|again| !is_same(&again, live)) {
        rule.other = Some(format!("{live:?}"));
    }
    rule
}

/// Whether two rules do the same.
fn is_same(one: &LifecycleRule, other: &LifecycleRule) -> bool {
    // An empty filter is one with an empty prefix.
    let plain = |rule: &LifecycleRule| {
        let mut rule = rule.clone();
        rule.id = None;
        let has_filter =
            rule.filter.take().filter(|filter| *filter != LifecycleRuleFilter::builder().build());
        rule.filter =
            has_filter.filter(|filter| *filter != LifecycleRuleFilter::builder().prefix("").build());
        if let Some(transitions) = &mut rule.transitions {
            transitions.sort_by_key(|transition| transition.days);
        }
        rule
    };
    plain(one) == plain(other)
}

/// A storage class as the stack file writes it.
pub(super) fn in_lower_case(class: &str) -> String {
    class.to_lowercase().replace('_', "-")
}

fn sent(id: &str, rule: &Rule) -> Result<LifecycleRule> {
    let Rule { prefix, expire, transition, expire_noncurrent, abort_uploads, other: _ } = rule;
    let mut by_days: Vec<(&String, &i32)> = transition.iter().collect();
    by_days.sort_by_key(|(_, days)| **days);
    let transitions = by_days.into_iter().map(|(class, days)| {
        let class = TransitionStorageClass::from(class.to_uppercase().replace('-', "_").as_str());
        Transition::builder().days(*days).storage_class(class).build()
    });
    let transitions: Vec<Transition> = transitions.collect();
    Ok(LifecycleRule::builder()
        .id(id)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
        .set_expiration(expire.map(|days| LifecycleExpiration::builder().days(days).build()))
        .set_transitions((!transitions.is_empty()).then_some(transitions))
        .set_noncurrent_version_expiration(
            expire_noncurrent
                .map(|days| NoncurrentVersionExpiration::builder().noncurrent_days(days).build()),
        )
        .set_abort_incomplete_multipart_upload(
            abort_uploads
                .map(|days| AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build()),
        )
        .build()?)
}

/// Sets the rules. An empty list is refused, and a call of its own takes them away [hazards: B1].
pub(super) async fn set(ctx: &Context, name: &str, rules: &[Rule]) -> Result<()> {
    let s3 = ctx.clients.s3();
    if rules.is_empty() {
        s3.delete_bucket_lifecycle().bucket(name).send().await?;
        return Ok(());
    }
    let numbered = rules.iter().enumerate().map(|(index, rule)| sent(&format!("rule-{}", index + 1), rule));
    let rules =
        BucketLifecycleConfiguration::builder().set_rules(Some(numbered.collect::<Result<_>>()?)).build()?;
    s3.put_bucket_lifecycle_configuration().bucket(name).lifecycle_configuration(rules).send().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_back_as_it_was_sent() {
        let transition = [("glacier".to_owned(), 90), ("standard-ia".to_owned(), 30)].into();
        let full = Rule {
            prefix: "tmp/".to_owned(),
            expire: Some(365),
            transition,
            expire_noncurrent: Some(7),
            abort_uploads: Some(1),
            other: None,
        };
        for expected in [full, Rule { expire: Some(1), ..Rule::default() }] {
            assert_eq!(rule(&sent("a", &expected).expect("a rule")), expected);
        }
    }

    #[test]
    fn what_no_stack_file_can_say_is_a_difference() {
        let expected = Rule { expire: Some(1), ..Rule::default() };
        let mut live = sent("a", &expected).expect("a rule");
        live.status = ExpirationStatus::Disabled;
        assert!(rule(&live).other.is_some());
    }
}
