//! Room: engine/campaign. What is wrong with a campaign file, where, and what to do about it. Never ends the reading by
//! itself: errors are collected, so that one run shows them all.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Errors shown for one file; the rest is only noted.
pub const ERRORS_MAX: usize = 50;

/// One thing wrong with a campaign file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}\n    remedy: {remedy}")]
pub struct CampaignFileError {
    /// The file as the caller named it.
    pub file: Arc<str>,
    /// Counted from 1.
    pub line: u32,
    /// Characters, counted from 1.
    pub column: u32,
    pub message: String,
    pub remedy: String,
}

/// Everything wrong with a campaign file, in the order of the file; at least one error, at most [`ERRORS_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignFileErrors {
    pub errors: Vec<CampaignFileError>,
    /// Errors beyond [`ERRORS_MAX`], not listed.
    pub unlisted: usize,
}

impl fmt::Display for CampaignFileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            write!(f, "{gap}{error}")?;
        }
        if self.unlisted > 0 {
            write!(f, "\n{} more errors are not listed: correct these first", self.unlisted)?;
        }
        Ok(())
    }
}

impl std::error::Error for CampaignFileErrors {}

/// Collects the errors of one file while it is read.
pub(super) struct Findings<'t> {
    file: Arc<str>,
    text: &'t str,
    found: Vec<(usize, CampaignFileError)>,
    unlisted: usize,
}

impl<'t> Findings<'t> {
    pub(super) fn new(file: &str, text: &'t str) -> Self {
        Self { file: file.into(), text, found: Vec::new(), unlisted: 0 }
    }

    /// Notes an error at a byte range of the text.
    pub(super) fn note(&mut self, at: &Range<usize>, message: impl Into<String>, remedy: impl Into<String>) {
        if self.found.len() >= ERRORS_MAX {
            self.unlisted += 1;
            return;
        }
        let (line, column) = line_and_column(self.text, at.start);
        let (message, remedy) = (message.into(), remedy.into());
        self.found.push((at.start, CampaignFileError { file: Arc::clone(&self.file), line, column, message, remedy }));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The text at a byte range, for a message.
    pub(super) fn text_at(&self, at: &Range<usize>) -> &'t str {
        self.text.get(at.clone()).unwrap_or_default()
    }

    pub(super) fn into_errors(mut self) -> CampaignFileErrors {
        self.found.sort_by_key(|(start, _)| *start);
        let errors = self.found.into_iter().map(|(_, error)| error).collect();
        CampaignFileErrors { errors, unlisted: self.unlisted }
    }
}

fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
