//! Room: engine/campaign. Its tests: the bundled campaigns against the published rules, bad files, words, shifts, diffs.

mod bad_files;
mod line;
mod look;
mod oracle;
mod words;

use super::{CampaignFile, bundled, read_campaign};

/// A bundled campaign, read.
fn bundled_file(code: &str) -> CampaignFile {
    let bundled = bundled(code).unwrap();
    read_campaign(bundled.file, bundled.text.as_bytes()).unwrap_or_else(|errors| panic!("{errors}"))
}
