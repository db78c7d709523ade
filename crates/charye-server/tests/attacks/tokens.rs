//! Attacks by paper: tickets, passes and logins that are edited, cut, swapped, somebody else's, expired or forged. Some are
//! forged with the installation's own key: even what is genuine buys only what the book agrees to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::waiting_room::tokens::{PASS_MAC_PURPOSE, TICKET_MAC_PURPOSE};
use serde_json::json;

use crate::citizen::Citizen;
use crate::scene::{Asks as _, Attack, CAMPAIGN, HOLDS, RESERVATIONS, Scene, csrf_of, signed_of};
use crate::support::Client;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "a pass edited in every character", guards: &["pass-mac"], attempt: pass_edited },
    Attack { name: "a pass edited in every byte, the MAC as it was", guards: &["pass-mac"], attempt: pass_bytes },
    Attack { name: "a pass whose MAC is cut, longer, empty or zero", guards: &["pass-mac"], attempt: pass_cut },
    Attack { name: "somebody else's pass", guards: &["pass-person"], attempt: pass_of_another },
    Attack { name: "one's own pass under somebody else's login", guards: &["pass-person"], attempt: login_of_another },
    Attack { name: "a ticket as a pass", guards: &["purpose"], attempt: ticket_as_pass },
    Attack { name: "a pass as a ticket", guards: &["purpose"], attempt: pass_as_ticket },
    Attack { name: "a login as a pass, a pass as a login", guards: &["purpose"], attempt: login_as_pass },
    Attack { name: "a pass made with the tickets' key", guards: &["purpose"], attempt: pass_by_ticket_key },
    Attack { name: "a pass of kind ticket, and a ticket of kind pass", guards: &["kind"], attempt: kinds_swapped },
    Attack { name: "a ticket edited in every character", guards: &["ticket-mac"], attempt: ticket_edited },
    Attack { name: "a ticket edited in every byte, the MAC as it was", guards: &["ticket-mac"], attempt: ticket_bytes },
    Attack { name: "a ticket that is cut or longer", guards: &["ticket-mac"], attempt: ticket_cut },
    Attack { name: "a login edited in every character", guards: &["login-seal"], attempt: login_edited },
    Attack { name: "a login that is cut or longer", guards: &["login-seal"], attempt: login_cut },
    Attack { name: "a login written by hand, unsealed", guards: &["login-seal"], attempt: login_unsealed },
    Attack { name: "a genuine pass that has expired", guards: &["pass-expiry"], attempt: pass_expired },
    Attack { name: "a genuine pass of another campaign", guards: &["visit"], attempt: pass_of_other_campaign },
    Attack { name: "a genuine pass of a later visit", guards: &["generation"], attempt: pass_of_later_visit },
    Attack { name: "a genuine pass of no visit", guards: &["visit"], attempt: pass_of_no_visit },
    Attack { name: "a pass under a key that is not kept", guards: &["key-ring"], attempt: pass_of_lost_key },
    Attack { name: "a pass of another version of the layout", guards: &["version"], attempt: pass_of_other_version },
    Attack { name: "a genuine ticket for the first place", guards: &["call"], attempt: ticket_for_first_place },
    Attack { name: "a genuine ticket of the returners' lane", guards: &["call"], attempt: ticket_of_a_returner },
    Attack { name: "a genuine ticket of another opening", guards: &["call"], attempt: ticket_of_other_opening },
    Attack { name: "yesterday's ticket", guards: &["call"], attempt: yesterdays_ticket },
    Attack { name: "somebody else's ticket", guards: &["call"], attempt: ticket_of_another },
    Attack { name: "proofs of the API in cookies", guards: &["surface"], attempt: api_by_cookies },
    Attack { name: "proofs of pages in headers", guards: &["surface"], attempt: pages_by_headers },
    Attack { name: "proofs in the address", guards: &["surface"], attempt: proofs_in_the_address },
    Attack { name: "alphabets and padding of base64", guards: &["pass-mac"], attempt: other_base64 },
];

/// With this pass nothing is held.
fn no_good(scene: &mut Scene, holder: &Citizen, pass: &str) {
    let key = scene.new_key();
    let answer = holder.with_pass(pass).api().hold(scene, &key);
    assert!((400..500).contains(&answer.status), "{pass}: {answer:?}");
}

/// A ticket that is not taken for one.
fn no_ticket(citizen: &Citizen, ticket: &str) {
    let mut client = Client::new(citizen.address);
    client.headers.push(("Charye-Ticket".to_owned(), ticket.to_owned()));
    let answer = client.get("/api/v1/line");
    assert_eq!(answer.json()["code"], "no_place", "{ticket}: {answer:?}");
}

/// Not the line's turn, whatever is shown.
fn not_called(citizen: &Citizen, ticket: &str) {
    let shown = Citizen { ticket: Some(ticket.to_owned()), ..citizen.clone() };
    for _ in 0..3 {
        let answer = shown.claim();
        assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("not_called")), "{answer:?}");
    }
    assert_eq!(citizen.poll()["state"], "waiting");
}

fn each_character_changed(text: &str) -> impl Iterator<Item = String> {
    (0..text.len()).map(|at| {
        // Another of the alphabet, and not one that differs in unused bits only.
        let old = text.as_bytes()[at];
        let new = if old == b'A' { 'Q' } else { 'A' };
        text.chars().enumerate().map(|(index, old)| if index == at { new } else { old }).collect()
    })
}

fn each_byte_changed(text: &str) -> Vec<String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    let changed = |at: usize, by: u8| {
        let mut bytes = bytes.clone();
        bytes[at] ^= by;
        URL_SAFE_NO_PAD.encode(bytes)
    };
    (0..bytes.len()).flat_map(|at| [changed(at, 1), changed(at, 0x80)]).collect()
}

fn cut_and_longer(text: &str) -> Vec<String> {
    let mut bent: Vec<_> = (0..text.len()).step_by(3).map(|end| text[..end].to_owned()).collect();
    bent.extend([
        format!("{text}A"),
        format!("A{text}"),
        format!("{text}{text}"),
        text.to_lowercase(),
        text.repeat(20),
    ]);
    bent
}

fn forged_ticket(scene: &Scene, citizen: &Citizen, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut signed = signed_of(citizen.ticket.as_ref().unwrap());
    change(&mut signed);
    scene.forge(TICKET_MAC_PURPOSE, &signed)
}

fn pass_edited(scene: &mut Scene) {
    let citizen = scene.insider();
    let pass = citizen.pass.clone().unwrap();
    for edited in each_character_changed(&pass) {
        no_good(scene, &citizen, &edited);
    }
    assert_eq!(citizen.has(), (true, 0));
}

fn pass_bytes(scene: &mut Scene) {
    let citizen = scene.insider();
    let pass = citizen.pass.clone().unwrap();
    for edited in each_byte_changed(&pass) {
        no_good(scene, &citizen, &edited);
    }
    assert_eq!(citizen.has(), (true, 0));
}

fn pass_cut(scene: &mut Scene) {
    let citizen = scene.insider();
    let pass = citizen.pass.clone().unwrap();
    let zeros = URL_SAFE_NO_PAD.encode([signed_of(&pass), vec![0; 16]].concat());
    for bent in cut_and_longer(&pass).iter().chain(&[zeros, URL_SAFE_NO_PAD.encode(signed_of(&pass))]) {
        no_good(scene, &citizen, bent);
    }
    assert_eq!(citizen.has(), (true, 0));
}

fn pass_of_another(scene: &mut Scene) {
    let (owner, thief) = (scene.insider(), scene.insider());
    no_good(scene, &thief, owner.pass.as_ref().unwrap());
    let outside = scene.visitor();
    no_good(scene, &outside, owner.pass.as_ref().unwrap());
    let mut browser = outside.with_pass(owner.pass.as_ref().unwrap()).browser();
    assert_eq!(scene.try_inside_pages(&mut browser), Vec::<String>::new());
    assert_eq!((owner.has(), outside.has()), ((true, 0), (true, 0)));
}

fn login_of_another(scene: &mut Scene) {
    let (inside, outside) = (scene.insider(), scene.visitor());
    let mixed = Citizen { login: outside.login.clone(), ..inside.clone() };
    assert_eq!(scene.try_inside(&mut mixed.api()), Vec::<String>::new());
    assert_eq!(scene.try_inside_pages(&mut mixed.browser()), Vec::<String>::new());
    assert_eq!((inside.has(), outside.has()), ((true, 0), (true, 0)));
}

fn ticket_as_pass(scene: &mut Scene) {
    let citizen = scene.waiting();
    no_good(scene, &citizen, citizen.ticket.as_ref().unwrap());
    let mut browser = citizen.with_pass(citizen.ticket.as_ref().unwrap()).browser();
    assert_eq!(scene.try_inside_pages(&mut browser), Vec::<String>::new());
}

fn pass_as_ticket(scene: &mut Scene) {
    let citizen = scene.insider();
    no_ticket(&citizen, citizen.pass.as_ref().unwrap());
}

fn login_as_pass(scene: &mut Scene) {
    let citizen = scene.insider();
    no_good(scene, &citizen, &citizen.login);
    no_ticket(&citizen, &citizen.login);
    for login in [&citizen.pass, &citizen.ticket] {
        let mut client = Client::new(citizen.address);
        let login = login.clone().unwrap_or_default();
        client.headers.push(("Authorization".to_owned(), format!("Bearer {login}")));
        client.get(&format!("{HOLDS}?campaign={CAMPAIGN}")).expect(401);
    }
}

fn pass_by_ticket_key(scene: &mut Scene) {
    let citizen = scene.insider();
    let signed = signed_of(citizen.pass.as_ref().unwrap());
    let forged = scene.forge(TICKET_MAC_PURPOSE, &signed);
    no_good(scene, &citizen, &forged);
    let forged = scene.forge("charye pass v0", &signed);
    no_good(scene, &citizen, &forged);
}

fn kinds_swapped(scene: &mut Scene) {
    let inside = scene.insider();
    let forged = scene.forged_pass(&inside, |signed| signed[1] = 1);
    no_good(scene, &inside, &forged);
    let forged = scene.forged_pass(&inside, |signed| signed[7] = 1);
    no_good(scene, &inside, &forged);
    let waiting = scene.waiting();
    let forged = forged_ticket(scene, &waiting, |signed| signed[1] = 2);
    no_ticket(&waiting, &forged);
    // A ticket's bytes under the passes' key are a ticket, and no pass.
    let forged = scene.forge(PASS_MAC_PURPOSE, &signed_of(waiting.ticket.as_ref().unwrap()));
    no_good(scene, &waiting, &forged);
}

fn ticket_edited(scene: &mut Scene) {
    let citizen = scene.waiting();
    for edited in each_character_changed(citizen.ticket.as_ref().unwrap()) {
        no_ticket(&citizen, &edited);
    }
    not_called(&citizen, "");
}

fn ticket_bytes(scene: &mut Scene) {
    let citizen = scene.waiting();
    for edited in each_byte_changed(citizen.ticket.as_ref().unwrap()) {
        no_ticket(&citizen, &edited);
    }
}

fn ticket_cut(scene: &mut Scene) {
    let citizen = scene.waiting();
    for bent in cut_and_longer(citizen.ticket.as_ref().unwrap()) {
        no_ticket(&citizen, &bent);
    }
}

fn login_edited(scene: &mut Scene) {
    let citizen = scene.insider();
    for login in each_character_changed(&citizen.login) {
        let edited = Citizen { login, ..citizen.clone() };
        let answer = edited.api().get(&format!("{HOLDS}?campaign={CAMPAIGN}"));
        assert_eq!(answer.status, 401, "{answer:?}");
    }
}

fn login_cut(scene: &mut Scene) {
    let citizen = scene.insider();
    for login in cut_and_longer(&citizen.login).into_iter().filter(|login| !login.is_empty()) {
        let bent = Citizen { login, ..citizen.clone() };
        bent.api().get(&format!("{RESERVATIONS}?campaign={CAMPAIGN}")).expect(401);
    }
}

fn login_unsealed(scene: &mut Scene) {
    let victim = scene.insider();
    let login = URL_SAFE_NO_PAD.encode(scene.opened_login(&victim));
    let forged = Citizen { login, ..victim };
    forged.api().get(&format!("{RESERVATIONS}?campaign={CAMPAIGN}")).expect(401);
    assert_eq!(forged.browser().get("/my-data").status, 303);
}

fn pass_expired(scene: &mut Scene) {
    let citizen = scene.insider();
    let now = scene.now_ms();
    for expired_at in [now - 1_000, now - 86_400_000, 0, i64::MIN] {
        let forged = scene.forged_pass(&citizen, |signed| {
            signed[16..24].copy_from_slice(&expired_at.to_le_bytes());
        });
        no_good(scene, &citizen, &forged);
    }
    // The same with a time to come is good: the key is the right one.
    let forged = scene.forged_pass(&citizen, |signed| {
        signed[16..24].copy_from_slice(&(now + 60_000).to_le_bytes());
    });
    let key = scene.new_key();
    let held = citizen.with_pass(&forged).api().hold(scene, &key).expect(201);
    let path = crate::scene::hold_path(&held, "");
    assert_eq!(citizen.api().ask("DELETE", &path, &[], "").unwrap().status, 200);
}

fn pass_of_other_campaign(scene: &mut Scene) {
    let citizen = scene.insider();
    for campaign in [0_u16, 2, 999, u16::MAX] {
        let mut signed = signed_of(citizen.pass.as_ref().unwrap());
        if signed[4..6] == campaign.to_le_bytes() {
            continue;
        }
        signed[4..6].copy_from_slice(&campaign.to_le_bytes());
        let forged = scene.forge(PASS_MAC_PURPOSE, &signed);
        no_good(scene, &citizen, &forged);
    }
}

fn pass_of_later_visit(scene: &mut Scene) {
    let citizen = scene.insider();
    for generation in [0_u32, 2, 3, 1_000, u32::MAX] {
        let mut signed = signed_of(citizen.pass.as_ref().unwrap());
        if signed[12..16] == generation.to_le_bytes() {
            continue;
        }
        signed[12..16].copy_from_slice(&generation.to_le_bytes());
        let forged = scene.forge(PASS_MAC_PURPOSE, &signed);
        no_good(scene, &citizen, &forged);
    }
}

fn pass_of_no_visit(scene: &mut Scene) {
    let inside = scene.insider();
    let waiting = scene.waiting();
    let person = waiting.person();
    let forged = scene.forged_pass(&inside, |signed| signed[8..12].copy_from_slice(&person));
    no_good(scene, &waiting, &forged);
    let mut browser = waiting.with_pass(&forged).browser();
    let csrf = csrf_of(&mut browser).unwrap();
    let slot = scene.places["first"].as_str().unwrap().to_owned();
    let form = [("csrf", csrf.as_str()), ("key", "0123456789abcdef0123456789abcdef"), ("first", &slot)];
    browser.post("/holds", &form);
    assert_eq!(waiting.has(), (true, 0), "the book knows who is inside, whatever a pass says");
}

fn pass_of_lost_key(scene: &mut Scene) {
    let citizen = scene.insider();
    for key_id in [0_u16, 7, 99, u16::MAX] {
        let forged = scene.forged_pass(&citizen, |signed| signed[2..4].copy_from_slice(&key_id.to_le_bytes()));
        no_good(scene, &citizen, &forged);
    }
}

fn pass_of_other_version(scene: &mut Scene) {
    let citizen = scene.insider();
    for version in [0, 2, 255] {
        let forged = scene.forged_pass(&citizen, |signed| signed[0] = version);
        no_good(scene, &citizen, &forged);
    }
    let forged = scene.forged_pass(&citizen, |signed| signed[27] = 1);
    no_good(scene, &citizen, &forged);
}

fn ticket_for_first_place(scene: &mut Scene) {
    let citizen = scene.waiting();
    for place in [0_u64, 1, 1 << 63] {
        let forged = forged_ticket(scene, &citizen, |signed| signed[12..20].copy_from_slice(&place.to_le_bytes()));
        not_called(&citizen, &forged);
    }
}

fn ticket_of_a_returner(scene: &mut Scene) {
    let citizen = scene.waiting();
    let forged = forged_ticket(scene, &citizen, |signed| {
        signed[7] = 2;
        signed[12..20].copy_from_slice(&0_u64.to_le_bytes());
    });
    not_called(&citizen, &forged);
}

fn ticket_of_other_opening(scene: &mut Scene) {
    let citizen = scene.waiting();
    for opening in [1_u8, 2, 11, 200] {
        let forged = forged_ticket(scene, &citizen, |signed| signed[6] = opening);
        not_called(&citizen, &forged);
    }
}

fn yesterdays_ticket(scene: &mut Scene) {
    let citizen = scene.waiting();
    let yesterday = scene.now_ms() - 86_400_000;
    let place = citizen.ticket.as_ref().map(|ticket| signed_of(ticket)[12..20].to_vec()).unwrap();
    let earlier = u64::from_le_bytes(place.try_into().unwrap()).saturating_sub(86_400_000);
    let forged = forged_ticket(scene, &citizen, |signed| {
        signed[12..20].copy_from_slice(&earlier.to_le_bytes());
        signed[20..28].copy_from_slice(&yesterday.to_le_bytes());
    });
    not_called(&citizen, &forged);
}

fn ticket_of_another(scene: &mut Scene) {
    let (first, second) = (scene.waiting(), scene.waiting());
    not_called(&second, first.ticket.as_ref().unwrap());
    let stranger = scene.visitor();
    let shown = Citizen { ticket: first.ticket.clone(), ..stranger.clone() };
    let told = shown.claim();
    assert_eq!(told.status, 409, "{told:?}");
    assert_ne!(told.json()["place"]["ticket"], json!(first.ticket), "one's own place, not the one shown");
    let page = shown.browser().get(&format!("/line/{CAMPAIGN}"));
    assert!(!page.body.contains(&first.number), "{}", page.body);
}

fn api_by_cookies(scene: &mut Scene) {
    let citizen = scene.insider();
    let mut client = citizen.browser();
    assert_eq!(scene.try_inside(&mut client), Vec::<String>::new());
    client.get(&format!("{HOLDS}?campaign={CAMPAIGN}")).expect(401);
}

fn pages_by_headers(scene: &mut Scene) {
    let citizen = scene.insider();
    let mut client = citizen.api();
    assert_eq!(scene.try_inside_pages(&mut client), Vec::<String>::new());
}

fn proofs_in_the_address(scene: &mut Scene) {
    let citizen = scene.insider();
    let (login, pass) = (&citizen.login, citizen.pass.as_ref().unwrap());
    let mut client = Client::new(citizen.address);
    let query = format!("access_token={login}&charye_login={login}&charye-pass={pass}&pass={pass}");
    client.get(&format!("{HOLDS}?campaign={CAMPAIGN}&{query}")).expect(401);
    client.get(&format!("/find?{query}")).expect(303);
}

fn other_base64(scene: &mut Scene) {
    let citizen = scene.insider();
    let pass = citizen.pass.clone().unwrap();
    let last = pass.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // 44 bytes are 58 characters and 4 bits: the last character has unused bits, which must be zero.
    let twins: Vec<_> =
        alphabet.chars().filter(|other| *other != last).map(|other| format!("{}{other}", &pass[..58])).collect();
    for bent in twins.iter().chain(&[format!("{pass}="), format!("\"{pass}\""), format!("{pass},{pass}")]) {
        no_good(scene, &citizen, bent);
    }
}
