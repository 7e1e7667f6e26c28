//! The settings that every AWS tool takes from the environment and from profiles. They are read here as well as in the SDK,
//! because the SDK takes an empty variable for a value, and passes by in silence what it cannot read.

use super::clients::OWN;
use super::error::{Error, Result};
use super::service::Service;
use crate::http::{Trust, check_endpoint, check_proxies};
use crate::model::check_region;
use aws_config::profile::{ProfileFileLoadError, ProfileSet, load};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::property::PropertiesKey;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// The ids of the services that give credentials, as their models have them.
const CREDENTIALS: [&str; 3] = ["SSO", "SSO OIDC", "Signin"];

/// The profile where none is named.
const DEFAULT: &str = "default";

/// The variables and the profile in use.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    variables: HashMap<String, String>,
    profiles: ProfileSet,
    /// True if the command line names the profile: then no other credentials are taken.
    pub(super) is_profile_given: bool,
}

/// A value, and where it stands.
struct Setting {
    source: String,
    value: String,
}

impl Settings {
    /// Reads the environment of this process and the profiles.
    ///
    /// # Errors
    /// That a profile is named that does not exist, or that a configuration file cannot be read.
    pub(super) async fn read(profile: Option<&str>) -> Result<Self> {
        let variables = std::env::vars_os();
        let texts =
            variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Settings::of(texts.collect(), profile).await
    }

    /// The same for given variables.
    async fn of(variables: HashMap<String, String>, profile: Option<&str>) -> Result<Self> {
        let given = profile.filter(|name| !name.is_empty());
        let variable = variables.get("AWS_PROFILE").filter(|name| !name.is_empty());
        let name = given.or(variable.map(String::as_str)).unwrap_or(DEFAULT).to_owned();
        let env = Env::from(variables.clone());
        let profiles = load(&Fs::real(), &env, &EnvConfigFiles::default(), Some(name.clone().into())).await;
        let settings = Settings {
            profiles: profiles.map_err(unreadable)?,
            is_profile_given: given.is_some(),
            variables,
        };
        if name != DEFAULT && settings.profiles.get_profile(&name).is_none() {
            return Err(settings.no_profile(&name));
        }
        Ok(settings)
    }

    /// The name of the profile in use.
    pub(super) fn profile(&self) -> &str {
        self.profiles.selected_profile()
    }

    fn no_profile(&self, name: &str) -> Error {
        let source = if self.is_profile_given { "" } else { ", which AWS_PROFILE names" };
        let known: BTreeSet<&str> = self.profiles.profiles().collect();
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let known = match known.as_slice() {
            [] => "the AWS configuration files have none".to_owned(),
            known => format!("the AWS configuration files have {}", known.join(", ")),
        };
        Error::credentials(format!("there is no profile `{name}`{source}; {known}"))
    }

    /// A variable. An empty one is as if it was not set: pipelines make them of what they lack.
    fn variable(&self, name: &str) -> Option<Setting> {
        let value = self.variables.get(name).filter(|value| !value.is_empty())?;
        Some(Setting { source: name.to_owned(), value: value.clone() })
    }

    /// A setting of the profile.
    fn of_profile(&self, key: &str) -> Option<Setting> {
        let value = self.profiles.get(key).filter(|value| !value.is_empty())?;
        Some(Setting {
            source: format!("`{key}` of the profile `{}`", self.profile()),
            value: value.to_owned(),
        })
    }

    /// The region: the one that is given, or else that of the environment or the profile.
    ///
    /// # Errors
    /// That it is none.
    pub(super) fn region(&self, given: Option<&str>) -> Result<Option<String>> {
        let given = given.filter(|region| !region.is_empty());
        let given = given.map(|region| Setting { source: "--region".to_owned(), value: region.to_owned() });
        let region = given
            .or_else(|| self.variable("AWS_REGION"))
            .or_else(|| self.variable("AWS_DEFAULT_REGION"))
            .or_else(|| self.region_of_profile());
        let Some(Setting { source, value }) = region else { return Ok(None) };
        match check_region(&value) {
            Ok(()) => Ok(Some(value)),
            Err(hint) => Err(Error::local(format!("{source} is `{value}`, which is not a region: {hint}"))),
        }
    }

    /// The region of the profile, or of the one that it takes its credentials from.
    fn region_of_profile(&self) -> Option<Setting> {
        let (mut name, mut visited) = (self.profile(), BTreeSet::new());
        while visited.insert(name) {
            let profile = self.profiles.get_profile(name)?;
            if let Some(region) = profile.get("region").filter(|region| !region.is_empty()) {
                let source = format!("`region` of the profile `{name}`");
                return Some(Setting { source, value: region.to_owned() });
            }
            name = profile.get("source_profile")?;
        }
        None
    }

    /// The URL at which a service is to be reached instead of its own; `None` stands for every service.
    fn endpoint(&self, service: Option<&str>) -> Option<Setting> {
        let ignored = self.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
        let ignored = ignored.or_else(|| self.of_profile("ignore_configured_endpoint_urls"));
        if ignored.is_some_and(|ignored| ignored.value.eq_ignore_ascii_case("true")) {
            return None;
        }
        let suffix = |id: &str| id.replace(' ', "_");
        let variable = |id: &str| self.variable(&format!("AWS_ENDPOINT_URL_{}", suffix(id).to_uppercase()));
        let section = |id: &str| self.service_section(&suffix(id).to_lowercase());
        service
            .and_then(variable)
            .or_else(|| self.variable("AWS_ENDPOINT_URL"))
            .or_else(|| service.and_then(section))
            .or_else(|| self.of_profile("endpoint_url"))
    }

    /// The URL of a service in the section `services` that the profile names.
    fn service_section(&self, service: &str) -> Option<Setting> {
        let section = self.profiles.get("services")?;
        let key = PropertiesKey::builder()
            .section_key("services")
            .section_name(section)
            .property_name(service)
            .sub_property_name("endpoint_url")
            .build()
            .ok()?;
        let value = self.profiles.other_sections().get(&key).filter(|url| !url.is_empty())?;
        Some(Setting {
            source: format!("`endpoint_url` of {service} in `[services {section}]`"),
            value: value.clone(),
        })
    }

    /// The URL at which all services are to be reached that have none of their own.
    pub(super) fn common_endpoint(&self) -> Option<String> {
        self.endpoint(None).map(|setting| setting.value)
    }

    /// The URLs of single services, by the services' ids.
    pub(super) fn service_endpoints(&self, services: &[&Service]) -> BTreeMap<String, String> {
        let common = self.common_endpoint();
        let own = ids(services).filter_map(|id| Some((id.to_owned(), self.endpoint(Some(id))?.value)));
        own.filter(|(_, url)| Some(url) != common.as_ref()).collect()
    }

    /// Checks everything that connections to these services depend on.
    ///
    /// # Errors
    /// The first that is wrong, with its source.
    pub(super) fn check_connections(&self, services: &[&Service]) -> Result<()> {
        for service in ids(services).map(Some).chain([None]) {
            if let Some(Setting { source, value }) = self.endpoint(service) {
                check_endpoint(&value).map_err(|wrong| Error::local(format!("{source} {wrong}")))?;
            }
        }
        check_proxies(&|name| self.variables.get(name).cloned()).map_err(Error::local)
    }

    /// The certificates of authorities that are trusted in addition to those of the system.
    ///
    /// # Errors
    /// That the file cannot be read, or holds no certificate.
    pub(super) fn trust(&self) -> Result<Trust> {
        // The file that takes the place of the system's certificates. Without any, TLS fails later and less clearly.
        self.variable("SSL_CERT_FILE").map(certificates).transpose()?;
        let file = self.variable("AWS_CA_BUNDLE").or_else(|| self.of_profile("ca_bundle"));
        file.map(certificates).transpose().map(Option::unwrap_or_default)
    }

    /// Whether the environment or the profile says where credentials come from.
    pub(super) fn name_credentials(&self) -> bool {
        const VARIABLES: [&str; 4] = [
            "AWS_ACCESS_KEY_ID",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ];
        const KEYS: [&str; 7] = [
            "aws_access_key_id",
            "credential_process",
            "login_session",
            "role_arn",
            "sso_account_id",
            "sso_session",
            "web_identity_token_file",
        ];
        let of_environment = || VARIABLES.iter().any(|name| self.variable(name).is_some());
        let of_profile = KEYS.iter().any(|key| self.of_profile(key).is_some());
        of_profile || (!self.is_profile_given && of_environment())
    }

    /// Where credentials were looked for, for a sentence.
    pub(super) fn places(&self) -> String {
        let profile = format!("the profile `{}`", self.profile());
        if self.is_profile_given {
            profile
        } else {
            format!("the environment, {profile}, a web identity token, the container, the instance")
        }
    }
}

/// The ids of these services, and of those that every command uses.
fn ids(services: &[&Service]) -> impl Iterator<Item = &'static str> {
    services.iter().chain(&OWN).map(|service| service.id).chain(CREDENTIALS)
}

fn certificates(Setting { source, value }: Setting) -> Result<Trust> {
    Trust::read(Path::new(&value)).map_err(|wrong| Error::local(format!("{source} is `{value}`, {wrong}")))
}

/// The SDK asks this for the URL of each service.
impl LoadServiceConfig for Settings {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.env() == "AWS_ENDPOINT_URL")
            .then(|| self.endpoint(Some(key.service_id())))?
            .map(|setting| setting.value)
    }
}

fn unreadable(error: ProfileFileLoadError) -> Error {
    let cause = anyhow::Chain::new(&error).last().map_or_else(|| error.to_string(), ToString::to_string);
    Error::local(format!("the AWS configuration files cannot be read: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Class;

    static DYNAMODB: Service = Service::new("DynamoDB", "dynamodb");
    static LAMBDA: Service = Service::new("Lambda", "lambda");
    static LOGS: Service = Service::new("CloudWatch Logs", "logs");
    static SERVICES: [&Service; 3] = [&DYNAMODB, &LAMBDA, &LOGS];

    const CONFIG: &str = "
[default]
region = eu-north-1

[profile work]
region =
source_profile = home
services = shop
endpoint_url = https://work.example
ca_bundle = nowhere.pem

[profile home]
region = eu-west-1a
role_arn = arn:aws:iam::123456789012:role/ada

[services shop]
dynamodb =
  endpoint_url = https://tables.example
lambda =
  endpoint_url = functions.example
";

    /// The settings from these variables and from [`CONFIG`].
    async fn settings(profile: Option<&str>, variables: &[(&str, &str)]) -> Result<Settings> {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(home.path().join(".aws")).expect("a folder");
        std::fs::write(home.path().join(".aws/config"), CONFIG).expect("a file");
        let home = home.path().to_str().expect("a text");
        let all = variables.iter().copied().chain([("HOME", home)]);
        Settings::of(all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), profile).await
    }

    async fn region(profile: Option<&str>, given: Option<&str>, variables: &[(&str, &str)]) -> String {
        let settings = settings(profile, variables).await.expect("settings");
        match settings.region(given) {
            Ok(region) => region.unwrap_or_default(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn an_empty_region_is_as_if_it_was_not_set() {
        let (empty, default) = (("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "eu-west-1"));
        assert_eq!(region(None, None, &[]).await, "eu-north-1");
        assert_eq!(region(None, None, &[empty]).await, "eu-north-1");
        assert_eq!(region(None, None, &[empty, ("AWS_DEFAULT_REGION", "")]).await, "eu-north-1");
        assert_eq!(region(None, None, &[empty, default]).await, "eu-west-1");
        assert_eq!(region(None, Some(""), &[empty, default]).await, "eu-west-1");
        assert_eq!(
            region(None, Some("us-east-1"), &[("AWS_REGION", "eu-west-3"), default]).await,
            "us-east-1"
        );
        assert_eq!(region(None, None, &[("AWS_REGION", "eu-west-3"), default]).await, "eu-west-3");
        assert_eq!(region(None, None, &[("AWS_PROFILE", ""), empty]).await, "eu-north-1");
        assert_eq!(region(Some(""), None, &[]).await, "eu-north-1");
    }

    #[tokio::test]
    async fn what_is_no_region_is_told_with_its_source_and_the_one_that_was_meant() {
        for (wrong, meant) in [
            ("us-east-1a", "did you mean `us-east-1`?"),
            ("US-EAST-1", "did you mean `us-east-1`?"),
            (" us-east-1", "did you mean `us-east-1`?"),
            (" ", "a region looks like `eu-central-1`"),
        ] {
            let told = region(None, None, &[("AWS_REGION", wrong)]).await;
            assert_eq!(told, format!("AWS_REGION is `{wrong}`, which is not a region: {meant}"));
            let told = region(None, Some(wrong), &[]).await;
            assert_eq!(told, format!("--region is `{wrong}`, which is not a region: {meant}"));
        }
        // The region of the profile that the credentials come from counts where the profile has none.
        let told = region(Some("work"), None, &[]).await;
        let source = "`region` of the profile `home` is `eu-west-1a`, which is not a region";
        assert_eq!(told, format!("{source}: did you mean `eu-west-1`?"));
    }

    #[tokio::test]
    async fn a_profile_that_does_not_exist_is_named_beside_those_that_do() {
        let known = "the AWS configuration files have `default`, `home`, `work`";
        let error = settings(Some("nope"), &[]).await.expect_err("no profile");
        assert_eq!(
            (error.class, error.to_string()),
            (Class::Credentials, format!("there is no profile `nope`; {known}"))
        );
        let error = settings(None, &[("AWS_PROFILE", "nope")]).await.expect_err("no profile").to_string();
        assert_eq!(error, format!("there is no profile `nope`, which AWS_PROFILE names; {known}"));
        let none = ("AWS_CONFIG_FILE", "/nowhere");
        let error = settings(Some("nope"), &[none]).await.expect_err("no profile").to_string();
        assert_eq!(error, "there is no profile `nope`; the AWS configuration files have none");
        assert!(settings(Some("default"), &[none]).await.is_ok(), "the default profile needs no file");
        assert!(settings(Some("work"), &[("AWS_PROFILE", "nope")]).await.is_ok(), "the flag comes first");
    }

    async fn connections(profile: Option<&str>, variables: &[(&str, &str)]) -> String {
        let settings = settings(profile, variables).await.expect("settings");
        settings.check_connections(&SERVICES).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[tokio::test]
    async fn every_endpoint_and_proxy_is_checked_wherever_it_stands() {
        assert_eq!(
            connections(None, &[("AWS_ENDPOINT_URL", "localhost:4566")]).await,
            "AWS_ENDPOINT_URL is `localhost:4566`, which has no scheme; write `http://localhost:4566`"
        );
        assert_eq!(
            connections(None, &[("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "ws://localhost")]).await,
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS is `ws://localhost`, and AWS's services do not speak `ws`; write `http://localhost`"
        );
        assert_eq!(
            connections(Some("work"), &[]).await,
            "`endpoint_url` of lambda in `[services shop]` is `functions.example`, which has no scheme; write \
             `https://functions.example`"
        );
        let lambda = ("AWS_ENDPOINT_URL_LAMBDA", "http://localhost:1");
        assert_eq!(connections(Some("work"), &[lambda]).await, "", "the variable comes first");
        let ignore = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
        assert_eq!(connections(Some("work"), &[ignore]).await, "");
        assert_eq!(connections(None, &[("AWS_ENDPOINT_URL", ""), ("AWS_ENDPOINT_URL_S3", "x")]).await, "");
        let proxy = connections(None, &[("HTTPS_PROXY", "http://user:hu sh@proxy")]).await;
        assert_eq!(
            proxy,
            "HTTPS_PROXY is `http://***@proxy`, which is not a URL; in a user name or password write %40 for @, %3A for : and %2F for /"
        );
        let all = ("ALL_PROXY", "socks5://x");
        let socks = "ALL_PROXY is `socks5://x`, and only HTTP proxies are supported, not `socks5`";
        assert_eq!(
            connections(None, &[("https_proxy", "proxy:3128"), all]).await,
            socks,
            "it is used for HTTP"
        );
        let both = [("https_proxy", "proxy:3128"), ("http_proxy", "proxy:3128"), all];
        assert_eq!(connections(None, &both).await, "");
    }

    #[tokio::test]
    async fn each_service_has_the_endpoint_that_stands_nearest() {
        let endpoints =
            |settings: &Settings| (settings.common_endpoint(), settings.service_endpoints(&SERVICES));
        let (common, own) = endpoints(&settings(Some("work"), &[]).await.expect("settings"));
        assert_eq!(common.as_deref(), Some("https://work.example"));
        assert_eq!(own.keys().collect::<Vec<_>>(), ["DynamoDB", "Lambda"]);
        let variables = [("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_STS", "http://sts")];
        let (common, own) = endpoints(&settings(Some("work"), &variables).await.expect("settings"));
        assert_eq!((common.as_deref(), own.len()), (Some("http://all"), 1));
        assert_eq!(own["STS"], "http://sts");
        assert_eq!(endpoints(&settings(None, &[("AWS_ENDPOINT_URL", "")]).await.expect("settings")).0, None);
    }

    #[tokio::test]
    async fn a_bundle_of_certificates_that_cannot_be_used_is_told() {
        let trust = async |profile, variables: &[(&str, &str)]| {
            let trust = settings(profile, variables).await.expect("settings").trust();
            trust.err().map(|error| error.to_string()).unwrap_or_default()
        };
        let work = "`ca_bundle` of the profile `work` is `nowhere.pem`, which does not exist";
        assert_eq!(trust(Some("work"), &[("AWS_CA_BUNDLE", "")]).await, work);
        let variable = "AWS_CA_BUNDLE is `other.pem`, which does not exist";
        assert_eq!(trust(Some("work"), &[("AWS_CA_BUNDLE", "other.pem")]).await, variable);
        assert_eq!(
            trust(None, &[("SSL_CERT_FILE", "/")]).await,
            "SSL_CERT_FILE is `/`, which is a folder; name a file of certificates in PEM"
        );
        assert_eq!(trust(None, &[]).await, "");
    }

    #[tokio::test]
    async fn it_is_known_whether_credentials_are_named_at_all() {
        let key = ("AWS_ACCESS_KEY_ID", "AKID");
        let named = async |profile, variables: &[(&str, &str)]| {
            settings(profile, variables).await.expect("settings").name_credentials()
        };
        assert!(!named(None, &[]).await);
        assert!(named(None, &[key]).await);
        assert!(!named(None, &[("AWS_ACCESS_KEY_ID", "")]).await);
        assert!(!named(Some("work"), &[key]).await, "the profile alone counts");
        assert!(named(Some("home"), &[]).await);
    }

    #[tokio::test]
    async fn a_configuration_that_cannot_be_read_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        std::fs::write(&file, "[default\nregion = eu-west-1\n").expect("a file");
        let variable = ("AWS_CONFIG_FILE", file.to_str().expect("a text"));
        let error = settings(None, &[variable]).await.expect_err("a wrong file").to_string();
        assert!(error.starts_with("the AWS configuration files cannot be read: "), "{error}");
    }
}
