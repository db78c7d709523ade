//! Room: web. Writes every page in every language with every sample to a folder, with an index: a gallery to look at
//! without a server. Called by `cargo xtask pages DIR`. Never serves anything, and knows no citizen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use charye_web::citizen::{SamplePage, sample_assets, sample_pages};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("name the folder to write the gallery to")?.into();
    for assets in ["assets", "look"] {
        std::fs::create_dir_all(folder.join(assets))?;
    }
    for asset in sample_assets() {
        std::fs::write(folder.join(asset.path.trim_start_matches('/')), asset.content)?;
    }
    let pages = sample_pages();
    for page in &pages {
        std::fs::write(folder.join(file_name(page)), on_disk(&page.html))?;
    }
    std::fs::write(folder.join("index.html"), index(&pages))?;
    Ok(check(&folder, pages.len())?)
}

fn file_name(page: &SamplePage) -> String {
    format!("{}.{}.html", page.name, page.language)
}

/// Opened from a disk, a page finds its assets beside it. Links to other pages stay as they are.
fn on_disk(html: &str) -> String {
    html.replace("=\"/assets/", "=\"assets/").replace("=\"/look/", "=\"look/")
}

fn index(pages: &[SamplePage]) -> String {
    let mut by_name: BTreeMap<&str, Vec<&SamplePage>> = BTreeMap::new();
    for page in pages {
        by_name.entry(page.name).or_default().push(page);
    }
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Charye: every page</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"></head><body><h1>Every page</h1><ul>\n",
    );
    for (name, pages) in by_name {
        let _ = write!(html, "<li>{name}:");
        for page in pages {
            let _ = write!(html, " <a href=\"{}\" hreflang=\"{1}\">{1}</a>", file_name(page), page.language);
        }
        html.push_str("</li>\n");
    }
    html.push_str("</ul></body></html>\n");
    html
}

/// A gallery with a page missing would be believed.
fn check(folder: &Path, expect: usize) -> std::io::Result<()> {
    let is_page = |entry: &std::fs::DirEntry| {
        let name = entry.file_name();
        Path::new(&name).extension().is_some_and(|extension| extension == "html") && name != "index.html"
    };
    let written = std::fs::read_dir(folder)?.filter_map(Result::ok).filter(is_page).count();
    if written >= expect { Ok(()) } else { Err(std::io::Error::other(format!("{written} of {expect} pages written"))) }
}
