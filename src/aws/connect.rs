//! Finds credentials, region and account, and builds the clients.

use super::calls::Calls;
use super::error::{Error, Result};
use super::limit::{API_GATEWAY, DYNAMODB, LAMBDA, LOGS, Paced};
use super::read_only::ReadOnly;
use super::{Context, FreshRoles, UPLOADS};
use crate::event::Events;
use crate::http;
use crate::model::{Identity, Scope, partition_of};
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_iam::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_http_client::Builder as HttpBuilder;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Attempts of a call that AWS throttles or fails.
const ATTEMPTS: u32 = 8;

/// The SDK counts the retries of a whole process, and after some hundred of them gives up at the first refusal: a large stack
/// that a service asks for slower calls would fail. Each call has its own limit, and the pace is kept, so nothing is counted.
const RETRIES: &str = "provision";

/// The call that tells who calls.
const IDENTITY: &str = "sts:GetCallerIdentity";

/// Where to act.
#[derive(Debug, Clone)]
pub enum Place {
    /// Real AWS, with region and profile where the user gave them; everything else as every AWS tool takes it.
    Aws {
        /// The region, before the environment's or the profile's.
        region: Option<String>,
        /// The profile, before `AWS_PROFILE`.
        profile: Option<String>,
    },
    /// The local cloud at a URL. Every `AWS_*` variable is ignored, so that nothing can reach a real account.
    Local {
        /// The endpoint, for example `http://127.0.0.1:4566`.
        url: String,
        /// The region to pretend.
        region: String,
        /// The credentials that it made for itself.
        credentials: Credentials,
    },
}

/// What the clients may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads only; a write is refused before anything is sent.
    Read,
    /// Reads and writes.
    Write,
}

/// An account and region of AWS, with the credentials to act in it.
#[derive(Debug, Clone)]
pub struct Connection {
    config: SdkConfig,
    paces: Paces,
    plain: Paced,
    calls: Calls,
    local: bool,
    /// The region.
    pub region: String,
    /// The account, as STS names it for the credentials in use.
    pub account: String,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// An endpoint other than AWS's own.
    pub endpoint: Option<String>,
}

impl Connection {
    /// Loads credentials and region, and asks STS for the account.
    ///
    /// # Errors
    /// No region, no credentials, or credentials that STS refuses.
    pub async fn open(place: &Place, calls: Calls) -> Result<Self> {
        let config = match place {
            Place::Aws { region, profile } => load(region.as_deref(), profile.as_deref()).await,
            Place::Local { url, region, credentials } => local(url, region, credentials.clone()),
        };
        Connection::of(config, matches!(place, Place::Local { .. }), calls).await
    }

    /// The same, with a configuration of one's own; its HTTP client and time source are used where it has them.
    ///
    /// # Errors
    /// No region, no credentials, or credentials that STS refuses.
    pub async fn of(config: SdkConfig, local: bool, calls: Calls) -> Result<Self> {
        if config.region().is_none() {
            return Err(no_region());
        }
        let mut connection = Connection::unchecked(config, local, calls);
        // The first call tells soon whether anything can be reached at all.
        let retries =
            RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(300));
        let soon = aws_sdk_sts::config::Builder::new().retry_config(retries);
        let ask =
            connection.clients(Access::Read).sts.get_caller_identity().customize().config_override(soon);
        let identity = ask.send().await?;
        // Names and ARNs are made of these, so that nothing is done on a guess.
        let account = identity.account().filter(|account| is_account(account));
        let account = account.ok_or_else(|| Error::broken(IDENTITY, "AWS's answer names no account"))?;
        connection.account = account.to_owned();
        if let Some(["arn", partition, ..]) =
            identity.arn().map(|arn| arn.split(':').collect::<Vec<_>>()).as_deref()
        {
            connection.partition = (*partition).to_owned();
        }
        Ok(connection)
    }

    /// A connection whose account is not known yet. The pace is kept for all clients of the connection together.
    pub(super) fn unchecked(config: SdkConfig, local: bool, calls: Calls) -> Self {
        let http = config.http_client().unwrap_or_else(|| http_client(local));
        let paced =
            |quotas| if local { Paced::local(http.clone()) } else { Paced::new(http.clone(), quotas) };
        let plain = if local { Paced::local(http.clone()) } else { Paced::unknown(http.clone()) };
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        Connection {
            paces: Paces {
                dynamodb: paced(DYNAMODB),
                lambda: paced(LAMBDA),
                api: paced(API_GATEWAY),
                logs: paced(LOGS),
            },
            plain,
            calls,
            local,
            partition: partition_of(&region).to_owned(),
            region,
            account: String::new(),
            endpoint: config.endpoint_url().map(str::to_owned),
            config,
        }
    }

    /// The scope of a stack in this account and region, with nothing wanted yet.
    pub fn scope(&self, identity: Identity) -> Scope {
        Scope {
            identity,
            partition: self.partition.clone(),
            account: self.account.clone(),
            region: self.region.clone(),
            wanted: BTreeMap::new(),
            tag_keys: BTreeSet::new(),
            teardown: false,
        }
    }

    /// What kinds work with.
    pub fn context(
        &self,
        scope: Scope,
        access: Access,
        packages: BTreeMap<String, PathBuf>,
        events: Events,
    ) -> Context {
        Context {
            clients: self.clients(access),
            scope,
            packages,
            local: self.local,
            endpoint: self.endpoint.clone(),
            time: self.config.time_source().unwrap_or_default(),
            roles: FreshRoles::default(),
            uploads: Semaphore::new(UPLOADS as usize),
            events,
        }
    }

    /// True on the local cloud.
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// The calls made so far.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Counts anew. The clients that there are already count no more for [`Connection::calls`].
    pub fn count_anew(&mut self) {
        self.calls = self.calls.anew();
    }

    /// Clients for every service in use. On the local cloud, which has no quotas, nothing is held back.
    pub fn clients(&self, access: Access) -> Clients {
        let retries = RetryPartition::custom(RETRIES).token_bucket(TokenBucket::unlimited()).build();
        macro_rules! client {
            ($service:ident, $http:expr) => {{
                let config = $service::config::Builder::from(&self.config)
                    .http_client($http)
                    .retry_partition(retries.clone())
                    .interceptor(self.calls.clone());
                let config = match access {
                    Access::Read => config.interceptor(ReadOnly),
                    Access::Write => config,
                };
                $service::Client::from_conf(config.build())
            }};
        }
        let Paces { dynamodb, lambda, api, logs } = self.paces.clone();
        Clients {
            dynamodb: client!(aws_sdk_dynamodb, dynamodb),
            iam: client!(aws_sdk_iam, self.plain.clone()),
            logs: client!(aws_sdk_cloudwatchlogs, logs),
            lambda: client!(aws_sdk_lambda, lambda),
            api: client!(aws_sdk_apigatewayv2, api),
            tagging: client!(aws_sdk_resourcegroupstagging, self.plain.clone()),
            sts: client!(aws_sdk_sts, self.plain.clone()),
        }
    }
}

/// Whether these are the twelve digits of an account.
fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The clients of the services that have a pace.
#[derive(Debug, Clone)]
struct Paces {
    dynamodb: Paced,
    lambda: Paced,
    api: Paced,
    logs: Paced,
}

/// One client for each service.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the services' names")]
pub struct Clients {
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub iam: aws_sdk_iam::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub api: aws_sdk_apigatewayv2::Client,
    pub tagging: aws_sdk_resourcegroupstagging::Client,
    pub sts: aws_sdk_sts::Client,
}

/// The region that the environment or the profile sets. Nothing is asked, not even the machine's own metadata.
///
/// # Errors
/// That neither sets one.
pub async fn configured_region(profile: Option<&str>) -> Result<String> {
    let mut profiles = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        profiles = profiles.profile_name(profile);
    }
    let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
    let region = chain.or_else(profiles.build()).region().await;
    region.map(|region| region.to_string()).ok_or_else(no_region)
}

fn no_region() -> Error {
    Error::waited(
        "no region: set `region:` in stack.yaml, pass --region, or set AWS_REGION or the profile's region",
    )
}

async fn load(region: Option<&str>, profile: Option<&str>) -> SdkConfig {
    // An explicit retry configuration: the loader panics on an invalid AWS_MAX_ATTEMPTS otherwise [sdk-notes: Set up].
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).build())
        .stalled_stream_protection(stalls())
        .http_client(http_client(false));
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile).credentials_provider(of_profile(region, profile).await);
    }
    loader.load().await
}

/// The credentials of a profile that the user has asked for. The SDK's chain would take those of the environment first, and
/// act in another account than the one that was meant.
async fn of_profile(region: Option<&str>, profile: &str) -> ProfileFileCredentialsProvider {
    let region = match region {
        Some(region) => Some(region.to_owned()),
        None => configured_region(Some(profile)).await.ok(),
    };
    let settings = ProviderConfig::without_region()
        .with_http_client(http_client(false))
        .with_region(region.map(Region::new));
    ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(profile).build()
}

/// The local cloud has one account. It would take an access key of twelve digits for the account to act in, but the URL of an
/// API there answers those alone who send such a key.
fn local(url: &str, region: &str, credentials: Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).build())
        .stalled_stream_protection(stalls())
        .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
            aws_smithy_async::rt::sleep::TokioSleep::new(),
        ))
        .build()
}

/// The SDK's own client, which cannot be had by itself to be wrapped.
fn http_client(local: bool) -> SharedHttpClient {
    HttpBuilder::new().build_with_connector_fn(move |settings, components| {
        http::connector(local, settings.cloned(), components.and_then(RuntimeComponents::sleep_impl))
    })
}

/// Watches that answers keep coming. Not uploads: a call that waits for its turn would look stalled [sdk-notes].
fn stalls() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::enabled()
        .upload_enabled(false)
        .grace_period(Duration::from_secs(20))
        .build()
}
