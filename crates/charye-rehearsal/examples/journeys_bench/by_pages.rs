//! Room: rehearsal, bench `journeys`. The journey as a browser without script makes it: from the first page by links and
//! forms to the reservation's own, every page fetched, redirects followed, cookies kept.
//!
//! Stylesheet and icon are not fetched: a browser has them once for all pages, and a cache in front has them for everyone.

use std::time::{Duration, Instant};

use charye_rehearsal::load::{Answer, Next, RequestText, Walk};

use super::Failure;
use super::identities::{Identities, Proof};
use super::journey::{DISTRICTS, unix_secs};
use super::page::{Cookies, Form, attribute, link};
use super::places::Pair;
use super::stage::now;
use super::tally::Tally;

/// What was asked last, in the order of the way. What is asked while redirects are followed counts with what led there.
pub(crate) const STEPS: [&str; 14] = [
    "landing", "choice", "begin", "return", "carry_on", "line", "search", "clinic", "first", "second", "hold", "agree",
    "confirm", "wait",
];
const LANDING: usize = 0;
const CHOICE: usize = 1;
const BEGIN: usize = 2;
const RETURN: usize = 3;
const CARRY_ON: usize = 4;
const LINE: usize = 5;
const SEARCH: usize = 6;
const CLINIC: usize = 7;
const FIRST: usize = 8;
const SECOND: usize = 9;
const HOLD: usize = 10;
const AGREE: usize = 11;
const CONFIRM: usize = 12;
const WAIT: usize = 13;
/// Redirects in a row.
const REDIRECTS_MAX: u8 = 4;

/// Everybody's journey by pages.
pub(crate) struct PageJourneys<'c> {
    identities: &'c Identities,
    pairs: &'c [Pair],
    now_secs: u64,
    walkers: Vec<Walker>,
    pub(crate) tally: Tally,
}

/// Who is on a connection, and the browser that they hold.
struct Walker {
    number: usize,
    step: usize,
    asked_at: Instant,
    cookies: Cookies,
    redirects: u8,
    /// The page that waits, if it is one.
    waits_at: String,
}

/// What a browser does with a page.
enum Go {
    To(String),
    /// After a while.
    Again(String, Duration),
    Post(Form),
    /// Posts as another site's page does, which cookies do not go with.
    PostFromElsewhere(Form),
    Home,
}

impl<'c> PageJourneys<'c> {
    pub(crate) fn new(identities: &'c Identities, pairs: &'c [Pair], connections: usize) -> Result<Self, Failure> {
        let nobody = || Walker {
            number: 0,
            step: LANDING,
            asked_at: now(),
            cookies: Cookies::default(),
            redirects: 0,
            waits_at: String::new(),
        };
        Ok(Self {
            identities,
            pairs,
            now_secs: unix_secs()?,
            walkers: std::iter::repeat_with(nobody).take(connections).collect(),
            tally: Tally::of(&STEPS)?,
        })
    }

    /// What somebody does next, and which step that is. `None`: the page is not one of the way.
    fn on_page(&self, walker: &Walker, page: &str) -> Option<(usize, Go)> {
        let pair = self.pairs.get(walker.number)?;
        let clinic = |more: &str| Some(Go::To(format!("{}{more}", pair.page)));
        let first = format!("?day={}&first={}", pair.first_day, number_of(&pair.first)?);
        Some(match walker.step {
            LANDING => (CHOICE, Go::To(link(page, "/sign-in")?)),
            CHOICE => (BEGIN, Go::Post(Form::on(page, &format!("/sign-in/{}", Proof::Shared.provider()))?)),
            BEGIN => (RETURN, Go::PostFromElsewhere(self.answer_of_window(page, walker.number)?)),
            RETURN => (CARRY_ON, Go::Post(Form::on(page, "/sign-in/")?)),
            // Wherever the way in leads: to its choice, to a page that waits, or inside.
            CARRY_ON | LINE | WAIT => match (Form::on(page, "/line"), asks_again(page)) {
                (Some(form), _) if form.action == "/line" => (LINE, Go::Post(form)),
                (_, Some(after)) => (WAIT, Go::Again(walker.waits_at.clone(), after)),
                _ => {
                    let district = DISTRICTS[walker.number % DISTRICTS.len()];
                    let province = district.get(..2)?;
                    page.contains("action=\"/find\"").then_some(())?;
                    let asked =
                        format!("/find?province={province}&district={district}&product=&name=&from=&to=&times=&order=");
                    (SEARCH, Go::To(asked))
                }
            },
            SEARCH => {
                page.contains("id=\"found\"").then_some(())?;
                (CLINIC, clinic("")?)
            }
            CLINIC => (FIRST, clinic(&first)?),
            FIRST => (SECOND, clinic(&format!("{first}&second_day={}", pair.second_day))?),
            SECOND => (HOLD, Go::Post(Form::on(page, "/holds")?.choose("second", &number_of(&pair.second)?))),
            HOLD => match Form::on(page, "/holds") {
                Some(form) => (AGREE, Go::Post(form)),
                None => (CONFIRM, Go::Post(Form::on(page, "/hold/confirm")?)),
            },
            AGREE => (CONFIRM, Go::Post(Form::on(page, "/hold/confirm")?)),
            _ => {
                page.contains("class=\"number\"").then_some(())?;
                (CONFIRM, Go::Home)
            }
        })
    }

    /// The window's page: what was posted there, answered as it would post it back.
    fn answer_of_window(&self, page: &str, number: usize) -> Option<Form> {
        let form = Form::on(page, "http://")?;
        let told = self.identities.told_of(number);
        let transaction = form.value("transaction")?;
        let answer = self.identities.windows.answer(Proof::Shared, transaction, &told, self.now_secs).ok()?;
        let fields = answer.split('&').filter_map(|pair| pair.split_once('='));
        let back = form.value("return_url")?.split_once("://")?.1;
        let action = back.get(back.find('/')?..)?.to_owned();
        Some(Form { action, fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() })
    }

    fn write(walker: &Walker, go: Go, request: &mut RequestText) -> Next {
        match go {
            Go::To(path) => walker.cookies.show(request.get(&path)).end(),
            Go::Again(path, after) => {
                walker.cookies.show(request.get(&path)).end();
                return Next::AskAfter(after);
            }
            Go::Post(form) => walker.cookies.show(request.post(&form.action)).form(&form.body()),
            Go::PostFromElsewhere(form) => request.post(&form.action).form(&form.body()),
            Go::Home => return Next::Go,
        }
        Next::Ask
    }
}

impl Walk for PageJourneys<'_> {
    fn come(&mut self, connection: usize, number: u64, _: Instant, request: &mut RequestText) -> bool {
        let number = number as usize;
        let walker = &mut self.walkers[connection];
        (walker.number, walker.step, walker.asked_at) = (number, LANDING, now());
        walker.cookies.clear();
        Self::write(walker, Go::To("/".to_owned()), request);
        number < self.pairs.len()
    }

    fn hear(&mut self, connection: usize, answer: &Answer<'_>, request: &mut RequestText) -> Next {
        let walker = &mut self.walkers[connection];
        let heard_at = now();
        self.tally.answered(walker.step, heard_at - walker.asked_at);
        walker.asked_at = heard_at;
        walker.cookies.take(answer);
        if answer.status == 303
            && let Some(to) = answer.header("location:")
            && walker.redirects < REDIRECTS_MAX
        {
            walker.redirects += 1;
            to.clone_into(&mut walker.waits_at);
            return Self::write(walker, Go::To(to.to_owned()), request);
        }
        walker.redirects = 0;
        let page = String::from_utf8_lossy(answer.body);
        let next = if answer.status == 200 { self.on_page(&self.walkers[connection], &page) } else { None };
        let walker = &mut self.walkers[connection];
        let Some((step, go)) = next else {
            self.tally.refused(walker.step, answer);
            return Next::Go;
        };
        self.tally.completed += u64::from(matches!(go, Go::Home));
        walker.step = step;
        Self::write(walker, go, request)
    }
}

/// How pages name a slot, which the API names by the letter `s` and hexadecimal digits: as a number.
fn number_of(slot: &str) -> Option<String> {
    Some(u32::from_str_radix(slot.strip_prefix('s')?, 16).ok()?.to_string())
}

/// When a page that waits asks again; nothing of any other.
fn asks_again(page: &str) -> Option<Duration> {
    let main = page.split("<main ").nth(1)?.split('>').next()?;
    let millis = attribute(main, "data-again")?.parse().ok()?;
    Some(Duration::from_millis(millis)).filter(|after| !after.is_zero())
}
