//! Room: engine/clinic. What is wrong with a file being imported, where, and what to do. Excerpts of cells are short and
//! escaped, so that a hostile file cannot write on anyone's screen or log.

use std::fmt;
use std::sync::Arc;

/// Errors listed for one file; then reading stops.
pub const ROW_ERRORS_MAX: usize = 100;

/// One thing wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {}{message}\n    remedy: {remedy}", self.shown_cell())]
pub struct RowError {
    /// The file as the caller named it.
    pub file: Arc<str>,
    /// The line on which the record begins, counted from 1.
    pub line: u64,
    /// The column by its name in the file's header, if the error is in one cell.
    pub column: Option<String>,
    /// The start of the cell, at most 40 characters, control characters escaped.
    pub excerpt: Option<String>,
    pub message: String,
    pub remedy: String,
}

impl RowError {
    fn shown_cell(&self) -> String {
        match (&self.column, &self.excerpt) {
            (Some(column), Some(excerpt)) => format!("column {column} (\"{excerpt}\"): "),
            (Some(column), None) => format!("column {column}: "),
            _ => String::new(),
        }
    }
}

/// Everything wrong with a file, in its order; at least one error, at most [`ROW_ERRORS_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportErrors {
    pub errors: Vec<RowError>,
    /// Whether reading stopped before the end of the file, so that there may be more.
    pub stopped_early: bool,
    pub counts: ImportCounts,
}

impl fmt::Display for ImportErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.errors {
            writeln!(f, "{error}")?;
        }
        let ImportCounts { rows, accepted, .. } = self.counts;
        write!(f, "{accepted} of {rows} rows are good")?;
        if self.stopped_early {
            f.write_str("; reading stopped here, there may be more errors")?;
        }
        Ok(())
    }
}

impl std::error::Error for ImportErrors {}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Rows read, the header not counted.
    pub rows: u64,
    /// Rows handed on.
    pub accepted: u64,
    /// Bytes of the source.
    pub bytes: u64,
}

/// Why an import ended without its whole file handed on. Chunks handed on before stay staged, without effect.
#[derive(Debug, thiserror::Error)]
pub enum ImportFailure<S> {
    #[error("{0}")]
    File(ImportErrors),
    /// The caller took no more chunks.
    #[error("could not stage a chunk of the import")]
    Sink(S),
}
