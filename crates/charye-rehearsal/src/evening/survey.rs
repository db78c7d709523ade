//! Room: rehearsal/evening. What the target is, asked before anything is measured: which campaign, whether it has a line,
//! and who may reserve now. Must never assume what can be asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::RehearsalFailure;
use crate::citizen::{IdentityProvider, Step};
use crate::load::{Connection, RequestText, Target};
use crate::people::BirthDate;
use crate::recorder::{PROVIDERS_MAX, ProviderTold, ProvidersTold};

/// One after the other, on a connection of its own.
pub(super) struct Survey {
    connection: Connection,
    request: RequestText,
}

/// A campaign as its document tells it.
#[derive(Debug, Deserialize)]
pub(super) struct CampaignTold {
    pub(super) code: String,
    pub(super) doses_together: bool,
}

#[derive(Debug, Deserialize)]
struct CampaignsTold {
    campaigns: Vec<CampaignTold>,
}

#[derive(Debug, Deserialize)]
struct EligibilityTold {
    eligible: bool,
    #[serde(default)]
    opening: Option<OpeningTold>,
}

#[derive(Debug, Deserialize)]
struct OpeningTold {
    opening: u8,
}

/// Who may reserve now, by birth date, and in which opening.
#[derive(Debug, Default)]
pub(super) struct MayReserve {
    pub(super) by_birth_date: BTreeMap<BirthDate, bool>,
    pub(super) opening: Option<u8>,
}

impl Survey {
    pub(super) async fn begin(target: Target) -> Result<Self, RehearsalFailure> {
        Ok(Self { connection: Connection::open(target, None).await?, request: RequestText::default() })
    }

    /// The campaign of this code, or the only one there is.
    pub(super) async fn campaign(&mut self, wanted: Option<&str>) -> Result<CampaignTold, RehearsalFailure> {
        self.request.get("/api/v1/campaigns").end();
        let mut told: CampaignsTold = serde_json::from_slice(self.answer("campaigns").await?)
            .map_err(|_| RehearsalFailure::Target { reason: "its campaigns do not read".to_owned() })?;
        let codes: Vec<String> = told.campaigns.iter().map(|campaign| campaign.code.clone()).collect();
        let place = match wanted {
            Some(code) => codes.iter().position(|known| known == code),
            None => (codes.len() == 1).then_some(0),
        };
        let reason = || format!("name one of its campaigns with --campaign: {}", codes.join(", "));
        place
            .map(|place| told.campaigns.swap_remove(place))
            .ok_or_else(|| RehearsalFailure::Target { reason: reason() })
    }

    /// Whether people wait in a line.
    pub(super) async fn has_line(&mut self) -> Result<bool, RehearsalFailure> {
        self.request.get("/api/v1/openapi.json").end();
        let document: serde_json::Value = serde_json::from_slice(self.answer("openapi.json").await?)
            .map_err(|_| RehearsalFailure::Target { reason: "its API document does not read".to_owned() })?;
        Ok(document["paths"].get("/api/v1/line").is_some())
    }

    /// The identity providers, and which of them people can go through alone; none where the target has none.
    pub(super) async fn providers(&mut self, campaign: &str) -> Result<Vec<IdentityProvider>, RehearsalFailure> {
        self.request.get_at(&["/api/v1/providers?campaign=", campaign]).end();
        let told: ProvidersTold = serde_json::from_slice(self.answer("providers").await?)
            .map_err(|_| RehearsalFailure::Target { reason: "its identity providers do not read".to_owned() })?;
        let provider = |told: ProviderTold| IdentityProvider {
            is_walked: told.fits && matches!(told.flow.as_str(), "oidc" | "oauth2"),
            id: told.id,
            name_ko: told.name.ko,
            name_en: told.name.en,
        };
        Ok(told.providers.into_iter().take(PROVIDERS_MAX).map(provider).collect())
    }

    /// Which birth dates may reserve now.
    pub(super) async fn may_reserve(
        &mut self,
        campaign: &str,
        birth_dates: &BTreeSet<BirthDate>,
    ) -> Result<MayReserve, RehearsalFailure> {
        let mut told = MayReserve::default();
        let path = ["/api/v1/campaigns/", campaign, "/eligibility"];
        for birth_date in birth_dates {
            let written = std::str::from_utf8(birth_date).unwrap_or_default();
            self.request.post_at(&path).json(&format!("{{\"birth_date\":\"{written}\"}}"));
            let answer: EligibilityTold = serde_json::from_slice(self.answer(Step::AskDate.code()).await?)
                .map_err(|_| RehearsalFailure::Target { reason: "its eligibility does not read".to_owned() })?;
            told.by_birth_date.insert(*birth_date, answer.eligible);
            told.opening = told.opening.or(answer.opening.filter(|_| answer.eligible).map(|told| told.opening));
        }
        Ok(told)
    }

    async fn answer(&mut self, what: &str) -> Result<&[u8], RehearsalFailure> {
        let answer = self.connection.ask(&self.request).await?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(RehearsalFailure::Target { reason: format!("{what} was answered with {status}") }),
        }
    }
}
