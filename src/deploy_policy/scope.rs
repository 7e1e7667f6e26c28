//! What a permission is given on: ARNs from the stack's own names, and the stack's mark where a name cannot be known.

use super::document::Statement;
use crate::aws::tags;
use crate::config::Stack;
use crate::kinds::log_group;
use crate::model::{Graph, Scope};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// What a permission is given on. The order is that of the statements.
///
/// What is declared goes by its name, since marks are eventually consistent and a thing that was made a moment ago may not
/// bear one yet. What an earlier version of the stack has left behind has a name that nobody can know, so it goes by the
/// mark; deletes always do, for nothing else is ever deleted. Reads are allowed on every name: only by reading can a name
/// be told to be free, taken, or ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    /// `*`: for lists, which take nothing else.
    Anything,
    AnyTable,
    AnyRole,
    AnyFunction,
    AnyLogGroup,
    AnyApi,
    Tables,
    MarkedTables,
    Roles,
    /// The roles, as long as they have the stack's permissions boundary.
    BoundRoles,
    /// The roles of functions, to be handed to Lambda and nobody else.
    PassedRoles,
    LogGroups,
    MarkedLogGroups,
    Functions,
    /// Functions behind a route: API Gateway and nobody else may be let in.
    CalledFunctions,
    Layers,
    MarkedFunctions,
    /// The collection of APIs, and the tags that an API is made with.
    NewApis,
    MarkedApis,
}

impl On {
    /// The same in a stack that may have no permissions boundary.
    pub(super) fn in_stack(self, stack: &Stack) -> Self {
        match self {
            On::BoundRoles if stack.permissions_boundary.is_none() => On::Roles,
            on => on,
        }
    }

    fn sid(self) -> String {
        match self {
            On::Anything => "Read".to_owned(),
            on => format!("{on:?}").replace("Any", "Read"),
        }
    }
}

/// A stack in its place, with the names of its resources.
pub(super) struct Place<'a> {
    pub(super) stack: &'a Stack,
    pub(super) scope: &'a Scope,
    pub(super) graph: Graph,
}

impl Place<'_> {
    /// The statement that allows actions on something, unless the stack has nothing of it.
    pub(super) fn statement(&self, on: On, actions: BTreeSet<&str>) -> Option<Statement> {
        let mut resources = self.resources(on);
        resources.sort();
        resources.dedup();
        (!resources.is_empty()).then(|| Statement {
            sid: on.sid(),
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
            On::AnyTable | On::MarkedTables => vec![scope.arn("dynamodb", "table/*")],
            On::AnyRole => vec![format!("arn:{}:iam::{}:role/*", scope.partition, scope.account)],
            On::AnyFunction | On::MarkedFunctions => vec![scope.arn("lambda", "function:*")],
            On::AnyLogGroup => vec![scope.arn("logs", "log-group:*")],
            On::MarkedLogGroups => vec![scope.arn("logs", &format!("log-group:{}*", log_group::PREFIX))],
            On::AnyApi => vec![self.api_arn("apis"), self.api_arn("apis/*")],
            On::MarkedApis => vec![self.api_arn("apis/*")],
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
            On::MarkedTables | On::MarkedFunctions | On::MarkedLogGroups | On::MarkedApis => {
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

    /// The ARNs of the declared things of a kind.
    fn arns(&self, kind: &str) -> Vec<String> {
        let declared = self.graph.resources.iter().filter(|resource| resource.id.kind == kind);
        declared.filter_map(|resource| resource.known_attributes.get("arn").cloned()).collect()
    }

    fn called_functions(&self) -> Vec<String> {
        let permissions = self.graph.resources.iter().filter(|resource| resource.id.kind == "permission");
        let functions = permissions.filter_map(|permission| permission.parent.as_ref());
        functions.map(|function| self.scope.arn("lambda", &format!("function:{}", function.name))).collect()
    }

    /// The roles of the stack: a path of its own holds them all, those of earlier versions included.
    fn roles(&self) -> String {
        let scope = self.scope;
        format!("arn:{}:iam::{}:role{}*", scope.partition, scope.account, scope.role_path())
    }

    /// An ARN of API Gateway, which holds no account [aws-facts: API Gateway v2].
    fn api_arn(&self, path: &str) -> String {
        format!("arn:{}:apigateway:{}::/{path}", self.scope.partition, self.scope.region)
    }

    /// What API Gateway checks where an API or a stage is given tags: a path that holds the tagged thing's own ARN, encoded,
    /// and where it is made as `/v2/apis/*`, as AWS's own refusals say.
    fn tags_arn(&self, path: &str) -> String {
        let (partition, region) = (&self.scope.partition, &self.scope.region);
        let path = path.replace('/', "%2F");
        self.api_arn(&format!("tags/arn%3A{partition}%3Aapigateway%3A{region}%3A%3A%2F{path}%2F*"))
    }
}
