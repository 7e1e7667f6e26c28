//! The addresses that users write: endpoints and proxies. They are checked before anything is sent, because the SDK drops
//! some wrong ones without a word, and prints the whole request about others [sdk-notes: Errors].

use http::Uri;

/// Checks the URL of an endpoint.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with its source.
pub(crate) fn check_endpoint(url: &str) -> Result<(), String> {
    check(url)?;
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_lowercase()), rest),
        None => (None, url),
    };
    let fault = match scheme.as_deref() {
        None => "which has no scheme".to_owned(),
        Some("http" | "https") => return Ok(()),
        Some(scheme) => format!("and AWS's services do not speak `{scheme}`"),
    };
    Err(format!("is `{url}`, {fault}; write `{}://{rest}`", likely_scheme(rest)))
}

/// Checks the URL of a proxy, which may have no scheme, and may have a user and a password.
///
/// # Errors
/// As [`check_endpoint`].
fn check_proxy(url: &str) -> Result<(), String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (user, address) = split_user(rest);
    let scheme = scheme.to_lowercase();
    if scheme != "http" && scheme != "https" {
        return Err(format!("is `{}`, and only HTTP proxies are supported, not `{scheme}`", shown(url)));
    }
    // The last `@` ends a password; the HTTP client would take the first.
    let readable =
        url.parse::<Uri>().is_ok() && !user.is_some_and(|user| user.contains(['@', '/', '?', '#']));
    match check(&format!("http://{address}")) {
        Ok(()) if readable => Ok(()),
        Ok(()) if user.is_some() => Err(format!(
            "is `{}`, which is not a URL; in a user name or password write %40 for @, %3A for : and %2F for /",
            shown(url)
        )),
        _ => Err(format!("is `{}`, which is not a URL", shown(url))),
    }
}

/// Checks the proxies that the environment names: the HTTP client passes by those that it cannot read, and connects directly.
///
/// # Errors
/// Which variable is wrong, and how.
pub(crate) fn check_proxies(variable: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
    // As the HTTP client looks for them: the first that is set counts, even if it is empty.
    let first = |names: [&str; 2]| {
        let set = names.iter().find_map(|name| Some(((*name).to_owned(), variable(name)?)));
        set.filter(|(_, url)| !url.is_empty())
    };
    let all = || first(["ALL_PROXY", "all_proxy"]);
    let used = [
        first(["HTTPS_PROXY", "https_proxy"]).or_else(all),
        first(["HTTP_PROXY", "http_proxy"]).or_else(all),
    ];
    for (name, url) in used.into_iter().flatten() {
        check_proxy(&url).map_err(|wrong| format!("{name} {wrong}"))?;
    }
    Ok(())
}

/// A URL as it may be shown: without user, password and query, which may hold secrets.
fn shown(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let (user, address) = split_user(rest);
    let user = if user.is_some() { "***@" } else { "" };
    let address = address.split('?').next().unwrap_or_default();
    format!("{scheme}{user}{address}")
}

/// What is wrong with any URL, but for its scheme.
fn check(url: &str) -> Result<(), String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    if url.contains(char::is_whitespace) {
        return Err(format!("is `{}`, which has spaces in it", shown(url)));
    }
    if split_user(rest).0.is_some() {
        return Err(format!(
            "is `{}`: a user name and password cannot be sent there; leave them out",
            shown(url)
        ));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.starts_with(':') {
        return Err(format!("is `{}`, which names no host", shown(url)));
    }
    let uri: Uri =
        format!("http://{rest}").parse().map_err(|_| format!("is `{}`, which is not a URL", shown(url)))?;
    let port = uri.authority().and_then(|authority| authority.as_str().rsplit_once(':'));
    match port {
        Some((_, port)) if !port.contains(']') && port.parse::<u16>().is_err() => {
            Err(format!("is `{}`, and `{port}` is not a port", shown(url)))
        }
        _ => Ok(()),
    }
}

/// A user with its password, and the rest of a URL behind its scheme. The last `@` divides them, so that no part of a
/// password can be taken for a host.
fn split_user(rest: &str) -> (Option<&str>, &str) {
    match rest.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    }
}

/// The scheme that is probably meant: what is near is seldom encrypted.
fn likely_scheme(address: &str) -> &'static str {
    let host = address.split(['/', ':']).next().unwrap_or_default();
    let near = address.starts_with('[') || !host.contains('.') || host.parse::<std::net::Ipv4Addr>().is_ok();
    if near { "http" } else { "https" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_endpoint_is_refused_with_the_one_that_was_meant() {
        for (url, wrong) in [
            ("localhost:4566", "is `localhost:4566`, which has no scheme; write `http://localhost:4566`"),
            ("localhost", "is `localhost`, which has no scheme; write `http://localhost`"),
            ("[::1]:4566", "is `[::1]:4566`, which has no scheme; write `http://[::1]:4566`"),
            ("127.0.0.1:80", "is `127.0.0.1:80`, which has no scheme; write `http://127.0.0.1:80`"),
            ("sts.example.com", "is `sts.example.com`, which has no scheme; write `https://sts.example.com`"),
            (
                "ws://localhost:1",
                "is `ws://localhost:1`, and AWS's services do not speak `ws`; write `http://localhost:1`",
            ),
            ("ftp://a.b/c", "is `ftp://a.b/c`, and AWS's services do not speak `ftp`; write `https://a.b/c`"),
            ("http://", "is `http://`, which names no host"),
            ("https:///path", "is `https:///path`, which names no host"),
            ("http://:4566", "is `http://:4566`, which names no host"),
            (" http://localhost", "is ` http://localhost`, which has spaces in it"),
            ("http://local host", "is `http://local host`, which has spaces in it"),
            ("http://localhost:99999", "is `http://localhost:99999`, and `99999` is not a port"),
            ("http://localhost:", "is `http://localhost:`, and `` is not a port"),
            ("http://a|b", "is `http://a|b`, which is not a URL"),
        ] {
            assert_eq!(check_endpoint(url), Err(wrong.to_owned()), "{url}");
        }
        for url in ["http://localhost:4566", "https://x.example/path/", "HTTP://[::1]:1/", "http://127.0.0.1"]
        {
            assert_eq!(check_endpoint(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "http://user:hush@localhost:1",
            "http://user:hush@hush@localhost:1/",
            "user:hush@localhost",
            "http://user:hu/sh@localhost:1",
            "ftp://user:hush@localhost?token=hush",
            "http://user: hush@localhost",
        ] {
            let wrong = check_endpoint(url).expect_err(url);
            assert!(!wrong.contains("hush") && wrong.contains("localhost"), "{wrong}");
        }
        assert_eq!(shown("https://u:p@h/x?y=z"), "https://***@h/x");
        assert_eq!(shown("http://h:1/x"), "http://h:1/x");
    }

    #[test]
    fn a_proxy_may_have_a_password_and_no_scheme() {
        for url in
            ["proxy:3128", "http://proxy", "https://user:pass@proxy.example:3128/", "user:pass@proxy:3128"]
        {
            assert_eq!(check_proxy(url), Ok(()), "{url}");
        }
        for url in
            ["http://user:hu sh@proxy", "http://user:hu@sh@proxy", "http://user:hu/sh@proxy:1", "http://"]
        {
            let wrong = check_proxy(url).expect_err(url);
            assert!(!wrong.contains("hu") && wrong.contains("is not a URL"), "{wrong}");
        }
        let socks = check_proxy("socks5h://user:hush@proxy:1").expect_err("no HTTP proxy");
        assert_eq!(socks, "is `socks5h://***@proxy:1`, and only HTTP proxies are supported, not `socks5h`");
    }
}
