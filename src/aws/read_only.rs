//! Clients that cannot write: `plan` and everything else that only looks runs on these.

use super::service::Service;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// The verbs of the operations that change nothing. The Service Authorization Reference gives all operations of these names
/// the access level Read or List, in every service in use and in those to come; what reads under another name is a write
/// here, and refused rather than sent.
const READING_VERBS: [&str; 12] = [
    "BatchGet",
    "Describe",
    "Filter",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Query",
    "Scan",
    "Search",
    "Select",
    "TransactGet",
];

/// The refusal to send a write.
#[derive(Debug, thiserror::Error)]
#[error("internal error: this command only reads, and {0} is a write; nothing was sent; please report this")]
pub(crate) struct WriteRefused(String);

/// Refuses every operation that may write.
#[derive(Debug)]
pub(super) struct ReadOnly(pub(super) &'static Service);

impl Intercept for ReadOnly {
    fn name(&self) -> &'static str {
        "ReadOnly"
    }

    // The operation's name is not there yet in `read_before_execution` [sdk-notes: Idioms].
    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match cfg.load::<Metadata>() {
            Some(metadata) if is_read(metadata.name()) => Ok(()),
            metadata => Err(WriteRefused(
                metadata.map_or("an unnamed call".to_owned(), |metadata| self.0.operation(metadata.name())),
            )
            .into()),
        }
    }
}

/// True for an operation that changes nothing.
pub(crate) fn is_read(operation: &str) -> bool {
    READING_VERBS.iter().any(|verb| {
        // The verb is a whole word: `Listen` is not `List`.
        operation.strip_prefix(verb).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::is_read;

    #[test]
    fn an_operation_is_a_read_by_the_whole_of_its_verb() {
        for read in
            ["HeadBucket", "GetItem", "Query", "Scan", "BatchGetItem", "ListTables", "FilterLogEvents"]
        {
            assert!(is_read(read), "{read}");
        }
        for write in
            ["CreateTable", "ListenForEvents", "Headline", "ReceiveMessage", "Invoke", "BatchWriteItem", ""]
        {
            assert!(!is_read(write), "{write}");
        }
    }
}
