//! The services, each with the operations that `provision` calls.

pub(crate) mod api_children;
pub(crate) mod apigateway;
pub(crate) mod dynamodb;
pub(crate) mod function_policy;
pub(crate) mod iam;
pub(crate) mod lambda;
pub(crate) mod logs;
pub(crate) mod role_policies;
pub(crate) mod sts;
pub(crate) mod table_indexes;
pub(crate) mod table_settings;
pub(crate) mod tagging;

use crate::cloud::Handler;
use crate::model::Service;

/// The operations of a service that the cloud knows.
pub(crate) fn operations(service: Service) -> impl Iterator<Item = &'static (&'static str, Handler)> {
    let parts: &[&[(&str, Handler)]] = match service {
        Service::DynamoDb => &[dynamodb::OPERATIONS, table_settings::OPERATIONS],
        Service::Iam => &[iam::OPERATIONS, role_policies::OPERATIONS],
        Service::Logs => &[logs::OPERATIONS],
        Service::Lambda => &[lambda::OPERATIONS, function_policy::OPERATIONS],
        Service::ApiGateway => &[apigateway::OPERATIONS, api_children::OPERATIONS],
        Service::Sts => &[sts::OPERATIONS],
        Service::Tagging => &[tagging::OPERATIONS],
    };
    parts.iter().copied().flatten()
}
