//! `request`: sends one request to the deployed API. The body of its response goes to standard output, everything else to standard
//! error.

use super::busy::Busy;
use super::check::no_api;
use super::invoke::{not_json, read};
use super::session::{Globals, target_line};
use super::status::live_attributes;
use super::{Outcome, candidates, data, err, json};
use crate::config::did_you_mean_or_list;
use crate::elsewhere::Need;
use crate::error::Failure;
use crate::exit::Exit;
use crate::http::{Client, Response, url_of};
use crate::outputs;
use crate::render;
use crate::requests::{Request, is_taken, near, requests, taker};
use crate::suggest::quoted;
use crate::text::shell_quoted;
use anyhow::{Result, bail, ensure};
use clap::Args;
use clap_complete::ArgValueCandidates;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

const CONNECT: Duration = Duration::from_secs(5);

/// API Gateway waits for a function for 30 seconds at most [aws-facts: API Gateway quotas].
const RESPONSE: Duration = Duration::from_secs(35);

const CONTENT_TYPE: &str = "content-type";

/// The flags of `request`.
#[derive(Debug, Clone, Default, Args)]
pub struct RequestArgs {
    /// Method, such as GET or POST
    #[arg(value_name = "METHOD", add = ArgValueCandidates::new(candidates::methods))]
    pub method: Option<String>,
    /// Path after the API's URL, with its query
    #[arg(value_name = "PATH", add = ArgValueCandidates::new(candidates::paths))]
    pub path: Option<String>,
    /// Header; can be given several times
    #[arg(long = "header", value_name = "NAME:VALUE", value_parser = header)]
    pub headers: Vec<(String, String)>,
    /// Body: JSON, a file with it, or `-` for standard input
    #[arg(long, value_name = "JSON|FILE|-")]
    pub body: Option<String>,
}

/// Reads a header.
fn header(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once(':').unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    ensure!(!name.is_empty() && name.chars().all(is_name), "use NAME:VALUE, such as accept:text/plain");
    Ok((name.to_owned(), value.trim().to_owned()))
}

/// Sends a request to the API of the stack, once, and follows no redirect.
///
/// # Errors
/// No request is named, no API is deployed, or there is no response.
pub async fn request(globals: &Globals, args: &RequestArgs) -> Outcome {
    let mut stack = globals.stack()?;
    let known = requests(&stack);
    let (method, path) = named(globals, args, known.as_deref().unwrap_or_default())?;
    let (headers, body) = content(args)?;
    let session = globals.session(&mut stack, Need::Any).await?;
    err(&target_line(&session));
    let attributes = live_attributes(&session).await?;
    let Some(base) = outputs::endpoint(&attributes) else { bail!(no_api(globals)) };
    let client = Client::to(base, session.connection.trust(), CONNECT, RESPONSE);
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (busy, start) = (Busy::lasting("Waiting for the response"), Instant::now());
    let response = client.send(&method, &url_of(base, &path), &headers, body).await;
    drop(busy);
    let response = response.map_err(|error| error.context(format!("no response to {method} {path}")))?;
    let took = start.elapsed();
    err(&render::answered(&method, &path, &response, took, globals.verbose > 0));
    if !response.body.is_empty() {
        data(&render::response(&response.body, std::io::stdout().is_terminal()));
    }
    json(|| render::json::answered(&method, &path, &response, took));
    if response.status < 400 {
        return Ok(Exit::Done);
    }
    explain(globals, known.as_deref(), &method, &path, &response);
    Ok(Exit::Failed)
}

/// The method and the path of the request.
fn named(globals: &Globals, args: &RequestArgs, known: &[Request]) -> Result<(String, String)> {
    let example = |request: &str| globals.command(&format!("request {request}"));
    let routes: Vec<&str> = known.iter().map(|request| request.route.as_str()).collect();
    let routes = match routes.as_slice() {
        [] => format!("name its method and its path, such as: {}", example("GET /items")),
        routes => format!("the routes of this stack: {}", quoted(routes)),
    };
    match (&args.method, &args.path) {
        (None, _) => bail!(Failure::usage("no request is named: give its method and its path", routes)),
        (Some(path), None) if path.starts_with('/') => {
            let get = example(&format!("GET {}", shell_quoted(path)));
            bail!(Failure::usage(format!("`{path}` has no method"), format!("to get it: {get}")))
        }
        (Some(_), None) => bail!(Failure::usage("the request has no path", routes)),
        (Some(_), Some(path)) if path.contains("://") => {
            let help = "give only what follows the API's URL, such as `/items`";
            bail!(Failure::usage(format!("`{path}` is not a path"), help))
        }
        (Some(method), Some(path)) => {
            Ok((method.to_uppercase(), format!("/{}", path.trim_start_matches('/'))))
        }
    }
}

/// The headers and the body of a request.
type Content = (Vec<(String, String)>, Option<Vec<u8>>);

/// The headers and the body. What is no JSON is sent only if a header says what it is: else it is JSON with an error.
fn content(args: &RequestArgs) -> Result<Content> {
    let mut headers = args.headers.clone();
    let Some(from) = &args.body else { return Ok((headers, None)) };
    let body = read(from, "body")?;
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE)) {
        if let Some(why) = not_json(&body, from, "body") {
            let help =
                "to send something other than JSON, say what it is, such as --header content-type:text/plain";
            bail!(Failure::usage(why, help));
        }
        headers.push((CONTENT_TYPE.to_owned(), "application/json".to_owned()));
    }
    Ok((headers, Some(body)))
}

/// Says why a request may have failed: no route takes it, or the function failed, whose logs say more.
fn explain(globals: &Globals, known: Option<&[Request]>, method: &str, path: &str, response: &Response) {
    let Some(known) = known else { return };
    if response.status == 404 && !is_taken(known, method, path) {
        let (asked, routes) = (format!("{method} {path}"), near(known, method, path));
        let help = match routes.as_slice() {
            [] => {
                let all: Vec<&str> = known.iter().map(|request| request.route.as_str()).collect();
                did_you_mean_or_list(&asked, "the routes of this stack", &all)
            }
            [one] => Some(format!("did you mean `{one}`?")),
            several => Some(format!("the routes of this path: {}", quoted(several))),
        };
        err(&render::error(&format!("no route of the stack takes `{asked}`"), help.as_deref()));
    }
    if let Some(taker) = taker(known, method, path).filter(|_| response.status >= 500) {
        let logs = globals.command(&format!("logs {}", shell_quoted(&taker.code)));
        err(&render::next("See the logs of the function", &logs));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let read = |text: &str| header(text).ok();
        let pair = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        assert_eq!(read("accept: text/plain"), pair("accept", "text/plain"));
        assert_eq!(read("X-Url:http://a:1/"), pair("X-Url", "http://a:1/"));
        assert_eq!(read("x-empty:"), pair("x-empty", ""));
        for wrong in ["", ":", ": value", "no value", "a b: c"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_body_that_is_no_json_needs_a_header() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("body");
        std::fs::write(&file, "a=1&b=2").expect("a file");
        let args = |headers: &[(&str, &str)], body: Option<&str>| RequestArgs {
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: body.map(str::to_owned),
            ..RequestArgs::default()
        };
        let json = content(&args(&[], Some(r#"{"a": 1}"#))).expect("a body");
        assert_eq!(json.0, [(CONTENT_TYPE.to_owned(), "application/json".to_owned())]);
        assert_eq!(json.1.as_deref(), Some(&br#"{"a": 1}"#[..]));
        assert_eq!(content(&args(&[], None)).expect("none"), (Vec::new(), None));
        let form = file.to_str();
        let sent = content(&args(&[("Content-Type", "application/x-www-form-urlencoded")], form));
        assert_eq!(sent.expect("a body").1.as_deref(), Some(&b"a=1&b=2"[..]));
        let wrong = content(&args(&[], form)).expect_err("no JSON").to_string();
        assert!(wrong.contains("is not valid JSON"), "{wrong}");
    }
}
