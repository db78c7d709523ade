//! The page of fail modes against the code: every test that it names exists.

#![expect(clippy::unwrap_used, reason = "what tests share is not seen as a test by the lint")]

use std::fs;
use std::path::Path;

/// Folders between the root and a file, at most.
const DEPTH_MAX: usize = 12;

fn collect(folder: &Path, depth: usize, text: &mut String) {
    if depth > DEPTH_MAX {
        return;
    }
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, depth + 1, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_that_the_page_of_fail_modes_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/fail-modes.md")).unwrap();
    let mut code = String::new();
    collect(&root.join("crates"), 0, &mut code);
    let named = page.split('`').skip(1).step_by(2).filter(|word| {
        word.matches('_').count() >= 4 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    });
    let mut tests = 0;
    for name in named {
        assert!(code.contains(&format!("fn {name}()")), "no test is called {name}");
        tests += 1;
    }
    assert!(tests >= 25, "{tests} tests are named");
}

#[test]
fn every_row_of_the_page_of_fail_modes_says_what_shows_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/fail-modes.md")).unwrap();
    let rows =
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what") && !line.contains("| ---"));
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        assert!(cells.iter().all(|cell| !cell.is_empty()) && cells[3].contains('`'), "{row}");
    }
}
