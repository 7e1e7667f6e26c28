//! Where credentials come from, and how to get new ones. Knows names of variables and profiles, and no secret.

/// Where the SDK finds its credentials: in this order, the first that is set up [sdk-notes: Set up].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `AWS_ACCESS_KEY_ID` and what belongs to it.
    Environment,
    /// A profile of the AWS configuration, by name.
    Profile(String),
    /// The token of a pipeline, in the file that `AWS_WEB_IDENTITY_TOKEN_FILE` names.
    WebIdentity,
    /// The container that the program runs in.
    Container,
    /// The default profile, or else the role of the machine.
    Default,
}

impl Source {
    /// The source in use, with the profile of the command line and the variables of the environment.
    pub fn of(profile: Option<&str>, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let profile = profile.filter(|name| !name.is_empty()).map(str::to_owned);
        let named = || variable("AWS_PROFILE").filter(|name| !name.is_empty());
        let containers = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
        if profile.is_none() && is_set("AWS_ACCESS_KEY_ID") {
            Source::Environment
        } else if let Some(profile) = profile.or_else(named) {
            Source::Profile(profile)
        } else if is_set("AWS_WEB_IDENTITY_TOKEN_FILE") {
            Source::WebIdentity
        } else if containers.into_iter().any(is_set) {
            Source::Container
        } else {
            Source::Default
        }
    }

    /// Where they come from, for a sentence.
    pub fn place(&self) -> String {
        match self {
            Source::Environment => "the environment (AWS_ACCESS_KEY_ID)".to_owned(),
            Source::Profile(name) => format!("the profile `{name}`"),
            Source::WebIdentity => "the token in AWS_WEB_IDENTITY_TOKEN_FILE".to_owned(),
            Source::Container => "the role of this container".to_owned(),
            Source::Default => "the default profile, or the role of this machine".to_owned(),
        }
    }

    /// How to get new ones, where the old ones have expired or are not valid.
    pub fn renewal(&self) -> String {
        match self {
            Source::Environment => "set new values of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, \
                AWS_SESSION_TOKEN, or unset them to use a profile"
                .to_owned(),
            Source::Profile(name) => format!("log in again: aws sso login --profile {name}"),
            Source::WebIdentity => {
                "let the pipeline ask for a new token: its role must trust this pipeline, and the token lives for \
                 some minutes only"
                    .to_owned()
            }
            Source::Container => "look at the role of the task".to_owned(),
            Source::Default => "log in again: aws sso login".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(profile: Option<&str>, set: &[(&str, &str)]) -> Source {
        Source::of(profile, &|name| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_source_is_the_first_that_is_set_up() {
        let key = ("AWS_ACCESS_KEY_ID", "AKID");
        let named = ("AWS_PROFILE", "work");
        let token = ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t");
        assert_eq!(of(None, &[key, named]), Source::Environment);
        assert_eq!(of(Some("home"), &[key, named]), Source::Profile("home".to_owned()));
        assert_eq!(of(None, &[("AWS_ACCESS_KEY_ID", ""), named, token]), Source::Profile("work".to_owned()));
        assert_eq!(of(None, &[token]), Source::WebIdentity);
        assert_eq!(of(None, &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://x")]), Source::Container);
        assert_eq!(of(None, &[]), Source::Default);
        assert!(of(Some("home"), &[]).renewal().ends_with("aws sso login --profile home"));
    }
}
