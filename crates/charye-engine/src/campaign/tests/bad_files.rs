//! Room: engine/campaign. What is wrong with a campaign file is said with line, column and remedy; never a panic.

use proptest::prelude::*;

use super::super::{CAMPAIGN_FILE_BYTES_MAX, ERRORS_MAX, bundled, canonical_text, read_campaign};
use super::bundled_file;

fn text() -> &'static str {
    bundled("kr-2021-18-49").unwrap().text
}

/// The one door: in the bundled file `old` becomes `new` once; the first error must be `expect`, as it is shown.
fn check(old: &str, new: &str, expect: &str) {
    let text = text();
    assert!(text.contains(old), "the bundled file has no {old:?}");
    let errors = read_campaign("c.toml", text.replacen(old, new, 1).as_bytes()).unwrap_err();
    let first = errors.errors[0].to_string().replace("\n    remedy: ", " | ");
    assert_eq!(first, expect, "{old:?} -> {new:?}");
}

#[test]
fn every_bundled_campaign_is_good_and_named_by_its_code() {
    for bundled in super::super::BUNDLED {
        assert_eq!(bundled_file(bundled.code).campaign.code, bundled.code);
    }
}

#[test]
fn malformed_toml_is_shown_where_it_breaks() {
    check(
        "code = \"kr-2021-18-49\"",
        "code = \"kr-2021-18-49",
        "c.toml:8:22: invalid basic string, expected `\"` | correct the TOML here: `key = value` on a line, texts in double quotes, lists in square brackets",
    );
    check(
        "[hold]",
        "[hold",
        "c.toml:20:6: unclosed table, expected `]` | correct the TOML here: `key = value` on a line, texts in double quotes, lists in square brackets",
    );
    check(
        "[hold]",
        "[campaign]",
        "c.toml:20:2: duplicate key | keep one of them; a second table of the same kind is written [[like_this]]",
    );
    check(
        "ttl_secs = 300",
        "ttl_secs = 300\nttl_secs = 400",
        "c.toml:22:1: duplicate key | keep one of them; a second table of the same kind is written [[like_this]]",
    );
    check(
        "ttl_secs = 300",
        "ttl_secs 300",
        "c.toml:21:10: key with no value, expected `=` | correct the TOML here: `key = value` on a line, texts in double quotes, lists in square brackets",
    );
}

#[test]
fn unknown_keys_come_with_the_nearest_known_one() {
    check("ttl_secs", "tll_secs", "c.toml:21:1: unknown key `tll_secs` in [hold] | did you mean `ttl_secs`?");
    check("[rotation]", "[rotations]", "c.toml:58:2: unknown key `rotations` in the file | did you mean `rotation`?");
    check(
        "cvx = 208",
        "colour = \"blue\"",
        "c.toml:32:1: unknown key `colour` in [[product]] | remove it; known here: code, name, cvx, doses, interval_days, standard_days",
    );
}

#[test]
fn values_of_the_wrong_kind_or_size_are_named() {
    check(
        "ttl_secs = 300",
        "ttl_secs = \"300\"",
        "c.toml:21:12: `ttl_secs`: a text where a number is wanted | write a whole number from 30 to 3600",
    );
    check(
        "ttl_secs = 300",
        "ttl_secs = 1",
        "c.toml:21:12: `ttl_secs`: 1 is out of range | write a whole number from 30 to 3600",
    );
    check(
        "ttl_secs = 300",
        "ttl_secs = 99999999999999999999999",
        "c.toml:21:12: `ttl_secs`: 99999999999999999999999 is out of range | write a whole number from 30 to 3600",
    );
    check(
        "code = \"pfizer\"",
        "code = \"Pfizer!\"",
        "c.toml:30:8: `code`: \"Pfizer!\" is not a code | write 1 to 40 of the characters a-z, 0-9 and -",
    );
    check(
        "uniqueness = \"connecting-information\"",
        "uniqueness = \"name\"",
        "c.toml:11:14: `uniqueness`: \"name\" is not known | write one of \"connecting-information\", \"pairwise-subject\", \"national-id\", \"rehearsal\"",
    );
    check(
        "uniqueness = \"connecting-information\"",
        "uniqueness = \"connecting-information\"\nleast_assurance = \"loa2\"",
        "c.toml:12:19: `least_assurance`: \"loa2\" is not known | write one of \"ial1\", \"ial2\", \"ial3\"",
    );
    check(
        "uniqueness = \"connecting-information\"",
        "uniqueness = \"rehearsal\"\nleast_assurance = \"ial2\"",
        "c.toml:12:19: the people of a rehearsal prove nothing | remove `least_assurance`, or name the scheme that real providers assert",
    );
    check(
        "time_zone = \"Asia/Seoul\"",
        "time_zone = \"Asia/Soul\"",
        "c.toml:10:13: `time_zone`: the time zone \"Asia/Soul\" is not known | write one of Asia/Seoul, Asia/Tokyo, Asia/Taipei, Asia/Manila, Asia/Kolkata, Europe/Berlin, Europe/London, America/New_York, America/Los_Angeles, UTC, or a POSIX rule such as \"KST-9\"",
    );
    check("en = \"Pfizer\" }", "}", "c.toml:31:8: `name`: the text has no `en` | write { ko = \"..\", en = \"..\" }");
    check(
        "en = \"Pfizer\"",
        "en = \" \"",
        "c.toml:31:8: `name`: the `en` text is empty, too long, or has control characters | write 1 to 80 characters on one line",
    );
    check(
        "opens = \"20:00\"",
        "opens = \"8 pm\"",
        "c.toml:63:9: `opens`: a text where a time of day is wanted | write hours and minutes such as \"20:00\", from \"00:00\" to \"23:59\"",
    );
    check(
        "opens = \"20:00\"",
        "opens = \"24:00\"",
        "c.toml:63:9: `opens`: a text where a time of day is wanted | write hours and minutes such as \"20:00\", from \"00:00\" to \"23:59\"",
    );
    check("doses = 2", "doses = 3", "c.toml:33:9: `doses`: 3 is out of range | write a whole number from 1 to 2");
    check(
        "pass_secs = 600",
        "pass_secs = 500\nmax_secs_ = 4",
        "c.toml:28:1: unknown key `max_secs_` in [visit] | did you mean `max_secs`?",
    );
    check("max_secs = 1_800", "max_secs = 300", "c.toml:27:13: a pass outlasts its visit | write 300 or less");
}

#[test]
fn impossible_dates_are_refused() {
    check(
        "first_day = 2021-08-26",
        "first_day = 2021-02-30",
        "c.toml:12:13: invalid date, expected day between 01 and 28 | write a day of the calendar such as 2021-08-26",
    );
    check(
        "first_day = 2021-08-26",
        "first_day = \"2021-08-26\"",
        "c.toml:12:13: `first_day`: a text where a day is wanted | write a day such as 2021-08-26, without quotes",
    );
    check(
        "first_day = 2021-08-26",
        "first_day = 2021-08-26T10:00:00",
        "c.toml:12:13: `first_day`: a day or time where a day is wanted | write a day such as 2021-08-26, without quotes",
    );
    check(
        "first_day = 2021-08-26",
        "first_day = 0021-08-26",
        "c.toml:12:13: `first_day`: the day 0021-08-26 does not exist | write a day of the calendar, 1880 to 2200",
    );
    check(
        "first_day = 2021-08-26",
        "first_day = 2021-12-26",
        "c.toml:13:12: the last day is before the first | put the later of the two in last_day",
    );
    check(
        "last_day = 2021-11-11",
        "last_day = 2022-01-01",
        "c.toml:13:12: the campaign has 129 vaccination days | keep it within 128 days, or divide it into two campaigns",
    );
    check(
        "closed_days = []",
        "closed_days = [2020-09-09]",
        "c.toml:15:15: the closed day 2020-09-09 lies outside the campaign | list days from 2021-08-26 to 2021-11-11",
    );
    check(
        "born_to = 1985-12-31",
        "born_to = 1965-12-31",
        "c.toml:49:11: nobody is born from 1972-01-01 to 1965-12-31 | put the later day in born_to",
    );
}

#[test]
fn windows_that_are_empty_overlap_or_come_too_late_are_refused() {
    check(
        "to = 2021-09-18T18:00:00",
        "to = 2021-08-21T20:00:00",
        "c.toml:81:1: the window is empty: it opens 2021-08-21T20:00:00 and closes 2021-08-21T20:00:00 | let it close after it opens",
    );
    check(
        "from = 2021-08-21T20:00:00",
        "from = 2021-08-21T17:59:00",
        "c.toml:81:1: the windows of \"catch-up, ages 18 to 35\" and \"everyone aged 18 to 49\" overlap, and some people are in both | let it open at 2021-08-21T18:00:00 or later",
    );
    check(
        "evening = 2021-08-19",
        "evening = 2021-08-18",
        "c.toml:67:1: the windows of \"birthdays ending in 8\" and \"catch-up, ages 36 to 49\" overlap, and some people are in both | let it open at 2021-08-19T18:00:00 or later",
    );
    check(
        "to = 2021-09-18T18:00:00",
        "to = 2021-11-18T18:00:00",
        "c.toml:81:1: the window closes on 2021-11-18, after the last vaccination day | let it close by 2021-11-11",
    );
    check(
        "first_evening = 2021-08-09",
        "first_evening = 2020-08-09",
        "c.toml:58:1: the window opens on 2020-08-09, more than a year before the first day | check the year",
    );
}

#[test]
fn intervals_that_no_open_day_satisfies_are_refused() {
    check(
        "interval_days = [35, 42]",
        "interval_days = [42, 35]",
        "c.toml:34:17: `interval_days`: the interval ends before it begins: 42 to 35 | write [35, 42]",
    );
    check(
        "interval_days = [35, 42]",
        "interval_days = [35]",
        "c.toml:34:17: `interval_days`: the interval needs its first and last day | write [35, 42] or the like",
    );
    check(
        "standard_days = 42",
        "standard_days = 43",
        "c.toml:35:17: the standard interval of 43 days is not allowed | write a number of days from 35 to 42",
    );
    check(
        "interval_days = [35, 42]\nstandard_days = 42",
        "interval_days = [78, 90]\nstandard_days = 84",
        "c.toml:29:1: \"pfizer\": no two open days of the campaign are 78 to 90 days apart | shorten the interval, lengthen the campaign, or open some closed days",
    );
    check(
        "interval_days = [35, 42]\n",
        "",
        "c.toml:29:1: [[product]] has no `interval_days` | add a line such as `interval_days = [35, 42]`",
    );
    check(
        "doses = 2",
        "doses = 1",
        "c.toml:34:17: `interval_days` of a product with one dose | remove it, or write doses = 2",
    );
    check(
        "dose_two = \"together\"\n",
        "",
        "c.toml:7:1: [campaign] has no `dose_two`, and a product has two doses | add dose_two = \"together\" or dose_two = \"later\"",
    );
}

#[test]
fn a_campaign_whose_every_day_is_closed_is_refused() {
    let one_day = text().replace("last_day = 2021-11-11", "last_day = 2021-09-22");
    let one_day = one_day.replace("first_day = 2021-08-26", "first_day = 2021-09-20");
    let errors = read_campaign("c.toml", one_day.as_bytes()).unwrap_err().to_string();
    assert!(errors.contains("every day of the campaign is closed"), "{errors}");
}

#[test]
fn shares_that_fall_or_do_not_reach_the_whole_are_refused() {
    check(
        "share = 1_000",
        "share = 900",
        "c.toml:81:1: after the last opening only 9000 of 10000 are released | let all shares add up to 10000",
    );
    check(
        "share = 1_000",
        "share = 1_001",
        "c.toml:58:1: with this opening 10010 of 10000 are released | let all shares add up to 10000",
    );
    let canonical = canonical_text(&bundled_file("kr-2021-18-49"));
    let falling = canonical.replacen("cumulative_share = 2000", "cumulative_share = 900", 1);
    let errors = read_campaign("c.toml", falling.as_bytes()).unwrap_err();
    assert_eq!(
        errors.errors[0].message,
        "the cumulative share falls from 1000 to 900: released doses are not taken back"
    );
}

#[test]
fn rotations_name_every_digit_once() {
    check(
        "digits = [9, 0, 1,",
        "digits = [9, 0, 0,",
        "c.toml:61:10: the rotation leaves out the digits 1 | list each digit from 0 to 9 once",
    );
    check(
        "digits = [9, 0, 1,",
        "digits = [9, 0,",
        "c.toml:61:10: the rotation leaves out the digits 1 | list each digit from 0 to 9 once",
    );
    check(
        "digits = [9, 0, 1,",
        "digits = [9, 0, 11,",
        "c.toml:61:10: `digits`: 11 is out of range | write a whole number from 0 to 9",
    );
}

#[test]
fn two_digits_may_share_an_evening() {
    let five_evenings = text()
        .replace("digits = [9, 0, 1, 2, 3, 4, 5, 6, 7, 8]", "digits = [[9, 4], [0, 5], [1, 6], [2, 7], [3, 8]]")
        .replace("share = 1_000", "share = 2_000");
    let campaign = read_campaign("c.toml", five_evenings.as_bytes()).unwrap_or_else(|e| panic!("{e}")).campaign;
    assert_eq!(campaign.openings.len(), 8);
    assert_eq!(campaign.openings[0].name.ko, "생일 끝자리 9·4");
    assert_eq!(campaign.openings[4].cumulative_share, 10_000);
}

#[test]
fn cohorts_unused_unknown_or_left_out_are_refused() {
    let unused =
        "code = \"age-99\"\nname = { ko = \"가\", en = \"a\" }\nborn_from = 1910-01-01\nborn_to = 1920-01-01\n";
    let all_named = "[[open_to_all]]\ncohorts = [\"age-36-49\", \"age-18-35\"]";
    let unused = text().replace("[[open_to_all]]", all_named) + "[[cohort]]\n" + unused;
    let errors = read_campaign("c.toml", unused.as_bytes()).unwrap_err();
    assert_eq!(errors.errors[0].message, "no opening lets the cohort \"age-99\" in");
    check(
        "cohorts = [\"age-36-49\"]",
        "cohorts = [\"age-36-50\"]",
        "c.toml:69:11: `cohorts`: there is no cohort \"age-36-50\" | name one of \"age-36-49\", \"age-18-35\", or add a [[cohort]]",
    );
    check(
        "code = \"age-18-35\"",
        "code = \"age-36-49\"",
        "c.toml:52:8: the cohort \"age-36-49\" stands twice | give each cohort a code of its own",
    );
    check(
        "code = \"moderna\"",
        "code = \"pfizer\"",
        "c.toml:38:8: the product \"pfizer\" stands twice | give each product a code of its own",
    );
    let without_open_to_all = text().split("[[open_to_all]]").next().unwrap();
    let only_evens = without_open_to_all.split("[rotation]").next().unwrap().to_owned()
        + "[[opening]]\nname = { ko = \"짝\", en = \"evens\" }\ndigits = [0, 2, 4, 6, 8]\nopens = 2021-08-09T20:00:00\n\
           closes = 2021-08-10T18:00:00\ncumulative_share = 10_000\n";
    let errors = read_campaign("c.toml", only_evens.as_bytes()).unwrap_err();
    assert_eq!(
        errors.errors[0].message,
        "people of the cohort \"age-36-49\" whose day of birth ends in 1, 3, 5, 7, 9 are never let in"
    );
}

#[test]
fn what_is_missing_altogether_is_named() {
    let errors = read_campaign("empty.toml", b"").unwrap_err().to_string();
    for missing in ["no [campaign]", "no [hold]", "no [visit]", "0 products", "0 cohorts"] {
        assert!(errors.contains(missing), "{missing}: {errors}");
    }
}

#[test]
fn every_key_that_must_be_there_comes_with_an_example_that_is_taken() {
    let mut missed = 0;
    for file in [text().to_owned(), canonical_text(&bundled_file("kr-2021-18-49"))] {
        for line in file.lines().filter(|line| line.contains(" = ")) {
            let without = file.replacen(line, "", 1);
            let Err(errors) = read_campaign("c.toml", without.as_bytes()) else { continue };
            let remedy = &errors.errors[0].remedy;
            let Some(example) = remedy.strip_prefix("add a line such as `") else { continue };
            let with_example = file.replacen(line, example.trim_end_matches('`'), 1);
            // It may not fit this campaign's other values, but it is a value of the right kind.
            if let Err(errors) = read_campaign("c.toml", with_example.as_bytes()) {
                let said = errors.to_string();
                assert!(
                    !said.contains(" where ") && !said.contains("out of range") && !said.contains(" has no "),
                    "{line}: {said}"
                );
            }
            missed += 1;
        }
    }
    assert!(missed > 60, "{missed} lines were missed");
}

#[test]
fn texts_in_the_wrong_encoding_or_too_large_are_refused_with_the_place() {
    let mut bytes = text().as_bytes().to_vec();
    let korean = text().find('세').unwrap();
    bytes[korean] = 0xb0;
    let error = read_campaign("c.toml", &bytes).unwrap_err().errors[0].clone();
    assert_eq!((error.line, error.message), (3, format!("byte {korean} is not UTF-8")));
    let huge = vec![b'#'; CAMPAIGN_FILE_BYTES_MAX + 1];
    assert!(read_campaign("c.toml", &huge).unwrap_err().to_string().contains("keep it within 1048576 bytes"));
}

#[test]
fn a_byte_order_mark_is_no_error() {
    let with_mark = format!("\u{feff}{}", text());
    assert_eq!(read_campaign("c.toml", with_mark.as_bytes()).unwrap(), bundled_file("kr-2021-18-49"));
}

#[test]
fn several_errors_are_told_at_once_in_the_order_of_the_file_and_at_most_fifty() {
    let two = text().replace("cvx = 208", "cvx = 0").replace("ttl_secs = 300", "ttl_secs = true");
    let errors = read_campaign("c.toml", two.as_bytes()).unwrap_err().errors;
    assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [21, 32]);
    let many: String = (0..80).map(|n| format!("unknown{n} = 1\n")).collect();
    let errors = read_campaign("c.toml", many.as_bytes()).unwrap_err();
    assert_eq!(errors.errors.len(), ERRORS_MAX);
    assert_eq!(errors.unlisted, 80 + 5 - ERRORS_MAX);
    assert!(errors.to_string().ends_with("35 more errors are not listed: correct these first"));
}

#[test]
fn deeply_nested_or_hostile_toml_is_refused_not_followed() {
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read_campaign("deep.toml", deep.as_bytes()).is_err());
    let dotted = format!("{}a = 1", "a.".repeat(50_000));
    assert!(read_campaign("dotted.toml", dotted.as_bytes()).is_err());
}

#[test]
fn the_canonical_text_reads_back_as_the_same_campaign_and_is_its_own_canonical_text() {
    for bundled in super::super::BUNDLED {
        let file = bundled_file(bundled.code);
        let canonical = canonical_text(&file);
        let again = read_campaign("canonical", canonical.as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(again.campaign, file.campaign);
        assert_eq!(canonical_text(&again), canonical);
    }
}

#[test]
fn texts_with_quotes_and_backslashes_survive_the_canonical_text() {
    let awkward = text().replacen("en = \"Pfizer\"", r#"en = "Pf\"iz\\er \u00e9 '""#, 1);
    let file = read_campaign("c.toml", awkward.as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(file.campaign.products[0].name.en, "Pf\"iz\\er é '");
    let again = read_campaign("canonical", canonical_text(&file).as_bytes()).unwrap();
    assert_eq!(again.campaign, file.campaign);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_damage_to_a_file_makes_the_reader_panic(at in any::<prop::sample::Index>(), cut in 0_usize..40, put in "\\PC{0,6}") {
        let mut bytes = text().as_bytes().to_vec();
        let at = at.index(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, put.bytes());
        if let Ok(file) = read_campaign("c.toml", &bytes) {
            let again = read_campaign("canonical", canonical_text(&file).as_bytes());
            prop_assert_eq!(again.map(|again| again.campaign), Ok(file.campaign));
        }
    }
}
