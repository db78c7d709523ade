//! Room: web/api. Campaigns, their openings, and whether a birth date may reserve. Open to anyone; nothing is stored, and a
//! birth date comes in a body, never in an address.

use charye_domain::campaign::Campaign;
use charye_domain::citizen::CitizenFacts;
use charye_domain::eligibility::{self, Eligibility, Ineligible};
use charye_domain::ids::OpeningId;
use charye_domain::opening::Opening;
use charye_domain::time::UnixMillis;
use charye_domain::vaccine::{DoseTwoPolicy, VaccineProduct};
use charye_engine::campaign::zone_name;
use hyper::Method;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::{campaign_at, shared, strict_query};
use super::doc::ApiDoc;
use super::told::{LocalTold, NameTold, instant, local};
use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// A campaign changes when an operator publishes it, and then a quarter of a minute does not matter.
const MAX_AGE_SECS: u32 = 15;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::GET, "/api/v1/campaigns", Access::Anyone, list)
            .documented(ApiDoc::answers::<CampaignsTold>("All campaigns")),
        Route::api(Method::GET, "/api/v1/campaigns/{campaign}", Access::Anyone, show)
            .documented(ApiDoc::answers::<CampaignTold>("One campaign").problems(&["campaign_unknown"])),
        Route::api(Method::POST, "/api/v1/campaigns/{campaign}/eligibility", Access::Anyone, decide).documented(
            ApiDoc::answers::<EligibilityTold>("Whether, and when, a birth date may reserve; nothing is stored")
                .takes::<EligibilityAsked>()
                .problems(&["campaign_unknown"]),
        ),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
struct CampaignsTold<'a> {
    campaigns: Vec<CampaignTold<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CampaignTold<'a> {
    code: &'a str,
    version: u16,
    name: NameTold<'a>,
    /// IANA name, if the zone has one; every local date and time is told in it, and every instant with its offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<&'static str>,
    #[schema(format = Date)]
    first_day: String,
    #[schema(format = Date)]
    last_day: String,
    /// Days within these on which nobody is vaccinated.
    closed_days: Vec<String>,
    /// Whether both doses are reserved at once, at one clinic.
    doses_together: bool,
    products: Vec<ProductTold<'a>>,
    openings: Vec<OpeningTold<'a>>,
    /// How long a hold is kept, and how often and by how much it can be extended.
    hold_secs: u32,
    hold_extension_secs: u32,
    hold_extensions_max: u8,
    /// Latest moment to change or cancel: seconds before the place's start.
    change_notice_secs: u32,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProductTold<'a> {
    code: &'a str,
    name: NameTold<'a>,
    doses: u8,
    /// CVX code of the US CDC.
    #[serde(skip_serializing_if = "Option::is_none")]
    cvx: Option<u16>,
    /// Days between the doses, both ends included.
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_days: Option<[u16; 2]>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpeningTold<'a> {
    /// Position in the campaign, from 0.
    opening: u8,
    name: NameTold<'a>,
    /// Codes of the cohorts let in.
    cohorts: Vec<&'a str>,
    /// Last digits of the day of birth let in; all if empty.
    birth_day_digits: Vec<u8>,
    #[schema(format = DateTime)]
    opens_at: String,
    opens_local: LocalTold,
    #[schema(format = DateTime)]
    closes_at: String,
    closes_local: LocalTold,
}

impl<'a> OpeningTold<'a> {
    fn of(campaign: &'a Campaign, opening: &'a Opening) -> Self {
        let zone = &campaign.time_zone;
        let cohort = |id: &charye_domain::ids::CohortId| {
            campaign.cohorts.iter().find(|cohort| cohort.id == *id).map(|cohort| cohort.code.as_str())
        };
        Self {
            opening: opening.id.0,
            name: (&opening.name).into(),
            cohorts: opening.cohorts.iter().filter_map(cohort).collect(),
            birth_day_digits: opening.birth_day_digits.iter().map(|digit| digit.value()).collect(),
            opens_at: instant(opening.window.opens_at, zone),
            opens_local: local(opening.window.opens_at, zone),
            closes_at: instant(opening.window.closes_at, zone),
            closes_local: local(opening.window.closes_at, zone),
        }
    }
}

impl<'a> From<&'a Campaign> for CampaignTold<'a> {
    fn from(campaign: &'a Campaign) -> Self {
        let product = |product: &'a VaccineProduct| ProductTold {
            code: &product.code,
            name: (&product.name).into(),
            doses: product.doses,
            cvx: product.cvx,
            interval_days: product
                .interval
                .as_ref()
                .map(|interval| [*interval.allowed_days.start(), *interval.allowed_days.end()]),
        };
        Self {
            code: &campaign.code,
            version: campaign.version.0,
            name: (&campaign.name).into(),
            time_zone: zone_name(&campaign.time_zone),
            first_day: campaign.first_day.to_string(),
            last_day: campaign.last_day.to_string(),
            closed_days: campaign.closed_days.iter().map(Date::to_string).collect(),
            doses_together: campaign.dose_two == DoseTwoPolicy::Together,
            products: campaign.products.iter().map(product).collect(),
            openings: campaign.openings.iter().map(|opening| OpeningTold::of(campaign, opening)).collect(),
            hold_secs: campaign.hold.ttl_secs,
            hold_extension_secs: campaign.hold.extension_secs,
            hold_extensions_max: campaign.hold.extensions_max,
            change_notice_secs: campaign.change_notice_secs,
        }
    }
}

async fn list(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, &[])?;
    let campaigns = asked.app.engine.campaigns();
    let campaigns = campaigns.iter().map(|campaign| CampaignTold::from(&**campaign)).collect();
    Ok(shared(&asked, Answer::json(&CampaignsTold { campaigns }), MAX_AGE_SECS))
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, &[])?;
    let campaign = campaign_at(&asked, 0)?;
    Ok(shared(&asked, Answer::json(&CampaignTold::from(&*campaign)), MAX_AGE_SECS))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EligibilityAsked {
    /// Such as `1990-03-09`.
    #[schema(format = Date)]
    birth_date: String,
}

/// The decision. What else is told depends on `code`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EligibilityTold<'a> {
    eligible: bool,
    code: EligibilityCode,
    /// The opening that lets the person in, or the next one that will.
    #[serde(skip_serializing_if = "Option::is_none")]
    opening: Option<OpeningTold<'a>>,
    /// With `opening_not_yet`: when to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    from_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_local: Option<LocalTold>,
    /// Until when one may reserve, or could have.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    until_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_local: Option<LocalTold>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EligibilityCode {
    Eligible,
    NotInCohort,
    OpeningNotYet,
    OpeningsOver,
}

impl<'a> EligibilityTold<'a> {
    pub(super) fn of(campaign: &'a Campaign, decision: Eligibility) -> Self {
        let (code, opening, from, until): (_, Option<OpeningId>, Option<UnixMillis>, Option<UnixMillis>) =
            match decision {
                Eligibility::Eligible { opening, until, .. } => {
                    (EligibilityCode::Eligible, Some(opening), None, Some(until))
                }
                Eligibility::Ineligible(Ineligible::NotInCohort) => (EligibilityCode::NotInCohort, None, None, None),
                Eligibility::Ineligible(Ineligible::OpeningNotYet { opening, opens_at }) => {
                    (EligibilityCode::OpeningNotYet, Some(opening), Some(opens_at), None)
                }
                Eligibility::Ineligible(Ineligible::OpeningsOver { closed_at }) => {
                    (EligibilityCode::OpeningsOver, None, None, Some(closed_at))
                }
            };
        let zone = &campaign.time_zone;
        Self {
            eligible: matches!(code, EligibilityCode::Eligible),
            code,
            opening: opening.and_then(|id| campaign.opening(id)).map(|opening| OpeningTold::of(campaign, opening)),
            from_at: from.map(|at| instant(at, zone)),
            from_local: from.map(|at| local(at, zone)),
            until_at: until.map(|at| instant(at, zone)),
            until_local: until.map(|at| local(at, zone)),
        }
    }
}

async fn decide(asked: Asked) -> Result<Answer, Problem> {
    let campaign = campaign_at(&asked, 0)?;
    let body: EligibilityAsked = asked.json()?;
    let malformed = || Problem::invalid_field("/birth_date", "malformed");
    let birth_date = super::parse_date(&body.birth_date).ok_or_else(malformed)?;
    let decision = eligibility::decide(&campaign, &CitizenFacts { birth_date }, asked.now);
    Ok(Answer::json(&EligibilityTold::of(&campaign, decision)))
}
