//! What the deploy policy allows on functions.

use super::super::alias::ALIASES;
use super::super::role::Role;
use super::{Function, Spec};
use crate::aws::tags;
use crate::kind::{Kind, On, Permission, Task, When, Which, desired};
use crate::model::Text;
use serde_json::Value as Json;

pub(in crate::kinds) const ANY: On = On::new("ReadFunction", Function::NAME, Which::Any, &[Function::ARN]);
pub(in crate::kinds) const DECLARED: On =
    On::new("Functions", Function::NAME, Which::Declared, &[Function::ARN]);
const OWNED: On = On::new("MarkedFunctions", Function::NAME, Which::Owned(""), &[Function::ARN]);
/// Published versions, which have no tags of their own.
const VERSIONS: On = On::new(
    "FunctionVersions",
    Function::NAME,
    Which::Declared,
    &["arn:{partition}:lambda:{region}:{account}:function:{name}:*"],
);
const LAYERS: On = On::new("Layers", Function::NAME, Which::Field("layers"), &[]);
/// The roles of functions, to be passed to Lambda only.
const PASSED: On = On::new("PassedRoles", Role::NAME, Which::Field("role"), &[Role::ARN])
    .only("iam:PassedToService", "lambda.amazonaws.com");

/// The keys that encrypt environments. Lambda shares its grant on a key with the role of the function
/// [aws-facts-services: Deployer's actions; DG: Lambda, "Securing environment variables"].
const KEYS: On = On::new("EnvironmentKeys", Function::NAME, Which::Field("kms_key"), &[]);
const SIGNING: On = On::new("CodeSigning", Function::NAME, Which::Field("code_signing"), &[]);
/// Lambda lets itself read the repository of an image, if whoever deploys may do that.
const REPOSITORIES: On = On::new(
    "Repositories",
    Function::NAME,
    Which::Within,
    &["arn:{partition}:ecr:{region}:{account}:repository/{name}"],
);
const FILE_SYSTEMS: On = On::new(
    "FileSystems",
    Function::NAME,
    Which::Within,
    &["arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{name}"],
);

/// What Lambda asks of a network in the name of whoever connects a function with it.
const SEE_NETWORK: &[(&str, &On)] = &[
    ("ec2:DescribeSecurityGroups", &On::EVERYTHING),
    ("ec2:DescribeSubnets", &On::EVERYTHING),
    ("ec2:DescribeVpcs", &On::EVERYTHING),
];
const SEE_MOUNTS: &[(&str, &On)] = &[("elasticfilesystem:DescribeMountTargets", &FILE_SYSTEMS)];
const SHARE_IMAGE: &[(&str, &On)] =
    &[("ecr:GetRepositoryPolicy", &REPOSITORIES), ("ecr:SetRepositoryPolicy", &REPOSITORIES)];

const CREATE: &str = "lambda:CreateFunction";
const CONFIGURE: &str = "lambda:UpdateFunctionConfiguration";
const PUT_ASYNC: &str = "lambda:PutFunctionEventInvokeConfig";
const DELETE_ASYNC: &str = "lambda:DeleteFunctionEventInvokeConfig";
const UPLOAD: &str = "lambda:UpdateFunctionCode";

pub(super) const ALL: &[Permission] = &[
    // Without `lambda:ListTags` the response lacks the tags, which say who owns the function; without the key, the environment.
    Permission::of(
        "lambda:GetFunction",
        Task::READ,
        &[("lambda:GetFunction", &ANY), ("lambda:ListTags", &ANY), ("kms:Decrypt", &KEYS)],
    ),
    // Settings with calls of their own. A stack that no longer has one is deployed with the policy of when it had it: a policy
    // with the calls for what a stack may once have had would be too large for IAM.
    Permission::same("lambda:GetFunctionEventInvokeConfig", Task::READ, &ANY)
        .when(When::Some(|spec| has_async(spec) || has_release(spec))),
    Permission::same("lambda:GetFunctionCodeSigningConfig", Task::READ, &ANY).when(When::Some(is_signed)),
    Permission::same("lambda:GetFunctionRecursionConfig", Task::READ, &ANY).when(When::Some(may_loop)),
    Permission::same("lambda:ListVersionsByFunction", Task::READ, &ANY).when(When::Some(has_release)),
    Permission::same("lambda:ListAliases", Task::READ, &ANY).when(When::Some(has_release)),
    Permission::of(
        CREATE,
        Task::CHANGE,
        &[
            (CREATE, &DECLARED),
            ("lambda:TagResource", &DECLARED),
            ("iam:PassRole", &PASSED),
            ("lambda:GetLayerVersion", &LAYERS),
            ("kms:CreateGrant", &KEYS),
            ("kms:Encrypt", &KEYS),
        ],
    ),
    Permission::of(
        CONFIGURE,
        Task::CHANGE,
        &[
            ("iam:PassRole", &PASSED),
            ("lambda:GetLayerVersion", &LAYERS),
            ("kms:CreateGrant", &KEYS),
            ("kms:Encrypt", &KEYS),
        ],
    ),
    Permission::of(CREATE, Task::CHANGE, SEE_NETWORK).when(When::Some(has_network)),
    Permission::of(CONFIGURE, Task::CHANGE, SEE_NETWORK).when(When::Some(has_network)),
    Permission::of(CREATE, Task::CHANGE, SEE_MOUNTS).when(When::Some(has_file_system)),
    Permission::of(CONFIGURE, Task::CHANGE, SEE_MOUNTS).when(When::Some(has_file_system)),
    Permission::of(CREATE, Task::CHANGE, SHARE_IMAGE).when(When::Some(has_image)),
    Permission::of(UPLOAD, Task::CHANGE, SHARE_IMAGE).when(When::Some(has_image)),
    // A function leaves its network before it is deleted, also one that an earlier version of the stack has left. So this is
    // allowed by the tag, and not by name.
    Permission::same(CONFIGURE, Task::DELETE, &OWNED),
    Permission::same(UPLOAD, Task::CHANGE, &DECLARED),
    Permission::same("lambda:PutFunctionConcurrency", Task::CHANGE, &DECLARED).when(When::Some(reserves)),
    Permission::same("lambda:DeleteFunctionConcurrency", Task::CHANGE, &DECLARED)
        .when(When::Some(leaves_unreserved)),
    Permission::of(PUT_ASYNC, Task::CHANGE, &[(PUT_ASYNC, &DECLARED), (PUT_ASYNC, &ALIASES)])
        .when(When::Some(has_async)),
    Permission::same(DELETE_ASYNC, Task::CHANGE, &DECLARED).when(When::Some(has_async)),
    // What is set by hand of an alias is seen and removed.
    Permission::same(DELETE_ASYNC, Task::CHANGE, &ALIASES).when(When::Some(has_release)),
    Permission::of(
        "lambda:PutFunctionCodeSigningConfig",
        Task::CHANGE,
        &[
            ("lambda:PutFunctionCodeSigningConfig", &DECLARED),
            ("lambda:PutFunctionCodeSigningConfig", &SIGNING),
        ],
    )
    .when(When::Some(is_signed)),
    Permission::same("lambda:DeleteFunctionCodeSigningConfig", Task::CHANGE, &DECLARED)
        .when(When::Some(is_signed)),
    Permission::same("lambda:PutFunctionRecursionConfig", Task::CHANGE, &DECLARED).when(When::Some(may_loop)),
    Permission::same("lambda:TagResource", Task::CHANGE, &DECLARED),
    Permission::same("lambda:UntagResource", Task::CHANGE, &DECLARED).when(When::Some(may_lose_a_tag)),
    Permission::same("lambda:PublishVersion", Task::CHANGE, &DECLARED).when(When::Some(has_release)),
    Permission::same("lambda:DeleteFunction", Task::CHANGE, &VERSIONS).when(When::Some(has_release)),
    Permission::same("lambda:DeleteFunction", Task::DELETE, &OWNED),
];

fn of(spec: &Json, is: fn(&Spec<Text>) -> bool) -> bool {
    desired::<Function>(spec).is_some_and(|spec| is(&spec))
}

fn has_network(spec: &Json) -> bool {
    of(spec, |spec| spec.vpc.is_some())
}

fn has_file_system(spec: &Json) -> bool {
    of(spec, |spec| spec.file_system.is_some())
}

fn has_image(spec: &Json) -> bool {
    of(spec, |spec| spec.image.is_some())
}

fn has_async(spec: &Json) -> bool {
    of(spec, |spec| spec.asynchronous.is_some())
}

fn is_signed(spec: &Json) -> bool {
    of(spec, |spec| spec.code_signing.is_some())
}

fn may_loop(spec: &Json) -> bool {
    of(spec, |spec| spec.recursive_loop)
}

/// A function that gets an existing role loses the tag that names its own; one without the settings that a tag names loses that.
fn may_lose_a_tag(spec: &Json) -> bool {
    of(spec, |spec| {
        !spec.tags.contains_key(tags::ROLE_ID)
            || spec.tags.contains_key(tags::APART)
            || spec.versions.is_some()
    })
}

fn has_release(spec: &Json) -> bool {
    of(spec, |spec| spec.versions.is_some())
}

fn reserves(spec: &Json) -> bool {
    of(spec, |spec| spec.reserved_concurrency.is_some())
}

fn leaves_unreserved(spec: &Json) -> bool {
    of(spec, |spec| spec.reserved_concurrency.is_none())
}
