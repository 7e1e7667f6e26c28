//! What a clear error is: it names the operation, the resource, and AWS's code or how the connection failed; it is a sentence
//! for people, and no dump of a value.

use crate::cloud::REGION;
use crate::faults::{FaultKind, Label, PlannedFault, Times};

/// What only a dump of a value, or an error of this program's own making, contains.
const DEBRIS: &[&str] = &[
    "Some(",
    "None",
    "Error {",
    "SdkError",
    "DispatchFailure",
    // Not the code of AWS that ends so.
    "ServiceError(",
    "ServiceError {",
    "nhandled",
    "::{",
    "\n",
    "please report",
];

/// How long one error may be.
const MAX: usize = 600;

/// True to its word if the errors of a run say clearly what a fault has done.
///
/// # Errors
/// What is not clear.
pub(super) fn clear(errors: &[String], fault: &PlannedFault) -> Result<(), String> {
    if errors.is_empty() {
        return Err("no error".to_owned());
    }
    for error in errors {
        if let Some(debris) = DEBRIS.iter().find(|debris| error.contains(*debris)) {
            return Err(format!("{debris:?}"));
        }
        if error.trim().is_empty() || error.len() > MAX {
            return Err(format!("an error of {} bytes", error.len()));
        }
    }
    let about: Vec<&String> = errors.iter().filter(|error| error.contains(&fault.at.name)).collect();
    let says =
        |what: &[String]| about.iter().any(|error| what.iter().any(|what| error.contains(what.as_str())));
    match () {
        () if about.is_empty() => Err(format!("nothing of {}", fault.at.name)),
        () if !says(&causes(fault)) => Err(format!("nothing of {:?}", causes(fault))),
        () if !fault.at.subject.is_empty() && !says(&names(&fault.at)) => {
            Err(format!("nothing of {:?}", names(&fault.at)))
        }
        () => Ok(()),
    }
}

/// What an error must say of its cause, in one of several ways.
fn causes(fault: &PlannedFault) -> Vec<String> {
    match fault.code() {
        Some(code) => vec![format!("({code}, request request-")],
        None => ["no connection to ", " broke: ", "no response in time"].map(str::to_owned).into(),
    }
}

/// The names under which the subject of a call may be known to its user: itself, or the last part of an ARN or a mark. A
/// stack has one API, whose id says nothing to anybody.
fn names(at: &Label) -> Vec<String> {
    let words = at.subject.split_whitespace();
    let last = words.map(|word| word.rsplit([':', '/']).next().unwrap_or(word));
    let last = last.map(|word| word.strip_prefix("integration.").unwrap_or(word).to_owned());
    // The name of a bucket ends with its region, which is another one in each run.
    let bucket = at.subject.split_once(&format!("-{REGION}-")).map(|(name, _)| name.to_owned());
    let api = at.subject.contains("/apis/").then(|| "api: ".to_owned());
    last.chain([at.subject.clone()]).chain(bucket).chain(api).filter(|name| name.len() > 1).collect()
}

#[test]
fn an_error_is_clear_only_if_it_names_all() {
    let at = Label { name: "lambda:CreateFunction".to_owned(), subject: "create_item".to_owned(), nth: 1 };
    let fault = PlannedFault { at, kind: FaultKind::Denied, times: Times::Once };
    let is_clear = |error: &str| clear(&[error.to_owned()], &fault);
    let good =
        "function create_item: lambda:CreateFunction failed: no (AccessDeniedException, request request-7)";
    assert_eq!(is_clear(good), Ok(()));
    for missing in ["create_item: ", "lambda:CreateFunction", "AccessDeniedException", "request-7"] {
        assert!(is_clear(&good.replace(missing, "")).is_err(), "without {missing}");
    }
    assert!(is_clear(&good.replace("no", "Some(\"no\")")).is_err());
    assert!(clear(&[], &fault).is_err());
}
