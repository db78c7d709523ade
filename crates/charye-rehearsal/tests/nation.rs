//! What a generated nation must be, read back from its files by an oracle that shares no code with the generator.

#![expect(clippy::unwrap_used, reason = "the oracle's functions are test code, though no #[test] themselves")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use charye_rehearsal::nation::{self, MadePeople, NationError, NationPlan, NationReport, Step};
use jiff::Span;
use jiff::civil::Date;

/// A nation as its files tell it.
struct ReadNation {
    clinics: Vec<HashMap<String, String>>,
    sessions: Vec<Row>,
    citizens: Vec<HashMap<String, String>>,
}

/// One row of sessions.csv, checked.
struct Row {
    clinic: String,
    product: String,
    dose: u8,
    first_day: Date,
    last_day: Date,
    /// Monday first.
    weekdays: [bool; 7],
    starts: Vec<u32>,
    capacity: u64,
}

fn make(plan: &NationPlan) -> (tempfile::TempDir, NationReport) {
    let directory = tempfile::tempdir().unwrap();
    let report = nation::generate(plan, directory.path(), &mut |_| {}).unwrap();
    (directory, report)
}

fn scaled(scale_permille: u32, seed: u64) -> NationPlan {
    NationPlan { scale_permille, ..NationPlan::korea_2021(seed) }
}

/// The rows of a table, each by its column names.
fn records(text: &[u8]) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers().unwrap().clone();
    let by_name = |row: csv::StringRecord| {
        header.iter().zip(row.iter()).map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect()
    };
    reader.records().map(|row| by_name(row.unwrap())).collect()
}

fn read(directory: &Path) -> ReadNation {
    let rows = |name: &str| records(&fs::read(directory.join(name)).unwrap());
    ReadNation {
        clinics: rows("clinics.csv"),
        sessions: rows("sessions.csv").iter().map(session).collect(),
        citizens: rows("citizens.csv"),
    }
}

/// Reads a row of sessions.csv and checks what a row by itself can violate.
fn session(cells: &HashMap<String, String>) -> Row {
    let minutes = |cell: &str| {
        let (hours, minutes) = cell.split_once(':').unwrap();
        assert!(hours.len() == 2 && minutes.len() == 2, "{cell}");
        hours.parse::<u32>().unwrap() * 60 + minutes.parse::<u32>().unwrap()
    };
    let (start, end) = (minutes(&cells["start"]), minutes(&cells["end"]));
    let step: u32 = cells["slot_minutes"].parse().unwrap();
    assert!((5..=720).contains(&step) && start < end && end <= 1_440, "{cells:?}");
    let starts: Vec<u32> = (start..end).step_by(step as usize).filter(|at| at + step <= end).collect();
    assert!(!starts.is_empty(), "no slot fits: {cells:?}");
    let capacity = cells["capacity"].parse().unwrap();
    assert!((1..=10_000).contains(&capacity), "{cells:?}");
    let row = Row {
        clinic: cells["clinic_code"].clone(),
        product: cells["product"].clone(),
        dose: cells["dose"].parse().unwrap(),
        first_day: cells["first_day"].parse().unwrap(),
        last_day: cells["last_day"].parse().unwrap(),
        weekdays: weekdays(&cells["weekdays"]),
        starts,
        capacity,
    };
    assert!(matches!(row.dose, 1 | 2) && row.first_day <= row.last_day, "{cells:?}");
    row
}

fn weekdays(words: &str) -> [bool; 7] {
    let index = |word: &str| ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().position(|w| *w == word).unwrap();
    let mut open = [false; 7];
    match words.split_once('-') {
        _ if words == "all" => open = [true; 7],
        Some((first, last)) => open[index(first)..=index(last)].fill(true),
        None => words.split(',').for_each(|word| open[index(word)] = true),
    }
    open
}

fn open_days(row: &Row, closed: &BTreeSet<Date>) -> Vec<Date> {
    row.first_day
        .series(Span::new().days(1))
        .take_while(|day| *day <= row.last_day)
        .filter(|day| row.weekdays[day.weekday().to_monday_zero_offset().unsigned_abs() as usize])
        .filter(|day| !closed.contains(day))
        .collect()
}

/// Slot starts and places by dose, counted from the rows alone; panics where two rows overlap or a day is too full.
fn count(sessions: &[Row], closed: &BTreeSet<Date>) -> (u64, [u64; 2]) {
    let mut lines: BTreeMap<(&str, &str, u8), Vec<&Row>> = BTreeMap::new();
    let (mut slots, mut places) = (0, [0, 0]);
    for row in sessions {
        let count = (row.starts.len() * open_days(row, closed).len()) as u64;
        slots += count;
        places[usize::from(row.dose) - 1] += count * row.capacity;
        lines.entry((&row.clinic, &row.product, row.dose)).or_default().push(row);
    }
    for ((clinic, product, dose), rows) in lines {
        for weekday in 0..7 {
            let starts: Vec<u32> =
                rows.iter().filter(|row| row.weekdays[weekday]).flat_map(|row| row.starts.clone()).collect();
            assert!(starts.len() <= 64, "{clinic} {product} dose {dose}: {} slots a day", starts.len());
            let distinct: BTreeSet<u32> = starts.iter().copied().collect();
            assert_eq!(distinct.len(), starts.len(), "{clinic} {product} dose {dose}: a start appears twice");
        }
    }
    (slots, places)
}

fn closed(plan: &NationPlan) -> BTreeSet<Date> {
    plan.holidays.iter().copied().collect()
}

#[test]
fn the_full_nation_has_the_stated_size_and_its_report_is_true() {
    let plan = NationPlan::korea_2021(2021);
    let (directory, report) = make(&plan);
    println!("{report}");
    let nation = read(directory.path());
    let (slots, [first, second]) = count(&nation.sessions, &closed(&plan));
    assert_eq!((report.slots, report.first_dose_places, report.second_dose_places), (slots, first, second));
    assert_eq!(report.clinics() as usize, nation.clinics.len());
    assert_eq!(report.clinic_sessions as usize, nation.sessions.len());
    assert_eq!(report.citizens as usize, nation.citizens.len());
    assert!((15_900..=16_100).contains(&nation.clinics.len()), "{} clinics", nation.clinics.len());
    assert!((270..=290).contains(&report.centres) && (250..=260).contains(&report.health_centres));
    assert!((100_000..=300_000).contains(&nation.sessions.len()), "{} sessions", nation.sessions.len());
    assert!((19_000_000..=21_000_000).contains(&slots), "{slots} slots");
    assert!((18_000_000..=20_000_000).contains(&first), "{first} first doses");
    assert!(second >= first, "everybody vaccinated once must find a second place: {first} then {second}");
    assert_eq!((report.last_day - report.first_day).get_days() + 1, 78);
}

#[test]
fn every_district_has_clinics_in_proportion_to_its_adults() {
    let (directory, _) = make(&scaled(1_000, 7));
    let nation = read(directory.path());
    let table = include_bytes!("../data/kr_districts.csv");
    let mut clinics: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for clinic in &nation.clinics {
        clinics.entry(&clinic["district_code"]).or_default().push(&clinic["kind"]);
    }
    let districts = records(table);
    let pairs: Vec<(f64, f64)> = districts
        .iter()
        .map(|district| {
            let kinds = &clinics[district["district_code"].as_str()];
            for kind in ["contracted", "centre", "health_centre"] {
                assert!(kinds.contains(&kind), "{district:?} has no {kind}");
            }
            (district["adults"].parse().unwrap(), kinds.len() as f64)
        })
        .collect();
    assert_eq!(clinics.len(), 250, "no clinic lies in a district that is not in the table");
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
    let (x, y) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
    let covariance = mean(&|pair| (pair.0 - x) * (pair.1 - y));
    let correlation =
        covariance / (mean(&|pair| (pair.0 - x).powi(2)).sqrt() * mean(&|pair| (pair.1 - y).powi(2)).sqrt());
    assert!(correlation > 0.99, "correlation {correlation}");
}

/// Checks that whoever has a first dose can have the second at the same clinic, days later as the plan says.
fn check_second_doses(plan: &NationPlan) {
    let (directory, _) = make(plan);
    let nation = read(directory.path());
    let mut days: BTreeMap<(&str, &str), [BTreeSet<Date>; 2]> = BTreeMap::new();
    for row in &nation.sessions {
        let days = &mut days.entry((&row.clinic, &row.product)).or_default()[usize::from(row.dose) - 1];
        days.extend(open_days(row, &closed(plan)));
    }
    assert!(days.len() >= nation.clinics.len());
    for ((clinic, product), [first, second]) in days {
        assert!(!first.is_empty(), "{clinic} {product}");
        for day in first {
            let (earliest, latest) = (day + Span::new().days(35), day + Span::new().days(42));
            let found = second.range(earliest..=latest).next();
            let seed = plan.seed;
            assert!(found.is_some(), "seed {seed}, {clinic} {product}: a first dose on {day} has no second");
        }
    }
}

#[test]
fn every_first_dose_day_has_a_second_dose_day_in_the_interval_at_the_same_clinic() {
    check_second_doses(&scaled(200, 3));
}

#[test]
fn second_doses_follow_on_whatever_weekday_the_calendar_begins() {
    for days in 0_i64..7 {
        let first_day = NationPlan::korea_2021(0).first_day + Span::new().days(1_900 + days);
        check_second_doses(&scaled(15, days.unsigned_abs()).begun_on(first_day));
    }
}

#[test]
fn sizes_are_long_tailed_and_slots_are_as_large_as_the_kind_allows() {
    let (directory, _) = make(&scaled(300, 5));
    let nation = read(directory.path());
    let kinds: HashMap<&str, &str> =
        nation.clinics.iter().map(|clinic| (clinic["clinic_code"].as_str(), clinic["kind"].as_str())).collect();
    let mut places: BTreeMap<&str, u64> = BTreeMap::new();
    for row in nation.sessions.iter().filter(|row| row.dose == 1) {
        let most = if kinds[row.clinic.as_str()] == "centre" { 60 } else { 24 };
        assert!(row.capacity <= most, "{}: {} places", row.clinic, row.capacity);
        *places.entry(&row.clinic).or_default() += row.capacity * row.starts.len() as u64;
    }
    assert_eq!(places.len(), kinds.len(), "every clinic gives first doses");
    let contracted = places.iter().filter(|(clinic, _)| kinds[**clinic] == "contracted");
    let mut sizes: Vec<u64> = contracted.map(|(_, places)| *places).collect();
    sizes.sort_unstable();
    let quantile = |permille: usize| sizes[sizes.len() * permille / 1_000];
    assert!(quantile(990) > 4 * quantile(500), "median {}, 99 % {}", quantile(500), quantile(990));
}

#[test]
fn no_national_number_or_telephone_number_can_be_anybodys() {
    let plan = NationPlan { citizens: 30_000, ..scaled(100, 11) };
    let (directory, _) = make(&plan);
    let nation = read(directory.path());
    let mut numbers = BTreeSet::new();
    let mut phones = BTreeSet::new();
    for citizen in &nation.citizens {
        let number = &citizen["national_number"];
        let digits: Vec<u32> = number.chars().map(|digit| digit.to_digit(10).unwrap()).collect();
        assert_eq!(digits.len(), 13, "{number}");
        let mut sum = 0;
        for (place, digit) in digits[..12].iter().enumerate() {
            sum += digit * (place as u32 % 8 + 2);
        }
        assert_ne!(digits[12], (11 - sum % 11) % 10, "{number} is a citizen's");
        assert_ne!(digits[12], (13 - sum % 11) % 10, "{number} is a foreign resident's");
        assert!((97..=99).contains(&number[7..9].parse::<u32>().unwrap()), "{number}");
        let born: Date = citizen["birth_date"].parse().unwrap();
        assert_eq!(number[..6], born.strftime("%y%m%d").to_string(), "{number}");
        assert_eq!(matches!(digits[6], 3 | 4 | 7 | 8), born.year() >= 2000, "{number}");
        assert!(citizen["phone"].starts_with("010-00"), "{citizen:?}");
        assert!(numbers.insert(number.clone()), "{number} twice");
        assert!(phones.insert(citizen["phone"].clone()), "{citizen:?}");
    }
    for clinic in &nation.clinics {
        let parts: Vec<&str> = clinic["phone"].split('-').collect();
        assert!(parts.len() == 3 && parts[1].starts_with("000") && parts[2].len() == 4, "{clinic:?}");
        assert!(phones.insert(clinic["phone"].clone()), "{clinic:?}");
    }
}

#[test]
fn test_people_cover_every_age_and_digit_and_some_may_not_reserve() {
    let plan = scaled(10, 4);
    let (directory, _) = make(&plan);
    let nation = read(directory.path());
    let births: Vec<Date> = nation.citizens.iter().map(|citizen| citizen["birth_date"].parse().unwrap()).collect();
    let cohort: BTreeSet<(i16, i8)> = births
        .iter()
        .filter(|born| (plan.born_from..=plan.born_to).contains(born))
        .map(|born| (born.year(), born.day() % 10))
        .collect();
    assert_eq!(cohort.len(), 32 * 10, "every year of birth with every last digit");
    assert!(births.iter().filter(|born| **born > plan.born_to).count() > 150, "too young");
    assert!(births.iter().filter(|born| **born < plan.born_from).count() > 300, "too old");
    assert!(births.iter().all(|born| *born <= plan.first_day && born.year() >= 1900));
    let names: Vec<&str> = nation.citizens.iter().map(|citizen| citizen["name_ko"].as_str()).collect();
    for name in ["김차례", "제갈민서", "허별", "이믜르", "NGUYEN THI THU HA", "리, 명화"] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(names.iter().any(|name| name.chars().count() > 60));
    let mut twins: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for citizen in &nation.citizens {
        *twins.entry((&citizen["name_ko"], &citizen["birth_date"])).or_default() += 1;
    }
    assert!(twins[&("김민준", births[9].to_string().as_str())] >= 2, "two people of one name and birth date");
    assert_eq!(births[1], plan.born_from);
    assert_eq!(births[2], plan.born_to);
}

#[test]
fn cells_are_what_the_import_takes() {
    for (scale_permille, seed) in [(1, 9), (40, u64::MAX), (5, 0), (5, 1), (5, 2), (5, 3)] {
        let (directory, _) = make(&scaled(scale_permille, seed));
        let nation = read(directory.path());
        let mut codes = BTreeSet::new();
        let mut names = BTreeSet::new();
        for clinic in &nation.clinics {
            let code = &clinic["clinic_code"];
            let letters_ok = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            assert!(letters_ok && (1..=32).contains(&code.len()) && codes.insert(code.as_str()), "{code}");
            assert!((1..=80).contains(&clinic["name_ko"].chars().count()), "{clinic:?}");
            assert!((1..=80).contains(&clinic["name_en"].chars().count()), "{clinic:?}");
            assert!(names.insert((&clinic["district_code"], &clinic["name_ko"])), "{clinic:?}");
            let (lat, lon): (f64, f64) = (clinic["lat"].parse().unwrap(), clinic["lon"].parse().unwrap());
            assert!((33.0..38.7).contains(&lat) && (124.5..131.0).contains(&lon), "{clinic:?}");
            assert!(clinic["name_en"].is_ascii(), "{clinic:?}");
        }
        assert!(nation.sessions.iter().all(|row| codes.contains(row.clinic.as_str())));
        assert!(nation.sessions.iter().all(|row| ["pfizer", "moderna"].contains(&row.product.as_str())));
        let cells = nation.clinics.iter().chain(&nation.citizens).flatten();
        for (column, cell) in cells {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "a spreadsheet would run {cell:?}");
            assert!((column == "guardian_numbers" || !cell.is_empty()) && cell.trim() == cell);
        }
        let numbers: BTreeSet<&str> =
            nation.citizens.iter().map(|citizen| citizen["national_number"].as_str()).collect();
        let guardians = nation.citizens.iter().map(|citizen| citizen["guardian_numbers"].as_str());
        assert!(guardians.filter(|guardian| !guardian.is_empty()).all(|guardian| numbers.contains(guardian)));
        count(&nation.sessions, &BTreeSet::new());
    }
}

#[test]
fn the_smallest_nation_still_has_a_clinic_in_every_district() {
    let (directory, report) = make(&scaled(1, 1));
    let nation = read(directory.path());
    let districts: BTreeSet<&str> = nation.clinics.iter().map(|clinic| clinic["district_code"].as_str()).collect();
    assert_eq!(districts.len(), 250);
    assert!(report.clinics() < 260, "{}", report.clinics());
}

#[test]
fn a_seed_makes_the_same_bytes_and_another_seed_others() {
    let (first, one) = make(&scaled(20, 42));
    let (second, two) = make(&scaled(20, 42));
    let (_other, three) = make(&scaled(20, 43));
    assert_eq!(one, two);
    for name in ["clinics.csv", "sessions.csv", "citizens.csv", "nation.toml", "README.md"] {
        let bytes = |directory: &tempfile::TempDir| fs::read(directory.path().join(name)).unwrap();
        assert_eq!(bytes(&first), bytes(&second), "{name}");
    }
    for (file, other) in one.files.iter().zip(&three.files) {
        assert_ne!(file.blake3, other.blake3, "{}", file.name);
    }
}

#[test]
fn the_golden_nation_has_not_changed() {
    // Whoever changes the generator changes everybody's nations: say so in the CHANGELOG, then write the new hashes here.
    let (_directory, report) = make(&scaled(20, 42));
    let found: Vec<String> = report.files.iter().map(|file| format!("{} {}", file.name, &file.blake3[..16])).collect();
    assert_eq!(found, GOLDEN);
}

const GOLDEN: [&str; 3] =
    ["clinics.csv 6c9c30aed1f04e33", "sessions.csv 8155e903b50b2e19", "citizens.csv 148518134b6f06b7"];

#[test]
fn people_beyond_a_million_are_written_nowhere_and_the_nations_own_description_makes_them() {
    let (directory, _) = make(&scaled(1, 42));
    assert!(directory.path().join("citizens.csv").exists());
    let plan = NationPlan { citizens: nation::WRITTEN_MAX + 1, ..scaled(1, 42) };
    let report = nation::generate(&plan, directory.path(), &mut |_| {}).unwrap();
    assert_eq!((report.citizens, report.files.len()), (1_000_001, 2));
    assert!(!directory.path().join("citizens.csv").exists(), "an earlier nation's people are not this one's");
    let people = MadePeople::read(&directory.path().join("nation.toml")).unwrap();
    assert_eq!(people.count(), 1_000_001);
    let mut hasher = blake3::Hasher::new();
    for index in (0..1_000_001).step_by(10_007) {
        let person = people.person(index).unwrap();
        assert_eq!(people.index_of(&person.national_number), Some(index));
        hasher.update(format!("{person:?}").as_bytes());
    }
    assert_eq!(&hasher.finalize().to_hex()[..16], MADE_GOLDEN);
}

/// As [`GOLDEN`]: whoever changes it changes the people of everybody's nations.
const MADE_GOLDEN: &str = "b2195cba58d75824";

#[test]
fn a_description_that_makes_nobody_is_refused_in_words() {
    let (directory, _) = make(&scaled(1, 42));
    let path = directory.path().join("nation.toml");
    let sound = fs::read_to_string(&path).unwrap();
    let on_demand = "\n[people_on_demand]\ncount = 5000\n";
    let check = |text: String, expect: &str| {
        fs::write(&path, text).unwrap();
        let said = MadePeople::read(&path).map(|people| people.count()).unwrap_err().to_string();
        assert!(said.contains(expect), "{said}");
    };
    check(sound.clone(), "name its citizens.csv");
    check(format!("{sound}{}", on_demand.replace("5000", "0")), "1 to 20000000");
    check(format!("{sound}{on_demand}").replace("seed = \"42\"", "seed = \"x\""), "seed must be a whole number");
    check(format!("{sound}{on_demand}").replace("\"1972-01-01\"", "\"1972-02-30\""), "1972-02-30 is not a date");
    check(format!("{sound}{on_demand}").replace("\"1972-01-01\"", "\"2003-12-30\""), "a year of birth dates");
    check(format!("{sound}# {}{on_demand}", "x".repeat(70_000)), "larger than");
    fs::write(&path, format!("{sound}{on_demand}")).unwrap();
    assert_eq!(MadePeople::read(&path).unwrap().count(), 5_000);
    fs::remove_file(&path).unwrap();
    assert!(MadePeople::read(&path).unwrap_err().to_string().contains("could not read"));
}

#[test]
fn another_calendar_and_other_products_fit_too() {
    let begin = "2026-11-23".parse().unwrap();
    let mut plan = scaled(20, 8).begun_on(begin);
    assert_eq!(plan.holidays[0], "2026-12-18".parse().unwrap(), "holidays move with the calendar");
    plan.products = ["a", "b", "c"].map(str::to_owned).to_vec();
    let (directory, report) = make(&plan);
    let nation = read(directory.path());
    assert_eq!((report.first_day, report.last_day), (begin, "2027-02-08".parse().unwrap()));
    let products: BTreeSet<&str> = nation.sessions.iter().map(|row| row.product.as_str()).collect();
    assert_eq!(products, BTreeSet::from(["a", "b", "c"]));
    assert_eq!(count(&nation.sessions, &closed(&plan)).0, report.slots);
    let one = NationPlan { products: vec!["only".to_owned()], ..plan };
    assert!(read(make(&one).0.path()).sessions.iter().all(|row| row.product == "only"));
}

#[test]
fn an_impossible_plan_is_refused_and_writes_nothing() {
    let good = scaled(1, 1);
    for (plan, field) in [
        (NationPlan { scale_permille: 0, ..good.clone() }, "scale_permille"),
        (NationPlan { scale_permille: 1_001, ..good.clone() }, "scale_permille"),
        (NationPlan { first_dose_days: 0, ..good.clone() }, "first_dose_days"),
        (NationPlan { dose_two_days_min: 43, ..good.clone() }, "dose_two_days_min"),
        (NationPlan { dose_two_days_max: 100, ..good.clone() }, "dose_two_days_max"),
        (NationPlan { dose_two_days_max: u16::MAX, ..good.clone() }, "dose_two_days_max"),
        (NationPlan { products: vec![], ..good.clone() }, "products"),
        (NationPlan { products: vec!["=cmd".to_owned()], ..good.clone() }, "products"),
        (NationPlan { products: vec!["a".to_owned(), "a".to_owned()], ..good.clone() }, "products"),
        (NationPlan { born_to: good.born_from - Span::new().days(1), ..good.clone() }, "born_from, born_to"),
        (NationPlan { citizens: 20_000_001, ..good.clone() }, "citizens"),
        (NationPlan { first_day: Date::MAX, ..good.clone() }, "first_day"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("nation");
        let error = nation::generate(&plan, &target, &mut |_| {}).unwrap_err();
        assert!(matches!(&error, NationError::Plan { field: found, .. } if *found == field), "{error}");
        assert!(!target.exists(), "{field}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a-file");
    fs::write(&file, "in the way").unwrap();
    let error = nation::generate(&scaled(1, 1), &file, &mut |_| {}).unwrap_err();
    assert!(matches!(&error, NationError::Write { .. }) && error.to_string().contains("a-file"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), b"in the way");
}

#[test]
fn progress_runs_to_the_end_of_both_steps_and_leaves_no_part_behind() {
    let directory = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    nation::generate(&scaled(1, 1), directory.path(), &mut |progress| seen.push(progress)).unwrap();
    assert_eq!(seen.iter().filter(|progress| progress.step == Step::Clinics).count(), 250);
    assert_eq!(seen.last().map(|progress| (progress.step, progress.done)), Some((Step::Citizens, 4_000)));
    assert!(seen.iter().all(|progress| progress.done <= progress.total));
    let mut names: Vec<String> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["README.md", "citizens.csv", "clinics.csv", "nation.toml", "sessions.csv"]);
}

#[test]
fn the_nations_own_description_parses_and_agrees_with_the_report() {
    let (directory, report) = make(&scaled(30, 6));
    let text = fs::read_to_string(directory.path().join("nation.toml")).unwrap();
    let described: toml::Table = text.parse().unwrap();
    assert_eq!(described["plan"]["seed"].as_str(), Some("6"), "a seed beyond 2^63 fits no TOML number");
    assert_eq!(described["totals"]["slots"].as_integer(), i64::try_from(report.slots).ok());
    assert_eq!(described["files"].as_array().unwrap().len(), 3);
    for file in &report.files {
        let bytes = fs::read(directory.path().join(file.name)).unwrap();
        assert_eq!((bytes.len() as u64, blake3::hash(&bytes).to_hex().to_string()), (file.bytes, file.blake3.clone()));
    }
}
