//! Room: engine/campaign. From the readable campaign file to the rules the book keeps, and back into words.
//!
//! Called by the commands (`campaign check`, `show`, `diff`, `publish`, `demo`) and by whoever reads a published text
//! out of a journal. It never publishes anything itself, and never reads a file: texts come in as arguments.

mod file;
pub use file::{CAMPAIGN_FILE_BYTES_MAX, CampaignFile, read_campaign, read_published, uniqueness_word};

mod file_error;
pub use file_error::{CampaignFileError, CampaignFileErrors, ERRORS_MAX};

mod bundled;
pub use bundled::{BUNDLED, BundledCampaign, bundled};

mod canonical;
pub use canonical::canonical_text;

mod shift;
pub use shift::{ShiftError, days_to_open, shift};

mod describe;
pub use describe::{Language, describe_for, month_name, particle, weekday_name};

mod diff;
pub use diff::{Change, diff};

mod dry_run;
pub use dry_run::{DryRun, DryRunChange, DryRunGroup, DryRunSpan, dry_run, dry_run_changes};

mod holidays;
pub use holidays::HolidayTable;

mod checks;
mod contrast;
pub use contrast::{GROUNDS, Grounds};
mod cohorts_table;
mod examples;
mod line_table;
mod logo;
mod look_table;
mod openings_table;
mod products_table;
mod time_zone;
pub use time_zone::zone_name;
mod toml_walk;

#[cfg(test)]
mod tests;
