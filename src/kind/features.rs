//! What the commands and the search for resources know of a kind: data that the kind states in its own file.

use super::{Act, Wire};
use crate::diff::Change;
use crate::model::{Identity, PhysicalId, ResourceId, in_words, without_ending};
use serde_json::Value as Json;

/// How the commands show and name resources of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Features {
    /// The words for one resource and for several; by default the kind's name in words, and that with an `s`.
    pub nouns: Option<[&'static str; 2]>,
    /// What `adopt` is given; `None` where ownership tags cannot be set after the create, or come with the parent's.
    pub adopted_by: Option<AdoptedBy>,
    /// What checks and commands do with a resource.
    pub acts: &'static [&'static Act],
    /// What `outputs` shows of a resource, the most important first.
    pub outputs: &'static [Output],
    /// The attribute that is the URL to which the stack's checks are sent.
    pub endpoint: Option<&'static str>,
    /// For the kind whose resources are the requests that the endpoint takes, such as `GET /items`: its name. It refers to a
    /// resource that has the name of the code that answers.
    pub requests: Option<FitOf>,
    /// For the kind that runs the user's code, which `invoke` calls and whose logs `logs` reads.
    pub runs_code: Option<RunsCode>,
    /// For the kind whose resources take a value from outside of the stack file, with `secret set`.
    pub takes_value: Option<TakesValue>,
    /// For a kind whose resources stand for released versions, which `promote` and `rollback` move: what one is called within its
    /// parent.
    pub releases: Option<fn(&ResourceId) -> &str>,
    /// True if a user names each resource in the stack file, so that `validate` counts them.
    pub counted: bool,
    /// How to turn deletion protection off.
    pub unprotect: &'static str,
    /// How AWS's names of some resources end where their keys in the stack file do not. `{account}` and `{region}` in it stand
    /// for where the resource is.
    pub name_ending: &'static str,
    /// The resource that a resource is shown as a part of: what the user declares has parts that come with it.
    pub part_of: fn(&ResourceId) -> Option<ResourceId>,
    /// What a part is called within that resource. The JSON is the observed spec, where it exists.
    pub called: fn(&ResourceId, Option<&Json>) -> String,
    /// True for a resource that stands for an item of `triggers`, at the entry that it is shown as a part of.
    pub is_trigger: fn(&ResourceId) -> bool,
    /// For the resource that makes a source act: the wire that it is a half of. The JSON is its spec, desired or observed.
    pub wire: fn(&ResourceId, &Json) -> Option<Wire>,
    /// For the resource that admits the source: the same. Plans show it in the line of the other half.
    pub admits: fn(&Json) -> Option<Wire>,
    /// What a plan says of a new resource, from its desired spec: a few words each.
    pub facts: fn(&Json) -> Vec<String>,
    /// The fields that differ as the user knows them, where those of the spec would tell little. The JSON is the observed and
    /// the desired spec.
    pub differences: fn(Vec<Change>, &Json, &Json) -> Vec<Change>,
}

impl Features {
    /// A kind that no command but `plan`, `up`, `down` and `status` knows.
    pub const NONE: Features = Features {
        nouns: None,
        adopted_by: None,
        acts: &[],
        outputs: &[],
        endpoint: None,
        requests: None,
        runs_code: None,
        takes_value: None,
        releases: None,
        counted: false,
        unprotect: "turn its deletion protection off first, in the AWS console or with the AWS CLI",
        name_ending: "",
        part_of: |id| id.parent().cloned(),
        called: |id, _| format!("{} {}", in_words(id.kind), id.name),
        is_trigger: |_| false,
        wire: |_, _| None,
        admits: |_| None,
        facts: |_| Vec::new(),
        differences: |changes, _, _| changes,
    };

    /// [`Features::called`] for a part of which there is one.
    pub const ONLY_ONE: fn(&ResourceId, Option<&Json>) -> String = |id, _| in_words(id.kind);

    /// The key in the stack file of a resource with this name, which is without the environment's prefix.
    pub fn key<'a>(&self, name: &'a str) -> &'a str {
        without_ending(name, self.name_ending).unwrap_or(name)
    }
}

/// What `adopt` is given to find a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptedBy {
    /// Its name, in AWS or in the stack file.
    Name,
    /// Its physical id, for a kind whose names are not unique. The stack declares one resource of such a kind.
    PhysicalId,
}

/// An attribute that `outputs` shows.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// The output's name. [`Output::KEY`] in it stands for the key of the resource in the stack file.
    pub name: &'static str,
    /// The attribute.
    pub attribute: &'static str,
}

impl Output {
    /// What stands for a key in the name of an output.
    pub const KEY: &'static str = "NAME";

    /// An attribute under a name.
    pub const fn new(name: &'static str, attribute: &'static str) -> Self {
        Output { name, attribute }
    }

    /// True if each resource has this output under its key.
    pub fn has_key(&self) -> bool {
        self.name.contains(Output::KEY)
    }
}

/// How well the name of a resource fits a request by its method and its path without a query; `None` if the resource does not
/// take it. [`UNKNOWN`] in a path stands for a text that is not known yet.
pub type FitOf = fn(name: &str, method: &str, path: &str) -> Option<Fit>;

/// How well it fits. Of several resources the smallest one gets the request.
pub type Fit = Vec<u8>;

/// What stands for a text that is not known in the path of a request. No URL contains it.
pub const UNKNOWN: char = '\0';

/// How a kind runs the user's code.
#[derive(Debug, Clone, Copy)]
pub struct RunsCode {
    /// What stands before a resource's name in the name of its log group.
    pub log_groups: &'static str,
}

/// How a kind takes values that are not in the stack file.
#[derive(Debug, Clone, Copy)]
pub struct TakesValue {
    /// True for a desired spec that has the value: nothing else may set it then.
    pub is_given: fn(&Json) -> bool,
    /// How many bytes it may have.
    pub most: usize,
}

/// How the tagging API shows resources of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Tagging {
    /// Its name of the type, which begins with the service as ARNs have it, for example `dynamodb:table`.
    pub resource_type: &'static str,
    /// What stands before the physical id in the last part of the ARN, for example `table/`.
    pub prefix: &'static str,
    /// When the kind finds undeclared resources of ours without the API.
    pub own_listing: OwnListing,
}

/// When [`Kind::observe`](super::Kind::observe) finds undeclared resources of ours by itself. Where it does not, only the
/// tagging API finds them, and a kind cannot be read completely if that is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnListing {
    /// Never.
    Never,
    /// Only for `down`.
    Down,
    /// Always.
    Always,
}

impl Tagging {
    /// The physical id in an ARN; `None` for the ARN of another kind.
    pub fn physical_id<'a>(&self, arn: &'a str) -> Option<&'a str> {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, resource) = (parts.next()?, parts.nth(2)?);
        let own = self.resource_type.split(':').next();
        resource.strip_prefix(self.prefix).filter(|_| own == Some(service))
    }

    /// True if only the tagging API finds undeclared resources of ours.
    pub fn finds_alone(&self, destroy: bool) -> bool {
        match self.own_listing {
            OwnListing::Never => true,
            OwnListing::Down => !destroy,
            OwnListing::Always => false,
        }
    }
}

/// A resource with the ownership tag of a stack, for `list`.
#[derive(Debug, Clone)]
pub struct Owned {
    /// The stack.
    pub identity: Identity,
    /// The physical id.
    pub physical_id: PhysicalId,
    /// The ARN, of what the tagging API has listed.
    pub arn: Option<String>,
    /// True if its deletion protection is on.
    pub protected: bool,
    /// The region, for a kind that is listed for all regions.
    pub region: Option<String>,
}

impl Owned {
    /// A resource by the value of its tag `provision:stack`.
    pub fn new(mark: &str, physical_id: PhysicalId) -> Self {
        Owned { identity: Identity::of(mark), physical_id, arn: None, protected: false, region: None }
    }
}

/// What is adopted together with a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Companions {
    /// The resources, where they exist.
    pub ids: Vec<ResourceId>,
    /// What the user should know.
    pub notes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_of_the_kind_whose_service_and_type_it_names() {
        let tagging =
            |resource_type, prefix| Tagging { resource_type, prefix, own_listing: OwnListing::Never };
        let tables = tagging("dynamodb:table", "table/");
        assert_eq!(tables.physical_id("arn:aws:dynamodb:eu-west-1:1:table/notes"), Some("notes"));
        assert_eq!(tables.physical_id("arn:aws:glue:eu-west-1:1:table/notes"), None);
        assert_eq!(tables.physical_id("arn:aws:dynamodb:eu-west-1:1:backup/notes"), None);
        let groups = tagging("logs:log-group", "log-group:");
        assert_eq!(groups.physical_id("arn:aws:logs:eu-west-1:1:log-group:/a/b:c"), Some("/a/b:c"));
        let bare = tagging("sqs", "");
        assert_eq!(bare.physical_id("arn:aws:sqs:eu-west-1:1:jobs"), Some("jobs"));
        assert_eq!(bare.physical_id("arn:aws:sqs"), None);
    }
}
