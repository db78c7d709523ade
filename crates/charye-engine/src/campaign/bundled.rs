//! Room: engine/campaign. The campaigns that come with the program: the files of `campaigns/`, as they stand.

/// A campaign file that is part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundledCampaign {
    pub code: &'static str,
    /// Its path in the repository, for messages.
    pub file: &'static str,
    pub text: &'static str,
}

/// All of them.
pub const BUNDLED: [BundledCampaign; 3] = [
    BundledCampaign {
        code: "kr-2021-18-49",
        file: "campaigns/kr-2021-18-49.toml",
        text: include_str!("../../../../campaigns/kr-2021-18-49.toml"),
    },
    BundledCampaign {
        code: "kr-2022-5-11",
        file: "campaigns/kr-2022-5-11.toml",
        text: include_str!("../../../../campaigns/kr-2022-5-11.toml"),
    },
    BundledCampaign {
        code: "one-clinic",
        file: "campaigns/one-clinic.toml",
        text: include_str!("../../../../campaigns/one-clinic.toml"),
    },
];

/// The bundled campaign of this code.
pub fn bundled(code: &str) -> Option<BundledCampaign> {
    BUNDLED.into_iter().find(|campaign| campaign.code == code)
}
