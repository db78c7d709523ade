//! Room: xtask, tidy. Reference pages that list what the code has: settings and figures. What is not on its page is found,
//! and so is what a page still has and the code has not. Asked by `tidy`; reads source as text and judges no wording.

use super::{Finding, numbered};
use crate::rust_source::{Layers, is_word};
use crate::tree::Tree;

/// A page and what it lists.
struct List {
    page: &'static str,
    /// What one of it is called in a finding.
    one: &'static str,
    of_code: fn(&Tree) -> Vec<Listed>,
    of_page: fn(&str) -> Vec<(usize, String)>,
}

/// Something the code has, and where.
struct Listed {
    path: String,
    line: usize,
    name: String,
}

const LISTS: &[List] = &[
    List { page: "docs/reference/configuration.md", one: "setting", of_code: settings, of_page: settings_of_page },
    List { page: "docs/reference/metrics.md", one: "figure", of_code: figures, of_page: figures_of_page },
];

/// Every section of a configuration is a field here.
const CONFIG: &str = "crates/charye-server/src/config/mod.rs";
/// Where the sections' own fields stand.
const SECTIONS: [&str; 2] = ["crates/charye-server/src/config/", "crates/charye-gateway/src/identity/"];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for list in LISTS {
        let page = tree.text(list.page).unwrap_or_default();
        let (of_code, of_page) = ((list.of_code)(tree), (list.of_page)(page));
        for listed in &of_code {
            if !of_page.iter().any(|(_, name)| *name == listed.name) {
                let what = format!("{} `{}` is not in {}", list.one, listed.name, list.page);
                findings.push(Finding::new(&listed.path, listed.line, what, "give it a row there"));
            }
        }
        for (line, name) in &of_page {
            if !of_code.iter().any(|listed| listed.name == *name) {
                let what = format!("the code has no {} `{name}`", list.one);
                findings.push(Finding::new(list.page, *line, what, "name it as the code does, or take the row out"));
            }
        }
    }
    findings
}

/// `section.key` of everything that can be configured.
fn settings(tree: &Tree) -> Vec<Listed> {
    let mut settings = Vec::new();
    for (_, section, kind) in fields(tree.text(CONFIG).unwrap_or_default(), "Config") {
        for (path, source) in tree.texts(|path| SECTIONS.iter().any(|folder| path.starts_with(folder))) {
            for (line, key, _) in fields(source, &kind) {
                settings.push(Listed { path: path.to_owned(), line, name: format!("{section}.{key}") });
            }
        }
    }
    settings
}

/// Line, name and type of every field that others see of the struct `kind`.
fn fields(source: &str, kind: &str) -> Vec<(usize, String, String)> {
    let code = Layers::of_product(source).code;
    let head = format!("struct {kind} {{");
    numbered(&code)
        .skip_while(|(_, line)| !line.contains(&head))
        .skip(1)
        .take_while(|(_, line)| !line.starts_with('}'))
        .filter_map(|(number, line)| {
            let field = line.trim().strip_prefix("pub(crate) ").or_else(|| line.trim().strip_prefix("pub "))?;
            let (name, kind) = field.split_once(':')?;
            Some((number, name.to_owned(), kind.trim().trim_end_matches(',').to_owned()))
        })
        .collect()
}

/// Names of everything counted: what stands in `counter!`, `gauge!` and `histogram!`, itself or as a constant of the file.
fn figures(tree: &Tree) -> Vec<Listed> {
    let mut figures: Vec<Listed> = Vec::new();
    for (path, source) in tree.texts(|path| path.starts_with("crates/") && path.contains("/src/")) {
        let code = Layers::of_product(source).code;
        for ((number, line), text) in numbered(&code).zip(source.lines()) {
            let Some(at) = ["counter!(", "gauge!(", "histogram!("]
                .iter()
                .find_map(|open| line.find(open).map(|at| at + open.len()))
            else {
                continue;
            };
            // The layers lie over the source character by character; whatever a line has before it is ASCII.
            let Some(argument) = text.get(at..) else { continue };
            let name = match argument.strip_prefix('"') {
                Some(name) => name.split('"').next().map(str::to_owned),
                None => constant(source, argument.split(|c| !is_word(c)).next().unwrap_or_default()),
            };
            let Some(name) = name else { continue };
            if !figures.iter().any(|known| known.name == name) {
                figures.push(Listed { path: path.to_owned(), line: number, name });
            }
        }
    }
    figures
}

/// The text of a constant of the file.
fn constant(source: &str, name: &str) -> Option<String> {
    let head = format!("const {name}: &str = \"");
    source.lines().find_map(|line| line.split_once(&head)?.1.split('"').next().map(str::to_owned))
}

/// Rows below a heading such as "## `[listen]`".
fn settings_of_page(page: &str) -> Vec<(usize, String)> {
    let mut section = "";
    let mut settings = Vec::new();
    for (number, line) in numbered(page) {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading.strip_prefix("`[").and_then(|rest| rest.split(']').next()).unwrap_or_default();
        }
        if let (Some(key), false) = (first_cell(line), section.is_empty()) {
            settings.push((number, format!("{section}.{key}")));
        }
    }
    settings
}

/// Rows such as "| `charye_busy_total{cause}` | .. |".
fn figures_of_page(page: &str) -> Vec<(usize, String)> {
    let name = |cell: &str| cell.split('{').next().unwrap_or_default().to_owned();
    numbered(page).filter_map(|(number, line)| Some((number, name(first_cell(line)?)))).collect()
}

/// What stands in backticks at the beginning of a table's row.
fn first_cell(line: &str) -> Option<&str> {
    line.strip_prefix("| `")?.split('`').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a house of one setting and two figures, with these pages.
    fn found(configuration: &str, metrics: &str) -> Vec<String> {
        let tree = Tree::default()
            .with(CONFIG, "struct Config {\n    pub(crate) log: LogSection,\n}\n")
            .with("crates/charye-server/src/config/log.rs", "struct LogSection {\n    pub(crate) level: String,\n}\n")
            .with(
                "crates/charye-web/src/a.rs",
                "const B: &str = \"b_total\";\nconst COOKIE: &str = \"c\";\nfn f() {\n    metrics::counter!(\"a_total\");\n    \
                 gauge!(B, \"what\" => 1);\n    // counter!(\"said\")\n}\n",
            )
            .with("docs/reference/configuration.md", configuration)
            .with("docs/reference/metrics.md", metrics);
        find(&tree).iter().map(|finding| format!("{}:{}", finding.path, finding.line.unwrap_or(0))).collect()
    }

    const SETTINGS: &str = "## `[log]`\n| key | default |\n| `level` | info |\n## Else\n| `x` | y |\n";
    const FIGURES: &str = "| `a_total` | one |\n| `b_total{what}` | two |\n";

    #[test]
    fn pages_that_list_what_the_code_has_are_sound() {
        assert_eq!(found(SETTINGS, FIGURES), Vec::<String>::new());
    }

    #[test]
    fn what_a_page_leaves_out_is_found_where_the_code_has_it() {
        let everything = [
            "crates/charye-server/src/config/log.rs:2",
            "crates/charye-web/src/a.rs:4",
            "crates/charye-web/src/a.rs:5",
        ];
        assert_eq!(found("", ""), everything);
    }

    #[test]
    fn what_a_page_has_and_the_code_has_not_is_found_on_the_page() {
        let stale =
            found(&format!("{SETTINGS}## `[log]`\n| `colour` | no |\n"), &format!("{FIGURES}| `c_total` | x |\n"));
        assert_eq!(stale, ["docs/reference/configuration.md:7", "docs/reference/metrics.md:3"]);
    }
}
