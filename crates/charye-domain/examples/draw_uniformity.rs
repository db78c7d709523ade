//! The draw at full size: 1,000 draws of 100,000 people from fixed seeds, chi-square over 1,024 parts of the line.
//!
//! `cargo run --release -p charye-domain --example draw_uniformity`. About a minute. Ends with an error if luck is not even.

use std::io::Write as _;
use std::process::ExitCode;

use charye_domain::ids::{CampaignId, CitizenKey, OpeningId};
use charye_domain::waiting_room::draw::{DrawId, DrawKey, DrawSecret, Seed};

const DRAWS: u64 = 1_000;
const PEOPLE: u128 = 100_000;
const PARTS: usize = 1_024;
/// Of chi-square with 1,023 degrees of freedom: exceeded by one draw in twenty, and by one in a thousand.
const CRITICAL_5_PERCENT: f64 = 1_098.52;
const CRITICAL_01_PERCENT: f64 = 1_168.5;

fn main() -> ExitCode {
    let key = DrawKey::new([0xd4; 32]);
    let id = |person: u128| key.draw_id(CampaignId(0), OpeningId(0), CitizenKey(person.to_be_bytes()));
    let ids: Vec<DrawId> = (0..PEOPLE).map(id).collect();
    let (mut all, mut beyond) = (vec![0_u32; PARTS], 0_u64);
    for draw in 0..DRAWS {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&draw.to_be_bytes());
        let seed = Seed::new(&DrawSecret(secret), &[7; 32], b"");
        let mut parts = vec![0_u32; PARTS];
        for id in &ids {
            parts[(seed.place(*id).0 >> 53) as usize] += 1;
        }
        all.iter_mut().zip(&parts).for_each(|(all, part)| *all += part);
        beyond += u64::from(chi_square(&parts) > CRITICAL_5_PERCENT);
    }
    let total = chi_square(&all);
    // 50 of 1,000 are expected beyond the 5 % mark; four standard deviations are 28.
    let even = total < CRITICAL_01_PERCENT && (22..=78).contains(&beyond);
    let words =
        format!("{DRAWS} draws of {PEOPLE}: chi-square of all {total:.1} (1,023 expected), {beyond} beyond 5 %");
    let _ = writeln!(std::io::stdout().lock(), "{words}: {}", if even { "even" } else { "NOT EVEN" });
    if even { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn chi_square(parts: &[u32]) -> f64 {
    let expected = f64::from(parts.iter().sum::<u32>()) / parts.len() as f64;
    parts.iter().map(|counted| (f64::from(*counted) - expected).powi(2) / expected).sum()
}
