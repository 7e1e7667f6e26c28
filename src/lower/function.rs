//! A function with its role and its log group; the role allows no more than the stack declares.

use super::{Lowering, known_attributes, resource};
use crate::aws::tags;
use crate::config::{Function, Statement};
use crate::kinds::{log_group, role};
use crate::model::{Members, Resource, ResourceId, Value};
use serde_json::json;

impl Lowering<'_> {
    /// The function, its log group, and its role unless an existing one is named.
    pub(super) fn function(&self, function: &Function) -> Vec<Resource> {
        let id = self.id("function", &function.name);
        let group = ResourceId::new("log_group", format!("{}{}", log_group::PREFIX, id.name));
        let role = function.role.is_none().then(|| ResourceId::new("role", role::name_for(&id.name)));
        let mut resources = vec![self.log_group(function, &id, &group)];
        resources.extend(role.as_ref().map(|role| self.role(function, &id, role, &group)));
        resources.push(self.lambda(function, id, role.as_ref(), &group));
        resources
    }

    /// The tags of a resource that is created for a function.
    fn tags_for(&self, id: &ResourceId, function: &ResourceId) -> Value {
        let mut all = self.tags(id);
        all.insert(tags::FOR.into(), function.tag().into());
        Value::Map(all)
    }

    fn log_group(&self, function: &Function, id: &ResourceId, group: &ResourceId) -> Resource {
        let desired = Value::map([
            ("retention_days", function.log_retention.into()),
            ("tags", self.tags_for(group, id)),
        ]);
        let arn = self.scope.arn("logs", &format!("log-group:{}", group.name));
        Resource {
            known_attributes: known_attributes(group, arn),
            ..resource(group.clone(), function.at, desired)
        }
    }

    fn role(&self, function: &Function, id: &ResourceId, role: &ResourceId, group: &ResourceId) -> Resource {
        let trust = Value::map([
            ("Effect", "Allow".into()),
            ("Action", json!(["sts:AssumeRole"]).into()),
            ("Principal", Value::map([("Service", "lambda.amazonaws.com".into())])),
        ]);
        let policies = Value::map([(role::POLICY, self.policy(function, group))]);
        let desired = Value::map([
            ("trust", Value::map([("Lambda", trust)])),
            ("policies", policies),
            ("attached", json!([]).into()),
            ("boundary", json!(self.stack.permissions_boundary).into()),
            ("tags", self.tags_for(role, id)),
        ]);
        let scope = self.scope;
        let arn =
            format!("arn:{}:iam::{}:role{}{}", scope.partition, scope.account, scope.role_path(), role.name);
        Resource {
            known_attributes: known_attributes(role, arn),
            ..resource(role.clone(), function.at, desired)
        }
    }

    /// The policy of the function: its declared access, the user's own statements, and logs to its own group. Never
    /// `logs:CreateLogGroup`, or a late event creates the group again after its deletion [aws-facts: Lambda].
    fn policy(&self, function: &Function, group: &ResourceId) -> Value {
        // The user's own names take precedence; the others get free ones.
        let own = function.policy.iter().map(|statement| self.statement(statement));
        let (named, unnamed): (Vec<_>, Vec<_>) = own.partition(|(sid, _)| sid.is_some());
        let mut statements: Members =
            named.into_iter().filter_map(|(sid, members)| Some((sid?.into(), members))).collect();
        let events = Value::Join(vec![Value::reference(group, "arn"), ":*".into()]);
        let logs = allow(&["logs:CreateLogStream", "logs:PutLogEvents"], events);
        let tables = function.access.iter().map(|(table, actions)| {
            let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
            let arn = Value::reference(&self.id("table", table), "arn");
            (format!("Table{}", alphanumeric(table)), allow(&actions, arn))
        });
        let unnamed = unnamed.into_iter().map(|(_, members)| ("Policy".to_owned(), members));
        for (sid, members) in std::iter::once(("Logs".to_owned(), logs)).chain(tables).chain(unnamed) {
            statements.insert(free_sid(&statements, &sid).into(), members);
        }
        Value::Map(statements)
    }

    /// One of the user's own statements: its `Sid`, and its other members.
    fn statement(&self, statement: &Statement) -> (Option<String>, Value) {
        let members = statement.members.iter();
        let mut members: Members =
            members.map(|(name, member)| (name.clone().into(), self.json(member))).collect();
        let sid = members.remove("Sid").and_then(|sid| Some(sid.known().ok()?.as_str()?.to_owned()));
        (sid, Value::Map(members))
    }

    fn lambda(
        &self,
        function: &Function,
        id: ResourceId,
        role: Option<&ResourceId>,
        group: &ResourceId,
    ) -> Resource {
        let role_arn = match (role, &function.role) {
            (Some(role), _) => Value::reference(role, "arn"),
            (None, arn) => json!(arn).into(),
        };
        let mut tags = self.tags(&id);
        tags.extend(role.map(|role| (tags::ROLE_ID.into(), Value::reference(role, "role_id"))));
        let environment =
            function.environment.iter().map(|(key, value)| (key.clone().into(), self.template(value)));
        let desired = Value::map([
            ("code", self.packages.get(&function.name).cloned().unwrap_or_default().into()),
            ("runtime", function.runtime.as_str().into()),
            ("handler", function.handler.as_str().into()),
            ("architecture", function.architecture.as_str().into()),
            ("memory", function.memory.into()),
            ("timeout", function.timeout.into()),
            ("description", self.template(&function.description)),
            ("environment", Value::Map(environment.collect())),
            ("layers", json!(function.layers).into()),
            ("reserved_concurrency", json!(function.reserved_concurrency).into()),
            ("role", role_arn),
            ("log_group", Value::reference(group, "name")),
            ("tags", Value::Map(tags)),
        ]);
        let arn = self.scope.arn("lambda", &format!("function:{}", id.name));
        Resource { known_attributes: known_attributes(&id, arn), ..resource(id, function.at, desired) }
    }
}

fn allow(actions: &[&str], resource: Value) -> Value {
    let resources = Value::List(vec![resource]);
    Value::map([("Effect", "Allow".into()), ("Action", json!(actions).into()), ("Resource", resources)])
}

/// A `Sid` that no statement has yet: the given one, or that with a number. IAM takes letters and digits only.
fn free_sid(statements: &Members, wanted: &str) -> String {
    let numbered = (2..).map(|number| format!("{wanted}{number}"));
    let mut candidates = std::iter::once(wanted.to_owned()).chain(numbered);
    candidates.find(|sid| !statements.contains_key(sid.as_str())).unwrap_or_default()
}

fn alphanumeric(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}
