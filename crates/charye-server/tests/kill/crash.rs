//! The crash points as the program under test meets them: at the nth visit of the point it was told, it kills itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use charye_ledger::journal::{CrashHook, CrashPoint};
use rustix::process::{Signal, getpid, kill_process};

/// Which point, by its name, and at which visit of it: `BeforeAnswer@17`.
pub(crate) const VARIABLE: &str = "KILL_TEST_CRASH_AT";

/// How often each point is drawn, of the kills at a point: more than a fifth of all kills hit before an answer.
const POINTS: [CrashPoint; 8] = [
    CrashPoint::BeforeAnswer,
    CrashPoint::BeforeCommit,
    CrashPoint::BeforeAnswer,
    CrashPoint::BeforeAppend,
    CrashPoint::BeforeAnswer,
    CrashPoint::BeforeCheckpoint,
    CrashPoint::BeforeAnswer,
    CrashPoint::AfterCheckpoint,
];

/// At which point the nth kill comes, from 1 on; `None`: at any moment.
pub(crate) fn point_of(kill: u32) -> Option<CrashPoint> {
    kill.is_multiple_of(2).then(|| POINTS[(kill as usize / 2) % POINTS.len()])
}

/// The visits after which a point is drawn at most. A checkpoint comes every hundred batches or so.
pub(crate) fn visits_max(point: CrashPoint) -> u32 {
    match point {
        CrashPoint::BeforeAppend | CrashPoint::BeforeCommit | CrashPoint::BeforeAnswer => 120,
        CrashPoint::BeforeCheckpoint | CrashPoint::AfterCheckpoint => 2,
    }
}

/// Whether a point lies between the append of a batch and its answers.
pub(crate) fn is_before_answers(point: CrashPoint) -> bool {
    matches!(point, CrashPoint::BeforeCommit | CrashPoint::BeforeAnswer)
}

/// What the variable holds for this point and visit.
pub(crate) fn value(point: CrashPoint, visit: u32) -> String {
    format!("{point:?}@{visit}")
}

/// The hook that the environment asks for; `None` if this process is the test.
pub(crate) fn hook_from_environment() -> Option<CrashHook> {
    #[expect(clippy::disallowed_methods, reason = "the test tells its child, and no configuration may know of it")]
    let wanted = std::env::var(VARIABLE).ok()?;
    let (name, visit) = wanted.split_once('@').expect("the variable is POINT@VISIT");
    let point = POINTS.into_iter().find(|point| format!("{point:?}") == name).expect("the point is one of ours");
    let visit: u32 = visit.parse().expect("the visit is a number");
    let visits = AtomicU32::new(0);
    Some(Arc::new(move |reached| {
        if reached == point && visits.fetch_add(1, Ordering::Relaxed) + 1 == visit {
            kill_process(getpid(), Signal::KILL).expect("a process may kill itself");
        }
    }))
}
