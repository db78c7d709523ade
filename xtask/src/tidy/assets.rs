//! Room: xtask, tidy. What a browser is sent: nothing that asks a foreign host, nothing vendored that has changed.

use std::io::Write;
use std::process::{Command, Stdio};

use toml::{Table, Value};

use super::{Finding, numbered};
use crate::tree::Tree;

const ROOTS: &[&str] = &["crates/charye-web/pages/", "crates/charye-web/assets/", "crates/charye-web/translations/"];
const ASSETS: &str = "crates/charye-web/assets/";
const MANIFEST: &str = "crates/charye-web/assets/VENDORED.toml";
/// Names of vocabularies, which no browser fetches.
const VOCABULARIES: &[&str] =
    &["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/1999/xhtml"];
/// Ways to name another host; `//host` counts where an address can stand.
const FOREIGN: &[&str] = &["http://", "https://", "ws://", "wss://", "=\"//", "='//", "url(//"];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let vendored = vendored(tree, &mut findings);
    for (path, text) in tree.texts(|path| ROOTS.iter().any(|root| path.starts_with(root)) && path != MANIFEST) {
        if path.contains(".min.") && !vendored.iter().any(|file| *file == path) {
            let remedy = format!("list it in {MANIFEST} with its version, licence and SHA-256");
            findings.push(Finding::new(path, None, "a vendored file that the manifest does not list", remedy));
        }
        if vendored.iter().any(|file| *file == path) {
            continue;
        }
        for (line, content) in numbered(text) {
            let content =
                VOCABULARIES.iter().fold(content.to_owned(), |content, vocabulary| content.replace(vocabulary, ""));
            if let Some(way) = FOREIGN.iter().find(|way| content.contains(*way)) {
                let what = format!("a page names a foreign host (`{way}`)");
                findings.push(Finding::new(
                    path,
                    line,
                    what,
                    "serve it from our own origin: the policy is `default-src 'self'`",
                ));
            }
        }
    }
    findings
}

/// The paths that the manifest lists; what is wrong with them goes to `findings`.
fn vendored(tree: &Tree, findings: &mut Vec<Finding>) -> Vec<String> {
    let Some(text) = tree.text(MANIFEST) else { return Vec::new() };
    let mut paths = Vec::new();
    let table = match text.parse::<Table>() {
        Ok(table) => table,
        Err(error) => {
            findings.push(Finding::new(MANIFEST, None, format!("not TOML: {}", error.message()), "mend the manifest"));
            return paths;
        }
    };
    for file in table.get("file").and_then(Value::as_array).into_iter().flatten() {
        let field = |key: &str| file.get(key).and_then(Value::as_str);
        let (Some(name), Some(sha256), Some(_), Some(_)) =
            (field("name"), field("sha256"), field("version"), field("licence"))
        else {
            findings.push(Finding::new(
                MANIFEST,
                None,
                "an entry is incomplete",
                "give it name, version, licence and sha256",
            ));
            continue;
        };
        let path = format!("{ASSETS}{name}");
        let remedy = "take the file of that version again, or state the new version with its SHA-256";
        match tree.bytes(&path).map(sha256_of) {
            None => findings.push(Finding::new(
                MANIFEST,
                None,
                format!("{name} is not there"),
                "remove the entry or restore the file",
            )),
            Some(Ok(actual)) if actual == sha256 => {}
            Some(Ok(actual)) => findings.push(Finding::new(
                &path,
                None,
                format!("its SHA-256 is {actual}, the manifest says {sha256}"),
                remedy,
            )),
            Some(Err(error)) => findings.push(Finding::new(
                &path,
                None,
                format!("its SHA-256 could not be computed: {error}"),
                "install coreutils (sha256sum)",
            )),
        }
        paths.push(path);
    }
    paths
}

/// By `sha256sum`, so that anyone can repeat it against what the author published.
fn sha256_of(bytes: &[u8]) -> std::io::Result<String> {
    let mut child = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(bytes)?;
    }
    let output = child.wait_with_output()?;
    Ok(String::from_utf8_lossy(&output.stdout).split_whitespace().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_host_is_found() {
        for text in [
            "<img src=\"https://example.org/a.png\">",
            "<script src=\"//example.org/a.js\">",
            "a { background: url(//example.org/a) }",
        ] {
            let found = find(&Tree::default().with("crates/charye-web/pages/a.html", &format!("x\n{text}\n")));
            assert_eq!((found.len(), found[0].line), (1, Some(2)), "{text}");
        }
        for text in ["<svg xmlns=\"http://www.w3.org/2000/svg\">", "<a href=\"/reserve\">", "// a comment"] {
            assert_eq!(find(&Tree::default().with("crates/charye-web/assets/a.js", text)), [], "{text}");
        }
    }

    #[test]
    fn a_vendored_file_is_the_one_of_the_manifest() {
        let manifest = |sha256: &str| {
            format!("[[file]]\nname = \"u.min.js\"\nversion = \"1\"\nlicence = \"MIT\"\nsha256 = \"{sha256}\"\n")
        };
        let tree =
            |sha256: &str| Tree::default().with(MANIFEST, &manifest(sha256)).with(&format!("{ASSETS}u.min.js"), "abc");
        // FIPS 180-2, appendix B.1.
        let right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(find(&tree(right)), []);
        assert!(find(&tree("00"))[0].what.contains(right));
        assert!(find(&Tree::default().with(MANIFEST, &manifest(right)))[0].what.contains("is not there"));
        assert_eq!(find(&Tree::default().with(&format!("{ASSETS}u.min.js"), "abc")).len(), 1);
    }
}
