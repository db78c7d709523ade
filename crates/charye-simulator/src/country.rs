//! Room: simulator. A small country for one evening: a campaign with one opening and a line, clinics with so many places.
//! Published and imported through the engine's own use cases. Called by whoever sets a stage; never touched by an evening.

use charye_domain::book::{Action, Outcome};
use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::citizen::CitizenFacts;
use charye_domain::clinic::{Clinic, ClinicKind};
use charye_domain::ids::{CampaignId, CampaignVersion, ImportId, OpeningId, ProductId};
use charye_domain::slot::{ClinicSession, Weekdays};
use charye_domain::time::{MinuteOfDay, UnixMillis};
use charye_domain::vaccine::DoseNumber;
use charye_engine::campaign::{CampaignFileErrors, canonical_text, read_campaign};
use jiff::civil::{Date, date};

use crate::world::{OPERATOR, World, WorldFailure};

/// The only campaign.
pub const CAMPAIGN: CampaignId = CampaignId(0);
/// Its only opening.
pub const OPENING: OpeningId = OpeningId(0);
/// Somebody whom the campaign is for.
pub const ADULT: CitizenFacts = CitizenFacts { birth_date: Date::constant(1990, 3, 9) };
/// 2021-08-09 20:00 in Seoul: when the opening begins.
pub const OPENS: UnixMillis = UnixMillis(1_628_506_800_000);

const IMPORT: ImportId = ImportId(1);
const SLOTS_A_DAY: u32 = 8;
const DAYS: u32 = 4;
const FIRST_DAY: Date = Date::constant(2021, 8, 26);

/// What the country offers, and under which terms people are let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country {
    pub clinics: u32,
    /// Places in each slot. A clinic has 4 days of 8 slots.
    pub capacity: u16,
    /// How long the opening lasts. Unit: hours.
    pub open_hours: u32,
    pub hold_ttl_secs: u32,
    pub visit_max_secs: u32,
    pub line: Option<LineTerms>,
}

/// The campaign file's `[line]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTerms {
    pub hard_cap: u32,
    /// Unit: 1/10,000.
    pub agents_share: u16,
    pub rate_min_per_min: u32,
    pub rate_max_per_min: u32,
    pub grace_secs: u32,
}

/// Why there is no country.
#[derive(Debug, thiserror::Error)]
pub enum CountryFailure {
    #[error("the simulated campaign does not read: {0}")]
    Campaign(CampaignFileErrors),
    #[error(transparent)]
    World(#[from] WorldFailure),
}

impl Country {
    /// Places of all slots together.
    pub fn places(&self) -> u32 {
        self.clinics * DAYS * SLOTS_A_DAY * u32::from(self.capacity)
    }

    /// Publishes the campaign and brings in the clinics.
    ///
    /// # Errors
    /// The engine refuses what stands here.
    pub fn settle_in(&self, world: &mut World) -> Result<(), CountryFailure> {
        let file = read_campaign("simulated campaign", self.campaign_text().as_bytes())
            .map_err(CountryFailure::Campaign)?
            .for_rehearsal();
        let text = canonical_text(&file);
        let campaign: Campaign = file.into_campaign(CAMPAIGN, CampaignVersion(1));
        world.command(
            "publish the campaign",
            OPERATOR,
            Action::PublishCampaign { campaign: campaign.into(), text: text.into() },
        )?;
        let clinics = (0..self.clinics).map(clinic).collect();
        world.command("stage clinics", OPERATOR, Action::StageClinics { import: IMPORT, clinics })?;
        let sessions = (0..self.clinics).map(|number| self.session(number)).collect();
        let action = Action::StageSessions { import: IMPORT, campaign: CAMPAIGN, sessions };
        world.command("stage sessions", OPERATOR, action)?;
        let part = || Action::LayOutImport { import: IMPORT, slots_max: 1_000 };
        while world.command("lay out a part of the import", OPERATOR, part())?.value == Outcome::LaidOut {}
        let activated = world.command("activate the import", OPERATOR, Action::ActivateImport { import: IMPORT })?;
        debug_assert_eq!(activated.value, Outcome::Done);
        world.settle_board()?;
        Ok(())
    }

    fn campaign_text(&self) -> String {
        let Self { open_hours, hold_ttl_secs, visit_max_secs, .. } = self;
        let from = date(2021, 8, 9).at(20, 0, 0, 0);
        let to = from.saturating_add(jiff::Span::new().hours(i64::from(*open_hours)));
        let line = self.line.map_or_else(String::new, |terms| {
            let LineTerms { hard_cap, agents_share, rate_min_per_min, rate_max_per_min, grace_secs } = terms;
            format!(
                "[line]\nhard_cap = {hard_cap}\nagents_share = {agents_share}\nrate_min_per_min = {rate_min_per_min}\n\
                 rate_max_per_min = {rate_max_per_min}\ngrace_secs = {grace_secs}\n"
            )
        });
        format!(
            r#"[campaign]
code = "surge"
name = {{ ko = "모의 사업", en = "simulated campaign" }}
time_zone = "Asia/Seoul"
uniqueness = "national-id"
first_day = {FIRST_DAY}
last_day = 2021-09-18
closed_days = []
expected_people = 20_000
change_notice_secs = 3_600

[hold]
ttl_secs = {hold_ttl_secs}
extension_secs = 30
extensions_max = 2

[visit]
max_secs = {visit_max_secs}
pass_secs = 120

{line}
[[product]]
code = "one-dose"
name = {{ ko = "백신", en = "vaccine" }}
doses = 1

[[cohort]]
code = "adults"
name = {{ ko = "성인", en = "adults" }}
born_from = 1950-01-01
born_to = 2002-12-31

[[open_to_all]]
name = {{ ko = "예약", en = "evening" }}
from = {from}
to = {to}
share = 10_000
"#
        )
    }

    fn session(&self, number: u32) -> ClinicSession {
        ClinicSession {
            clinic: clinic_code(number),
            product: ProductId(0),
            dose: DoseNumber::First,
            first_day: FIRST_DAY,
            last_day: FIRST_DAY.saturating_add(jiff::Span::new().days(i64::from(DAYS) - 1)),
            weekdays: Weekdays::ALL,
            start: MinuteOfDay(540),
            end: MinuteOfDay(780),
            slot_minutes: 30,
            capacity: self.capacity,
        }
    }
}

fn clinic_code(number: u32) -> String {
    format!("C{number}")
}

fn clinic(number: u32) -> Clinic {
    let both = |text: &str| Bilingual { ko: text.to_owned(), en: text.to_owned() };
    Clinic {
        code: clinic_code(number),
        kind: ClinicKind::Contracted,
        name: both(&clinic_code(number)),
        district: 11_110,
        address: "서울 종로구".to_owned(),
        phone: "02-000-0000".to_owned(),
        point: None,
    }
}
