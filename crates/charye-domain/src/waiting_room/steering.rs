//! Room: domain/waiting_room. What an operator may change of a line while it stands, as the journal records it. Judged by
//! the book, which refuses unsound terms and too short a notice; every one is told with actor and reason.

use crate::campaign::Bilingual;
use crate::time::UnixMillis;
use crate::waiting_room::admission::PauseReason;

/// One change of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Steering {
    /// Another cap, and other bounds of the rate. The agents' share and the grace stay.
    Terms {
        hard_cap: u32,
        rate_min_per_min: u32,
        rate_max_per_min: u32,
    },
    /// Nobody is called from now on. Who has been called may still come.
    Pause(PauseReason),
    /// Calling goes on, in order.
    Resume,
    /// The opening begins at another time than the campaign says.
    OpenAt(UnixMillis),
    /// Whoever stands in the line stays in it; nobody else gets a place.
    CloseToArrivals,
    ReopenToArrivals,
    /// What is told to everybody who waits; `None` takes it back.
    Message(Option<Bilingual>),
    /// Closed to arrivals and paused at once: visits go on until they end.
    Drain,
}

impl Steering {
    /// Characters of a message, in each language.
    pub const MESSAGE_CHARS_MAX: usize = 500;
    /// Characters of the note that says why.
    pub const NOTE_CHARS_MAX: usize = 200;
    /// Notice given before an opening that begins at another time than announced, outside rehearsals. Unit: seconds.
    pub const NOTICE_MIN_SECS: u32 = 600;

    /// The stable name, in `snake_case`, as it stands in the API, the projection and the docs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Terms { .. } => "terms",
            Self::Pause(_) => "pause",
            Self::Resume => "resume",
            Self::OpenAt(_) => "open_at",
            Self::CloseToArrivals => "close_to_arrivals",
            Self::ReopenToArrivals => "reopen_to_arrivals",
            Self::Message(_) => "message",
            Self::Drain => "drain",
        }
    }
}
