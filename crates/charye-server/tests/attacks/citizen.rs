//! A person of an attack: what is in their pockets, and what an honest client of theirs does with it. Made by `scene`; must
//! never know more than somebody outside could.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::scene::{CALL_TRIES, CALL_WAIT, CAMPAIGN, HOLDS, LINE, RESERVATIONS, Scene, VISIT};
use crate::support::api::free_pair;
use crate::support::{Answer, Client};

/// A person and what they have in their pockets.
#[derive(Clone, Debug)]
pub(crate) struct Citizen {
    pub(crate) address: SocketAddr,
    pub(crate) number: String,
    pub(crate) login: String,
    pub(crate) ticket: Option<String>,
    pub(crate) pass: Option<String>,
    /// What the answer to the way in said.
    pub(crate) visit: Value,
}

impl Citizen {
    /// A program with this person's proofs.
    pub(crate) fn api(&self) -> Client {
        let mut client = Client::new(self.address);
        client.headers.push(("Authorization".to_owned(), format!("Bearer {}", self.login)));
        if let Some(pass) = &self.pass {
            client.headers.push(("Charye-Pass".to_owned(), pass.clone()));
        }
        if let Some(ticket) = &self.ticket {
            client.headers.push(("Charye-Ticket".to_owned(), ticket.clone()));
        }
        client
    }

    /// A browser with this person's proofs.
    pub(crate) fn browser(&self) -> Client {
        let mut client = Client::new(self.address);
        client.headers.push(("Accept-Language".to_owned(), "en".to_owned()));
        let pockets = [
            ("charye_login", Some(&self.login)),
            ("charye_pass", self.pass.as_ref()),
            ("charye_ticket", self.ticket.as_ref()),
        ];
        for (name, value) in pockets {
            client.cookies.extend(value.map(|value| (name.to_owned(), value.clone())));
        }
        client
    }

    /// The same person with another pass in the pocket.
    pub(crate) fn with_pass(&self, pass: &str) -> Self {
        Self { pass: Some(pass.to_owned()), ..self.clone() }
    }

    pub(crate) fn take_place(&mut self) -> Value {
        let told = self.api().post_json(LINE, "not-needed", &json!({})).expect(200).json();
        self.ticket = told["ticket"].as_str().map(str::to_owned);
        told
    }

    /// Asks for a visit, once.
    pub(crate) fn claim(&self) -> Answer {
        self.api().post_json(VISIT, "not-needed", &json!({}))
    }

    /// Waits for the call, and goes in.
    pub(crate) fn go_in(&mut self) {
        for _ in 0..CALL_TRIES {
            let answer = self.claim();
            if answer.status == 200 {
                self.visit = answer.json();
                self.pass = self.visit["pass"].as_str().map(str::to_owned);
                return;
            }
            assert_eq!(answer.json()["code"], "not_called", "{answer:?}");
            std::thread::park_timeout(CALL_WAIT);
        }
        panic!("no call within a minute and a half");
    }

    /// Where the ticket says that this person stands.
    pub(crate) fn poll(&self) -> Value {
        self.api().get("/api/v1/line").json()
    }

    pub(crate) fn move_to(&mut self, scene: &Scene) {
        self.address = scene.server.address;
    }

    /// The number of this person in the journal, as the ticket or the pass says it.
    pub(crate) fn person(&self) -> [u8; 4] {
        let text = self.ticket.as_ref().or(self.pass.as_ref()).unwrap();
        URL_SAFE_NO_PAD.decode(text).unwrap()[8..12].try_into().unwrap()
    }

    /// The place that this person's ticket says.
    pub(crate) fn place(&self) -> u64 {
        let ticket = URL_SAFE_NO_PAD.decode(self.ticket.as_ref().unwrap()).unwrap();
        assert_eq!(ticket[7], 1, "a ticket with a place");
        u64::from_le_bytes(ticket[12..20].try_into().unwrap())
    }

    /// Whether nothing is held, and how many reservations stand.
    pub(crate) fn has(&self) -> (bool, usize) {
        let mut client = self.api();
        let hold = client.get(&format!("{HOLDS}?campaign={CAMPAIGN}")).expect(200).json();
        let made = client.get(&format!("{RESERVATIONS}?campaign={CAMPAIGN}")).expect(200).json();
        (hold["hold"].is_null(), made["reservations"].as_array().unwrap().len())
    }

    /// Holds the free pair and confirms it; the reservation's number.
    pub(crate) fn reserve(&self, scene: &mut Scene) -> String {
        let key = scene.new_key();
        let places = scene.places.clone();
        let answer = self.api().post_json(RESERVATIONS, &key, &places).expect(201);
        scene.places = free_pair(&mut scene.server.client());
        answer.json()["number"].as_str().unwrap().to_owned()
    }
}
