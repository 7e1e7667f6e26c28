//! Finds credentials, region and account, and builds the clients.

use super::calls::Calls;
use super::clients::Clients;
use super::error::{Class, Error, Result};
use super::limit::Paces;
use super::service::Service;
use super::settings::Settings;
use super::{Context, Created, Documents, FreshRoles, Tagged, UPLOADS, Waits};
use crate::config::Location;
use crate::http::{self, Trust};
use crate::model::{Identity, Scope, check_region, is_known, partition_of};
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder as HttpBuilder;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::Semaphore;

/// Attempts of a call that AWS throttles or fails.
const ATTEMPTS: u32 = 8;

/// The call that says whose credentials these are.
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
    calls: Calls,
    trust: Trust,
    service_endpoints: BTreeMap<String, String>,
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
    /// Where a stack is that is deployed through it.
    pub fn location(&self) -> Location {
        Location {
            partition: partition_of(&self.region).to_owned(),
            region: self.region.clone(),
            account: self.account.clone(),
        }
    }

    /// Loads credentials and region, and asks STS for the account. The settings of the given services are checked, as far as
    /// they have any of their own.
    ///
    /// # Errors
    /// No region, no credentials, or credentials that STS refuses.
    pub async fn open(place: &Place, services: &[&Service], calls: Calls) -> Result<Self> {
        let (region, profile) = match place {
            Place::Aws { region, profile } => (region.as_deref(), profile.as_deref()),
            Place::Local { url, region, credentials } => {
                check_region(region)
                    .map_err(|hint| Error::local(format!("`{region}` is not a region: {hint}")))?;
                return Connection::of(local(url, region, credentials.clone()), true, calls).await;
            }
        };
        let settings = Settings::read(profile).await?;
        let trust = settings.trust()?;
        settings.check_connections(services)?;
        let config = load(&settings, region, &trust).await?;
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let connection = Connection::of(config, false, calls).await;
        let connection = connection.map_err(|error| explained(error, &settings, &region))?;
        Ok(Connection { trust, service_endpoints: settings.service_endpoints(services), ..connection })
    }

    /// The same, with a configuration of one's own; its HTTP client and time source are used where it has them.
    ///
    /// # Errors
    /// No region, no credentials, or credentials that STS refuses.
    pub async fn of(config: SdkConfig, local: bool, calls: Calls) -> Result<Self> {
        if config.region().is_none() {
            return Err(no_region(""));
        }
        let mut connection = Connection::unchecked(config, local, calls);
        // The first call shows soon whether AWS can be reached at all.
        let retries =
            RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(300));
        let soon = aws_sdk_sts::config::Builder::new().retry_config(retries);
        let ask =
            connection.clients(Access::Read).sts().get_caller_identity().customize().config_override(soon);
        let identity = ask.send().await?;
        // Names and ARNs are built from these, so nothing is guessed.
        let account = identity.account().filter(|account| is_account(account));
        let account = account.ok_or_else(|| Error::broken(IDENTITY, "AWS's response names no account"))?;
        connection.account = account.to_owned();
        if let Some(["arn", partition, ..]) =
            identity.arn().map(|arn| arn.split(':').collect::<Vec<_>>()).as_deref()
        {
            connection.partition = (*partition).to_owned();
        }
        Ok(connection)
    }

    /// A connection whose account is not known yet. The pace is kept for all clients of the connection together.
    pub(crate) fn unchecked(config: SdkConfig, local: bool, calls: Calls) -> Self {
        let http = config.http_client().unwrap_or_else(|| http_client((!local).then(Trust::default)));
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        Connection {
            paces: Paces::new(http, local),
            calls,
            trust: Trust::default(),
            service_endpoints: BTreeMap::new(),
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
            tag_keys: Default::default(),
            existing: BTreeMap::new(),
            protected: BTreeSet::new(),
            destroy: false,
        }
    }

    /// What kinds work with.
    pub fn context(
        &self,
        scope: Scope,
        access: Access,
        packages: BTreeMap<String, PathBuf>,
        waits: Waits,
    ) -> Context {
        let time = self.config.time_source().unwrap_or_default();
        let since = time.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Context {
            clients: self.clients(access),
            scope,
            packages,
            local: self.local,
            endpoint: self.endpoint.clone(),
            process: u64::from(since.subsec_nanos()),
            time,
            role_propagation: FreshRoles::default(),
            created: Created::default(),
            tagged: Tagged::default(),
            documents: Documents::default(),
            uploads: Semaphore::new(UPLOADS as usize),
            waits,
        }
    }

    /// True on the local cloud.
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// The credentials in use.
    ///
    /// # Errors
    /// There are none, or they cannot be read.
    pub async fn credentials(&self) -> Result<Credentials> {
        let none = || Error::local("no credentials were found");
        let provider = self.config.credentials_provider().ok_or_else(none)?;
        provider.provide_credentials().await.map_err(|error| Error::local(format!("no credentials: {error}")))
    }

    /// The certificates that are trusted besides the system's.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The endpoints of single services other than AWS's own, by the services' ids.
    pub(crate) fn service_endpoints(&self) -> &BTreeMap<String, String> {
        &self.service_endpoints
    }

    /// The calls so far.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Starts to count again. Existing clients no longer count for [`Connection::calls`].
    pub fn reset_calls(&mut self) {
        self.calls = self.calls.reset();
    }

    /// Clients of all services. On the local cloud, which has no quotas, nothing is held back.
    pub fn clients(&self, access: Access) -> Clients {
        Clients::new(self.config.clone(), self.paces.clone(), self.calls.clone(), access)
    }
}

/// The error of the first call, which says where credentials were looked for.
fn explained(error: Error, settings: &Settings, region: &str) -> Error {
    match error.class {
        Class::Credentials => {
            let message =
                format!("{} (looked at {})", error.message.trim_end_matches('.'), settings.places());
            Error { operation: String::new(), message, ..error }
        }
        Class::Unreachable if !is_known(region) && error.message.contains("lookup") => {
            let hint = format!("`{region}` is not a region that provision knows: it is new, or misspelt");
            Error { message: format!("{}; {hint}", error.message), ..error }
        }
        _ => error,
    }
}

/// Whether these are the twelve digits of an account.
fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The region that is given, or else the one that the environment or the profile sets. Nothing is asked, not even the machine's
/// own metadata.
///
/// # Errors
/// That there is none, or that it is none.
pub async fn configured_region(given: Option<&str>, profile: Option<&str>) -> Result<String> {
    Settings::read(profile).await?.region(given)?.ok_or_else(|| no_region(""))
}

fn no_region(and: &str) -> Error {
    Error::local(format!(
        "no region{and}: set `region:` in stack.yaml, pass --region, or set AWS_REGION or the profile's region"
    ))
}

async fn load(settings: &Settings, region: Option<&str>, trust: &Trust) -> Result<SdkConfig> {
    let http = http_client(Some(trust.clone()));
    let provider = ProviderConfig::without_region().with_http_client(http.clone());
    let region = match settings.region(region)? {
        Some(region) => Region::new(region),
        None => region_of_machine(settings, &provider).await?,
    };
    let provider = provider.with_region(Some(region.clone()));
    // An explicit retry configuration: the loader panics on an invalid AWS_MAX_ATTEMPTS otherwise [sdk-notes: Set up].
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).build())
        .stalled_stream_protection(stalls())
        .http_client(http)
        .profile_name(settings.profile())
        .region(region);
    let loader = if settings.is_profile_given {
        loader.credentials_provider(of_profile(settings, &provider))
    } else {
        loader
    };
    let mut config = loader.load().await.into_builder();
    config.set_endpoint_url(settings.common_endpoint());
    config.set_service_config(Some(settings.clone()));
    Ok(config.build())
}

/// The region that a machine of AWS's knows of itself.
async fn region_of_machine(settings: &Settings, provider: &ProviderConfig) -> Result<Region> {
    let region = ImdsRegionProvider::builder().configure(provider).build().region().await;
    // Both are reported at once, so that one run is enough.
    let and = if settings.name_credentials() { "" } else { ", and no AWS credentials either" };
    region.ok_or_else(|| no_region(and))
}

/// The credentials of a profile that the user has asked for. The SDK's chain would take those of the environment first, and
/// act in another account than the one that was meant.
fn of_profile(settings: &Settings, provider: &ProviderConfig) -> ProfileFileCredentialsProvider {
    ProfileFileCredentialsProvider::builder().configure(provider).profile_name(settings.profile()).build()
}

/// The local cloud has one account. It would take an access key of twelve digits for the account to act in, but the URL of an
/// API there responds only to those who send such a key.
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
fn http_client(trust: Option<Trust>) -> SharedHttpClient {
    HttpBuilder::new().build_with_connector_fn(move |settings, components| {
        http::connector(trust.as_ref(), settings.cloned(), components.and_then(RuntimeComponents::sleep_impl))
    })
}

/// Watches that responses keep coming. Not uploads: a call that waits for its turn would look stalled [sdk-notes].
fn stalls() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::enabled()
        .upload_enabled(false)
        .grace_period(Duration::from_secs(20))
        .build()
}
