//! The resources of a permission: ARNs from the stack's own names, and its ownership tag where a name cannot be known.

use super::document::Statement;
use crate::aws::tags;
use crate::config::Stack;
use crate::kinds::log_group;
use crate::model::{Graph, Scope};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The resources of a permission. The order is that of the statements.
///
/// Declared resources are allowed by name: tags are eventually consistent, and a new resource may not show its own yet.
/// Resources that an earlier version of the stack has left have unknown names, so these are allowed by the ownership tag. So
/// are all deletes, since nothing else is ever deleted. Reads are allowed on every name: only a read shows whether a name is
/// free, ours, or another owner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    /// `*`: for lists, which allow nothing else.
    Anything,
    AnyTable,
    AnyRole,
    AnyFunction,
    AnyLogGroup,
    AnyApi,
    Tables,
    OwnedTables,
    Roles,
    /// The roles, as long as they have the stack's permissions boundary.
    BoundRoles,
    /// The roles of functions, to be passed to Lambda only.
    PassedRoles,
    LogGroups,
    OwnedLogGroups,
    Functions,
    /// Functions of routes: only API Gateway may be allowed to invoke them.
    CalledFunctions,
    Layers,
    OwnedFunctions,
    /// The collection of APIs, and the tags of a new API.
    NewApis,
    OwnedApis,
}

impl On {
    /// The same in a stack that may have no permissions boundary.
    pub(super) fn in_stack(self, stack: &Stack) -> Self {
        match self {
            On::BoundRoles if stack.permissions_boundary.is_none() => On::Roles,
            on => on,
        }
    }

    /// The name of the statement. Policies with these names are in users' accounts and repositories, so they never change.
    fn sid(self) -> &'static str {
        match self {
            On::Anything => "Read",
            On::AnyTable => "ReadTable",
            On::AnyRole => "ReadRole",
            On::AnyFunction => "ReadFunction",
            On::AnyLogGroup => "ReadLogGroup",
            On::AnyApi => "ReadApi",
            On::Tables => "Tables",
            On::OwnedTables => "MarkedTables",
            On::Roles => "Roles",
            On::BoundRoles => "BoundRoles",
            On::PassedRoles => "PassedRoles",
            On::LogGroups => "LogGroups",
            On::OwnedLogGroups => "MarkedLogGroups",
            On::Functions => "Functions",
            On::CalledFunctions => "CalledFunctions",
            On::Layers => "Layers",
            On::OwnedFunctions => "MarkedFunctions",
            On::NewApis => "NewApis",
            On::OwnedApis => "MarkedApis",
        }
    }
}

/// A stack, where it is deployed, and the names of its resources.
pub(super) struct Place<'a> {
    pub(super) stack: &'a Stack,
    pub(super) scope: &'a Scope,
    pub(super) graph: Graph,
}

impl Place<'_> {
    /// The statement that allows actions on resources; `None` where the stack has none of them.
    pub(super) fn statement(&self, on: On, actions: BTreeSet<&str>) -> Option<Statement> {
        let mut resources = self.resources(on);
        resources.sort();
        resources.dedup();
        (!resources.is_empty()).then(|| Statement {
            sid: on.sid().to_owned(),
            effect: "Allow",
            actions: actions.into_iter().map(str::to_owned).collect(),
            resources,
            condition: self.condition(on),
        })
    }

    fn resources(&self, on: On) -> Vec<String> {
        let scope = self.scope;
        let functions = &self.stack.functions;
        match on {
            On::Anything => vec!["*".to_owned()],
            On::AnyTable | On::OwnedTables => vec![scope.arn("dynamodb", "table/*")],
            On::AnyRole => vec![format!("arn:{}:iam::{}:role/*", scope.partition, scope.account)],
            On::AnyFunction | On::OwnedFunctions => vec![scope.arn("lambda", "function:*")],
            On::AnyLogGroup => vec![scope.arn("logs", "log-group:*")],
            On::OwnedLogGroups => vec![scope.arn("logs", &format!("log-group:{}*", log_group::PREFIX))],
            On::AnyApi => vec![self.api_arn("apis"), self.api_arn("apis/*")],
            On::OwnedApis => vec![self.api_arn("apis/*")],
            On::NewApis => vec![self.api_arn("apis"), self.tags_arn("apis"), self.tags_arn("v2/apis")],
            On::Tables => self.arns("table"),
            On::Functions => self.arns("function"),
            On::CalledFunctions => self.called_functions(),
            // Calls that tag a group name it without the `:*` that all others have [aws-facts: CloudWatch Logs].
            On::LogGroups => {
                self.arns("log_group").into_iter().flat_map(|arn| [format!("{arn}:*"), arn]).collect()
            }
            On::Roles | On::BoundRoles => vec![self.roles()],
            On::PassedRoles => functions
                .iter()
                .map(|function| function.role.clone().unwrap_or_else(|| self.roles()))
                .collect(),
            On::Layers => functions.iter().flat_map(|function| function.layers.clone()).collect(),
        }
    }

    fn condition(&self, on: On) -> Option<Json> {
        let equals = |key: &str, value: &str| Some(json!({ "StringEquals": { key: value } }));
        match on {
            On::OwnedTables | On::OwnedFunctions | On::OwnedLogGroups | On::OwnedApis => {
                equals(&format!("aws:ResourceTag/{}", tags::STACK), &self.scope.identity.to_string())
            }
            On::BoundRoles => {
                let boundary = self.stack.permissions_boundary.as_deref()?;
                Some(json!({ "ArnEquals": { "iam:PermissionsBoundary": boundary } }))
            }
            On::PassedRoles => equals("iam:PassedToService", "lambda.amazonaws.com"),
            On::CalledFunctions => equals("lambda:Principal", "apigateway.amazonaws.com"),
            _ => None,
        }
    }

    /// The ARNs of the declared resources of a kind.
    fn arns(&self, kind: &str) -> Vec<String> {
        let declared = self.graph.resources.iter().filter(|resource| resource.id.kind == kind);
        declared.filter_map(|resource| resource.known_attributes.get("arn").cloned()).collect()
    }

    fn called_functions(&self) -> Vec<String> {
        let permissions = self.graph.resources.iter().filter(|resource| resource.id.kind == "permission");
        let functions = permissions.filter_map(|permission| permission.id.parent());
        functions.map(|function| self.scope.arn("lambda", &format!("function:{}", function.name))).collect()
    }

    /// The roles of the stack: all are under a path of its own, those of earlier versions included.
    fn roles(&self) -> String {
        let scope = self.scope;
        format!("arn:{}:iam::{}:role{}*", scope.partition, scope.account, scope.role_path())
    }

    /// An ARN of API Gateway, which holds no account [aws-facts: API Gateway v2].
    fn api_arn(&self, path: &str) -> String {
        format!("arn:{}:apigateway:{}::/{path}", self.scope.partition, self.scope.region)
    }

    /// What API Gateway checks where an API or a stage gets tags: a path with the encoded ARN of the tagged resource, and at
    /// creation `/v2/apis/*`, as AWS's own errors say.
    fn tags_arn(&self, path: &str) -> String {
        let (partition, region) = (&self.scope.partition, &self.scope.region);
        let path = path.replace('/', "%2F");
        self.api_arn(&format!("tags/arn%3A{partition}%3Aapigateway%3A{region}%3A%3A%2F{path}%2F*"))
    }
}
