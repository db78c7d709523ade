//! Room: ledger/people, tests. What every people store must do, whatever keeps it. One door: [`people_suite`].

use charye_domain::ids::Person;
use charye_engine::ports::{PeopleStore, PersonalDetails};
use jiff::civil::{Date, date};

/// Details of a made-up person.
pub(super) fn details(name: &str, birth_date: Date, phone: &str) -> PersonalDetails {
    PersonalDetails { name: name.to_owned(), birth_date, phone: phone.to_owned() }
}

const DAY: Date = date(1985, 2, 28);

/// Runs every expectation, each on a fresh store.
pub(super) fn people_suite(fresh: &dyn Fn() -> Box<dyn PeopleStore>) {
    what_is_put_is_got(&*fresh());
    what_is_put_again_replaces(&*fresh());
    many_are_put_together(&*fresh());
    people_are_found_by_two_exact_identifiers(&*fresh());
    the_erased_are_gone_and_others_stay(&*fresh());
}

fn what_is_put_is_got(people: &dyn PeopleStore) {
    for (person, kept) in [
        (Person(0), details("김하늘", DAY, "01000000001")),
        (Person(u32::MAX), details("Ó'Neil \u{1F489} <b>", date(1900, 1, 1), "")),
        (Person(7), details("", date(2099, 12, 31), "+12125550100")),
    ] {
        assert!(people.get(person).unwrap().is_none());
        people.put(person, &kept).unwrap();
        assert!(people.get(person).unwrap() == Some(kept));
    }
    assert!(people.get(Person(8)).unwrap().is_none());
}

fn what_is_put_again_replaces(people: &dyn PeopleStore) {
    let (before, after) = (details("김하늘", DAY, "01000000001"), details("김하늘", DAY, "01000000002"));
    for kept in [&before, &after, &after, &before] {
        people.put(Person(1), kept).unwrap();
        assert!(people.get(Person(1)).unwrap().as_ref() == Some(kept));
    }
    people.put(Person(1), &after).unwrap();
    assert_eq!(people.find(&before.phone, &before.name, DAY).unwrap(), []);
    assert_eq!(people.find(&after.phone, &after.name, DAY).unwrap(), [Person(1)]);
}

fn many_are_put_together(people: &dyn PeopleStore) {
    let mut many: Vec<_> =
        (0..300).rev().map(|i| (Person(i), details(&format!("사람{i}"), DAY, &format!("0100000{i:04}")))).collect();
    // Somebody twice in one go: the last counts.
    many.push((Person(5), details("다섯", DAY, "01099990005")));
    people.put_all(&many).unwrap();
    people.put_all(&[]).unwrap();
    assert!(people.get(Person(299)).unwrap() == Some(many[0].1.clone()));
    assert!(people.get(Person(5)).unwrap() == Some(details("다섯", DAY, "01099990005")));
}

fn people_are_found_by_two_exact_identifiers(people: &dyn PeopleStore) {
    for (person, name, day, phone) in [
        (1, "김하늘", DAY, "01000000001"),
        (2, "김하늘", DAY, "01000000002"),
        (3, "김하늘", date(1985, 3, 1), "01000000001"),
        (4, "Kim Haneul", DAY, "01000000001"),
        (5, "무전화", DAY, ""),
    ] {
        people.put(Person(person), &details(name, day, phone)).unwrap();
    }
    let rows: [(&str, &str, Date, &[Person]); 9] = [
        ("01000000001", "김하늘", DAY, &[Person(1)]),
        ("+82 10-0000-0001", " 김 하늘", DAY, &[Person(1)]),
        ("010 0000 0001", "KIM HANEUL", DAY, &[Person(4)]),
        ("01000000001", "김하늘", date(1985, 3, 1), &[Person(3)]),
        ("01000000003", "김하늘", DAY, &[]),
        ("01000000001", "김하", DAY, &[]),
        ("0100000000", "김하늘", DAY, &[]),
        ("", "김하늘", DAY, &[]),
        ("", "무전화", DAY, &[]),
    ];
    for (phone, name, day, expected) in rows {
        assert_eq!(people.find(phone, name, day).unwrap(), expected, "{phone} {name} {day}");
    }
    for person in 100..120 {
        people.put(Person(person), &details("쌍둥이", DAY, "01000000009")).unwrap();
    }
    assert_eq!(people.find("01000000009", "쌍둥이", DAY).unwrap().len(), 8, "no search lists people");
}

fn the_erased_are_gone_and_others_stay(people: &dyn PeopleStore) {
    let (one, two) = (details("김하늘", DAY, "01000000001"), details("이바다", DAY, "01000000002"));
    people.put(Person(1), &one).unwrap();
    people.put(Person(2), &two).unwrap();
    people.erase(Person(1)).unwrap();
    people.erase(Person(1)).unwrap();
    people.erase(Person(99)).unwrap();
    assert!(people.get(Person(1)).unwrap().is_none());
    assert_eq!(people.find(&one.phone, &one.name, DAY).unwrap(), []);
    assert!(people.get(Person(2)).unwrap() == Some(two));
}
