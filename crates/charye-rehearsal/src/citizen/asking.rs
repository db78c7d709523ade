//! Room: rehearsal/citizen. What a citizen asks: the text of each request, as the API's document has it.
//!
//! Called by `evening`, for whoever is due. Must never change the citizen: asking twice asks the same.

use super::{Citizen, Scene, Step};
use crate::load::{RequestText, Target};

impl Citizen {
    /// Writes what they ask now.
    pub(crate) fn write(&self, scene: &Scene, request: &mut RequestText) {
        let campaign = ["/api/v1/campaigns/", &scene.campaign];
        let login = ["Bearer ", &self.login];
        match self.step {
            Step::AskDate => {
                let birth_date = std::str::from_utf8(&self.wants.birth_date).unwrap_or_default();
                request.post_at(&[campaign[0], campaign[1], "/eligibility"]);
                request.json(&["{\"birth_date\":\"", birth_date, "\"}"].concat());
            }
            Step::SignIn => request.post("/api/v1/sign-in").json(&format!("{{\"citizen\":{}}}", self.wants.row)),
            Step::Begin => self.way_in.write_begin(self.provider_id(scene), &scene.campaign, request),
            Step::AtProvider => self.way_in.write_at_provider(request),
            Step::ComeBack => self.way_in.write_back(self.provider_id(scene), request),
            Step::TakePlace => {
                request.post_at(&[campaign[0], campaign[1], "/line"]).header_of("authorization", &login).end();
            }
            Step::Poll => request.get("/api/v1/line").header("charye-ticket", &self.ticket).end(),
            Step::Enter => {
                request.post_at(&[campaign[0], campaign[1], "/visit"]).header_of("authorization", &login).end();
            }
            Step::LookUp => {
                let district = self.wants.district.to_string();
                let near = ["/clinics?limit=20&around=", &district];
                let area = if self.looks_everywhere { ["/clinics?limit=50", ""] } else { near };
                request.get_at(&[campaign[0], campaign[1], area[0], area[1]]).end();
            }
            Step::Days => request.get_at(&self.days(&campaign, &["?first=", &self.first])).end(),
            Step::Times => request.get_at(&self.days(&campaign, &["/", &self.day, "?first=", &self.first])).end(),
            Step::Hold => {
                let body = self.places(Some(&scene.campaign));
                self.operation(scene, request.post("/api/v1/holds"), &login).json(&body);
            }
            Step::Confirm => {
                let path = ["/api/v1/holds/", &self.hold, "/confirm"];
                self.operation(scene, request.post_at(&path), &login).end();
            }
            Step::Mine => request
                .get_at(&["/api/v1/reservations?campaign=", &scene.campaign])
                .header_of("authorization", &login)
                .end(),
            Step::Change => {
                let path = ["/api/v1/reservations/", &self.number, "/reschedule"];
                let body = self.places(None);
                self.operation(scene, request.post_at(&path), &login).json(&body);
            }
            Step::Cancel => {
                let path = ["/api/v1/reservations/", &self.number, "/cancel"];
                self.operation(scene, request.post_at(&path), &login).end();
            }
            Step::Settle => {
                let name = self.unknown.and_then(Step::operation).unwrap_or("confirm");
                let key = self.key(scene);
                let path = ["/api/v1/operations/", &key, "?operation=", name];
                request.get_at(&path).header_of("authorization", &login).end();
            }
        }
    }

    fn provider_id<'a>(&self, scene: &'a Scene) -> &'a str {
        let chosen = self.way_in.provider.and_then(|index| scene.providers.get(usize::from(index)));
        chosen.map_or("", |provider| &provider.id)
    }

    /// The server that is asked, if it is not the target: an identity provider's.
    pub(crate) fn elsewhere(&self) -> Option<Target> {
        self.way_in.target().filter(|_| self.step == Step::AtProvider)
    }

    fn days<'a>(&'a self, campaign: &[&'a str; 2], rest: &[&'a str]) -> Vec<&'a str> {
        [&[campaign[0], campaign[1], "/clinics/", &self.clinic, "/", &self.product, "/days"], rest].concat()
    }

    fn places(&self, campaign: Option<&str>) -> String {
        let campaign = campaign.map_or(String::new(), |code| format!("\"campaign\":\"{code}\","));
        let second = if self.second.is_empty() { String::new() } else { format!(",\"second\":\"{}\"", self.second) };
        format!("{{{campaign}\"first\":\"{}\"{second}}}", self.first)
    }

    fn operation<'a>(&self, scene: &Scene, request: &'a mut RequestText, login: &[&str]) -> &'a mut RequestText {
        let request = request.header_of("authorization", login).header("idempotency-key", &self.key(scene));
        if self.pass.is_empty() { request } else { request.header("charye-pass", &self.pass) }
    }

    fn key(&self, scene: &Scene) -> String {
        format!("{}-{}-{}-{}", scene.evening, self.wants.row, self.wants.device, self.keys)
    }
}
