//! Takes credentials out of texts that people will read.

/// The text with `***` in place of names and passwords in its URLs, as in `https://***@packages.example.com/simple`.
pub(super) fn redact(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        rest = match credentials(after) {
            Some(end) => {
                clean.push_str("***");
                &after[end..]
            }
            None => after,
        };
    }
    clean.push_str(rest);
    clean
}

/// Where the `@` stands that ends the credentials of a URL, whose scheme is cut off.
fn credentials(url: &str) -> Option<usize> {
    let end = url.find(|c: char| c.is_whitespace() || "\"'<>".contains(c)).unwrap_or(url.len());
    let url = &url[..end];
    let authority = &url[..url.find(['/', '?', '#']).unwrap_or(end)];
    if let Some(at) = authority.rfind('@') {
        return Some(at);
    }
    // A password may hold a slash that should have been encoded; what follows a host's colon is a number.
    let (_, port) = authority.rsplit_once(':')?;
    let is_host = port.ends_with(']') || port.chars().all(|c| c.is_ascii_digit());
    if is_host { None } else { url.find('@') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_credential_of_a_url_is_left() {
        for (text, clean) in [
            ("Looking in https://bot:s3cret@x.y/simple now", "Looking in https://***@x.y/simple now"),
            ("https://s3cret@x.y", "https://***@x.y"),
            ("'https://a:s3@cret@x.y' git+ssh://s3cret@z/w", "'https://***@x.y' git+ssh://***@z/w"),
            ("--index-url https://bot:${TOKEN}@x.y/simple", "--index-url https://***@x.y/simple"),
            ("https://bot:s3/cret@x.y/simple", "https://***@x.y/simple"),
            ("http://bot:s3cret@[::1]:80/a@b", "http://***@[::1]:80/a@b"),
        ] {
            assert_eq!(redact(text), clean);
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in [
            "",
            "six @ https://x.y/six.whl",
            "https://x.y:8080/@acme%2fbilling",
            "http://[::1]/@a",
            "a@b",
            "://",
            "https://x.y @",
        ] {
            assert_eq!(redact(text), text);
        }
    }
}
