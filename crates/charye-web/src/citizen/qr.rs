//! Room: web/citizen. A reservation number as a QR code, drawn as one SVG path. It says the number and nothing else: who
//! reads it learns no more than who hears it.

use std::fmt::Write as _;

use charye_domain::ids::ReservationNumber;
use qrcode::{Color, EcLevel, QrCode};

/// Modules of blank around the code, as its standard asks.
const QUIET: usize = 4;

/// A code, ready to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QrDrawing {
    pub(super) view_box: String,
    /// A rectangle for each run of dark modules.
    pub(super) path: String,
}

impl QrDrawing {
    /// The code of a number; `None` would mean that the number does not fit into the smallest codes, which it does.
    pub(super) fn of(number: ReservationNumber) -> Option<Self> {
        let code = QrCode::with_error_correction_level(number.to_string(), EcLevel::M).ok()?;
        let (width, modules) = (code.width(), code.to_colors());
        let mut path = String::new();
        for (y, row) in modules.chunks(width).enumerate() {
            let mut x = 0;
            while x < width {
                let length = row[x..].iter().take_while(|module| **module == Color::Dark).count();
                if length > 0 {
                    // Writing to a string cannot fail.
                    let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET);
                }
                x += length.max(1);
            }
        }
        let side = width + 2 * QUIET;
        Some(Self { view_box: format!("0 0 {side} {side}"), path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws the path back into modules.
    fn dark(drawing: &QrDrawing) -> Vec<(usize, usize)> {
        let runs = drawing.path.split('M').skip(1);
        let run = |text: &str| {
            let (x, rest) = text.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let length: usize = rest.split('v').next().unwrap().parse().unwrap();
            (x..x + length).map(move |x| (x, y)).collect::<Vec<_>>()
        };
        runs.flat_map(run).collect()
    }

    #[test]
    fn the_drawing_has_every_dark_module_once_inside_its_quiet_zone() {
        let number = ReservationNumber::from_random(1_234_567_890);
        let drawing = QrDrawing::of(number).unwrap();
        let code = QrCode::with_error_correction_level(number.to_string(), EcLevel::M).unwrap();
        let side = code.width();
        let mut expect = Vec::new();
        for y in 0..side {
            for x in 0..side {
                if code[(x, y)] == Color::Dark {
                    expect.push((x + QUIET, y + QUIET));
                }
            }
        }
        let mut drawn = dark(&drawing);
        drawn.sort_by_key(|(x, y)| (*y, *x));
        assert_eq!(drawn, expect);
        assert_eq!(drawing.view_box, format!("0 0 {0} {0}", side + 8));
        assert!(drawing.path.len() < 4_000, "{} bytes", drawing.path.len());
    }
}
