//! The CORS rules of a bucket. The document is the stack's as a whole: S3 replaces it.

use super::{CorsRule, settings};
use crate::aws::{Context, Result};
use crate::kinds::api::section::Cors;
use aws_sdk_s3::types::{CorsConfiguration, CorsRule as SdkRule};
use std::collections::BTreeSet;

/// All that S3 knows.
pub(super) const METHODS: [&str; 5] = ["DELETE", "GET", "HEAD", "POST", "PUT"];

impl CorsRule {
    /// The rule of the stack file in the form that is compared. Names of headers have no case.
    pub(super) fn of(cors: &Cors) -> Self {
        let Cors { origins, methods, headers, expose, max_age, credentials: _ } = cors;
        let all = methods.iter().any(|method| method == "*");
        let named = |methods: &[String]| methods.iter().map(|method| method.to_uppercase()).collect();
        CorsRule {
            allowed_origins: origins.iter().cloned().collect(),
            allowed_methods: if all { METHODS.map(str::to_owned).into() } else { named(methods) },
            allowed_headers: lower(headers),
            expose_headers: lower(expose),
            max_age: *max_age,
        }
    }
}

fn lower(names: &[String]) -> BTreeSet<String> {
    names.iter().map(|name| name.to_lowercase()).collect()
}

pub(super) async fn read(ctx: &Context, name: &str) -> Result<Vec<CorsRule>> {
    let response = ctx.clients.s3().get_bucket_cors().bucket(name).send().await;
    let response = settings::where_set(response, "NoSuchCORSConfiguration")?;
    let rules = response.and_then(|response| response.cors_rules).unwrap_or_default();
    let rule = |rule: &SdkRule| CorsRule {
        allowed_origins: rule.allowed_origins().iter().cloned().collect(),
        allowed_methods: rule.allowed_methods().iter().cloned().collect(),
        allowed_headers: lower(rule.allowed_headers()),
        expose_headers: lower(rule.expose_headers()),
        max_age: rule.max_age_seconds(),
    };
    Ok(rules.iter().map(rule).collect())
}

/// Sets the rules. An empty list is refused, and a call of its own takes them away [hazards: B1].
pub(super) async fn set(ctx: &Context, name: &str, rules: &[CorsRule]) -> Result<()> {
    let s3 = ctx.clients.s3();
    if rules.is_empty() {
        s3.delete_bucket_cors().bucket(name).send().await?;
        return Ok(());
    }
    let some = |names: &BTreeSet<String>| (!names.is_empty()).then(|| names.iter().cloned().collect());
    let rule = |rule: &CorsRule| {
        let CorsRule { allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age } = rule;
        SdkRule::builder()
            .set_allowed_origins(some(allowed_origins))
            .set_allowed_methods(some(allowed_methods))
            .set_allowed_headers(some(allowed_headers))
            .set_expose_headers(some(expose_headers))
            .set_max_age_seconds(*max_age)
            .build()
    };
    let rules = rules.iter().map(rule).collect::<std::result::Result<_, _>>()?;
    let rules = CorsConfiguration::builder().set_cors_rules(Some(rules)).build()?;
    s3.put_bucket_cors().bucket(name).cors_configuration(rules).send().await?;
    Ok(())
}
