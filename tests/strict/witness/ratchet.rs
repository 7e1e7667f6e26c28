//! The figures that may only rise.

use super::measure::Measure;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// What was reached for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Figures {
    of: usize,
    assigned: usize,
    agreeing: usize,
    elsewhere: usize,
}

/// Fails if a share is lower than in the file, or more responses are left out of the count. `UPDATE_DOCS=1` writes the figures
/// there, if no share is lower.
pub(super) fn compare(measures: &[Measure]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strict/witness/ratchet.yaml");
    let text = fs::read_to_string(&path).expect("ratchet.yaml");
    let kept: BTreeMap<String, Figures> = serde_yaml::from_str(&text).expect("ratchet.yaml");
    let writes = std::env::var_os("UPDATE_DOCS").is_some();
    let (mut page, mut fell) = (String::from(HEADER), Vec::new());
    for measure in measures {
        let Measure { name, of, assigned, agreeing, elsewhere, .. } = *measure;
        let new = Figures { of, assigned, agreeing, elsewhere };
        let shares = format!("of: {of}, assigned: {assigned}, agreeing: {agreeing}");
        writeln!(page, "{name}: {{ {shares}, elsewhere: {elsewhere} }}").unwrap();
        match kept.get(name) {
            Some(kept) if new.elsewhere > kept.elsewhere && !writes => {
                fell.push(format!("{name} leaves more out of the count: {kept:?}, now {new:?}"));
            }
            Some(kept) if falls(*kept, new) => fell.push(format!("{name}: {kept:?}, now {new:?}")),
            Some(kept) if *kept == new => {}
            kept => println!("{name}: {kept:?}, now {new:?}: UPDATE_DOCS=1 writes it"),
        }
    }
    let gone = kept.keys().filter(|kept| !measures.iter().any(|measure| measure.name == **kept));
    fell.extend(gone.map(|name| format!("{name} is not measured any more")));
    assert!(fell.is_empty(), "these figures fell:\n  {}", fell.join("\n  "));
    if writes {
        fs::write(&path, page).unwrap();
    }
}

const HEADER: &str = "# Of each service: the recorded responses whose operation the strict cloud serves, those that are assigned\n\
    # to one, and those of them that agree; and elsewhere the responses that are left out of the count. Written by the test; the\n\
    # shares may only rise.\n";

/// True if less is assigned of all, or less agrees of the assigned.
fn falls(kept: Figures, new: Figures) -> bool {
    new.assigned * kept.of < kept.assigned * new.of
        || new.agreeing * kept.assigned < kept.agreeing * new.assigned
}

#[test]
fn shares_may_not_fall() {
    let kept = Figures { of: 10, assigned: 8, agreeing: 6, elsewhere: 0 };
    assert!(!falls(kept, kept));
    assert!(!falls(kept, Figures { of: 20, assigned: 16, agreeing: 13, elsewhere: 0 }));
    assert!(falls(kept, Figures { of: 10, assigned: 7, agreeing: 6, elsewhere: 0 }));
    assert!(falls(kept, Figures { of: 10, assigned: 8, agreeing: 5, elsewhere: 0 }));
}
