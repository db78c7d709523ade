//! Room: web/citizen. Signing in at an identity provider: there, back, and while one confirms on a phone. What a provider's
//! answer means is the engine's to say. Must never show a code, nor trust anything of the way back but the sealed state that
//! this browser carries.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::identity::TrafficLight;
use charye_engine::identity::{
    BegunSignIn, SIGN_IN_MILLIS_MAX, SignInAnswer, SignInBy, SignInDesk, SignInFailure, SignInWish, answer_sign_in,
    begin_sign_in, filled_in_at_place, is_place_in_line,
};
#[cfg(any(test, feature = "samples"))]
use charye_engine::ports::ProviderFault;
use charye_engine::ports::{AskedField, Begun, Parameters, SignInRefusal};
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, RETRY_AFTER};
use hyper::{Method, StatusCode};

use super::form::{link, next_of, own_path};
use super::layout::{Layout, Part};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use super::sign_in::{ASKED_CHARS_MAX, TypedAtProvider, enter, typed_wrongly, wanted_for};
use crate::asked::Fields;
use crate::gate::{Access, CookieName, cookie_value, remove_cookie, set_cookie};
#[cfg(any(test, feature = "samples"))]
use crate::locale::Language;
use crate::problem::{Problem, retry_after_secs};
use crate::routes::Route;
use crate::sign_in_failure::{retry_after_of, turned_back};
use crate::{Answer, Asked};

/// Bytes of the page to go on to. Sealed state and this, both encoded, fit in one cookie of 4,096 bytes.
const NEXT_BYTES_MAX: usize = 512;
/// Bytes of the cookie.
const COOKIE_BYTES_MAX: usize = 4_000;
/// The field by which our own page says that it has carried a window's answer on.
const CARRIED_ON: &str = "charye_carried_on";
/// Between two looks of a page that waits. Unit: seconds.
const LOOK_AGAIN_SECS: std::ops::RangeInclusive<u64> = 1..=10;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::POST, "/sign-in/{provider}", Access::Anyone, begin),
        Route::page(Method::GET, "/sign-in/{provider}/callback", Access::Anyone, come_back),
        Route::page(Method::POST, "/sign-in/{provider}/callback", Access::Anyone, come_back_by_post),
        Route::page(Method::GET, "/sign-in/{provider}/wait", Access::Anyone, look_whether_confirmed),
    ]
}

/// To the provider: by itself, or by a press of the button that posts `fields` there. Not a redirect: browsers hold those of
/// a form to our policy, which lets forms lead to ourselves only.
#[derive(askama::Template)]
#[template(path = "sign_in_away.html")]
struct AwayPage {
    layout: Layout,
    name: String,
    url: String,
    /// `None`: an address to open.
    fields: Option<Vec<(String, String)>>,
}

#[derive(askama::Template)]
#[template(path = "sign_in_wait.html")]
struct WaitPage {
    layout: Layout,
    name: String,
    /// The page that looks again.
    look: String,
    look_after_secs: u64,
    /// Digits that the app shows too.
    compare: String,
}

/// A window's answer, posted by the provider's page: browsers keep our cookies to themselves then. Our own page carries it on.
#[derive(askama::Template)]
#[template(path = "sign_in_hop.html")]
struct HopPage {
    layout: Layout,
    action: String,
    fields: Vec<(String, String)>,
}

/// The provider's short line.
#[derive(askama::Template)]
#[template(path = "sign_in_line.html")]
struct InLinePage {
    layout: Layout,
    ahead: i64,
    about_secs: i64,
    /// The address that asks again by itself; `None` if a form must.
    again: Option<String>,
    /// Asking again begins the sign-in, and leads on: not for a script, which would stay here.
    begins: bool,
    ask_after_secs: u64,
    action: String,
    fields: Vec<(String, String)>,
}

#[derive(askama::Template)]
#[template(path = "sign_in_failed.html")]
struct FailedPage {
    layout: Layout,
    title: &'static str,
    advice: &'static str,
    code: &'static str,
    retry_after_secs: Option<i64>,
    /// The page of choices, for the same errand.
    choices: String,
    /// Where the same may be sent once more, with what was typed; `None` if nothing was.
    again: Option<(String, Vec<(String, String)>)>,
}

/// What this browser carries while it signs in: sealed state, the page to go on to, digits to compare.
///
/// The digits are here, not in an address: nobody may be sent a link that shows them another's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct CarriedSignIn {
    sealed: Vec<u8>,
    /// For the way back from a failure; after a success the sealed one counts.
    next: String,
    compare: String,
}

impl CarriedSignIn {
    fn of(asked: &Asked) -> Option<Self> {
        Self::read(cookie_value(&asked.headers, CookieName::SignIn, asked.app.gate.security())?)
    }

    fn read(text: &str) -> Option<Self> {
        let (sealed, rest) = text.get(..text.len().min(COOKIE_BYTES_MAX))?.split_once('.')?;
        let (next, compare) = rest.split_once('.')?;
        let next = String::from_utf8(URL_SAFE_NO_PAD.decode(next).ok()?).ok()?;
        let next = own_path(&next).unwrap_or_default().to_owned();
        Some(Self { sealed: URL_SAFE_NO_PAD.decode(sealed).ok()?, next, compare: compare.to_owned() })
    }

    fn cookie(&self, asked: &Asked) -> HeaderValue {
        let secs = SIGN_IN_MILLIS_MAX / 1_000;
        set_cookie(CookieName::SignIn, &self.write(), secs, asked.app.gate.security())
    }

    fn write(&self) -> String {
        let [sealed, next] = [&*self.sealed, self.next.as_bytes()].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        format!("{sealed}.{next}.{}", self.compare)
    }
}

async fn begin(asked: Asked) -> Result<Answer, Problem> {
    let next = next_of(&asked.form).filter(|next| next.len() <= NEXT_BYTES_MAX).unwrap_or_default();
    match parameters(asked.form.iter()) {
        Ok(filled_in) => begin_with(&asked, &filled_in, &asked.form, next).await,
        Err(refusal) => not_begun(&asked, &refusal.into(), &asked.form, &next),
    }
}

/// Begins with what was filled in: `form`, as it was typed.
async fn begin_with(asked: &Asked, filled_in: &Parameters, form: &Fields, next: String) -> Result<Answer, Problem> {
    let desk = desk(asked)?;
    let provider = asked.path_value(0)?;
    let before = CarriedSignIn::of(asked);
    let wish = SignInWish {
        provider,
        by: SignInBy::Citizen,
        wanted: wanted_for(asked, &next),
        filled_in,
        language: asked.language.tag(),
        go_on_to: &next,
        instead_of: before.as_ref().map(|before| &*before.sealed),
    };
    match begin_sign_in(desk, wish).await {
        Ok(begun) => begun_page(asked, desk, provider, next, begun),
        Err(SignInFailure::InLine { ahead, about, place: Some(place) }) => {
            turned_back(&SignInFailure::InLine { ahead, about, place: None });
            let carried = CarriedSignIn { sealed: place, next, compare: String::new() };
            let again = Some(format!("/sign-in/{}/wait", encoded(provider)));
            let page = in_line_page(asked, provider, &carried.next, (ahead, about), again, true)?;
            Ok(page.with_cookie(carried.cookie(asked)))
        }
        Err(failure) => not_begun(asked, &failure, form, &next),
    }
}

/// A sign-in that did not begin: a mistake in what was typed stands beside it, on the page where it was typed; of anything
/// else there is a page that sends the same once more. What was typed is in these pages' forms, in no address, and in no
/// cookie but, of who waits in a provider's short line, sealed in their place.
fn not_begun(asked: &Asked, failure: &SignInFailure, form: &Fields, next: &str) -> Result<Answer, Problem> {
    let wanted = wanted_for(asked, next);
    let provider = asked.path_value(0)?;
    let choices = desk(asked)?.choices(None);
    let choice = choices.iter().find(|choice| choice.id.as_str() == provider && !choice.asks.is_empty());
    let Some(choice) = choice.filter(|choice| wanted.is_none_or(|wanted| wanted.is_given_at(choice))) else {
        return failed(asked, failure, next);
    };
    let typed = TypedAtProvider::of(form, choice);
    if let Some(wrong) = wrong_field(failure, form, &choice.asks)
        && choice.light != TrafficLight::Closed
    {
        turned_back(failure);
        return typed_wrongly(asked, next, typed, wrong);
    }
    let is_filled_in = typed.fields.iter().all(|(_, value)| !value.is_empty());
    let again = (is_filled_in && retry_helps(failure)).then(|| {
        let fields = typed.fields.into_iter().map(|(field, value)| (field.code().to_owned(), value));
        let next = (!next.is_empty()).then(|| ("next".to_owned(), next.to_owned()));
        (format!("/sign-in/{}", encoded(provider)), fields.chain(next).collect())
    });
    failed_with(asked, failure, next, again)
}

/// Which of the fields that a provider asks for was filled in wrongly, and the key of the text that says how.
fn wrong_field(failure: &SignInFailure, form: &Fields, asks: &[AskedField]) -> Option<(AskedField, &'static str)> {
    let SignInFailure::Refused(refusal) = failure else { return None };
    let named = |name: &str| asks.iter().copied().find(|field| field.code() == name);
    match refusal {
        SignInRefusal::ParameterMissing(name) => named(name).map(|field| (field, missing_key(field))),
        SignInRefusal::ParameterDoubled(name) => named(name).map(|field| (field, "asked-wrong")),
        SignInRefusal::ParameterUnfit(name) => {
            let too_long = |code: &str| form.iter().any(|(name, value)| name == code && is_too_long(value));
            let long = || asks.iter().copied().find(|field| too_long(field.code()));
            named(name).map(|field| (field, "asked-wrong")).or_else(|| long().map(|field| (field, "asked-too-long")))
        }
        // Of several fields nobody knows which it was.
        SignInRefusal::NotFound => asks.first().map(|field| (*field, "asked-not-found")),
        _ => None,
    }
}

fn is_too_long(typed: &str) -> bool {
    typed.chars().nth(ASKED_CHARS_MAX).is_some()
}

fn missing_key(field: AskedField) -> &'static str {
    match field {
        AskedField::Name => "asked-name-missing",
        AskedField::BirthDate => "asked-birth-date-missing",
        AskedField::Phone => "asked-phone-missing",
        AskedField::RegistryNumber => "asked-registry-number-missing",
        AskedField::Login => "asked-login-missing",
    }
}

/// Whether the same, sent once more, may go on.
fn retry_helps(failure: &SignInFailure) -> bool {
    !matches!(failure, SignInFailure::Refused(_))
}

/// The page of those who wait at a provider: it asks again by itself, at `again` if there is such an address.
fn in_line_page(
    asked: &Asked,
    provider: &str,
    next: &str,
    (ahead, about): (usize, Duration),
    again: Option<String>,
    begins: bool,
) -> Result<Answer, Problem> {
    let page = InLinePage {
        layout: Layout::answering(asked, Part::Elsewhere, &link("/sign-in", &[("next", next)])),
        ahead: i64::try_from(ahead).unwrap_or(i64::MAX),
        about_secs: i64::try_from(about.as_secs()).unwrap_or(i64::MAX),
        again,
        begins,
        ask_after_secs: look_after(about),
        action: format!("/sign-in/{}/callback", encoded(provider)),
        fields: sent(&asked.form),
    };
    Ok(super::page(asked.language, &page)?.status(StatusCode::SERVICE_UNAVAILABLE))
}

/// Where a sign-in that has begun goes on.
fn begun_page(
    asked: &Asked,
    desk: &SignInDesk,
    provider: &str,
    next: String,
    begun: BegunSignIn,
) -> Result<Answer, Problem> {
    let name = name_of(asked, desk, provider);
    let layout = Layout::answering(asked, Part::Elsewhere, &link("/sign-in", &[("next", &next)]));
    let mut carried = CarriedSignIn { sealed: begun.sealed_state, next, compare: String::new() };
    let answer = match begun.begun {
        Begun::Redirect { url } => super::page(asked.language, &AwayPage { layout, name, url, fields: None })?,
        Begun::FormPost { url, fields } => {
            let policy = policy_towards(&url).ok_or_else(|| Problem::new("fault"))?;
            let page = AwayPage { layout, name, url, fields: Some(fields) };
            super::page(asked.language, &page)?.with(CONTENT_SECURITY_POLICY, policy)
        }
        Begun::Decoupled { poll_after, compare, .. } => {
            carried.compare = compare.unwrap_or_default();
            let compare = carried.compare.clone();
            super::page(asked.language, &wait_page(layout, provider, name, poll_after, compare))?
        }
        // A registry's way, and registries are not for citizens.
        Begun::Attested => return failed(asked, &SignInRefusal::UnknownProvider.into(), &carried.next),
    };
    Ok(answer.with_cookie(carried.cookie(asked)))
}

/// The policy of a page whose form leads to this address and nowhere else but home.
fn policy_towards(url: &str) -> Option<HeaderValue> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if !["http", "https"].contains(&scheme) || host.is_empty() || !host.chars().all(plain) {
        return None;
    }
    let policy = format!(
        "default-src 'self'; base-uri 'none'; form-action 'self' {scheme}://{host}; frame-ancestors 'none'; \
         object-src 'none'"
    );
    HeaderValue::from_str(&policy).ok()
}

async fn come_back(asked: Asked) -> Result<Answer, Problem> {
    let callback = parameters(asked.query.iter());
    let again = Some(asked.target.clone());
    answer(&asked, callback, again).await
}

async fn come_back_by_post(asked: Asked) -> Result<Answer, Problem> {
    desk(&asked)?;
    let carried_on = asked.form.get(CARRIED_ON).is_some();
    if CarriedSignIn::of(&asked).is_none() && !carried_on {
        let layout = Layout::answering(&asked, Part::Elsewhere, "/sign-in");
        let action = format!("/sign-in/{}/callback", encoded(asked.path_value(0)?));
        return super::page(asked.language, &HopPage { layout, action, fields: sent(&asked.form) });
    }
    let callback = parameters(asked.form.iter().filter(|(name, _)| *name != CARRIED_ON));
    answer(&asked, callback, None).await
}

/// What the page that waits asks: whether the app has confirmed or, of who waits at a provider, whether it is their turn.
async fn look_whether_confirmed(asked: Asked) -> Result<Answer, Problem> {
    let desk = desk(&asked)?;
    let carried = CarriedSignIn::of(&asked);
    let place = carried.filter(|carried| is_place_in_line(desk, &carried.sealed));
    if let Some(place) = place {
        let filled_in = filled_in_at_place(desk, asked.path_value(0)?, &place.sealed).unwrap_or_default();
        return begin_with(&asked, &filled_in, &Fields::kept(&filled_in), place.next).await;
    }
    let again = Some(asked.target.clone());
    answer(&asked, Ok(Parameters::default()), again).await
}

/// Takes what came back, of whatever way. `again` is the address that asks the same once more, if there is one.
async fn answer(
    asked: &Asked,
    callback: Result<Parameters, SignInRefusal>,
    again: Option<String>,
) -> Result<Answer, Problem> {
    let desk = desk(asked)?;
    let provider = asked.path_value(0)?;
    let Some(carried) = CarriedSignIn::of(asked) else {
        return failed(asked, &SignInRefusal::NotBegunHere.into(), "");
    };
    let answered = match callback {
        Ok(callback) => answer_sign_in(desk, provider, &carried.sealed, &callback).await,
        Err(refusal) => Err(refusal.into()),
    };
    match answered {
        // What staff began at their own desk is never a citizen's login.
        Ok(SignInAnswer::Proven(proven)) if proven.by != SignInBy::Citizen => {
            failed(asked, &SignInRefusal::NotBegunHere.into(), &carried.next)
        }
        Ok(SignInAnswer::Proven(proven)) => {
            let wanted = wanted_for(asked, &proven.go_on_to);
            if wanted.is_some_and(|wanted| !wanted.is_met_by(&proven.citizen)) {
                return failed(asked, &SignInRefusal::NotForCampaign.into(), &carried.next);
            }
            let entered = enter(asked, &proven.citizen, proven.began_at, &proven.go_on_to).await?;
            Ok(entered.with_cookie(remove_cookie(CookieName::SignIn, asked.app.gate.security())))
        }
        Ok(SignInAnswer::NotYet { poll_after }) => {
            let layout = Layout::answering(asked, Part::Elsewhere, &link("/sign-in", &[("next", &carried.next)]));
            let name = name_of(asked, desk, provider);
            super::page(asked.language, &wait_page(layout, provider, name, poll_after, carried.compare))
        }
        Err(failure @ SignInFailure::InLine { ahead, about, .. }) => {
            turned_back(&failure);
            in_line_page(asked, provider, &carried.next, (ahead, about), again, false)
        }
        Err(failure) => failed(asked, &failure, &carried.next),
    }
}

fn wait_page(layout: Layout, provider: &str, name: String, poll_after: Duration, compare: String) -> WaitPage {
    let look = format!("/sign-in/{}/wait", encoded(provider));
    WaitPage { layout, name, look, look_after_secs: look_after(poll_after), compare }
}

fn look_after(wish: Duration) -> u64 {
    wish.as_secs().clamp(*LOOK_AGAIN_SECS.start(), *LOOK_AGAIN_SECS.end())
}

/// The page that says why a sign-in did not go on, and what to do.
fn failed(asked: &Asked, failure: &SignInFailure, next: &str) -> Result<Answer, Problem> {
    failed_with(asked, failure, next, None)
}

/// The same page, with a button that sends what was typed once more.
fn failed_with(
    asked: &Asked,
    failure: &SignInFailure,
    next: &str,
    again: Option<(String, Vec<(String, String)>)>,
) -> Result<Answer, Problem> {
    let problem = turned_back(failure);
    let choices = link("/sign-in", &[("next", next)]);
    let layout = Layout::answering(asked, Part::Elsewhere, &choices);
    let status = StatusCode::from_u16(problem.kind.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let page = FailedPage { again, ..failed_page(layout, failure, choices) };
    let answer = super::page(asked.language, &page)?.status(status);
    Ok(match problem.retry_after.map(retry_after_secs) {
        Some(secs) => answer.with(RETRY_AFTER, HeaderValue::from(secs)),
        None => answer,
    })
}

fn failed_page(layout: Layout, failure: &SignInFailure, choices: String) -> FailedPage {
    let (title, advice) = words_of(failure);
    let retry_after = retry_after_of(failure).map(retry_after_secs);
    let retry_after_secs = retry_after.map(|secs| i64::try_from(secs).unwrap_or(i64::MAX));
    FailedPage { layout, title, advice, code: failure.code(), retry_after_secs, choices, again: None }
}

/// The texts of a failure. What can only be somebody's trick, or a browser's mishap, is told alike.
fn words_of(failure: &SignInFailure) -> (&'static str, &'static str) {
    use SignInRefusal as Refusal;
    let refusal = match failure {
        SignInFailure::Refused(refusal) => refusal,
        SignInFailure::InLine { .. } | SignInFailure::Busy { .. } => {
            return ("sign-in-busy-title", "sign-in-busy-advice");
        }
        SignInFailure::LeftAlone { .. } => return ("sign-in-alone-title", "sign-in-alone-advice"),
        SignInFailure::ProviderFault(_) => return ("sign-in-fault-title", "sign-in-fault-advice"),
    };
    match refusal {
        Refusal::UnknownProvider => ("sign-in-unknown-title", "sign-in-unknown-advice"),
        Refusal::NotForCampaign => ("sign-in-unfit-title", "sign-in-unfit-advice"),
        Refusal::NotBegunHere => ("sign-in-elsewhere-title", "sign-in-elsewhere-advice"),
        Refusal::Expired | Refusal::CodeRefused => ("sign-in-expired-title", "sign-in-expired-advice"),
        Refusal::AlreadyUsed => ("sign-in-used-title", "sign-in-used-advice"),
        Refusal::Cancelled => ("sign-in-cancelled-title", "sign-in-cancelled-advice"),
        Refusal::DetailMissing(_) => ("sign-in-detail-title", "sign-in-detail-advice"),
        Refusal::NotFound => ("sign-in-nobody-title", "sign-in-nobody-advice"),
        Refusal::TooOften => ("sign-in-often-title", "sign-in-often-advice"),
        Refusal::OtherProvider
        | Refusal::StateMismatch
        | Refusal::ParameterMissing(_)
        | Refusal::ParameterDoubled(_)
        | Refusal::ParameterUnfit(_)
        | Refusal::IssuerMismatch
        | Refusal::NonceMismatch
        | Refusal::Forged => ("sign-in-mixed-title", "sign-in-mixed-advice"),
    }
}

fn desk(asked: &Asked) -> Result<&SignInDesk, Problem> {
    asked.app.sign_in.as_deref().ok_or_else(|| Problem::new("not_found"))
}

/// What citizens call a provider; nothing if it is not one of theirs.
fn name_of(asked: &Asked, desk: &SignInDesk, provider: &str) -> String {
    let choices = desk.choices(None);
    let chosen = choices.iter().find(|choice| choice.id.as_str() == provider);
    chosen.map_or_else(String::new, |choice| asked.language.of(&choice.name).to_owned())
}

fn parameters<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Parameters, SignInRefusal> {
    Parameters::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn sent(form: &Fields) -> Vec<(String, String)> {
    let own = form.iter().filter(|(name, _)| *name != CARRIED_ON);
    own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn encoded(segment: &str) -> percent_encoding::PercentEncode<'_> {
    percent_encoding::utf8_percent_encode(segment, percent_encoding::NON_ALPHANUMERIC)
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let layout = || Layout::sample(language, false, Part::Elsewhere);
    let name = || names.or("네이버", "네이버\"<script>");
    let url = names.or("https://provider.example/authorize?a=1&b=2", "https://provider.example/\"><script>");
    let fields = vec![("transaction".to_owned(), names.or("0af3", "\"><script>"))];
    let away = |fields| super::rendered(&AwayPage { layout: layout(), name: name(), url: url.clone(), fields });
    let wait = |compare: &str| {
        let poll_after = Duration::from_secs(2);
        super::rendered(&wait_page(layout(), "app", name(), poll_after, compare.to_owned()))
    };
    let hop = HopPage { layout: layout(), action: "/sign-in/window/callback".to_owned(), fields: fields.clone() };
    let in_line = |again: Option<String>| {
        super::rendered(&InLinePage {
            layout: layout(),
            ahead: 12,
            about_secs: 4,
            again,
            begins: false,
            ask_after_secs: 4,
            action: "/sign-in/window/callback".to_owned(),
            fields: fields.clone(),
        })
    };
    let failed = |failure: SignInFailure| {
        super::rendered(&failed_page(layout(), &failure, names.or("/sign-in", "/sign-in?next=\"<script>")))
    };
    let sent_again = {
        let failure = SignInFailure::Busy { retry_after: Duration::from_secs(5) };
        let fields = vec![("phone".to_owned(), names.or("010-1234-5678", "\"><script>"))];
        let page = failed_page(layout(), &failure, "/sign-in".to_owned());
        super::rendered(&FailedPage { again: Some(("/sign-in/app".to_owned(), fields)), ..page })
    };
    let alone = SignInFailure::LeftAlone { light: TrafficLight::Congested, retry_after: Duration::from_secs(5) };
    vec![
        ("sign-in-away", away(None)),
        ("sign-in-away-window", away(Some(fields.clone()))),
        ("sign-in-wait", wait("42")),
        ("sign-in-wait-plain", wait("")),
        ("sign-in-hop", super::rendered(&hop)),
        ("sign-in-in-line", in_line(Some(names.or("/sign-in/app/wait", "/sign-in/app/wait?\"<script>")))),
        ("sign-in-in-line-window", in_line(None)),
        ("sign-in-failed-busy", failed(SignInFailure::Busy { retry_after: Duration::from_secs(5) })),
        ("sign-in-failed-busy-typed", sent_again),
        ("sign-in-failed-alone", failed(alone)),
        ("sign-in-failed-fault", failed(SignInFailure::ProviderFault(ProviderFault::TimedOut))),
        ("sign-in-failed-unknown", failed(SignInRefusal::UnknownProvider.into())),
        ("sign-in-failed-unfit", failed(SignInRefusal::NotForCampaign.into())),
        ("sign-in-failed-elsewhere", failed(SignInRefusal::NotBegunHere.into())),
        ("sign-in-failed-expired", failed(SignInRefusal::Expired.into())),
        ("sign-in-failed-used", failed(SignInRefusal::AlreadyUsed.into())),
        ("sign-in-failed-cancelled", failed(SignInRefusal::Cancelled.into())),
        ("sign-in-failed-detail", failed(SignInRefusal::DetailMissing("birth_date").into())),
        ("sign-in-failed-nobody", failed(SignInRefusal::NotFound.into())),
        ("sign-in-failed-often", failed(SignInRefusal::TooOften.into())),
        ("sign-in-failed-mixed", failed(SignInRefusal::StateMismatch.into())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_carries_comes_back_whole_and_leads_only_home() {
        let carried =
            CarriedSignIn { sealed: vec![0, 255, 7], next: "/line/a?b=1".to_owned(), compare: "07".to_owned() };
        assert_eq!(CarriedSignIn::read(&carried.write()), Some(carried.clone()));
        let astray = CarriedSignIn { next: "//evil.test".to_owned(), ..carried };
        assert_eq!(CarriedSignIn::read(&astray.write()).unwrap().next, "");
        for text in ["", ".", "a", "a.b", "!..", ".!.", "a.a.a"] {
            let read = CarriedSignIn::read(text);
            assert!(read.is_none_or(|read| read.sealed.is_empty()), "{text}");
        }
    }

    #[test]
    fn the_largest_sign_in_fits_in_its_cookie() {
        let next = format!("/{}", "a".repeat(NEXT_BYTES_MAX - 1));
        let carried = CarriedSignIn { sealed: vec![7; 2_048], next, compare: "07".to_owned() };
        assert!(carried.write().len() <= COOKIE_BYTES_MAX);
        assert_eq!(CarriedSignIn::read(&carried.write()), Some(carried));
    }

    #[test]
    fn a_mistake_is_told_at_the_field_it_is_about_and_nothing_else_is_one() {
        let asks = [AskedField::Name, AskedField::Phone];
        let check = |refusal: SignInRefusal, form: &[(&str, &str)], expect| {
            let form = Fields::parse(serde_urlencoded::to_string(form).unwrap().as_bytes()).unwrap();
            assert_eq!(wrong_field(&refusal.into(), &form, &asks), expect, "{form:?}");
        };
        let long = "0".repeat(ASKED_CHARS_MAX + 1);
        let fitting = "가".repeat(ASKED_CHARS_MAX);
        check(SignInRefusal::ParameterMissing("phone"), &[], Some((AskedField::Phone, "asked-phone-missing")));
        check(SignInRefusal::ParameterMissing("login"), &[], None);
        check(SignInRefusal::ParameterDoubled("name"), &[], Some((AskedField::Name, "asked-wrong")));
        check(SignInRefusal::ParameterUnfit("phone"), &[], Some((AskedField::Phone, "asked-wrong")));
        let too_long = SignInRefusal::ParameterUnfit("too long");
        check(too_long, &[("name", &fitting), ("phone", &long)], Some((AskedField::Phone, "asked-too-long")));
        check(too_long, &[("name", &fitting), ("other", &long)], None);
        check(SignInRefusal::NotFound, &[("name", "a")], Some((AskedField::Name, "asked-not-found")));
        check(SignInRefusal::Expired, &[], None);
    }

    #[test]
    fn a_form_leads_to_the_provider_only_if_its_address_is_plain() {
        let policy = policy_towards("https://window.example:8443/confirm?a=b").unwrap();
        assert!(policy.to_str().unwrap().contains("form-action 'self' https://window.example:8443; "));
        for url in ["", "window.example", "javascript://x/", "https:///a", "https://a;script-src *//", "https://a b/"] {
            assert_eq!(policy_towards(url), None, "{url}");
        }
    }
}
