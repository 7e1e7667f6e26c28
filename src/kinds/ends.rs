//! What ARNs lead to, of this account and region.

use super::alias::{self, Alias};
use super::bus::Bus;
use super::function::Function;
use super::queue::Queue;
use super::state_machine::StateMachine;
use super::stream::Stream;
use super::topic::Topic;
use crate::kind::Kind;
use crate::model::{PhysicalId, Scope};

/// The kinds that something is delivered to, with the patterns of their ARNs.
const ENDS: [(&str, &str); 6] = [
    (Function::NAME, Function::ARN),
    (Queue::NAME, Queue::ARN),
    (Topic::NAME, Topic::ARN),
    (StateMachine::NAME, StateMachine::ARN),
    (Stream::NAME, Stream::ARN),
    (Bus::NAME, Bus::ARN),
];

/// The resources that an ARN leads to: one, and first that; an alias comes with its function.
pub(super) fn ends_of(scope: &Scope, arn: &str) -> Vec<PhysicalId> {
    let found =
        ENDS.iter().find_map(|(kind, pattern)| Some((*kind, arn.strip_prefix(&scope.expand(pattern, ""))?)));
    let Some((kind, name)) = found else { return Vec::new() };
    match name.split_once(':').filter(|_| kind == Function::NAME) {
        Some((name, qualifier)) => {
            let function = PhysicalId::new(kind, name);
            let alias = function.child(Alias::NAME, alias::named(name, qualifier));
            vec![function, alias]
        }
        None => vec![PhysicalId::new(kind, name)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::stacks::{lowered, stack};

    #[test]
    fn an_alias_is_found_within_its_function() {
        let scope = lowered(&stack("stack: demo\n")).0;
        let of = |pattern: &str, name: &str| ends_of(&scope, &scope.expand(pattern, name));
        let function = PhysicalId::new(Function::NAME, "f");
        let alias = function.child(Alias::NAME, "f:live");
        assert_eq!(of(Function::ARN, "f:live"), [function, alias]);
        assert_eq!(of(Function::ARN, "f"), [PhysicalId::new(Function::NAME, "f")]);
        assert_eq!(of(Queue::ARN, "jobs"), [PhysicalId::new(Queue::NAME, "jobs")]);
        assert_eq!(of(Bus::ARN, "orders"), [PhysicalId::new(Bus::NAME, "orders")]);
        assert_eq!(ends_of(&scope, "arn:aws:sqs:eu-west-3:111122223333:jobs"), []);
    }
}
