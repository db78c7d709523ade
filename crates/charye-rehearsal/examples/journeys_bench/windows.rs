//! Room: rehearsal, bench `journeys`. The identity providers of the bench: two hosted windows of our own, one that signs
//! with a shared secret and one with Ed25519. Their answers are made before a run, as a provider elsewhere would make them.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::Failure;
use super::identities::{Proof, Told};

const CLIENT_ID: &str = "bench";

/// Who makes the windows' answers.
pub(crate) struct Windows {
    /// In base64.
    secret: String,
    shared: hmac::Key,
    signing: Ed25519KeyPair,
    sealing: LessSafeKey,
}

impl Windows {
    pub(crate) fn new() -> Result<Self, Failure> {
        let mut key = [0; 32];
        rand::fill(&mut key)?;
        let secret = STANDARD.encode(key);
        Ok(Self {
            shared: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            signing: Ed25519KeyPair::generate()?,
            sealing: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key)?),
            secret,
        })
    }

    /// What is written into a file of its own, and named in the configuration: everything that is secret here.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// The providers' blocks. `window` answers to probes; `secret_file` holds [`Windows::secret`].
    pub(crate) fn configuration(&self, window: &str, secret_file: &str) -> String {
        let secret = format!("{{ file = {secret_file:?} }}");
        let public_key = STANDARD.encode(self.signing.public_key());
        let block = |signed: Proof, signature: &str| {
            format!(
                "[[identity.provider]]\nid = \"{}\"\nname = {{ ko = \"창\", en = \"Window\" }}\nscheme = \"rehearsal\"\n\
                 assurance = \"rehearsed\"\n[identity.provider.hosted_window]\nwindow_url = \"http://{window}/1\"\n\
                 client_id = \"{CLIENT_ID}\"\nrequest_secret = {secret}\nanswer_key = {secret}\n{signature}\n\
                 [identity.provider.profile]\nidentifier = \"/id\"\nname = \"/name\"\nbirth_date = \"/birth_date\"\n\
                 phone = \"/phone\"\n\n",
                signed.provider()
            )
        };
        let shared = format!("signature = \"hmac-sha256\"\nsignature_secret = {secret}");
        let signed = format!("signature = \"ed25519\"\nsignature_public_key = \"{public_key}\"");
        block(Proof::Shared, &shared) + &block(Proof::Ed25519, &signed)
    }

    /// The form that the window would post for a sign-in with this transaction.
    pub(crate) fn answer(
        &self,
        proof: Proof,
        transaction: &str,
        told: &Told,
        now_secs: u64,
    ) -> Result<String, Failure> {
        let Told { id, birth_date, phone } = told;
        let told = format!(
            "{{\"transaction\":\"{transaction}\",\"issued_at\":{now_secs},\"result\":\"verified\",\
             \"id\":\"{id}\",\"name\":\"김차례\",\"birth_date\":\"{birth_date}\",\"phone\":\"{phone}\"}}"
        );
        let bound = format!("{CLIENT_ID}|{transaction}");
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce)?;
        let mut sealed = told.into_bytes();
        let sealing = Nonce::assume_unique_for_key(nonce);
        self.sealing.seal_in_place_append_tag(sealing, Aad::from(bound.as_bytes()), &mut sealed)?;
        let answer = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat());
        let text = format!("{bound}|{answer}");
        let signature = match proof {
            Proof::Ed25519 => URL_SAFE_NO_PAD.encode(self.signing.sign(text.as_bytes())),
            _ => URL_SAFE_NO_PAD.encode(hmac::sign(&self.shared, text.as_bytes())),
        };
        Ok(format!("transaction={transaction}&answer={answer}&signature={signature}"))
    }
}
