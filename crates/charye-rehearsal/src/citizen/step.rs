//! Room: rehearsal/citizen. The steps of a citizen's way, and where on it somebody is. Names for counts and reports.

/// What a citizen asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Whether a birth date may reserve, without signing in.
    AskDate,
    SignIn,
    /// At an identity provider: to begin there, its page, and the way back.
    Begin,
    AtProvider,
    ComeBack,
    /// A place in the line.
    TakePlace,
    Poll,
    /// A visit.
    Enter,
    /// Twenty clinics near home.
    LookUp,
    /// Days for the second dose, and times on one of them.
    Days,
    Times,
    Hold,
    Confirm,
    /// One's own reservations.
    Mine,
    Change,
    Cancel,
    /// What became of an operation whose answer was lost.
    Settle,
}

impl Step {
    pub const ALL: [Self; 17] = [
        Self::AskDate,
        Self::SignIn,
        Self::Begin,
        Self::AtProvider,
        Self::ComeBack,
        Self::TakePlace,
        Self::Poll,
        Self::Enter,
        Self::LookUp,
        Self::Days,
        Self::Times,
        Self::Hold,
        Self::Confirm,
        Self::Mine,
        Self::Change,
        Self::Cancel,
        Self::Settle,
    ];

    /// As reports write it.
    pub fn code(self) -> &'static str {
        match self {
            Self::AskDate => "ask_date",
            Self::SignIn => "sign_in",
            Self::Begin => "begin_sign_in",
            Self::AtProvider => "at_provider",
            Self::ComeBack => "come_back",
            Self::TakePlace => "take_place",
            Self::Poll => "poll",
            Self::Enter => "enter",
            Self::LookUp => "look_up",
            Self::Days => "days",
            Self::Times => "times",
            Self::Hold => "hold",
            Self::Confirm => "confirm",
            Self::Mine => "mine",
            Self::Change => "change",
            Self::Cancel => "cancel",
            Self::Settle => "settle",
        }
    }

    /// The operation it is on record as, if it changes anything under a key.
    pub(crate) fn operation(self) -> Option<&'static str> {
        match self {
            Self::Hold => Some("hold"),
            Self::Confirm => Some("confirm"),
            Self::Change => Some("reschedule"),
            Self::Cancel => Some("cancel"),
            _ => None,
        }
    }
}

/// Where somebody is on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// Has come, and is not signed in yet.
    AtDoor,
    Waiting,
    /// Let in, and looking for a clinic.
    Inside,
    /// Has a place, and has not confirmed it yet.
    Holding,
    Reserved,
    /// Was told another date, or that this campaign is not for them.
    TurnedAway,
    /// Found no place left.
    NothingLeft,
    /// Went away by themselves.
    GaveUp,
    /// A device put aside for the other one.
    PutAside,
    /// Could not go on: not a refusal that a citizen understands.
    Failed,
}

impl Whereabouts {
    pub const ALL: [Self; 10] = [
        Self::AtDoor,
        Self::Waiting,
        Self::Inside,
        Self::Holding,
        Self::Reserved,
        Self::TurnedAway,
        Self::NothingLeft,
        Self::GaveUp,
        Self::PutAside,
        Self::Failed,
    ];

    /// As reports write it.
    pub fn code(self) -> &'static str {
        match self {
            Self::AtDoor => "at_door",
            Self::Waiting => "waiting",
            Self::Inside => "inside",
            Self::Holding => "holding",
            Self::Reserved => "reserved",
            Self::TurnedAway => "turned_away",
            Self::NothingLeft => "nothing_left",
            Self::GaveUp => "gave_up",
            Self::PutAside => "put_aside",
            Self::Failed => "failed",
        }
    }
}
