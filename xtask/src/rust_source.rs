//! Room: xtask. Takes Rust source apart into code and string contents, so that a word in a comment is no finding.
//!
//! Called by the checks of `tidy`. Knows tokens only; never a parser, never a judge.

/// One source file, its layers laid over the same lines: where a layer has nothing, it has spaces.
pub(crate) struct Layers {
    /// Everything but comments and the contents of strings and characters.
    pub(crate) code: String,
    /// The contents of strings alone.
    pub(crate) strings: String,
}

impl Layers {
    /// Takes `source` apart.
    pub(crate) fn of(source: &str) -> Self {
        let mut lexer = Lexer { chars: source.chars().collect(), at: 0, code: String::new(), strings: String::new() };
        lexer.run();
        Self { code: lexer.code, strings: lexer.strings }
    }

    /// The same without what only tests see: every item under `#[cfg(test)]`.
    pub(crate) fn of_product(source: &str) -> Self {
        let Self { code, strings } = Self::of(source);
        let mut code: Vec<char> = code.chars().collect();
        let mut strings: Vec<char> = strings.chars().collect();
        let mark: Vec<char> = "#[cfg(test)]".chars().collect();
        let mut at = 0;
        while at + mark.len() <= code.len() {
            if code[at..at + mark.len()] != mark[..] {
                at += 1;
                continue;
            }
            let end = item_end(&code, at + mark.len());
            for place in at..end {
                for layer in [&mut code, &mut strings] {
                    if layer[place] != '\n' {
                        layer[place] = ' ';
                    }
                }
            }
            at = end;
        }
        Self { code: code.into_iter().collect(), strings: strings.into_iter().collect() }
    }
}

/// Where the item that starts at `at` ends: after its `;`, or after the brace that closes its first one.
fn item_end(code: &[char], at: usize) -> usize {
    let mut depth = 0_u32;
    for (offset, c) in code[at..].iter().enumerate() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + offset + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + offset + 1,
            _ => {}
        }
    }
    code.len()
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    code: String,
    strings: String,
}

impl Lexer {
    fn run(&mut self) {
        while let Some(c) = self.peek(0) {
            match c {
                '/' if self.peek(1) == Some('/') => self.line_comment(),
                '/' if self.peek(1) == Some('*') => self.block_comment(),
                '"' => self.string(),
                'r' | 'b' | 'c' if !self.inside_word() && self.raw_string_hashes().is_some() => self.raw_string(),
                '\'' => self.quote(),
                _ => self.take_code(),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn inside_word(&self) -> bool {
        self.at > 0 && is_word(self.chars[self.at - 1])
    }

    /// Moves on by one character, writing it into the layers it belongs to and a space into the others.
    fn take(&mut self, in_code: bool, in_strings: bool) {
        let Some(c) = self.peek(0) else { return };
        self.at += 1;
        self.code.push(if in_code || c == '\n' { c } else { ' ' });
        self.strings.push(if in_strings || c == '\n' { c } else { ' ' });
    }

    fn take_code(&mut self) {
        self.take(true, false);
    }

    fn skip(&mut self) {
        self.take(false, false);
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.skip();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_u32;
        while self.peek(0).is_some() {
            let pair = (self.peek(0), self.peek(1));
            match pair {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                _ => {
                    self.skip();
                    continue;
                }
            }
            self.skip();
            self.skip();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.take_code();
        while let Some(c) = self.peek(0) {
            match c {
                '"' => return self.take_code(),
                '\\' => {
                    self.take(false, true);
                    self.take(false, true);
                }
                _ => self.take(false, true),
            }
        }
    }

    /// How many `#` open the raw string that starts here, if one does.
    fn raw_string_hashes(&self) -> Option<usize> {
        let prefix = if self.peek(0) == Some('r') { 1 } else { 2 };
        if prefix == 2 && self.peek(1) != Some('r') {
            return None;
        }
        let hashes = self.chars[self.at + prefix..].iter().take_while(|c| **c == '#').count();
        (self.peek(prefix + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_string(&mut self) {
        let hashes = self.raw_string_hashes().unwrap_or(0);
        while self.peek(0) != Some('"') {
            self.take_code();
        }
        self.take_code();
        while let Some(c) = self.peek(0) {
            let closes = c == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#'));
            if closes {
                for _ in 0..=hashes {
                    self.take_code();
                }
                return;
            }
            self.take(false, true);
        }
    }

    /// A character, or a lifetime.
    fn quote(&mut self) {
        let escaped = self.peek(1) == Some('\\');
        if !escaped && self.peek(2) != Some('\'') {
            return self.take_code();
        }
        self.take_code();
        if escaped {
            self.skip();
        }
        self.skip();
        while self.peek(0).is_some_and(|c| c != '\'') {
            self.skip();
        }
        self.take_code();
    }
}

/// Whether `c` can be part of an identifier.
pub(crate) fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Whether `line` names `path` as whole words: `has_word("use std::time::Instant", "std::time")`.
pub(crate) fn has_word(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        let open_start = path.starts_with(|c| !is_word(c));
        let open_end = path.ends_with(|c| !is_word(c));
        (open_start || !before.is_some_and(is_word)) && (open_end || !after.is_some_and(is_word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(source: &str) -> String {
        Layers::of(source).code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        assert_eq!(code("a /* b /* c */ d */ e // f"), "a e");
        assert_eq!(code(r#"let x = "Instant \" now"; y"#), "let x = \" \"; y");
        assert_eq!(code("r##\"a\"# b\"## c"), "r##\" \"## c");
        assert_eq!(code("'\"' 'a' '\\'' x: &'a str"), "' ' ' ' ' ' x: &'a str");
        assert_eq!(code("for r in b { c }"), "for r in b { c }");
    }

    #[test]
    fn lines_stay_where_they_were() {
        let source = "a\n\"b\nc\"\n/* d\n */ e";
        let layers = Layers::of(source);
        assert_eq!(layers.code.lines().count(), source.lines().count());
        assert_eq!(layers.code.lines().nth(4).map(str::trim), Some("e"));
        assert_eq!(layers.strings.lines().nth(1).map(str::trim), Some("b"));
    }

    #[test]
    fn what_only_tests_see_is_no_product() {
        let source =
            "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { Instant } }\nfn c() {}\n#[cfg(test)]\nuse d;\nfn e() {}";
        let product = Layers::of_product(source).code;
        assert!(product.contains("fn a") && product.contains("fn c") && product.contains("fn e"));
        assert!(!product.contains("Instant") && !product.contains("use d"));
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("use std::time::Duration", "std::time"));
        assert!(!has_word("use std::times", "std::time"));
        assert!(!has_word("FxHashMap", "HashMap") && has_word("<HashMap<", "HashMap"));
        assert!(has_word("rand::thread_rng()", "rand::") && !has_word("operand::x", "rand::"));
    }
}
