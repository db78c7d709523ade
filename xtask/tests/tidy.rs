//! The real tree through the real program: it is tidy as it stands, and every planted violation is found.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its files has failed, and says where")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A copy of the files that git knows, without git.
struct Copy(tempfile::TempDir);

impl Copy {
    fn of_the_repository() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let copy = tempfile::tempdir().unwrap();
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .unwrap();
        for path in String::from_utf8(listed.stdout).unwrap().split_terminator('\0') {
            let target = copy.path().join(path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            // Another process may delete a file that was listed; what is gone is not part of the copy.
            let _ = fs::copy(root.join(path), target);
        }
        Self(copy)
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.0.path().join(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.path().join(path), text).unwrap();
    }

    fn tidy(&self) -> Output {
        Command::new(env!("CARGO_BIN_EXE_xtask")).args(["tidy", "--root"]).arg(self.0.path()).output().unwrap()
    }

    /// Asserts that tidy fails and says `place: .. what` for each of them, with a remedy on the next line.
    fn assert_found(&self, planted: &[(String, &str)]) {
        let output = self.tidy();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success(), "{said}");
        for (place, what) in planted {
            let found = |line: &&str| line.trim_start().starts_with(place) && line.contains(what);
            let mut lines = said.lines().skip_while(|line| !found(line));
            assert!(lines.next().is_some(), "no `{place}` with `{what}` in:\n{said}");
            assert!(lines.next().is_some_and(|line| line.trim_start().starts_with("remedy: ")), "no remedy:\n{said}");
        }
    }
}

#[test]
fn the_tree_is_tidy_as_it_stands() {
    let output = Copy::of_the_repository().tidy();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_forbidden_edge_is_found() {
    let copy = Copy::of_the_repository();
    let path = "crates/charye-domain/Cargo.toml";
    let manifest = copy.text(path);
    let line = manifest.lines().position(|line| line == "[dependencies]").unwrap() + 2;
    copy.write(
        path,
        &manifest.replacen("[dependencies]\n", "[dependencies]\ncharye-engine = { workspace = true }\n", 1),
    );
    copy.assert_found(&[(format!("{path}:{line}: "), "charye-domain must not depend on charye-engine")]);
}

#[test]
fn what_a_document_names_and_is_not_there_is_found() {
    let copy = Copy::of_the_repository();
    let rows = [
        ("See `crates/charye-web/src/no_such_room.rs`.", "`crates/charye-web/src/no_such_room.rs` is not there"),
        ("Shown by `no_test_has_ever_been_called_so`.", "nothing is called `no_test_has_ever_been_called_so`"),
        ("Type `charye audit verifies`.", "there is no `charye audit verifies`"),
        ("Type `charye draw verify --no-such-option`.", "`--no-such-option` is no option of it"),
        ("Type `cargo xtask tydi`.", "there is no `cargo xtask tydi`"),
    ];
    let mut page = copy.text("ARCHITECTURE.md");
    let planted = rows.map(|(text, what)| {
        page = format!("{page}\n{text}\n");
        (format!("ARCHITECTURE.md:{}: ", page.lines().count()), what)
    });
    copy.write("ARCHITECTURE.md", &page);
    copy.assert_found(&planted);
}

#[test]
fn a_file_that_breaks_a_wall_is_found() {
    let rows = [
        ("charye-domain", "fn now() -> Instant { std::time::Instant::now() }", 2, "a clock in the domain"),
        ("charye-domain", "use std::collections::HashMap;", 2, "a map that is seeded at random"),
        ("charye-domain", "fn f() { println!() }", 2, "printing in the domain"),
        ("charye-engine", "const Q: &str = \"SELECT remaining FROM slot\";", 2, "SQL outside charye-ledger"),
        ("charye-engine", "const P: &str = \"<p>{name}</p>\";", 2, "HTML below charye-web"),
        ("charye-web", "#[allow(dead_code)]\nfn f() {}", 2, "`#[allow]`"),
        ("charye-web", "struct SlotManager;", 2, "`manager` says nothing"),
        ("charye-server", "const HOME: &str = \"/\u{68}ome/me/charye\";", 2, "a path of one machine"),
    ];
    let copy = Copy::of_the_repository();
    let mut planted = vec![("crates/charye-engine/src/planted.rs:1: ".to_owned(), "no `//!` header")];
    copy.write("crates/charye-engine/src/planted.rs", "fn f() {}\n");
    for (number, (name, text, line, what)) in rows.into_iter().enumerate() {
        let path = format!("crates/{name}/src/planted_{number}.rs");
        copy.write(&path, &format!("//! Room: planted by a test, to be found by tidy.\n{text}\n"));
        planted.push((format!("{path}:{line}: "), what));
    }
    copy.assert_found(&planted);
}
