//! Signs single requests that no client of a service sends: to an API or a function that IAM guards, and to the local cloud.

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use std::time::SystemTime;

/// A request that is to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'a> {
    /// For example `POST`.
    pub method: &'a str,
    /// The whole URL, percent-encoded.
    pub url: &'a str,
    /// The headers, without `host`.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

impl Unsigned<'_> {
    /// The headers that sign it, in addition to its own, for a service in a region.
    ///
    /// # Errors
    /// That the URL or a header is none.
    pub fn signed_for(
        &self,
        service: &str,
        region: &str,
        credentials: &Credentials,
        time: SystemTime,
    ) -> Result<Vec<(String, String)>> {
        let identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(time)
            .settings(SigningSettings::default())
            .build()?;
        let body = SignableBody::Bytes(self.body);
        let request = SignableRequest::new(self.method, self.url, self.headers.iter().copied(), body)?;
        let (headers, _) =
            sign(request, &params.into()).context("Cannot sign the request")?.into_parts().0.into_parts();
        Ok(headers.iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect())
    }
}
