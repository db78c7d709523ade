//! Room: engine/tests. Sign-ins at the desk, with providers that do what a test tells them: what is forged ends before any
//! question goes out, one provider's trouble is its own, and a light is turned by faults only.
#![expect(clippy::unwrap_used, clippy::panic, reason = "the steps of a test")]

use std::sync::{Arc, Weak};
use std::time::Duration;

use charye_domain::campaign::UniquenessScheme;
use charye_domain::identity::{Assurance, BreakerState, OperatorWord, OperatorWords, TrafficLight};
use charye_domain::time::UnixMillis;
use charye_engine::fakes::{FakeProvider, HandClock, SeededRandom, ToyKeys, Treatment};
use charye_engine::identity::{
    BegunSignIn, ProofWanted, ProvenSignIn, SignInAnswer, SignInBy, SignInDesk, SignInFailure, SignInPorts, SignInWish,
    UnfitProviders, answer_sign_in, begin_sign_in, probe_providers,
};
use charye_engine::ports::{
    Begun, FlowKind, IdentityProvider as _, Parameters, ProviderFailure, ProviderFault, ProviderLimits, SignInRefusal,
};

/// The provider, the sealed state, what came back, and what that is refused as.
type Forged<'a> = (&'a str, &'a [u8], &'a [(&'a str, &'a str)], SignInRefusal);

struct Stage {
    desk: Arc<SignInDesk>,
    providers: Vec<FakeProvider>,
    clock: HandClock,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    fn with(providers: Vec<FakeProvider>) -> Self {
        let clock = HandClock::default();
        clock.turn_wall_to(UnixMillis(1_700_000_000_000));
        clock.pass(1_000_000);
        let ports = SignInPorts {
            keys: Arc::new(ToyKeys),
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(3)),
        };
        let all = providers.iter().map(|provider| Arc::new(provider.clone()) as _).collect();
        let desk = Arc::new(SignInDesk::new(all, ports).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { desk, providers, clock, runtime }
    }

    fn five() -> Self {
        Self::with((0..5).map(|n| FakeProvider::new(&format!("p{n}"), FlowKind::OpenIdConnect)).collect())
    }

    fn begin(&self, provider: &str) -> BegunSignIn {
        let nothing = Parameters::default();
        self.runtime.block_on(begin_sign_in(&self.desk, wish(provider, &nothing))).unwrap()
    }

    fn answer(&self, provider: &str, begun: &BegunSignIn, code: &str) -> Result<ProvenSignIn, SignInFailure> {
        self.answer_with(provider, &begun.sealed_state, &[("code", code), ("state", &state_of(begun))])
    }

    fn answer_with(
        &self,
        provider: &str,
        sealed: &[u8],
        pairs: &[(&str, &str)],
    ) -> Result<ProvenSignIn, SignInFailure> {
        let callback = parameters(pairs);
        match self.runtime.block_on(answer_sign_in(&self.desk, provider, sealed, &callback))? {
            SignInAnswer::Proven(proven) => Ok(*proven),
            SignInAnswer::NotYet { .. } => panic!("a redirect is never polled"),
        }
    }

    fn sign_in(&self, provider: &str, code: &str) -> Result<ProvenSignIn, SignInFailure> {
        let nothing = Parameters::default();
        let begun = self.runtime.block_on(begin_sign_in(&self.desk, wish(provider, &nothing)))?;
        self.answer(provider, &begun, code)
    }

    /// One look at the providers, and the first one's probe answered, however fast the machine is.
    fn looks_once(&self) {
        self.runtime.block_on(async {
            let (_end, ended) = tokio::sync::watch::channel(false);
            let looking = tokio::spawn(probe_providers(Arc::clone(&self.desk), Weak::new(), ended));
            let before = self.providers[0].probed();
            while self.providers[0].probed() == before && !looking.is_finished() {
                tokio::task::yield_now().await;
            }
            tokio::task::yield_now().await;
            looking.abort();
        });
    }

    fn light(&self, provider: &str) -> TrafficLight {
        self.desk.choices(None).into_iter().find(|choice| choice.id.as_str() == provider).unwrap().light
    }
}

fn wish<'a>(provider: &'a str, filled_in: &'a Parameters) -> SignInWish<'a> {
    SignInWish {
        provider,
        by: SignInBy::Citizen,
        wanted: None,
        filled_in,
        language: "ko",
        go_on_to: "/ko/place",
        instead_of: None,
    }
}

fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    Parameters::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()).unwrap()
}

fn state_of(begun: &BegunSignIn) -> String {
    let Begun::Redirect { url } = &begun.begun else { panic!("a redirect") };
    url.rsplit_once("state=").unwrap().1.to_owned()
}

fn refused<T: std::fmt::Debug>(result: Result<T, SignInFailure>) -> SignInRefusal {
    match result {
        Err(SignInFailure::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn who_comes_back_with_their_own_answer_is_proven_and_goes_on() {
    let stage = Stage::five();
    let begun = stage.begin("p1");
    stage.clock.pass(40_000);
    let proven = stage.answer("p1", &begun, "a citizen").unwrap();
    assert_eq!(proven.began_at, UnixMillis(1_700_001_000_000));
    assert_eq!((proven.go_on_to.as_str(), proven.by), ("/ko/place", SignInBy::Citizen));
    assert_eq!(proven.citizen.details.name, "김차례");
}

#[test]
fn nothing_forged_reaches_a_provider() {
    let stage = Stage::five();
    let own = stage.begin("p0");
    let other = stage.begin("p0");
    let (state, others) = (state_of(&own), state_of(&other));
    let sealed = &own.sealed_state;
    let changed: Vec<u8> = sealed.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 20)).collect();
    let ok = [("code", "x"), ("state", state.as_str())];
    let missing = SignInRefusal::ParameterMissing("state");
    let rows: &[Forged] = &[
        ("p0", &[], &ok, SignInRefusal::NotBegunHere),
        ("p0", &changed, &ok, SignInRefusal::NotBegunHere),
        ("p1", sealed, &ok, SignInRefusal::OtherProvider),
        ("nobody", sealed, &ok, SignInRefusal::OtherProvider),
        ("p0", sealed, &[("code", "x")], missing),
        ("p0", sealed, &[("code", "x"), ("state", "")], missing),
        ("p0", sealed, &[("code", "x"), ("state", &others)], SignInRefusal::StateMismatch),
        ("p0", sealed, &[("code", "x"), ("state", &state[1..])], SignInRefusal::StateMismatch),
        (
            "p0",
            sealed,
            &[("code", "x"), ("state", &state), ("state", &state)],
            SignInRefusal::ParameterDoubled("state"),
        ),
    ];
    for (provider, sealed, callback, refusal) in rows {
        assert_eq!(refused(stage.answer_with(provider, sealed, callback)), *refusal);
    }
    stage.clock.pass(600_001);
    assert_eq!(refused(stage.answer("p0", &own, "x")), SignInRefusal::Expired);
    let asked: Vec<u64> = stage.providers.iter().map(FakeProvider::asked).collect();
    assert_eq!(asked, [0; 5]);
}

#[test]
fn an_answer_is_taken_once() {
    let stage = Stage::five();
    let begun = stage.begin("p0");
    assert!(stage.answer("p0", &begun, "x").is_ok());
    for code in ["x", "another code"] {
        assert_eq!(refused(stage.answer("p0", &begun, code)), SignInRefusal::AlreadyUsed);
    }
    assert_eq!(stage.providers[0].asked(), 1, "the code was sent out once");
}

#[test]
fn a_citizen_signs_in_five_times_in_ten_minutes_and_others_go_on() {
    let stage = Stage::five();
    for n in 0..5 {
        assert!(stage.sign_in(&format!("p{n}"), "often").is_ok(), "{n}");
    }
    assert_eq!(refused(stage.sign_in("p0", "often")), SignInRefusal::TooOften);
    assert!(stage.sign_in("p0", "another").is_ok());
    stage.clock.pass(1_200_000);
    assert!(stage.sign_in("p0", "often").is_ok());
}

#[test]
fn a_campaign_takes_only_providers_that_assert_what_it_goes_by() {
    let stage = Stage::five();
    let nothing = Parameters::default();
    let try_with = |scheme, least| {
        let wish = SignInWish { wanted: Some(ProofWanted { scheme, least }), ..wish("p0", &nothing) };
        let offered = stage.desk.choices(wish.wanted).len();
        (offered, stage.runtime.block_on(begin_sign_in(&stage.desk, wish)).map(|_| ()))
    };
    let refused = Err(SignInFailure::Refused(SignInRefusal::NotForCampaign));
    assert_eq!(try_with(UniquenessScheme::ConnectingInformation, Assurance::Ial2), (5, Ok(())));
    assert_eq!(try_with(UniquenessScheme::ConnectingInformation, Assurance::Ial3), (0, refused.clone()));
    assert_eq!(try_with(UniquenessScheme::PairwiseSubject, Assurance::Ial1), (0, refused));
}

#[test]
fn what_a_citizen_has_proved_is_held_against_what_is_wanted_once_more() {
    let stage = Stage::five();
    let citizen = stage.sign_in("p0", "x").unwrap().citizen;
    let wanted = |scheme, least| ProofWanted { scheme, least };
    assert!(wanted(UniquenessScheme::ConnectingInformation, Assurance::Ial2).is_met_by(&citizen));
    assert!(!wanted(UniquenessScheme::ConnectingInformation, Assurance::Ial3).is_met_by(&citizen));
    assert!(!wanted(UniquenessScheme::NationalId, Assurance::Ial1).is_met_by(&citizen));
}

#[test]
fn registries_are_for_staff_and_nothing_else_is() {
    let stage = Stage::with(vec![
        FakeProvider::new("registry", FlowKind::Registry),
        FakeProvider::new("kakao", FlowKind::OpenIdConnect),
    ]);
    assert_eq!(stage.desk.choices(None).len(), 1);
    let nothing = Parameters::default();
    let try_as = |provider, by| {
        let wish = SignInWish { by, ..wish(provider, &nothing) };
        stage.runtime.block_on(begin_sign_in(&stage.desk, wish)).map(|_| ())
    };
    let unknown = Err(SignInFailure::Refused(SignInRefusal::UnknownProvider));
    assert_eq!(try_as("registry", SignInBy::Citizen), unknown);
    assert_eq!(try_as("kakao", SignInBy::Staff), unknown);
    assert_eq!(try_as("registry", SignInBy::Staff), Ok(()));
    assert_eq!(try_as("Kakao", SignInBy::Citizen), unknown);
}

#[test]
fn a_decoupled_sign_in_is_polled_until_it_is_confirmed_and_then_over() {
    let stage = Stage::with(vec![FakeProvider::new("pass", FlowKind::Decoupled)]);
    let begun = stage.begin("pass");
    stage.providers[0].treats_all(Treatment::NotYet);
    let poll = || {
        let callback = parameters(&[("code", "x")]);
        stage.runtime.block_on(answer_sign_in(&stage.desk, "pass", &begun.sealed_state, &callback))
    };
    for _ in 0..3 {
        assert!(matches!(poll(), Ok(SignInAnswer::NotYet { .. })));
    }
    stage.providers[0].treats_all(Treatment::Answers);
    assert!(matches!(poll(), Ok(SignInAnswer::Proven(_))));
    assert_eq!(refused(poll()), SignInRefusal::AlreadyUsed);
}

#[test]
fn a_provider_that_fails_costs_nobody_the_time_they_began_at() {
    let stage = Stage::five();
    let first = stage.begin("p0");
    stage.providers[0].treats_all(Treatment::Fails(ProviderFault::Status(503)));
    stage.clock.pass(60_000);
    let failed = stage.answer("p0", &first, "x");
    assert_eq!(failed, Err(SignInFailure::ProviderFault(ProviderFault::Status(503))));
    let nothing = Parameters::default();
    let again = SignInWish { instead_of: Some(&first.sealed_state), ..wish("p1", &nothing) };
    let again = stage.runtime.block_on(begin_sign_in(&stage.desk, again)).unwrap();
    stage.clock.pass(580_000);
    let proven = stage.answer("p1", &again, "x").unwrap();
    assert_eq!(proven.began_at, UnixMillis(1_700_001_000_000));
    // But never more than ten minutes back.
    let late = SignInWish { instead_of: Some(&again.sealed_state), ..wish("p2", &nothing) };
    let late = stage.runtime.block_on(begin_sign_in(&stage.desk, late)).unwrap();
    assert_eq!(stage.answer("p2", &late, "y").unwrap().began_at, UnixMillis(1_700_001_040_000));
}

/// One of five in trouble, hundreds of sign-ins at each: the others are counted, not timed.
#[test]
fn one_provider_in_trouble_costs_the_others_no_sign_in() {
    let short = ProviderLimits { deadline: Duration::from_millis(20), ..ProviderLimits::default() };
    let troubles = [
        Treatment::Hangs,
        Treatment::Fails(ProviderFault::Status(500)),
        Treatment::Fails(ProviderFault::Unreachable),
        Treatment::Lies,
    ];
    for trouble in troubles {
        let providers = (0..5).map(|n| {
            let facts = FakeProvider::new(&format!("p{n}"), FlowKind::OpenIdConnect).facts().clone();
            let limits = if n == 2 { short } else { facts.limits };
            FakeProvider::with_facts(charye_engine::ports::ProviderFacts { limits, ..facts })
        });
        let stage = Stage::with(providers.collect());
        stage.providers[2].treats_all(trouble.clone());
        let mut ended_well = [0; 5];
        for n in 0..200 {
            stage.clock.pass(20);
            for (at, ended_well) in ended_well.iter_mut().enumerate() {
                *ended_well += u32::from(stage.sign_in(&format!("p{at}"), &format!("{n} at {at}")).is_ok());
            }
        }
        assert_eq!(ended_well, [200, 200, 0, 200, 200], "{trouble:?}");
        assert!(stage.providers[2].asked() < 20, "it is left alone: asked {} times", stage.providers[2].asked());
        let choices = stage.desk.choices(None);
        assert_eq!(choices.last().unwrap().id.as_str(), "p2", "who is in trouble comes last");
        let lights: Vec<TrafficLight> = choices.iter().map(|choice| choice.light).collect();
        assert_eq!(lights[..4], [TrafficLight::Smooth; 4]);
        assert_eq!(lights[4], TrafficLight::Congested, "{trouble:?}");
    }
}

#[test]
fn people_who_give_up_or_come_with_wrong_codes_turn_no_light() {
    let stage = Stage::five();
    for n in 0..1_000 {
        stage.clock.pass(5);
        stage.begin("p0");
        if n % 5 == 0 {
            stage.providers[0].treats_all(Treatment::Says(ProviderFailure::Refused(SignInRefusal::CodeRefused)));
            assert_eq!(refused(stage.sign_in("p0", "forged")), SignInRefusal::CodeRefused);
        }
        assert_eq!(stage.light("p0"), TrafficLight::Smooth);
    }
    assert_eq!(stage.desk.reports()[0].breaker, BreakerState::Closed);
}

/// The places of those who gave up in its short line are not its doing.
#[test]
fn a_line_of_people_who_have_left_turns_no_light() {
    let facts = FakeProvider::new("p0", FlowKind::OpenIdConnect).facts().clone();
    let limits = ProviderLimits { at_once_max: 4, ..facts.limits };
    let stage = Stage::with(vec![FakeProvider::with_facts(charye_engine::ports::ProviderFacts { limits, ..facts })]);
    let say = |word| {
        let mut words = OperatorWords::default();
        words.say(&stage.desk.choices(None)[0].id, word);
        stage.desk.go_by(&words);
    };
    // Nobody can be asked for a moment, and a thousand bots take places in the line and leave.
    say(OperatorWord::Capped(0));
    for _ in 0..500 {
        assert!(stage.sign_in("p0", "bot").is_err());
    }
    assert_eq!(stage.light("p0"), TrafficLight::Delayed, "that it cannot be asked is told");
    say(OperatorWord::Open);
    // They go on coming and leaving, twenty a second, so the line is never empty. Our probes see that the provider is well.
    let mut secs = 0;
    while stage.light("p0") != TrafficLight::Smooth {
        for _ in 0..20 {
            assert!(matches!(
                stage.sign_in("p0", "bot"),
                Err(SignInFailure::InLine { .. } | SignInFailure::Busy { .. })
            ));
        }
        stage.looks_once();
        stage.clock.pass(1_000);
        secs += 1;
        assert!(secs <= 30, "the light is not back after 30 s");
    }
}

#[test]
fn a_provider_recovers_by_our_probes_and_a_trickle() {
    let stage = Stage::five();
    stage.providers[0].treats_all(Treatment::Fails(ProviderFault::Unreachable));
    for n in 0..10 {
        assert!(stage.sign_in("p0", &n.to_string()).is_err());
    }
    assert_eq!(stage.light("p0"), TrafficLight::Congested);
    stage.providers[0].treats_all(Treatment::Answers);
    assert!(matches!(stage.sign_in("p0", "x"), Err(SignInFailure::LeftAlone { light: TrafficLight::Congested, .. })));
    let mut secs = 0;
    while stage.light("p0") != TrafficLight::Smooth {
        stage.looks_once();
        stage.clock.pass(1_000);
        secs += 1;
        assert!(secs <= 30, "the light is not back after 30 s");
    }
    assert!(stage.sign_in("p0", "x").is_ok());
    assert!(secs >= 5, "calm is not a moment: {secs} s");
}

#[test]
fn a_saturated_provider_has_a_short_line_of_its_own() {
    let facts = FakeProvider::new("slow", FlowKind::Decoupled).facts().clone();
    let limits = ProviderLimits {
        at_once_max: 2,
        line_max: 3,
        deadline: Duration::from_secs(600),
        slow: Duration::from_secs(2),
    };
    let slow = FakeProvider::with_facts(charye_engine::ports::ProviderFacts { limits, ..facts });
    let stage = Stage::with(vec![slow.clone(), FakeProvider::new("quick", FlowKind::OpenIdConnect)]);
    // An operator's cap makes a provider smaller, never larger than its configuration.
    let mut words = OperatorWords::default();
    words.say(&slow.facts().id, OperatorWord::Capped(50));
    stage.desk.go_by(&words);
    let begun: Vec<BegunSignIn> = (0..6).map(|_| stage.begin("slow")).collect();
    slow.treats_all(Treatment::Hangs);
    let callback = parameters(&[("code", "x")]);
    stage.runtime.block_on(async {
        let ask = |at: usize| answer_sign_in(&stage.desk, "slow", &begun[at].sealed_state, &callback);
        let mut first = Box::pin(ask(0));
        let mut second = Box::pin(ask(1));
        for under_way in [&mut first, &mut second] {
            tokio::select! {
                biased;
                _ = under_way => panic!("it hangs"),
                () = tokio::task::yield_now() => {}
            }
        }
        let ahead = |told| match told {
            Err(SignInFailure::InLine { ahead, about, .. }) => {
                assert!(about >= Duration::from_secs(1));
                ahead
            }
            other => panic!("{other:?}"),
        };
        assert_eq!([ahead(ask(2).await), ahead(ask(3).await), ahead(ask(4).await)], [0, 1, 2]);
        assert!(matches!(ask(5).await, Err(SignInFailure::Busy { .. })), "the line is full");
        assert_eq!(ahead(ask(3).await), 1, "asking again wins nothing");
        // The first gives up: their place goes to who is first in line, and to nobody else.
        slow.treats_all(Treatment::Answers);
        drop(first);
        assert_eq!(ahead(ask(4).await), 2);
        assert!(matches!(ask(2).await, Ok(SignInAnswer::Proven(_))));
        assert!(matches!(ask(3).await, Ok(SignInAnswer::Proven(_))));
        drop(second);
    });
    assert!(stage.sign_in("quick", "x").is_ok(), "who is quick has nobody waiting");
}

#[test]
fn operators_close_open_and_cap_a_provider() {
    let stage = Stage::five();
    let p0 = stage.desk.choices(None)[0].id.clone();
    let say = |word| {
        let mut words = OperatorWords::default();
        words.say(&p0, word);
        stage.desk.go_by(&words);
    };
    say(OperatorWord::Closed);
    assert_eq!(stage.light("p0"), TrafficLight::Closed);
    assert!(matches!(stage.sign_in("p0", "x"), Err(SignInFailure::LeftAlone { light: TrafficLight::Closed, .. })));
    say(OperatorWord::Capped(0));
    assert!(matches!(stage.sign_in("p0", "x"), Err(SignInFailure::InLine { .. })));
    say(OperatorWord::Open);
    assert!(stage.sign_in("p0", "x").is_ok());
    let nobody = charye_domain::identity::IdentityProviderId::parse("nobody").unwrap();
    assert!(stage.desk.knows(&p0) && !stage.desk.knows(&nobody));
}

#[test]
fn two_providers_of_one_name_do_not_start() {
    let ports = || SignInPorts {
        keys: Arc::new(ToyKeys),
        clock: Arc::new(HandClock::default()),
        random: Arc::new(SeededRandom::new(3)),
    };
    let twice = (0..2).map(|_| Arc::new(FakeProvider::new("a", FlowKind::OAuth2)) as _).collect();
    assert!(matches!(SignInDesk::new(twice, ports()), Err(UnfitProviders::TwoOfOneName(_))));
    let many = (0..33).map(|n| Arc::new(FakeProvider::new(&format!("p{n}"), FlowKind::OAuth2)) as _).collect();
    assert_eq!(SignInDesk::new(many, ports()).err(), Some(UnfitProviders::TooMany));
}
