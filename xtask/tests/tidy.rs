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

    /// Puts a file there for as long as `check` takes.
    fn with(&self, path: &str, text: &str, check: impl FnOnce(&Self)) {
        let file = self.0.path().join(path);
        let before = fs::read(&file).ok();
        fs::write(&file, text).unwrap();
        check(self);
        match before {
            Some(before) => fs::write(&file, before).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
    }

    fn tidy(&self) -> Output {
        Command::new(env!("CARGO_BIN_EXE_xtask")).args(["tidy", "--root"]).arg(self.0.path()).output().unwrap()
    }

    /// Asserts that tidy fails and says `place: .. what`, with a remedy on the next line.
    fn assert_found(&self, place: &str, what: &str) {
        let output = self.tidy();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success(), "{said}");
        let mut lines = said.lines().skip_while(|line| !(line.trim_start().starts_with(place) && line.contains(what)));
        assert!(lines.next().is_some(), "no `{place}` with `{what}` in:\n{said}");
        assert!(lines.next().is_some_and(|line| line.trim_start().starts_with("remedy: ")), "no remedy in:\n{said}");
    }
}

#[test]
fn the_tree_is_tidy_as_it_stands_and_every_planted_violation_is_found() {
    let copy = Copy::of_the_repository();
    let output = copy.tidy();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));

    let manifest = copy.text("crates/charye-domain/Cargo.toml");
    let line = manifest.lines().position(|line| line == "[dependencies]").unwrap() + 2;
    let planted = manifest.replacen("[dependencies]\n", "[dependencies]\ncharye-engine = { workspace = true }\n", 1);
    copy.with("crates/charye-domain/Cargo.toml", &planted, |copy| {
        copy.assert_found(
            &format!("crates/charye-domain/Cargo.toml:{line}: "),
            "charye-domain must not depend on charye-engine",
        );
    });

    let clock = "//! Room: domain. A rule that looks at the clock by itself.\nfn now() -> std::time::Instant { std::time::Instant::now() }\n";
    copy.with("crates/charye-domain/src/planted.rs", clock, |copy| {
        copy.assert_found("crates/charye-domain/src/planted.rs:2: ", "a clock in the domain");
    });

    let architecture = copy.text("ARCHITECTURE.md");
    let stale = format!("{architecture}\nSee `crates/charye-web/src/no_such_room.rs`.\n");
    let line = stale.lines().count();
    copy.with("ARCHITECTURE.md", &stale, |copy| {
        copy.assert_found(&format!("ARCHITECTURE.md:{line}: "), "`crates/charye-web/src/no_such_room.rs` is not there");
    });

    copy.with("crates/charye-engine/src/planted.rs", "fn f() {}\n", |copy| {
        copy.assert_found("crates/charye-engine/src/planted.rs:1: ", "no `//!` header");
    });

    let sql = "//! Room: engine. A use case that asks the database by itself.\nconst Q: &str = \"SELECT remaining FROM slot\";\n";
    copy.with("crates/charye-engine/src/planted.rs", sql, |copy| {
        copy.assert_found("crates/charye-engine/src/planted.rs:2: ", "SQL outside charye-ledger");
    });

    let excuse = "//! Room: web. A page with an excuse without an end.\n#[allow(dead_code)]\nfn f() {}\n";
    copy.with("crates/charye-web/src/planted.rs", excuse, |copy| {
        copy.assert_found("crates/charye-web/src/planted.rs:2: ", "`#[allow]`");
    });

    assert!(copy.tidy().status.success(), "what was planted was taken out again");
}
