//! Room: rehearsal/citizen. The way in by an identity provider: the beginning, the page at the provider, the way back. As a
//! browser would go it, with a real exchange behind it. Whoever fails twice at one provider goes to another.
//!
//! Must never go anywhere but to the rehearsal's own providers on this machine's loopback.

use super::told::Told;
use super::{Around, Citizen, Next, Step};
use crate::load::{RequestText, Target};
use crate::recorder::AtProvider;

/// Times that somebody tries one provider before they try another.
pub(super) const TRIES_AT_ONE_MAX: u8 = 2;

/// An identity provider of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdentityProvider {
    pub(crate) id: String,
    pub(crate) name_ko: String,
    pub(crate) name_en: String,
    /// Whether a citizen of a rehearsal can go through it alone: one leads to its page and back.
    pub(crate) is_walked: bool,
}

/// Where somebody is on the way in.
#[derive(Clone, Debug, Default)]
pub(super) struct WayIn {
    /// Index of the provider they chose; `None`: the rehearsal's own sign-in, without one.
    pub(super) provider: Option<u8>,
    /// What they keep between beginning and end.
    pub(super) kept: String,
    /// The place in the provider's short line, if they were given one.
    pub(super) place: String,
    /// Where the provider's page is.
    at: Option<(Target, String)>,
    /// The form that goes to the provider's page, then the query that came back.
    carried: String,
    pub(super) tries_at_one: u8,
}

impl WayIn {
    pub(super) fn by(provider: Option<u8>) -> Self {
        Self { provider, ..Self::default() }
    }

    /// Reads where the beginning leads. `None`: not to a page of the rehearsal's own providers.
    pub(super) fn led_to(&mut self, url: &str, row: u32) -> Option<()> {
        let (before_query, query) = url.split_once('?')?;
        let host_at = before_query.find("//")? + 2;
        let path_at = before_query[host_at..].find('/')? + host_at;
        let target = Target::parse(&before_query[..path_at]).ok()?;
        let path = before_query[path_at..].strip_suffix("/authorize")?;
        self.at = Some((target, format!("{path}/consent")));
        self.carried = format!("{query}&citizen={row}");
        Some(())
    }

    /// Reads where the provider's page leads back to. `None`: it does not.
    pub(super) fn led_back(&mut self, location: &str) -> Option<()> {
        location.split_once('?')?.1.clone_into(&mut self.carried);
        Some(())
    }

    /// The provider's page, where they go next.
    pub(super) fn target(&self) -> Option<Target> {
        self.at.as_ref().map(|(target, _)| *target)
    }

    pub(super) fn write_begin(&self, id: &str, campaign: &str, request: &mut RequestText) {
        let instead_of = if self.place.is_empty() { "" } else { "\",\"instead_of\":\"" };
        let body = ["{\"campaign\":\"", campaign, instead_of, &self.place, "\"}"].concat();
        request.post_at(&["/api/v1/providers/", id, "/begin"]).json(&body);
    }

    pub(super) fn write_at_provider(&self, request: &mut RequestText) {
        let path = self.at.as_ref().map_or("/", |(_, path)| path);
        request.post(path).form(&self.carried);
    }

    pub(super) fn write_back(&self, id: &str, request: &mut RequestText) {
        let body = ["{\"sign_in\":\"", &self.kept, "\",\"returned\":\"", &self.carried, "\"}"].concat();
        request.post_at(&["/api/v1/providers/", id, "/callback"]).json(&body);
    }

    /// Begins anew, at the same provider.
    pub(super) fn anew(&mut self) {
        self.kept.clear();
        self.at = None;
    }

    /// It failed there: once more, or at the next of those that can be walked.
    pub(super) fn failed(&mut self, providers: &[IdentityProvider]) {
        self.anew();
        self.tries_at_one += 1;
        let Some(at) = self.provider.map(usize::from).filter(|_| self.tries_at_one >= TRIES_AT_ONE_MAX) else { return };
        let walked = |index: &usize| providers[*index].is_walked;
        let others = (at + 1..providers.len()).chain(0..at.min(providers.len()));
        if let Some(next) = others.into_iter().find(walked) {
            self.provider = u8::try_from(next).ok();
            self.tries_at_one = 0;
            self.place.clear();
        }
    }
}

impl Citizen {
    /// Whether they are between the beginning at a provider and the login.
    pub(super) fn is_on_way_in(&self) -> bool {
        matches!(self.step, Step::Begin | Step::AtProvider | Step::ComeBack)
    }

    /// Signs in as they meant to, from the beginning.
    pub(super) fn sign_in_again(&mut self) -> Next {
        self.way_in.anew();
        self.ask(if self.way_in.provider.is_some() { Step::Begin } else { Step::SignIn })
    }

    /// The way in by a provider goes no further for now.
    pub(super) fn stopped_on_way_in(
        &mut self,
        code: &str,
        told: &Told<'_>,
        retry_after: Option<&str>,
        around: &mut Around<'_>,
    ) -> Next {
        match code {
            "in_line" => {
                told.sign_in.unwrap_or_default().clone_into(&mut self.way_in.place);
                self.step = Step::Begin;
            }
            "provider_fault" | "left_alone" | "no_code" => return self.fails_at_provider(code, around),
            // What is too late, or known to nobody since a restart, begins anew.
            _ => {
                self.way_in.anew();
                self.way_in.place.clear();
                self.step = Step::Begin;
            }
        }
        let secs = told.retry_after_secs.or(retry_after.and_then(|secs| secs.parse().ok()));
        self.again(secs.map(|secs| secs * 1_000), around)
    }

    /// The provider failed: once more there, or at another.
    pub(super) fn fails_at_provider(&mut self, code: &str, around: &mut Around<'_>) -> Next {
        // Who is left alone was told so before anything was tried.
        let what = if code == "left_alone" { AtProvider::LeftAlone } else { AtProvider::Failed };
        self.count_at_provider(what, around);
        self.way_in.failed(&around.scene.providers);
        self.step = Step::Begin;
        self.again(None, around)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(id: &str, is_walked: bool) -> IdentityProvider {
        IdentityProvider { id: id.to_owned(), name_ko: id.to_owned(), name_en: id.to_owned(), is_walked }
    }

    #[test]
    fn only_a_page_on_this_machine_is_gone_to() {
        let mut way = WayIn::default();
        for elsewhere in ["https://id.example/oidc/authorize?a=1", "http://10.0.0.1:80/oidc/authorize?a=1", "nonsense"]
        {
            assert_eq!(way.led_to(elsewhere, 7), None, "{elsewhere}");
            assert_eq!(way.target(), None);
        }
        way.led_to("http://127.0.0.1:4000/oidc/authorize?state=s&nonce=n", 7).unwrap();
        assert_eq!(way.target(), Target::parse("http://127.0.0.1:4000").ok());
        let mut request = RequestText::default();
        way.write_at_provider(&mut request);
        assert!(request.text().starts_with("POST /oidc/consent HTTP/1.1"), "{}", request.text());
        assert!(request.text().ends_with("state=s&nonce=n&citizen=7"));
    }

    #[test]
    fn whoever_fails_twice_at_one_goes_to_the_next_that_can_be_walked() {
        let providers = [provider("oidc", true), provider("window", false), provider("oauth2", true)];
        let mut way = WayIn { provider: Some(0), ..WayIn::default() };
        way.failed(&providers);
        assert_eq!(way.provider, Some(0));
        way.failed(&providers);
        assert_eq!(way.provider, Some(2));
        way.failed(&providers);
        way.failed(&providers);
        assert_eq!(way.provider, Some(0), "round the end");
        let mut alone = WayIn { provider: Some(0), ..WayIn::default() };
        alone.failed(&providers[..1]);
        alone.failed(&providers[..1]);
        assert_eq!(alone.provider, Some(0), "there is no other");
    }
}
