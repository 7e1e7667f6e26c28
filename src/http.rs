//! HTTP beside AWS's own API: the checks of a stack, and the local cloud's word about itself. The SDK's clients are built in
//! [`crate::aws`].

use reqwest::{Client, ClientBuilder};
use rustls::crypto::{CryptoProvider, ring};

/// A client to be set up. It encrypts as the SDK's clients do, so that one library for it is enough.
pub(crate) fn client() -> ClientBuilder {
    if CryptoProvider::get_default().is_none() {
        // Refused only where somebody else was quicker, with the same.
        let _ = ring::default_provider().install_default();
    }
    Client::builder()
}
