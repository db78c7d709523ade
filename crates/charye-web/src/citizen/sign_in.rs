//! Room: web/citizen. The choice of how to sign in, signing out, and the language one reads. Identity providers stand with
//! their lights, quick ones first; in a rehearsal one may also pick who to be from the made-up nation. Must never lead
//! anywhere but to a page of ours.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::book::Channel;
use charye_domain::campaign::Campaign;
use charye_domain::citizen::CitizenFacts;
use charye_domain::eligibility::{self, Eligibility};
use charye_domain::identity::TrafficLight;
use charye_domain::time::UnixMillis;
use charye_domain::weakness::Defence;
use charye_engine::Answered;
use charye_engine::identity::{Choice, ProofWanted, SIGN_IN_MILLIS_MAX, complete_sign_in};
use charye_engine::ports::{
    AskedField, ProvenCitizen, RehearsalCitizen, RehearsalCitizenId, RehearsalFilter, RehearsalPeople, SealPurpose,
};
use charye_engine::waiting_room;
use hyper::header::HeaderValue;
use hyper::{Method, StatusCode};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::form::{Mistakes, link, next_of};
use super::layout::{Layout, Part};
use super::line;
use super::my_day::today;
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::asked::Fields;
use crate::gate::{Access, CookieName, LoginSession, cookie_value, remove_cookie, set_cookie};
use crate::locale::{Language, Value, plain_date};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// People shown at once.
const PAGE: usize = 20;
/// People looked at for one page, of however many there are.
const LOOKED_AT_MAX: usize = 2_000;
/// People asked of the port at once.
const BATCH: usize = 100;
/// What a sealed beginning is bound to.
const BEGUN: &[u8] = b"rehearsal sign-in begun";
/// Characters that the control of an asked field takes, and that are kept of it.
pub(super) const ASKED_CHARS_MAX: usize = 60;
/// Characters of a sealed beginning, at most.
const BEGUN_TEXT_MAX: usize = 128;
/// A year.
const LANGUAGE_SECS: i64 = 365 * 86_400;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/sign-in", Access::Anyone, show),
        Route::page(Method::POST, "/sign-in", Access::Anyone, sign_in),
        Route::page(Method::POST, "/sign-out", Access::Anyone, sign_out),
        language_route(),
    ]
}

/// The choice of a language, on every listener that has pages.
pub(super) fn language_route() -> Route {
    Route::page(Method::POST, "/language", Access::Anyone, choose_language)
}

#[derive(askama::Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    layout: Layout,
    /// Quick ones first.
    providers: Vec<ProviderWords>,
    /// There are others, and the campaign that one comes for does not accept them.
    some_unfit: bool,
    /// Whether there is anybody to sign in as.
    rehearsal: bool,
    next: String,
    /// When this sign-in began, sealed.
    begun: String,
    wish: Wish,
    number: String,
    mistakes: Mistakes,
    people: Vec<PersonWords>,
    /// To the next people, if there are any.
    more: Option<String>,
}

impl SignInPage {
    /// Only people who may reserve now: whom somebody means who has come to try it.
    fn only_who_may(&self) -> String {
        link("/sign-in", &[("next", &self.next), ("may", "1")])
    }
}

/// Whom a tester looks for, as typed.
#[derive(Clone, Debug, Default)]
struct Wish {
    name: String,
    /// 0 to 9, or nothing for any.
    digit: String,
    age_from: String,
    age_to: String,
    may_reserve: bool,
    after: Option<RehearsalCitizenId>,
}

/// What was typed, so that a page that complains about it loses nothing.
#[derive(Default)]
struct Typed {
    number: String,
    at_provider: Option<TypedAtProvider>,
}

/// What was typed into the fields that a provider asks for. Personal: it goes back into its own form, and nowhere else.
pub(super) struct TypedAtProvider {
    provider: String,
    pub(super) fields: Vec<(AskedField, String)>,
}

impl TypedAtProvider {
    /// Of a form to this provider; a field that is not there is empty.
    pub(super) fn of(form: &Fields, choice: &Choice) -> Self {
        let sent =
            |field: AskedField| form.iter().find(|(name, _)| *name == field.code()).map_or("", |(_, value)| value);
        let kept = |field: AskedField| (field, sent(field).chars().take(ASKED_CHARS_MAX).collect());
        Self { provider: choice.id.as_str().to_owned(), fields: choice.asks.iter().copied().map(kept).collect() }
    }

    fn value(&self, provider: &str, field: AskedField) -> Option<&str> {
        let mut own = self.fields.iter().filter(|(typed, _)| self.provider == provider && *typed == field);
        own.next().map(|(_, value)| value.as_str())
    }
}

struct PersonWords {
    id: u32,
    name: String,
    about: String,
    may_reserve: bool,
}

/// An identity provider, as citizens choose it.
struct ProviderWords {
    id: String,
    name: String,
    light: LightWords,
    /// How long a sign-in takes now, and how many wait.
    pace: Vec<String>,
    /// Nobody signs in where an operator has closed.
    closed: bool,
    asks: Vec<AskWords>,
}

/// A light as word, shape and colour: no one of them alone.
#[derive(Clone, Copy)]
struct LightWords {
    key: &'static str,
    shape: &'static str,
    class: &'static str,
}

/// Something to fill in first.
struct AskWords {
    /// Of the control; one page asks the same for several providers.
    id: String,
    name: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    /// As typed before.
    value: String,
}

impl ProviderWords {
    fn of(language: Language, choice: &Choice, typed: Option<&TypedAtProvider>) -> Self {
        let number = |key, value: u64| {
            let value = Value::Number(i64::try_from(value).unwrap_or(i64::MAX));
            language.text_with(key, &[("count", value)]).into_owned()
        };
        let takes = choice.takes.map(|takes| match takes.as_secs() {
            secs @ ..90 => number("provider-takes-secs", secs.max(1)),
            secs => number("provider-takes-minutes", secs.div_ceil(60)),
        });
        let waiting =
            (choice.in_line > 0).then(|| number("provider-in-line", u64::try_from(choice.in_line).unwrap_or(u64::MAX)));
        let id = choice.id.as_str();
        Self {
            id: id.to_owned(),
            name: language.of(&choice.name).to_owned(),
            light: LightWords::of(choice.light),
            pace: takes.into_iter().chain(waiting).collect(),
            closed: choice.light == TrafficLight::Closed,
            asks: choice.asks.iter().map(|field| AskWords::of(id, *field, typed)).collect(),
        }
    }
}

impl LightWords {
    fn of(light: TrafficLight) -> Self {
        let (key, shape, class) = match light {
            TrafficLight::Smooth => ("light-smooth", "●", "good"),
            TrafficLight::Delayed => ("light-delayed", "▲", "warn"),
            TrafficLight::Congested => ("light-congested", "■", "bad"),
            TrafficLight::Closed => ("light-closed", "✕", "closed"),
        };
        Self { key, shape, class }
    }
}

impl AskWords {
    fn of(provider: &str, field: AskedField, typed: Option<&TypedAtProvider>) -> Self {
        let (label, autocomplete) = match field {
            AskedField::Name => ("asked-name", "name"),
            AskedField::BirthDate => ("asked-birth-date", "bday"),
            AskedField::Phone => ("asked-phone", "tel"),
            AskedField::RegistryNumber => ("asked-registry-number", "off"),
            AskedField::Login => ("asked-login", "username"),
        };
        let value = typed.and_then(|typed| typed.value(provider, field)).unwrap_or_default().to_owned();
        Self { id: control_of(provider, field), name: field.code(), label, autocomplete, value }
    }
}

impl Wish {
    fn of(query: &Fields) -> Self {
        let kept = |name| query.get(name).unwrap_or_default().chars().take(40).collect::<String>();
        Self {
            name: kept("name"),
            digit: kept("digit"),
            age_from: kept("age_from"),
            age_to: kept("age_to"),
            may_reserve: query.get("may").is_some(),
            after: query.filled("after").and_then(|after| after.parse().ok()).map(RehearsalCitizenId),
        }
    }

    /// The filter it means.
    fn filter(&self, language: Language, today: Date, mistakes: &mut Mistakes) -> RehearsalFilter {
        let mut age = |control, text: &str| {
            let parsed = if text.is_empty() { Ok(None) } else { text.parse::<u8>().map(Some) };
            parsed.unwrap_or_else(|_| {
                mistakes.add(language, control, "age-wrong");
                None
            })
        };
        let (from, to) = (age("age-from", &self.age_from), age("age-to", &self.age_to));
        let years_ago = |years: i64| today.saturating_sub(years.years());
        RehearsalFilter {
            name: self.name.clone(),
            // Aged at most 49: not yet had the fiftieth birthday.
            born_from: to.map(|age| years_ago(i64::from(age) + 1).saturating_add(1.day())),
            born_to: from.map(|age| years_ago(age.into())),
            birth_day_digit: self.digit.parse().ok().filter(|digit| *digit <= 9),
            district: None,
        }
    }

    fn selects(&self, digit: &u8) -> bool {
        self.digit == digit.to_string()
    }
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let layout = Layout::of(&asked, Part::Elsewhere);
    let next = next_of(&asked.query).unwrap_or_default();
    let wish = Wish::of(&asked.query);
    Ok(sign_in_page(&asked, layout, next, wish, Typed::default(), Mistakes::default())?.0)
}

/// Id of the control into which a provider's field is typed.
fn control_of(provider: &str, field: AskedField) -> String {
    format!("{provider}-{}", field.code())
}

/// The choice again, after a provider's form was filled in wrongly: what was typed is in it, and what is wrong beside it.
pub(super) fn typed_wrongly(
    asked: &Asked,
    next: &str,
    typed: TypedAtProvider,
    (field, key): (AskedField, &str),
) -> Result<Answer, Problem> {
    let layout = Layout::answering(asked, Part::Elsewhere, &link("/sign-in", &[("next", next)]));
    let mut mistakes = Mistakes::default();
    mistakes.add(asked.language, control_of(&typed.provider, field), key);
    let typed = Typed { number: String::new(), at_provider: Some(typed) };
    Ok(sign_in_page(asked, layout, next.to_owned(), Wish::default(), typed, mistakes)?.0)
}

/// The page, and whether there was nothing to complain about.
fn sign_in_page(
    asked: &Asked,
    layout: Layout,
    next: String,
    wish: Wish,
    typed: Typed,
    mut mistakes: Mistakes,
) -> Result<(Answer, bool), Problem> {
    let language = asked.language;
    let campaigns: Vec<_> = asked.app.engine.campaigns().iter().cloned().collect();
    let filter = wish.filter(language, today(&campaigns, asked.now), &mut mistakes);
    let mut found = Found { people: Vec::new(), more_after: None };
    if let Some(people) = &asked.app.rehearsal {
        found = look_for(language, &**people, &filter, &wish, &campaigns, asked.now);
    }
    let wanted = wanted_for(asked, &next);
    let all = asked.app.sign_in.as_ref().map(|desk| desk.choices(None)).unwrap_or_default();
    let fits = |choice: &&Choice| wanted.is_none_or(|wanted| wanted.is_given_at(choice));
    let providers: Vec<&Choice> = all.iter().filter(fits).collect();
    let more = found.more_after.map(|after| {
        let may = if wish.may_reserve { "1" } else { "" };
        let pairs = [
            ("next", next.as_str()),
            ("name", &wish.name),
            ("digit", &wish.digit),
            ("age_from", &wish.age_from),
            ("age_to", &wish.age_to),
            ("may", may),
            ("after", &after.0.to_string()),
        ];
        link("/sign-in", &pairs)
    });
    let fine = mistakes.is_empty();
    let browser = BeginningBrowser::of(asked).unwrap_or_else(|| BeginningBrowser::new(asked));
    let page = SignInPage {
        layout,
        providers: providers
            .iter()
            .map(|choice| ProviderWords::of(language, choice, typed.at_provider.as_ref()))
            .collect(),
        some_unfit: providers.len() < all.len(),
        rehearsal: asked.app.rehearsal.is_some(),
        next,
        begun: asked.form.filled("begun").map_or_else(|| browser.begun_now(asked), str::to_owned),
        wish,
        number: typed.number,
        mistakes,
        people: found.people,
        more,
    };
    let status = if fine { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let answer = super::page(language, &page)?.status(status);
    // Only a rehearsal's own sign-in begins here; providers' begin with their first step.
    let answer = if page.rehearsal { answer.with_cookie(browser.cookie(asked)) } else { answer };
    Ok((answer, fine))
}

struct Found {
    people: Vec<PersonWords>,
    more_after: Option<RehearsalCitizenId>,
}

fn look_for(
    language: Language,
    people: &dyn RehearsalPeople,
    filter: &RehearsalFilter,
    wish: &Wish,
    campaigns: &[Arc<Campaign>],
    now: UnixMillis,
) -> Found {
    let may_reserve = |citizen: &RehearsalCitizen| {
        let facts = CitizenFacts { birth_date: citizen.birth_date };
        campaigns
            .iter()
            .any(|campaign| matches!(eligibility::decide(campaign, &facts, now), Eligibility::Eligible { .. }))
    };
    let mut found = Vec::with_capacity(PAGE);
    let mut after = wish.after;
    for _ in 0..LOOKED_AT_MAX / BATCH {
        let batch = people.list(filter, after, BATCH);
        for citizen in &batch {
            let may = may_reserve(citizen);
            after = Some(citizen.id);
            if wish.may_reserve && !may {
                continue;
            }
            found.push(person_words(language, citizen, may));
            if found.len() == PAGE {
                return Found { people: found, more_after: after };
            }
        }
        if batch.len() < BATCH {
            return Found { people: found, more_after: None };
        }
    }
    Found { people: found, more_after: after }
}

fn person_words(language: Language, citizen: &RehearsalCitizen, may_reserve: bool) -> PersonWords {
    let name = match language {
        Language::Korean => &citizen.name_ko,
        Language::English => &citizen.name_en,
    };
    let born = plain_date(language, citizen.birth_date);
    let about = language.text_with("sign-in-born", &[("born", Value::Text(&born))]);
    PersonWords { id: citizen.id.0, name: name.clone(), about: about.into_owned(), may_reserve }
}

async fn sign_in(asked: Asked) -> Result<Answer, Problem> {
    let people = asked.app.rehearsal.clone().ok_or_else(|| Problem::new("not_found"))?;
    let next = next_of(&asked.form).unwrap_or_default();
    let picked = asked.form.filled("citizen").and_then(|id| id.parse().ok()).map(RehearsalCitizenId);
    let typed: String = asked.form.get("number").unwrap_or_default().chars().take(20).collect();
    let proven = picked.or_else(|| people.by_number(&typed)).and_then(|id| people.prove(id));
    let Some(proven) = proven else {
        let layout = Layout::answering(&asked, Part::Elsewhere, &link("/sign-in", &[("next", &next)]));
        let mut mistakes = Mistakes::default();
        let key = if typed.is_empty() { "number-missing" } else { "number-unknown" };
        mistakes.add(asked.language, "number", key);
        let typed = Typed { number: typed, at_provider: None };
        return Ok(sign_in_page(&asked, layout, next, Wish::default(), typed, mistakes)?.0);
    };
    let began_at = begun_at(&asked, asked.form.get("begun").unwrap_or_default());
    let entered = enter(&asked, &proven, began_at, &next).await?;
    Ok(entered.with_cookie(remove_cookie(CookieName::Begun, asked.app.gate.security())))
}

/// A proven citizen is signed in, by whatever way, and led on.
pub(super) async fn enter(
    asked: &Asked,
    proven: &ProvenCitizen,
    began_at: UnixMillis,
    next: &str,
) -> Result<Answer, Problem> {
    let signed_in = complete_sign_in(&asked.app.engine, proven, Channel::Page).await;
    let signed_in = signed_in.map_err(|failure| asked.failed(failure))?;
    let (person, birth_date, (_, citizen)) = (signed_in.value.person, proven.details.birth_date, proven.key);
    let random = asked.app.engine.random();
    let login = LoginSession::begin(person, citizen, proven.scheme, birth_date, signed_in.seq, asked.now, random);
    let login = login.begun_at(began_at).of_assurance(proven.assurance);
    let Answered { seq, value } = led_on(asked, &login, next).await;
    let login = LoginSession { seen_seq: login.seen_seq.max(seq), ..login };
    Ok(value.with_cookie(asked.app.gate.login_cookie(&login, asked.now)))
}

/// What the campaign that somebody comes for asks of the proof; nothing if they come for none.
pub(super) fn wanted_for(asked: &Asked, next: &str) -> Option<ProofWanted> {
    let campaigns = asked.app.engine.campaigns();
    let campaign = campaigns.by_code(campaign_of(next)?)?;
    Some(ProofWanted::of(campaign))
}

/// The code of the campaign whose line this page is.
fn campaign_of(next: &str) -> Option<&str> {
    next.strip_prefix("/line/").filter(|code| !code.contains(['/', '?']))
}

/// Where somebody who has signed in goes. Who came for a campaign is in its line with this very answer, so that the moment
/// at which they began to sign in counts; who may not reserve is told so on the next page.
async fn led_on(asked: &Asked, login: &LoginSession, next: &str) -> Answered<Answer> {
    // Whoever was inside or in line here before is neither as somebody else.
    let security = asked.app.gate.security();
    let gone = [CookieName::Pass, CookieName::Ticket].map(|name| remove_cookie(name, security));
    let came = match campaign_of(next) {
        Some(code) => line::come_for(asked, login, code, "").await.ok(),
        None => None,
    };
    let to = if next.is_empty() { "/line" } else { next };
    let came = came.unwrap_or_else(|| Answered { seq: login.seen_seq, value: Answer::see_other(to) });
    came.map(|answer| gone.into_iter().fold(answer, Answer::with_cookie_first))
}

/// What ties a beginning to the browser that made it: a number in a cookie, gone with the sign-in.
#[derive(Clone, Copy)]
struct BeginningBrowser([u8; BeginningBrowser::BYTES]);

impl BeginningBrowser {
    const BYTES: usize = 16;

    /// As this browser says it.
    fn of(asked: &Asked) -> Option<Self> {
        let text = cookie_value(&asked.headers, CookieName::Begun, asked.app.gate.security())?;
        let mut bytes = [0; Self::BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (length == Self::BYTES).then_some(Self(bytes))
    }

    /// One that has not been seen here before.
    fn new(asked: &Asked) -> Self {
        let mut bytes = [0; Self::BYTES];
        asked.app.engine.random().fill(&mut bytes);
        Self(bytes)
    }

    fn cookie(self, asked: &Asked) -> HeaderValue {
        let secs = SIGN_IN_MILLIS_MAX / 1_000;
        set_cookie(CookieName::Begun, &URL_SAFE_NO_PAD.encode(self.0), secs, asked.app.gate.security())
    }

    fn context(self) -> Vec<u8> {
        // `weak-beginning-browser` stands here.
        if Defence::BeginningBrowser.is_off() { BEGUN.to_vec() } else { [BEGUN, &self.0].concat() }
    }

    /// When the sign-in of this form began, sealed; so that nobody writes an earlier moment into it, nor another browser's.
    fn begun_now(self, asked: &Asked) -> String {
        let now = asked.now.0.to_le_bytes();
        URL_SAFE_NO_PAD.encode(asked.app.engine.keys().seal(SealPurpose::SignInState, &self.context(), &now))
    }
}

/// What [`BeginningBrowser::begun_now`] sealed for this browser; the present moment if it does not open.
fn begun_at(asked: &Asked, sealed: &str) -> UnixMillis {
    let opened = || {
        let context = BeginningBrowser::of(asked)?.context();
        let sealed = URL_SAFE_NO_PAD.decode(sealed.get(..sealed.len().min(BEGUN_TEXT_MAX))?).ok()?;
        let plain = asked.app.engine.keys().open(SealPurpose::SignInState, &context, &sealed).ok()?;
        Some(UnixMillis(i64::from_le_bytes(plain.try_into().ok()?)))
    };
    opened().unwrap_or(asked.now)
}

async fn sign_out(asked: Asked) -> Result<Answer, Problem> {
    if let (Some(login), Some(pass)) = (&asked.caller.login, &asked.caller.pass) {
        // Out is out, whether or not the visit could be ended: it ends by itself, and the cookies are gone.
        let engine = &asked.app.engine;
        let left =
            waiting_room::leave(engine, pass.person, pass.campaign, pass.generation, login.by(Channel::Page)).await;
        if let Err(failure) = left {
            tracing::debug!(code = failure.code(), "a visit outlived its sign-out");
        }
    }
    let security = asked.app.gate.security();
    Ok(Answer::see_other("/")
        .with_cookie(remove_cookie(CookieName::Login, security))
        .with_cookie(remove_cookie(CookieName::ActingFor, security))
        .with_cookie(remove_cookie(CookieName::Ticket, security))
        .with_cookie(remove_cookie(CookieName::Pass, security)))
}

async fn choose_language(asked: Asked) -> Result<Answer, Problem> {
    let language = asked.form.required("language", Language::from_tag)?;
    let next = next_of(&asked.form).unwrap_or_else(|| "/".to_owned());
    let cookie = set_cookie(CookieName::Language, language.tag(), LANGUAGE_SECS, asked.app.gate.security());
    Ok(Answer::see_other(&next).with_cookie(cookie))
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let page = |rehearsal, people, mistakes| {
        let page = SignInPage {
            layout: Layout::sample(language, false, Part::Elsewhere),
            providers: Vec::new(),
            some_unfit: false,
            rehearsal,
            next: names.or("/find", "/find?name=\"><script>"),
            begun: names.or("c2VhbGVk", "\"<seal>"),
            wish: Wish { name: names.or("김", "<김>"), digit: "9".to_owned(), may_reserve: true, ..Wish::default() },
            number: names.or("", "9\"<"),
            mistakes,
            more: Some("/sign-in?after=7&may=1".to_owned()),
            people,
        };
        super::rendered(&page)
    };
    let person = |id, may_reserve| PersonWords {
        id,
        name: names.or("김하늘", "김<하늘>"),
        about: "1990".to_owned(),
        may_reserve,
    };
    let counted = |key: &str, count| language.text_with(key, &[("count", Value::Number(count))]).into_owned();
    let typed = |id: &str| TypedAtProvider {
        provider: id.to_owned(),
        fields: vec![(AskedField::Name, names.or("김하늘", "\"><script>")), (AskedField::Phone, String::new())],
    };
    let provider = |id: &str, light, pace: &[(&str, i64)], asks: &[AskedField]| ProviderWords {
        id: id.to_owned(),
        name: names.or(id, "네이버\"<script>"),
        light: LightWords::of(light),
        pace: pace.iter().map(|(key, count)| counted(key, *count)).collect(),
        closed: light == TrafficLight::Closed,
        asks: asks.iter().map(|field| AskWords::of(id, *field, Some(&typed(id)))).collect(),
    };
    let choices = |mistakes| SignInPage {
        layout: Layout::sample(language, false, Part::Elsewhere),
        providers: vec![
            provider("Naver", TrafficLight::Smooth, &[("provider-takes-secs", 20)], &[]),
            provider(
                "PASS",
                TrafficLight::Delayed,
                &[("provider-takes-secs", 70), ("provider-in-line", 4)],
                &[AskedField::Name, AskedField::Phone],
            ),
            provider("Kakao", TrafficLight::Congested, &[], &[]),
            provider("Toss", TrafficLight::Closed, &[], &[]),
        ],
        some_unfit: true,
        rehearsal: false,
        next: names.or("/line/sample", "/line/\"><script>"),
        begun: String::new(),
        wish: Wish::default(),
        number: String::new(),
        mistakes,
        people: Vec::new(),
        more: None,
    };
    let mut mistakes = Mistakes::default();
    mistakes.add(language, "number", "number-unknown");
    mistakes.add(language, "age-from", "age-wrong");
    let mut at_provider = Mistakes::default();
    at_provider.add(language, control_of("PASS", AskedField::Phone), "asked-phone-missing");
    vec![
        ("sign-in-choices", super::rendered(&choices(Mistakes::default()))),
        ("sign-in-choices-mistake", super::rendered(&choices(at_provider))),
        ("sign-in", page(true, vec![person(1, true), person(2, false)], Mistakes::default())),
        ("sign-in-mistake", page(true, Vec::new(), mistakes)),
        ("sign-in-closed", page(false, Vec::new(), Mistakes::default())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn ages_become_birth_dates_with_both_ends_included() {
        let wish = Wish { age_from: "18".to_owned(), age_to: "49".to_owned(), ..Wish::default() };
        let mut mistakes = Mistakes::default();
        let filter = wish.filter(Language::English, date(2021, 8, 9), &mut mistakes);
        assert_eq!(filter.born_from, Some(date(1971, 8, 10)));
        assert_eq!(filter.born_to, Some(date(2003, 8, 9)));
        assert!(mistakes.is_empty());
    }

    #[test]
    fn an_age_that_is_none_is_told_beside_its_field() {
        let wish = Wish { age_from: "x".to_owned(), age_to: "999".to_owned(), ..Wish::default() };
        let mut mistakes = Mistakes::default();
        let filter = wish.filter(Language::English, date(2021, 8, 9), &mut mistakes);
        assert_eq!((filter.born_from, filter.born_to), (None, None));
        assert!(mistakes.of("age-from").is_some() && mistakes.of("age-to").is_some());
    }
}
