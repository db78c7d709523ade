//! Room: engine/campaign. The table `[line]`: what it means, what it says when it is wrong, that its canonical text reads back.

use charye_domain::campaign::Campaign;
use charye_domain::ids::{CampaignId, CampaignVersion};
use charye_domain::time::UnixMillis;
use jiff::civil::date;

use super::super::{Language, bundled, canonical_text, describe_for, diff, read_campaign, read_published};

const LINE: &str = "\n[line]\nhard_cap = 20_000\nrate_min_per_min = 600\nrate_max_per_min = 12_000\n";

fn text(line: &str) -> String {
    format!("{}{line}", bundled("one-clinic").unwrap().text)
}

fn read(line: &str) -> Campaign {
    read_campaign("c.toml", text(line).as_bytes()).unwrap().campaign
}

/// The one door: the first error of a file with this table, without its place.
fn check(line: &str, expect: &str) {
    let errors = read_campaign("c.toml", text(line).as_bytes()).unwrap_err();
    let first = errors.errors[0].to_string().replace("\n    remedy: ", " | ");
    let (_, said) = first.split_once(": ").unwrap();
    assert_eq!(said, expect);
}

#[test]
fn a_line_needs_three_numbers_and_has_sound_ones_for_the_rest() {
    assert_eq!(read("").line, None);
    let plan = read(LINE).line.unwrap();
    assert_eq!((plan.terms.hard_cap(), plan.terms.agents_share()), (20_000, 500));
    assert_eq!((plan.terms.rates_per_min(), plan.terms.grace_secs()), ((600, 12_000), 180));
    assert_eq!((plan.enrol_secs, plan.public_value_note), (86_400, None));
}

#[test]
fn a_line_that_contradicts_itself_is_refused_with_a_remedy() {
    check(
        "\n[line]\nhard_cap = 0\nrate_min_per_min = 1\nrate_max_per_min = 1\n",
        "`hard_cap`: 0 is out of range | write a whole number from 1 to 1000000",
    );
    check(
        "\n[line]\nhard_cap = 10\nrate_min_per_min = 90\nrate_max_per_min = 60\n",
        "the lowest rate is above the highest | write at least rate_min_per_min",
    );
    check(
        "\n[line]\nhard_cap = 10\nrate_min_per_min = 9\n",
        "[line] has no `rate_max_per_min` | add a line such as `rate_max_per_min = 12_000`",
    );
}

#[test]
fn the_canonical_text_of_a_line_reads_back_as_the_same_line() {
    let note = "public_value_note = { ko = \"그날의 로또 번호\", en = \"that evening's lottery numbers\" }\n";
    for line in ["", LINE, &format!("{LINE}agents_share = 0\ngrace_secs = 60\nenrol_secs = 0\n{note}")] {
        let file = read_campaign("c.toml", text(line).as_bytes()).unwrap();
        let canonical = canonical_text(&file);
        let again = read_published(&canonical, CampaignId(0), CampaignVersion(1)).unwrap();
        assert_eq!(again, file.campaign, "{canonical}");
    }
}

#[test]
fn a_changed_line_says_its_effect() {
    let said = |a: &str, b: &str| diff(&read(a), &read(b)).iter().map(|change| change.what.clone()).collect::<Vec<_>>();
    assert_eq!(said("", LINE), ["line added"]);
    assert_eq!(said(LINE, ""), ["line removed"]);
    assert_eq!(said(LINE, LINE), Vec::<String>::new());
    let other = LINE.replace("20_000", "10_000").replace("600", "300") + "enrol_secs = 3_600\n";
    let changes = ["line, hard cap: 20000 -> 10000", "line, visits a minute: 600 to 12000 -> 300 to 12000"];
    assert_eq!(said(LINE, &other), [&changes[..], &["line, seconds of enrolment: 86400 -> 3600"]].concat());
}

#[test]
fn people_are_told_that_they_will_wait() {
    let told = |line, language| describe_for(&read(line), date(1950, 1, 1), UnixMillis(0), language);
    assert!(told(LINE, Language::English).contains("drawn among those who enrol in the 24 hours before"));
    assert!(told(LINE, Language::Korean).contains("시작 24시간 전부터"));
    assert!(!told("", Language::English).contains("wait"));
}
