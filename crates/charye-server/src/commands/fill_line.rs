//! Room: server/commands. `charye fill-line`: has made-up people wait in a line of a rehearsal, each registered and arrived by
//! the sequencer as anybody is, but without their coming one by one through the front door. Ten million take minutes.
//!
//! Refuses an installation whose configuration does not say rehearsal. Holds tickets and logins of made-up people only, and
//! writes them where nobody else reads.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use anyhow::{Context as _, anyhow};
use charye_domain::book::{Action, Actor, Channel, Command, LinePurpose, LineStanding, Outcome, Provenance};
use charye_domain::campaign::{Campaign, UniquenessScheme};
use charye_domain::citizen::CitizenFacts;
use charye_domain::eligibility::{self, Eligibility};
use charye_domain::ids::{CitizenKey, OpeningId, Person};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::PauseReason;
use charye_domain::waiting_room::steering::Steering;
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_engine::Engine;
use charye_engine::ports::Keys;
use charye_engine::sequencer::answer::{Answer, AnswerCounter, Question, ReplyTo, Told};
use charye_web::gate::{Gate, LoginSession, Ticket};
use clap::Args;

use super::installed::{Installed, standing};
use super::nation::progress_bar;
use super::publish::AT_THE_PROMPT;
use crate::exit::Ending;
use crate::output::say;
use crate::wiring;

/// Questions on their way at once; far fewer than the lane of arrivals has room for.
const TOGETHER: u32 = 2_048;
const PEOPLE_MAX: i64 = 20_000_000;
const SYSTEM: Provenance = Provenance { actor: Actor::System, channel: Channel::Internal, reason: 0 };

#[derive(Args, Debug)]
pub(crate) struct FillLine {
    /// The code of the campaign whose open line they wait in
    campaign: String,
    /// How many
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=PEOPLE_MAX))]
    people: u32,
    /// Of how many of the first a login is written, too: those who will go in
    #[arg(long, default_value_t = 0)]
    logins: u32,
    /// A folder for tickets.txt and logins.txt, a line each, in the order of their places
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    #[command(flatten)]
    installed: Installed,
}

pub(crate) fn run(wanted: &FillLine) -> Result<(), Ending> {
    let config = wanted.installed.config()?;
    if !config.rehearsal.enabled {
        let words =
            "charye: a line is filled in a rehearsal only: this configuration has no [rehearsal] enabled = true";
        return Err(Ending::Unreadable { words: words.to_owned() });
    }
    standing(&config.data.folder)?;
    let installation = wiring::open(&config)?;
    let gate = Gate::new(Arc::clone(&installation.keys), config.listen.cookie_security());
    let filled = fill(&installation.engine, &*installation.keys, &gate, wanted);
    installation.engine.stop();
    let opening = filled?;
    let FillLine { campaign, people, .. } = wanted;
    say(&format!("{people} people wait in opening {opening} of {campaign}; it is paused: charye steer resume"));
    Ok(())
}

fn fill(engine: &Engine, keys: &dyn Keys, gate: &Gate, wanted: &FillLine) -> Result<OpeningId, Ending> {
    let FillLine { campaign: code, people, logins, into, .. } = wanted;
    let unfit = |words: String| Ending::Unreadable { words: format!("charye: {words}") };
    let campaigns = engine.campaigns();
    let campaign = campaigns.by_code(code).ok_or_else(|| unfit(format!("there is no campaign {code}")))?;
    if campaign.uniqueness != UniquenessScheme::Rehearsal || campaign.line.is_none() {
        return Err(unfit(format!("{code} is no rehearsal's campaign with a line")));
    }
    let (opening, facts) = who_may_come(campaign, engine.now())
        .ok_or_else(|| unfit(format!("no opening of {code} is open: nobody could stand in its line")))?;
    let mut tickets = BufWriter::new(private_file(&into.join("tickets.txt"))?);
    let mut pockets = BufWriter::new(private_file(&into.join("logins.txt"))?);
    pause(engine, campaign, opening)?;

    let asking = Asking { engine, desk: Arc::default() };
    let bar = progress_bar("filling the line");
    bar.set_length((*people).into());
    for first in (0..*people).step_by(TOGETHER as usize) {
        let count = TOGETHER.min(*people - first);
        let citizens: Vec<_> =
            (first..first + count).map(|number| keys.citizen_key("rehearsal", made_up(number).as_bytes())).collect();
        let registered = asking.ask_all(citizens.iter().map(|&(key_id, key)| {
            let action = Action::RegisterCitizen { key_id, key, former: Arc::from([]) };
            Command { by: SYSTEM, operation: None, action }
        }))?;
        let persons = registered.into_iter().map(person_of).collect::<Result<Vec<_>, _>>()?;
        let now = engine.now();
        let arrived = asking.ask_all(persons.iter().map(|&person| {
            let (campaign, purpose) = (campaign.id, LinePurpose::Reserve);
            let action = Action::Arrive { person, campaign, facts, began_at: now, purpose };
            let by = Provenance { actor: Actor::Citizen(person), channel: Channel::Internal, reason: 0 };
            Command { by, operation: None, action }
        }))?;
        for (index, (outcome, person)) in (0_u32..).zip(arrived.into_iter().zip(persons)) {
            let ticket = ticket_of(outcome, campaign, person, now)?;
            writeln!(tickets, "{}", gate.sign_ticket(&ticket)).context("could not write the tickets")?;
            if first + index < *logins {
                let (_, citizen) = citizens[index as usize];
                let login = login_of(engine, person, citizen, facts, now);
                writeln!(pockets, "{}", gate.seal_login(&login)).context("could not write the logins")?;
            }
        }
        bar.inc(count.into());
    }
    bar.finish_and_clear();
    tickets.flush().and_then(|()| pockets.flush()).context("could not write tickets and logins")?;
    engine.ask_for_snapshot();
    Ok(opening)
}

/// What the rehearsal's provider would assert of the person with this number. No test person is called so.
fn made_up(number: u32) -> String {
    format!("line-{number}")
}

/// The open opening, and a birth date that it lets in.
fn who_may_come(campaign: &Campaign, now: UnixMillis) -> Option<(OpeningId, CitizenFacts)> {
    const DIGITS: i64 = 10;
    let born = campaign.cohorts.iter().flat_map(|cohort| {
        (0..DIGITS).filter_map(|days| cohort.born_from.checked_add(jiff::Span::new().days(days)).ok())
    });
    born.map(|birth_date| CitizenFacts { birth_date }).find_map(|facts| {
        match eligibility::decide(campaign, &facts, now) {
            Eligibility::Eligible { opening, .. } => Some((opening, facts)),
            Eligibility::Ineligible(_) => None,
        }
    })
}

/// Nobody is called while the line is filled: whoever was would miss their call.
fn pause(engine: &Engine, campaign: &Campaign, opening: OpeningId) -> Result<(), Ending> {
    let steering = Box::new(Steering::Pause(PauseReason::Operator));
    let note = Arc::from("the line of a rehearsal is being filled");
    let action = Action::Steer { campaign: campaign.id, opening, steering, note, rehearsal: true };
    match engine.submit_blocking(Command { by: AT_THE_PROMPT, operation: None, action }) {
        Ok(_) => Ok(()),
        Err(failure) => Err(Ending::Fault(anyhow!("the line was not paused: {}", failure.code()))),
    }
}

fn person_of(outcome: Outcome) -> Result<Person, Ending> {
    match outcome {
        Outcome::Registered { person } => Ok(person),
        other => Err(Ending::Fault(anyhow!("nobody was registered: {other:?}"))),
    }
}

fn ticket_of(outcome: Outcome, campaign: &Campaign, person: Person, now: UnixMillis) -> Result<Ticket, Ending> {
    match outcome {
        Outcome::InLine { opening, standing: LineStanding::Waiting { place } } => {
            let standing = TicketStanding::Placed { place, issued_at: now };
            Ok(Ticket { campaign: campaign.id, opening, person, standing })
        }
        other => Err(Ending::Fault(anyhow!("somebody does not wait: {other:?}"))),
    }
}

fn login_of(
    engine: &Engine,
    person: Person,
    citizen: CitizenKey,
    facts: CitizenFacts,
    now: UnixMillis,
) -> LoginSession {
    let (scheme, seq) = (UniquenessScheme::Rehearsal, engine.head_seq());
    LoginSession::begin(person, citizen, scheme, facts.birth_date, seq, now, engine.random())
}

/// A new file that nobody else reads: one that is there holds the tickets of another line.
fn private_file(path: &Path) -> Result<std::fs::File, Ending> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| Ending::Unreadable { words: format!("charye: could not make {}: {error}", path.display()) })
}

/// Many questions at a time.
struct Asking<'e> {
    engine: &'e Engine,
    desk: Arc<Desk>,
}

impl Asking<'_> {
    /// The outcomes of as many commands as may be on their way at once, in their order.
    fn ask_all(&self, commands: impl ExactSizeIterator<Item = Command>) -> Result<Vec<Outcome>, Ending> {
        let count = commands.len();
        for (tag, command) in (0..).zip(commands) {
            let counter = Arc::clone(&self.desk) as Arc<dyn AnswerCounter>;
            let queued = self.engine.submit(Question::Command(command), ReplyTo::counter(counter, tag));
            queued.map_err(|failure| Ending::Fault(anyhow!("a question was not taken: {}", failure.code())))?;
        }
        let mut answers = self.desk.take(count);
        answers.sort_unstable_by_key(|(tag, _)| *tag);
        answers.into_iter().map(|(_, told)| outcome_in(told)).collect()
    }
}

fn outcome_in(told: Told) -> Result<Outcome, Ending> {
    match told {
        Told::Outcome { outcome, .. } => Ok(outcome),
        other => Err(Ending::Fault(anyhow!("a question was not decided: {other:?}"))),
    }
}

/// Where answers come to. Holds [`TOGETHER`] at most.
#[derive(Default)]
struct Desk {
    answers: Mutex<Vec<(u64, Told)>>,
    came: Condvar,
}

impl Desk {
    /// Waits for so many answers; each question is answered, if only with `Unknown` when the engine ends.
    fn take(&self, count: usize) -> Vec<(u64, Told)> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = self.came.wait_while(answers, |answers| answers.len() < count);
        std::mem::take(&mut *enough.unwrap_or_else(PoisonError::into_inner))
    }
}

impl AnswerCounter for Desk {
    fn answer(&self, tag: u64, answer: Answer) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push((tag, answer.told));
    }

    fn released(&self) {
        self.came.notify_one();
    }
}
