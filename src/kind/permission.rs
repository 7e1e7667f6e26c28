//! What the deploy policy allows: the forms in which a kind states the calls that `provision` makes for it, and the actions that
//! IAM asks for them. [`crate::deploy_policy`] makes statements of them.

use serde_json::Value as Json;

/// A task with a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// `plan` and `check`.
    Plan,
    /// `up`.
    Up,
    /// `down`.
    Down,
}

impl Task {
    /// The tasks that read a resource.
    pub const READ: &'static [Task] = &[Task::Plan, Task::Up, Task::Down];
    /// The task that creates or changes a resource.
    pub const CHANGE: &'static [Task] = &[Task::Up];
    /// The tasks that delete a resource.
    pub const DELETE: &'static [Task] = &[Task::Up, Task::Down];
    /// The task that deletes the whole stack.
    pub const TEARDOWN: &'static [Task] = &[Task::Down];
}

/// A call, and what the deploy policy allows for it.
#[derive(Clone, Copy)]
pub struct Permission {
    /// The call, for example `lambda:CreateFunction`.
    pub call: &'static str,
    /// The tasks that make it.
    pub tasks: &'static [Task],
    /// What IAM asks for it.
    pub needs: Needs,
    /// Which stacks can need it.
    pub when: When,
}

/// The actions that IAM asks for a call, dependent ones included [aws-facts: deploy permissions].
#[derive(Clone, Copy)]
pub enum Needs {
    /// The action of the same name.
    Same(&'static On),
    /// These actions.
    Actions(&'static [(&'static str, &'static On)]),
}

/// Which stacks can need a call.
#[derive(Clone, Copy)]
pub enum When {
    /// All stacks.
    Always,
    /// Stacks that declare a resource of the kind with such a desired spec.
    Some(fn(&Json) -> bool),
    /// Stacks that have a permissions boundary, or those that have none.
    Boundary(bool),
}

impl When {
    /// Stacks that declare a resource of the kind: a policy has no room for what the file does not have.
    pub const DECLARED: When = When::Some(|_| true);
}

/// On what actions are allowed: one statement of the deploy policy.
///
/// Declared resources are allowed by name: tags are eventually consistent, and a new resource may not show its own yet.
/// Resources that an earlier version of the stack has left have unknown names, so these are allowed by the ownership tag. So
/// are all deletes, since nothing else is ever deleted. Reads are allowed on every name: only a read shows whether a name is
/// free, ours, or another owner's.
#[derive(Debug, PartialEq, Eq)]
pub struct On {
    /// The name of the statement. Policies with these names are in users' accounts and repositories, so they never change.
    pub sid: &'static str,
    /// The kind of the resources.
    pub kind: &'static str,
    /// Which resources of the kind.
    pub which: Which,
    /// The patterns of their ARNs.
    pub arns: &'static [&'static str],
    /// A condition key and the value that it must have.
    pub only: Option<(&'static str, Only)>,
}

/// The value that a condition key must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// This one.
    Value(&'static str),
    /// One of the ARNs that a field has in the resources that the stack declares of the statement's kind.
    Field(&'static str),
    /// An ARN of this pattern.
    Like(&'static str),
}

/// Which resources of a kind. In a policy, the statements of a kind are in this order.
#[derive(Debug, PartialEq, Eq)]
pub enum Which {
    /// `*`: for lists, which allow nothing else.
    Everything,
    /// All, whoever owns them.
    Any,
    /// All that the patterns name, which are the stack's own.
    Within,
    /// The same, as long as they have the stack's permissions boundary; in a stack without one, the other statement.
    Bound(&'static On),
    /// Those that the stack declares.
    Declared,
    /// The parents of those that the stack declares of the call's own kind.
    Parents,
    /// Those that a field names of the resources that the stack declares of the call's own kind: by their ARNs, or by the
    /// patterns where it refers to a resource of the stack.
    Field(&'static str),
    /// Those whose names a field has in the resources that the stack declares of the statement's kind.
    Named(&'static str),
    /// All that the patterns name, if a resource that the stack declares of the call's own kind has this field.
    With(&'static str),
    /// Those with the stack's ownership tag and a name that begins so.
    Owned(&'static str),
}

impl Permission {
    /// A call that needs the action of the same name.
    pub const fn same(call: &'static str, tasks: &'static [Task], on: &'static On) -> Self {
        Permission { call, tasks, needs: Needs::Same(on), when: When::Always }
    }

    /// A call that needs these actions.
    pub const fn of(
        call: &'static str,
        tasks: &'static [Task],
        needs: &'static [(&'static str, &'static On)],
    ) -> Self {
        Permission { call, tasks, needs: Needs::Actions(needs), when: When::Always }
    }

    /// The same for some stacks only.
    pub const fn when(self, when: When) -> Self {
        Permission { when, ..self }
    }

    /// The actions, each with its resources.
    pub fn needs(&self) -> Vec<(&'static str, &'static On)> {
        match self.needs {
            Needs::Same(on) => vec![(self.call, on)],
            Needs::Actions(needs) => needs.to_vec(),
        }
    }
}

impl On {
    /// All resources, for calls that cannot be allowed on less.
    pub const EVERYTHING: Self = On::new("Read", "", Which::Everything, &["*"]);

    /// Some resources of a kind.
    pub const fn new(
        sid: &'static str,
        kind: &'static str,
        which: Which,
        arns: &'static [&'static str],
    ) -> Self {
        On { sid, kind, which, arns, only: None }
    }

    /// The same where a condition key has a value.
    pub const fn only(self, key: &'static str, value: &'static str) -> Self {
        On { only: Some((key, Only::Value(value))), ..self }
    }

    /// The same where a condition key is one of the ARNs that a field of the kind's desired specs has.
    pub const fn only_field(self, key: &'static str, field: &'static str) -> Self {
        On { only: Some((key, Only::Field(field))), ..self }
    }

    /// The same where a condition key is an ARN of a pattern.
    pub const fn only_like(self, key: &'static str, pattern: &'static str) -> Self {
        On { only: Some((key, Only::Like(pattern))), ..self }
    }
}
