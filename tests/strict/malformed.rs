//! Responses that no service should send: the call is applied, and its response is cut off, of another type, or about
//! something else. Proxies, portals, bugs and attackers send such responses.

use crate::services::Service;
use crate::wire::Response;
use fastrand::Rng;
use regex::Regex;
use serde_json::{Value as Json, json};
use std::sync::LazyLock;

/// A malformation: what is done to a response, and to which part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformation {
    pub(crate) what: What,
    /// Picks one of the members, or the random numbers.
    pub(crate) part: u16,
}

/// What is done to a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// Nothing comes but the status and the headers.
    Empty,
    /// The end is missing.
    Truncated,
    /// Random bytes.
    Random,
    /// The page of a portal that wants a login first.
    Page,
    /// The page of a proxy that reaches no server.
    BusyPage,
    /// A redirect to somewhere else.
    Redirect,
    /// An error status with a body of random bytes: 403, 404, 418 and 429.
    BareError,
    /// The body of an error with the status of a success.
    FailedSuccess,
    /// Another content type.
    Type,
    /// JSON, but no object: `null`, a list, a text; or an object without members.
    NoObject,
    /// Brackets that open and open.
    Deep,
    /// A failure that asks for a retry in some centuries.
    Later,
    /// A page that leads to itself.
    SamePage,
    /// Pages without end.
    MorePages,
    /// A member is missing.
    Missing,
    /// A member is null.
    Null,
    /// A member is a number, where it is none.
    Number,
    /// A member is a text, where it is none.
    Text,
    /// A member is a list.
    List,
    /// A member is a map.
    Map,
    /// A number or a time beyond all bounds.
    Huge,
    /// A number or a time below nothing.
    Negative,
    /// A text without letters.
    Blank,
    /// An unknown word: no state, no ARN, no document, no time.
    Word,
    /// A text that is longer than all else.
    Long,
    /// Escape sequences for terminals.
    Signs,
    /// A document that is no JSON, or JSON that is no policy.
    Document,
    /// An item of a list comes twice.
    Twice,
    /// An item of a list without members.
    Bare,
}

/// Everything that is done to responses.
pub(crate) const ALL: &[What] = &[
    What::Empty,
    What::Truncated,
    What::Random,
    What::Page,
    What::BusyPage,
    What::Redirect,
    What::BareError,
    What::FailedSuccess,
    What::Type,
    What::NoObject,
    What::Deep,
    What::Later,
    What::SamePage,
    What::MorePages,
    What::Missing,
    What::Null,
    What::Number,
    What::Text,
    What::List,
    What::Map,
    What::Huge,
    What::Negative,
    What::Blank,
    What::Word,
    What::Long,
    What::Signs,
    What::Document,
    What::Twice,
    What::Bare,
];

/// A response as it is sent, whether it is valid or not.
#[derive(Debug, Clone)]
pub(crate) struct RawResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body onload=\"go()\">Please sign in to use this \
     network.<br>&nbsp;</body></html>\n";

impl Malformation {
    /// What is raw instead of an response; `nth` counts the calls of the same kind.
    pub(crate) fn apply(self, response: Response, nth: u32) -> RawResponse {
        let Response { status, headers, body } = response;
        let raw = RawResponse { status, headers, body: body.clone().into_bytes() };
        let page = |status| RawResponse { status, ..RawResponse::page(PAGE) };
        let with = |body: Vec<u8>| RawResponse { body, ..raw.clone() };
        match self.what {
            What::Empty => with(Vec::new()),
            What::Truncated => with(raw.body[..raw.body.len() * usize::from(self.part % 8) / 8].to_vec()),
            What::Random => with(self.random()),
            What::Page => page(200),
            What::BusyPage => page(503),
            What::Redirect => {
                let mut page = page(self.pick(&[301, 302, 307, 304]));
                page.headers.push(("location", "http://127.0.0.1:1/elsewhere".to_owned()));
                page
            }
            What::BareError => {
                RawResponse { status: self.pick(&[403, 404, 418, 429]), body: self.random(), ..raw }
            }
            What::FailedSuccess => RawResponse { status: 200, body: failure(&body), ..raw },
            What::Type => {
                let headers = vec![(
                    "content-type",
                    self.pick(&["text/html", "image/png", "", "application/cbor"]).to_owned(),
                )];
                RawResponse { headers, ..raw }
            }
            What::NoObject => {
                with(self.pick(&["null", "[]", "{}", "\"text\"", "<x/>", "0"]).as_bytes().to_vec())
            }
            What::Deep => with(self.pick(&["[", "{\"a\":", "<a>"]).repeat(100_000).into_bytes()),
            What::Later => RawResponse {
                status: 503,
                headers: vec![
                    ("x-amz-retry-after", u64::MAX.to_string()),
                    ("retry-after", "99999999999".to_owned()),
                ],
                body: Vec::new(),
            },
            What::SamePage => with(paged(&body, "the-same").into_bytes()),
            What::MorePages => with(paged(&body, &format!("page-{nth}")).into_bytes()),
            _ => with(self.changed(&body).into_bytes()),
        }
    }

    fn pick<T: Copy>(self, among: &[T]) -> T {
        among[usize::from(self.part) % among.len()]
    }

    fn random(self) -> Vec<u8> {
        let mut rng = Rng::with_seed(u64::from(self.part));
        (0..rng.usize(1..300)).map(|_| rng.u8(..)).collect()
    }

    /// A body of which one member is changed.
    fn changed(self, body: &str) -> String {
        match serde_json::from_str::<Json>(body) {
            Ok(mut json) => {
                let lists_only = matches!(self.what, What::Twice | What::Bare);
                let is_list = |place: &String| json.pointer(place).is_some_and(Json::is_array);
                let places: Vec<_> =
                    places(&json).into_iter().filter(|place| !lists_only || is_list(place)).collect();
                if !places.is_empty() {
                    self.change(&mut json, &places[usize::from(self.part) % places.len()]);
                }
                json.to_string()
            }
            Err(_) => self.changed_xml(body),
        }
    }

    /// Changes the member at a pointer.
    fn change(self, json: &mut Json, place: &str) {
        let (parent, name) = place.rsplit_once('/').unwrap_or(("", place));
        let name = name.replace("~1", "/").replace("~0", "~");
        if self.what == What::Missing
            && let Some(parent) = json.pointer_mut(parent).and_then(Json::as_object_mut)
        {
            parent.remove(&name);
            return;
        }
        let Some(member) = json.pointer_mut(place) else { return };
        match (self.what, &mut *member) {
            (What::Twice, Json::Array(items)) => items.extend(items.first().cloned()),
            (What::Bare, Json::Array(items)) => items.push(json!({})),
            (What::Twice | What::Bare, _) => {}
            (_, member) => *member = self.instead(),
        }
    }

    /// What stands in the place of a member.
    fn instead(self) -> Json {
        match self.what {
            What::Number => json!(42),
            What::Text => json!("text"),
            What::List => json!(["a", 1]),
            What::Map => json!({ "a": { "b": [] } }),
            What::Huge if self.part.is_multiple_of(2) => json!(1e300),
            What::Huge => json!(u64::MAX),
            What::Negative if self.part.is_multiple_of(2) => json!(-1e300),
            What::Negative => json!(i64::MIN),
            What::Null => Json::Null,
            _ => self.word().into(),
        }
    }

    fn word(self) -> String {
        match self.what {
            What::Blank => String::new(),
            What::Long => "long ".repeat(100_000),
            What::Signs => "\u{1b}[2J\u{1b}]0;title\u{7}\r\n\u{0}\u{9b}31m\u{202e}".to_owned(),
            What::Huge => "9999999999999999999999".to_owned(),
            What::Negative => "-9223372036854775808".to_owned(),
            What::Document => self
                .pick(&[
                    "{",
                    "[]",
                    "null",
                    "%7B%",
                    "%ff%fe",
                    "{\"Statement\":[1]}",
                    "{\"Statement\":\"x\"}",
                    "%",
                    "+",
                ])
                .to_owned(),
            _ => self
                .pick(&[
                    "FROBNICATING",
                    "not:an:arn",
                    "::::::",
                    "292277026596-12-04T15:30:07Z",
                    "-0001-01-01",
                ])
                .to_owned(),
        }
    }

    /// The same in XML, whose members are all texts.
    fn changed_xml(self, body: &str) -> String {
        static LEAF: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"<(\w+)>([^<]*)</\w+>").expect("a pattern"));
        static MEMBER: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"<member>(?s:.)*?</member>").expect("a pattern"));
        let leaves: Vec<_> = LEAF.captures_iter(body).collect();
        let Some(leaf) = leaves.get(usize::from(self.part) % leaves.len().max(1)) else {
            return body.to_owned();
        };
        let (whole, name) = (leaf.get(0).expect("a match"), &leaf[1]);
        let replaced = match self.what {
            What::Missing => String::new(),
            What::Null => format!("<{name}/>"),
            What::List | What::Map => format!("<{name}><member><a>1</a></member></{name}>"),
            What::Twice | What::Bare => {
                let member =
                    if self.what == What::Bare { "<member></member><member>$0</member>" } else { "$0$0" };
                return MEMBER.replace(body, member).into_owned();
            }
            What::Number => format!("<{name}>42</{name}>"),
            What::Signs => format!("<{name}>&#27;[2J&#x9b;31m&#x202e;&#0;</{name}>"),
            _ => format!("<{name}>{}</{name}>", self.word().replace('<', "&lt;")),
        };
        format!("{}{replaced}{}", &body[..whole.start()], &body[whole.end()..])
    }
}

impl RawResponse {
    fn page(page: &str) -> Self {
        let headers = vec![("content-type", "text/html".to_owned())];
        RawResponse { status: 200, headers, body: page.as_bytes().to_vec() }
    }
}

/// The pointers of all members and items.
fn places(json: &Json) -> Vec<String> {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    let children: Vec<(String, &Json)> = match json {
        Json::Object(members) => members.iter().map(|(name, member)| (escaped(name), member)).collect(),
        Json::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    let below = |(name, child): (String, &Json)| {
        let own = format!("/{name}");
        let deeper: Vec<String> = places(child).into_iter().map(|place| format!("{own}{place}")).collect();
        std::iter::once(own).chain(deeper).collect::<Vec<_>>()
    };
    children.into_iter().flat_map(below).collect()
}

/// A page of a list that is followed by another one.
fn paged(body: &str, token: &str) -> String {
    let Ok(Json::Object(mut members)) = serde_json::from_str(body) else {
        let end = Regex::new(r"</\w+Result>").expect("a pattern");
        let bare = body.replace("<IsTruncated>false</IsTruncated>", "");
        let more = format!("<IsTruncated>true</IsTruncated><Marker>{token}</Marker>$0");
        return end.replace(&bare, more).into_owned();
    };
    for name in Service::ALL.iter().flat_map(|service| service.facts().tokens) {
        members.insert((*name).to_owned(), token.into());
    }
    Json::Object(members).to_string()
}

/// The body of an error in the protocol of a body.
fn failure(body: &str) -> Vec<u8> {
    let json = json!({ "__type": "InternalFailure", "message": "out of order", "Message": "out of order" })
        .to_string();
    let xml = "<ErrorResponse><Error><Code>Frobnicated</Code><Message>out of order</Message></Error></ErrorResponse>";
    if body.starts_with('<') { xml.as_bytes().to_vec() } else { json.into_bytes() }
}
