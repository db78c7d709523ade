//! Room: rehearsal/citizen, tests. One citizen at a time, and answers as the API gives them.

use super::*;
use crate::load::{Answer, RequestText, Target};
use crate::nation::rng::Purpose;

/// A citizen, and all that surrounds them.
struct Play {
    citizen: Citizen,
    scene: Scene,
    recorder: Recorder,
    dice: Stream,
    now: Duration,
    waited_in_vain: bool,
}

impl Play {
    fn new(has_line: bool, wants: Intentions) -> Self {
        let mut recorder = Recorder::new(None);
        let wants = Intentions { device: 1, may_reserve: true, district: 11_110, ..wants };
        let citizen = Citizen::new(wants, Duration::ZERO, &mut recorder);
        let scene = Scene {
            campaign: "c".to_owned(),
            opening: Some(0),
            has_line,
            doses_together: false,
            evening: "e".to_owned(),
            providers: Vec::new(),
            give_up_after: Some(Duration::from_secs(60)),
            come_back_after: Duration::from_secs(30),
        };
        let dice = Stream::open(1, Purpose::Habits, 0);
        Self { citizen, scene, recorder, dice, now: Duration::ZERO, waited_in_vain: false }
    }

    /// What they ask now.
    fn asks(&self) -> String {
        let mut request = RequestText::default();
        self.citizen.write(&self.scene, &mut request);
        let text = request.text();
        text.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned()
    }

    /// Lets them hear an answer; what they do next, and ask then.
    fn hear(&mut self, status: u16, body: &str) -> (Next, String) {
        self.hear_of(Some(Answer { status, head: b"HTTP/1.1 200 OK\r\n\r\n", body: body.as_bytes() }))
    }

    fn hear_of(&mut self, answer: Option<Answer<'_>>) -> (Next, String) {
        let mut around = Around {
            scene: &self.scene,
            recorder: &mut self.recorder,
            dice: &mut self.dice,
            now: self.now,
            latency: Duration::from_millis(1),
            waited_in_vain: self.waited_in_vain,
        };
        let next = self.citizen.hear(answer.as_ref(), &mut around);
        (next, self.asks())
    }

    fn at(&self, place: Whereabouts) -> u64 {
        self.recorder.whereabouts()[place as usize]
    }

    /// Goes on until a place is held.
    fn until_held(&mut self) -> (Next, String) {
        self.hear(200, r#"{"login":"L","seq":1}"#);
        self.hear(200, r#"{"pass":"P","seq":2}"#);
        self.hear(200, r#"{"clinics":[{"clinic":{"code":"C1"},"next_times":[{"product":"x","slot":"s00000001"}]}]}"#);
        self.hear(201, r#"{"hold":"h00000001","seq":3}"#)
    }
}

const WAIT: &str = r#"{"state":"waiting","ticket":"T","wait":{"from_secs":5,"to_secs":9},"ask_again_ms":2500}"#;

#[test]
fn the_straight_way_ends_with_a_reservation() {
    let mut play = Play::new(false, Intentions::default());
    assert_eq!(play.asks(), "POST /api/v1/sign-in");
    assert_eq!(play.hear(200, r#"{"login":"L","seq":1}"#).1, "POST /api/v1/campaigns/c/visit");
    let looks = "GET /api/v1/campaigns/c/clinics?limit=20&around=11110";
    assert_eq!(play.hear(200, r#"{"pass":"P","seq":2}"#).1, looks);
    let offer = r#"{"clinics":[{"clinic":{"code":"C1"},"next_times":[{"product":"x","slot":"s00000001"}]}]}"#;
    assert_eq!(play.hear(200, offer).1, "POST /api/v1/holds");
    let (next, asks) = play.hear(201, r#"{"hold":"h00000001","seq":3}"#);
    assert_eq!((next, asks.as_str()), (Next::Now, "POST /api/v1/holds/h00000001/confirm"));
    play.hear(201, r#"{"number":"0000-0001-001","seq":4}"#);
    assert_eq!((play.at(Whereabouts::Reserved), play.recorder.confirmed), (1, 1));
}

#[test]
fn who_is_told_to_wait_asks_again_when_told_and_a_promise_is_held_to_its_range() {
    let mut play = Play::new(true, Intentions::default());
    assert_eq!(play.hear(200, r#"{"login":"L"}"#).1, "POST /api/v1/campaigns/c/line");
    let (next, asks) = play.hear(200, WAIT);
    assert_eq!((next, asks.as_str()), (Next::After(Duration::from_millis(2_500)), "GET /api/v1/line"));
    play.now = Duration::from_secs(7);
    let (next, asks) = play.hear(200, r#"{"state":"come"}"#);
    assert_eq!((next, asks.as_str()), (Next::Now, "POST /api/v1/campaigns/c/visit"));
    play.hear(200, r#"{"pass":"P"}"#);
    let promises = &play.recorder.promises;
    assert_eq!((promises.made, promises.kept), (1, 1));
}

#[test]
fn who_waits_longer_than_they_have_patience_goes_away_and_comes_back_once() {
    let mut play = Play::new(true, Intentions { comes_back: true, ..Intentions::default() });
    play.hear(200, r#"{"login":"L"}"#);
    play.hear(200, WAIT);
    play.now = Duration::from_secs(57);
    assert_eq!(play.hear(200, WAIT).0, Next::After(Duration::from_millis(2_500)));
    play.now = Duration::from_secs(58);
    assert_eq!(play.hear(200, WAIT), (Next::After(Duration::from_secs(30)), "POST /api/v1/sign-in".to_owned()));
    play.now = Duration::from_secs(91);
    play.hear(200, r#"{"login":"L"}"#);
    assert_eq!(play.hear(200, WAIT).0, Next::After(Duration::from_millis(2_500)));
    play.now = Duration::from_secs(160);
    assert_eq!(play.hear(200, WAIT).0, Next::Gone);
    assert_eq!(play.at(Whereabouts::GaveUp), 1);
}

#[test]
fn who_is_put_on_the_list_of_another_day_goes_home_and_who_may_reserve_waits_as_told() {
    let enrolled = r#"{"state":"enrolled","ticket":"T","opens_in_ms":7200000,"ask_again_ms":30000}"#;
    for (may_reserve, next) in [(false, Next::Gone), (true, Next::After(Duration::from_secs(30)))] {
        let mut play = Play::new(true, Intentions::default());
        play.citizen.wants.may_reserve = may_reserve;
        play.hear(200, r#"{"login":"L"}"#);
        assert_eq!(play.hear(200, enrolled).0, next, "{may_reserve}");
        assert_eq!(play.at(Whereabouts::TurnedAway), u64::from(!may_reserve));
    }
}

#[test]
fn what_was_not_heard_is_asked_for_by_its_key_and_not_sent_twice_unless_it_never_was() {
    let mut play = Play::new(false, Intentions::default());
    play.until_held();
    let (next, asks) = play.hear_of(None);
    assert!(matches!(next, Next::After(_)), "{next:?}");
    assert_eq!(asks, "GET /api/v1/operations/e-0-1-2?operation=confirm");
    let (_, asks) = play.hear(200, r#"{"state":"not_recorded","seq":9}"#);
    assert_eq!(asks, "POST /api/v1/holds/h00000001/confirm");
    play.hear_of(None);
    play.hear(200, r#"{"state":"done","number":"0000-0001-001","seq":9}"#);
    assert_eq!((play.recorder.confirmed, play.at(Whereabouts::Reserved)), (1, 1));
}

#[test]
fn busy_is_waited_out_and_never_asked_sooner_than_told() {
    let mut play = Play::new(false, Intentions::default());
    let (next, asks) = play.hear(503, r#"{"code":"busy","retry_after_secs":4,"recorded":false}"#);
    let Next::After(time) = next else { panic!("{next:?}") };
    assert!((4_000..=5_000).contains(&time.as_millis()), "{time:?}");
    assert_eq!(asks, "POST /api/v1/sign-in");
}

#[test]
fn a_place_that_is_gone_is_looked_for_elsewhere_and_not_for_ever() {
    let mut play = Play::new(false, Intentions::default());
    play.hear(200, r#"{"login":"L"}"#);
    play.hear(200, r#"{"pass":"P"}"#);
    let offer = r#"{"clinics":[{"clinic":{"code":"C1"},"next_times":[{"product":"x","slot":"s00000001"}]}]}"#;
    let ended = (0..100).find(|_| {
        play.hear(200, offer);
        play.hear(409, r#"{"code":"sold_out"}"#).0 == Next::Gone
    });
    assert_eq!(ended, Some(usize::from(PLACES_TRIED_MAX)));
    assert_eq!(play.at(Whereabouts::NothingLeft), 1);
}

#[test]
fn a_refusal_that_nobody_understands_ends_the_way_and_shows() {
    let mut play = Play::new(false, Intentions::default());
    assert_eq!(play.hear(422, r#"{"code":"request_invalid"}"#).0, Next::Gone);
    assert_eq!(play.at(Whereabouts::Failed), 1);
}

#[test]
fn a_reservation_that_its_owner_does_not_see_is_counted() {
    let mut play = Play::new(false, Intentions { cancels: true, ..Intentions::default() });
    play.until_held();
    let (_, asks) = play.hear(201, r#"{"number":"0000-0001-001","seq":4}"#);
    assert_eq!(asks, "GET /api/v1/reservations?campaign=c");
    play.hear(200, r#"{"reservations":[],"seq":5}"#);
    assert_eq!(play.recorder.missing, 1);
}

/// Somebody who signs in at the first of two providers that can be walked.
fn at_providers() -> Play {
    let mut play = Play::new(false, Intentions { row: 7, provider: Some(0), ..Intentions::default() });
    let provider = |id: &str| IdentityProvider {
        id: id.to_owned(),
        name_ko: String::new(),
        name_en: String::new(),
        is_walked: true,
    };
    play.scene.providers = vec![provider("oidc"), provider("oauth2")];
    let told = |id: &str| (id.to_owned(), id.to_owned(), id.to_owned());
    play.recorder.knows([told("oidc"), told("oauth2")].into_iter());
    play
}

const LEADS: &str = r#"{"sign_in":"S","next":{"kind":"redirect","url":"http://127.0.0.1:9/oidc/authorize?state=s"}}"#;

#[test]
fn the_way_in_leads_to_the_provider_and_back() {
    let mut play = at_providers();
    assert_eq!(play.asks(), "POST /api/v1/providers/oidc/begin");
    assert_eq!(play.citizen.elsewhere(), None);
    assert_eq!(play.hear(200, LEADS), (Next::Now, "POST /oidc/consent".to_owned()));
    assert_eq!(play.citizen.elsewhere(), Target::parse("http://127.0.0.1:9").ok());
    let head = b"HTTP/1.1 303 See Other\r\nlocation: http://x.test/sign-in/oidc/callback?code=c&state=s\r\n\r\n";
    let back = play.hear_of(Some(Answer { status: 303, head, body: b"" }));
    assert_eq!(back, (Next::Now, "POST /api/v1/providers/oidc/callback".to_owned()));
    assert_eq!(play.citizen.elsewhere(), None);
    let (next, asks) = play.hear(200, r#"{"status":"signed_in","login":"L"}"#);
    assert_eq!((next, asks.as_str()), (Next::Now, "POST /api/v1/campaigns/c/visit"));
    let figures = play.recorder.providers()[0].clone();
    assert_eq!((figures.begun, figures.signed_in, figures.failed), (1, 1, 0));
}

#[test]
fn a_provider_that_does_not_answer_is_left_for_another_and_is_charged_for_it() {
    let mut play = at_providers();
    play.waited_in_vain = true;
    for asks_then in ["oidc", "oauth2"] {
        play.hear(200, LEADS);
        let (next, asks) = play.hear_of(None);
        assert!(matches!(next, Next::After(_)), "{next:?}");
        assert_eq!(asks, format!("POST /api/v1/providers/{asks_then}/begin"));
    }
    assert_eq!(play.recorder.providers()[0].failed, 2);
    // A connection that broke is nobody's hanging: the same again.
    play.waited_in_vain = false;
    play.hear(200, &LEADS.replace("oidc", "oauth2"));
    assert_eq!(play.hear_of(None).1, "POST /api/v1/providers/oauth2/begin");
    assert_eq!(play.recorder.providers()[1].failed, 0);
}

#[test]
fn a_place_in_a_providers_line_is_kept_and_a_stale_sign_in_begins_anew() {
    let mut play = at_providers();
    let told = r#"{"code":"in_line","sign_in":"PLACE","retry_after_secs":3}"#;
    assert!(matches!(play.hear(503, told), (Next::After(wait), _) if wait >= Duration::from_secs(3)));
    let mut request = RequestText::default();
    play.citizen.write(&play.scene, &mut request);
    assert!(request.text().contains(r#""instead_of":"PLACE""#), "{}", request.text());
    play.hear(200, LEADS);
    assert_eq!(play.hear(422, r#"{"code":"sign_in_expired"}"#).1, "POST /api/v1/providers/oidc/begin");
    play.citizen.write(&play.scene, &mut request);
    assert!(!request.text().contains("instead_of"), "{}", request.text());
}
