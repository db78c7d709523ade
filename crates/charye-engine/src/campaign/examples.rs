//! Room: engine/campaign. One example for each key of a campaign file, for the remedy when it is missing. Called by
//! `toml_walk`.

/// What the value of a key looks like in the table of this title.
pub(super) fn example(title: &str, key: &str) -> &'static str {
    match key {
        "opens" if title == "[[opening]]" => "2021-08-21T20:00:00",
        "closes" if title == "[[opening]]" => "2021-09-18T18:00:00",
        "code" => "\"kr-2021-18-49\"",
        "name" => "{ ko = \"화이자\", en = \"Pfizer\" }",
        "time_zone" => "\"Asia/Seoul\"",
        "uniqueness" => "\"connecting-information\"",
        "least_assurance" => "\"ial2\"",
        "first_day" | "born_from" => "2021-08-26",
        "last_day" | "born_to" => "2021-11-11",
        "first_evening" | "evening" => "2021-08-09",
        "from" => "2021-08-21T20:00:00",
        "to" => "2021-09-18T18:00:00",
        "opens" => "\"20:00\"",
        "closes" => "\"18:00\"",
        "expected_people" => "16_210_000",
        "change_notice_secs" => "86_400",
        "ttl_secs" => "300",
        "extension_secs" => "120",
        "extensions_max" | "doses" => "2",
        "max_secs" => "1_800",
        "pass_secs" => "600",
        "interval_days" => "[35, 42]",
        "standard_days" => "42",
        "digits" => "[9, 0, 1, 2, 3, 4, 5, 6, 7, 8]",
        "cumulative_share" => "10_000",
        "hard_cap" => "20_000",
        "rate_min_per_min" => "600",
        "rate_max_per_min" => "12_000",
        _ => "..",
    }
}
