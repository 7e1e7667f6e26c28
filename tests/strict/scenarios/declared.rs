//! A stack, and what there is where it was created as the file declares it: what later runs are compared with.

use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::service::Drift;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// How a call is interrupted.
const INTERRUPTIONS: [FaultKind; 4] =
    [FaultKind::KilledBefore, FaultKind::KilledAfterCall, FaultKind::Lost, FaultKind::FailedLate];

pub(super) struct Declared {
    stack: Fixture,
    /// The account a minute after a first `up`.
    pub(super) cloud: Cloud,
    expected: BTreeMap<String, Json>,
}

impl Declared {
    pub(super) fn of(stack: Fixture) -> Self {
        let cloud = later(&whole(run(&empty(), Command::Up(&stack), None)).cloud, MINUTE);
        Declared { expected: dump(&cloud), stack, cloud }
    }

    fn up(&self, cloud: &Cloud) -> Ran {
        run(cloud, Command::Up(&self.stack), None)
    }

    /// Checks that an account is as if it were created so, and that `up` writes nothing.
    #[track_caller]
    pub(super) fn is(&self, cloud: &Cloud) {
        let again = whole(self.up(cloud));
        assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
        assert_eq!(differences(&dump(cloud), &self.expected), Vec::<String>::new());
    }

    /// Wherever `up` from an account is interrupted at these calls, of those that it makes, the next one ends it.
    pub(super) fn is_continued(&self, from: &Cloud, calls: impl Fn(&Label) -> bool) {
        let reference = whole(self.up(from));
        self.is(&later(&reference.cloud, MINUTE));
        let labels = reference.records.iter().map(|record| &record.label).filter(|label| calls(label));
        let labels: Vec<&Label> = labels.collect();
        assert!(!labels.is_empty());
        for (at, kind) in labels.into_iter().flat_map(|at| INTERRUPTIONS.map(|kind| (at, kind))) {
            let fault = PlannedFault { at: at.clone(), kind, times: Times::Once };
            let first = run(from, Command::Up(&self.stack), Some(fault));
            assert!(first.injected > 0, "{at} {kind:?}");
            let next = well(self.up(&first.cloud));
            self.is(&later(&next.cloud, MINUTE));
        }
    }

    /// Checks that `up` undoes each of these drifts of the stack's resources, as long after it as this, and returns how many were
    /// made. `settle` does what only people do, such as confirming a subscription.
    pub(super) fn undoes<'a>(
        &self,
        drifts: impl IntoIterator<Item = &'a (&'static str, Drift)>,
        nths: &[usize],
        after: Duration,
        settle: impl Fn(&mut Cloud),
    ) -> usize {
        let (mut made, mut before) = (0, self.cloud.clone());
        settle(&mut before);
        let expected = without_theirs(dump(&before));
        for (what, drift) in drifts {
            for nth in nths {
                let mut changed = before.clone();
                let Some(of) = drift(&mut changed, &self.stack.stack.name, *nth) else { continue };
                made += 1;
                let mut settled = later(&whole(self.up(&later(&changed, after))).cloud, MINUTE);
                settle(&mut settled);
                let differ = differences(&without_theirs(dump(&settled)), &expected);
                assert_eq!(differ, Vec::<String>::new(), "{what}, {of}");
                assert_eq!(well(self.up(&settled)).writes(), Vec::<String>::new(), "{what}, {of}");
            }
        }
        made
    }
}

/// The tags of others are theirs.
fn without_theirs(mut dump: BTreeMap<String, Json>) -> BTreeMap<String, Json> {
    let tags = dump.values_mut().filter_map(|one| one.get_mut("tags")?.as_object_mut());
    tags.for_each(|tags| drop(tags.remove("auto-tagged")));
    dump
}
