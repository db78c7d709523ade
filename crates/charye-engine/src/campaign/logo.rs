//! Room: engine/campaign. Reads a campaign's logo, letter by letter, and lets through only what draws: shapes, colours and
//! words, no script, no style, no address of another place. Called by `look_table`. Never repairs anything: what it does not
//! know is refused with the place at which it stands.

/// Bytes a logo may have: it is loaded with every first page.
pub(super) const LOGO_BYTES_MAX: usize = 4_096;
/// Shapes within shapes.
const DEPTH_MAX: usize = 16;

const SPACE: &str = "http://www.w3.org/2000/svg";
const ELEMENTS: [&str; 15] = [
    "svg",
    "g",
    "path",
    "circle",
    "ellipse",
    "rect",
    "line",
    "polyline",
    "polygon",
    "title",
    "desc",
    "defs",
    "linearGradient",
    "radialGradient",
    "stop",
];
#[rustfmt::skip]
const ATTRIBUTES: [&str; 48] = [
    "xmlns", "viewBox", "width", "height", "id", "d", "transform", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry",
    "fx", "fy", "points", "offset", "fill", "fill-rule", "fill-opacity", "clip-rule", "stroke", "stroke-width", "stroke-linecap",
    "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "stroke-opacity", "opacity", "stop-color",
    "stop-opacity", "gradientUnits", "gradientTransform", "spreadMethod", "color", "preserveAspectRatio", "version", "role",
    "aria-label", "vector-effect", "pathLength", "paint-order",
];

/// Why a text is no logo, and at which of its characters, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoLogo {
    pub(super) at: usize,
    pub(super) why: String,
}

/// Checks a logo: well-formed, of known elements and attributes, with a `viewBox`.
pub(super) fn check(svg: &str) -> Result<(), NoLogo> {
    let mut reader = Reader { svg, at: 0 };
    if svg.len() > LOGO_BYTES_MAX {
        return Err(reader.no(&format!("it has {} bytes of at most {LOGO_BYTES_MAX}", svg.len())));
    }
    reader.document()
}

struct Reader<'s> {
    svg: &'s str,
    at: usize,
}

impl<'s> Reader<'s> {
    fn no(&self, why: &str) -> NoLogo {
        NoLogo { at: place(self.svg, self.at), why: why.to_owned() }
    }

    fn rest(&self) -> &'s str {
        self.svg.get(self.at..).unwrap_or_default()
    }

    /// Takes what stands next, if it is this.
    fn takes(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let taken = rest.find(|c| !wanted(c)).map_or(rest, |end| rest.get(..end).unwrap_or_default());
        self.at += taken.len();
        taken
    }

    fn space(&mut self) -> bool {
        !self.take_while(|c| c.is_ascii_whitespace()).is_empty()
    }

    fn document(&mut self) -> Result<(), NoLogo> {
        let mut open: Vec<&str> = Vec::new();
        self.space();
        loop {
            let text_at = self.at;
            let text = self.take_while(|c| c != '<');
            let says = !text.trim().is_empty();
            if says && !matches!(open.last(), Some(&"title" | &"desc")) {
                self.at = text_at;
                return Err(self.no("text stands outside of <title> and <desc>"));
            }
            if text.contains('&') {
                self.at = text_at;
                return Err(self.no("\"&\" begins an entity"));
            }
            if self.rest().as_bytes().starts_with(b"<") && self.rest().as_bytes().get(1) == Some(&b'/') {
                self.at += 2;
                let name = self.take_while(|c| c.is_ascii_alphanumeric());
                self.space();
                if open.pop() != Some(name) || !self.takes(">") {
                    return Err(self.no(&format!("the end of <{name}> ends nothing that is open")));
                }
            } else if self.rest().is_empty() {
                return Err(self.no("it ends too early"));
            } else {
                let begins = self.at;
                let (name, stays_open) = self.element(open.is_empty())?;
                if open.len() == DEPTH_MAX {
                    self.at = begins;
                    return Err(self.no("too many elements lie within one another"));
                }
                if stays_open {
                    open.push(name);
                }
            }
            if open.is_empty() {
                self.space();
                return if self.rest().is_empty() {
                    Ok(())
                } else {
                    Err(self.no("something follows the end of <svg>"))
                };
            }
        }
    }

    /// Reads one element's beginning; answers its name, and whether it stays open.
    fn element(&mut self, outermost: bool) -> Result<(&'s str, bool), NoLogo> {
        let begins = self.at;
        self.takes("<");
        let name = self.take_while(|c| c.is_ascii_alphanumeric());
        if !ELEMENTS.contains(&name) || (name == "svg") != outermost {
            self.at = begins;
            let known = ELEMENTS.join(", ");
            return Err(self.no(&format!("<{name}> is not drawn here; <svg> holds only {known}")));
        }
        let mut seen: Vec<&str> = Vec::new();
        loop {
            let spaced = self.space();
            if self.takes("/>") || self.takes(">") {
                let whole = self.svg.get(begins..self.at).unwrap_or_default();
                let lacks = |wanted: &&str| name == "svg" && !seen.contains(wanted);
                if let Some(lacking) = ["xmlns", "viewBox"].iter().find(|wanted| lacks(wanted)) {
                    return Err(self.no(&format!("<svg> has no {lacking}")));
                }
                return Ok((name, !whole.ends_with("/>")));
            }
            let at = self.at;
            let attribute = self.take_while(|c| c.is_ascii_alphanumeric() || c == '-');
            let no = |why: &str| NoLogo { at: place(self.svg, at), why: why.to_owned() };
            if !spaced || !ATTRIBUTES.contains(&attribute) {
                return Err(no(&format!("the attribute \"{attribute}\" of <{name}> is not known here")));
            }
            if seen.contains(&attribute) {
                return Err(no(&format!("<{name}> has \"{attribute}\" twice")));
            }
            seen.push(attribute);
            if !self.takes("=\"") {
                return Err(self.no("a value stands in double quotes, after \"=\""));
            }
            let value = self.take_while(|c| c != '"' && c != '<');
            if !self.takes("\"") {
                return Err(self.no("a value does not end"));
            }
            if !is_harmless(attribute, value) {
                let why = format!("the value of \"{attribute}\" leads elsewhere");
                return Err(NoLogo { at: place(self.svg, at), why });
            }
        }
    }
}

/// The number of the character at a byte, counted from 1.
fn place(svg: &str, at: usize) -> usize {
    svg.get(..at).map_or(0, |read| read.chars().count()) + 1
}

/// Whether a value only draws: no address but of a part of the logo itself, no entity.
fn is_harmless(attribute: &str, value: &str) -> bool {
    if attribute == "xmlns" {
        return value == SPACE;
    }
    let inner = value.strip_prefix("url(#").and_then(|rest| rest.strip_suffix(')'));
    let named = inner.unwrap_or(value);
    let within = inner.is_none_or(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    let elsewhere = ["url", ":", "//", "&", "\\", "@"].iter().any(|sign| named.to_ascii_lowercase().contains(sign));
    within && (!elsewhere || attribute == "aria-label" && !named.contains('&'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">"#;

    /// The one door: between `<svg ..>` and `</svg>`; empty for a logo, else part of why not.
    fn inside(body: &str, expect: &str) {
        match (check(&format!("{HEAD}{body}</svg>")), expect) {
            (Ok(()), "") => {}
            (Err(no), expect) if !expect.is_empty() && no.why.contains(expect) => {}
            (other, _) => panic!("{body}: {other:?}, not {expect:?}"),
        }
    }

    #[test]
    fn what_only_draws_is_a_logo() {
        inside("", "");
        inside(r##"<path d="M1 1h6" fill="#0b50b0"/>"##, "");
        inside(r##"<g fill="none" stroke="#0b50b0"><circle cx="4" cy="4" r="3"/></g>"##, "");
        inside("<title>차례: 우리 동네</title>", "");
        inside(
            r##"<defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient></defs><rect width="8" height="8" fill="url(#a)"/>"##,
            "",
        );
        assert_eq!(check(&format!("  {HEAD}</svg> ")), Ok(()));
    }

    #[test]
    fn what_could_do_anything_else_is_refused() {
        inside("<script>alert(1)</script>", "<script>");
        inside("<style>*{fill:red}</style>", "<style>");
        inside(r#"<image href="https://example.org/a.png"/>"#, "<image>");
        inside(r##"<use href="#a"/>"##, "<use>");
        inside("<foreignObject></foreignObject>", "<foreignObject>");
        inside(r#"<a href="/"></a>"#, "<a>");
        inside("<animate/>", "<animate>");
        inside("<svg></svg>", "<svg>");
        inside(r#"<g onload="alert(1)"/>"#, "\"onload\"");
        inside(r#"<g style="fill:red"/>"#, "\"style\"");
        inside(r#"<g href="/a"/>"#, "\"href\"");
        inside(r#"<g xlink:href="/a"/>"#, "\"xlink\"");
        inside(r#"<g fill="url(https://example.org/#a)"/>"#, "leads elsewhere");
        inside(r#"<g fill="url(#a) url(//b)"/>"#, "leads elsewhere");
        inside(r#"<g fill="java&#115;cript"/>"#, "leads elsewhere");
        inside(r#"<g xmlns="http://www.w3.org/1999/xhtml"/>"#, "leads elsewhere");
        inside("<!-- a comment -->", "<>");
        inside("<![CDATA[a]]>", "<>");
        inside("<?xml-stylesheet href='a'?>", "<>");
        inside("&lt;", "text stands outside");
        inside("<title>&lt;</title>", "entity");
        inside("words", "text stands outside");
    }

    #[test]
    fn what_is_not_well_formed_is_refused_with_its_place() {
        let at = |svg: &str| check(svg).unwrap_err().at;
        assert_eq!(at(""), 1);
        assert_eq!(at("<svg>"), 6);
        assert_eq!(at(&format!("{HEAD}<g></svg>")), 67);
        assert_eq!(at(&format!("{HEAD}가")), 59);
        inside("<g fill='red'/>", "double quotes");
        inside(r#"<g fill="red"#, "does not end");
        inside(r#"<g fill="red" fill="blue"/>"#, "twice");
        inside(r#"<g fill="red"opacity="1"/>"#, "not known");
        inside(&"<g>".repeat(20), "too many elements");
        inside(&" ".repeat(LOGO_BYTES_MAX), "bytes");
        assert!(check(&format!("{HEAD}</svg><svg/>")).unwrap_err().why.contains("follows"));
        assert!(check(&HEAD.replace("viewBox", "width")).unwrap_err().why.contains("no viewBox"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_text_makes_it_panic(text in "[<>/a-z\"=#&:가 !?\\[\\]-]{0,80}") {
            let _ = check(&text);
            let _ = check(&format!("{HEAD}{text}</svg>"));
        }
    }
}
