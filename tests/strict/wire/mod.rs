//! AWS's wire protocols, driven by the models: from an HTTP request to an operation with its parameters by AWS's own
//! member names, and from a result or an error back to HTTP.

mod json;
mod query;
mod request;
mod response;
mod rest;
mod rest_xml;
pub(crate) mod xml;

pub(crate) use request::{Call, decode};
pub(crate) use response::{Response, error, success};
