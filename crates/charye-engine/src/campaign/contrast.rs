//! Room: engine/campaign. Whether a campaign's own colour can be told from what it stands on, as WCAG 2.2 measures it, and
//! which near colour could. Called by `look_table`, and by the pages' tests, which hold the grounds here against the
//! stylesheet. Never judges a published text: what could be seen when it was published is not refused later.

use charye_domain::campaign::look::Rgb;

/// Text against what is behind it. Source: WCAG 2.2, 1.4.3 (AA).
pub(super) const OF_TEXT: f64 = 4.5;
/// Parts of a page that say something without being text. Source: WCAG 2.2, 1.4.11 (AA).
pub(super) const OF_PARTS: f64 = 3.0;

/// What a campaign's colours stand on, in one scheme: the stylesheet's own names and colours.
#[derive(Clone, Copy, Debug)]
pub struct Grounds {
    /// `light` or `dark`.
    pub scheme: &'static str,
    /// What is written on, the page itself first.
    pub papers: [(&'static str, Rgb); 5],
    /// What is written in, on buttons of the campaign's colour.
    pub button_ink: Rgb,
    /// Where a colour goes to be told better: black on light pages, white on dark ones.
    towards: u8,
}

/// The grounds of light pages and of dark ones.
pub const GROUNDS: [Grounds; 2] = [
    Grounds {
        scheme: "light",
        papers: [
            ("paper", Rgb([0xff, 0xff, 0xff])),
            ("wash", Rgb([0xf4, 0xf5, 0xf7])),
            ("good-wash", Rgb([0xe8, 0xf5, 0xee])),
            ("bad-wash", Rgb([0xfd, 0xec, 0xea])),
            ("warn-wash", Rgb([0xff, 0xf4, 0xdd])),
        ],
        button_ink: Rgb([0xff, 0xff, 0xff]),
        towards: 0,
    },
    Grounds {
        scheme: "dark",
        papers: [
            ("paper", Rgb([0x15, 0x17, 0x1b])),
            ("wash", Rgb([0x20, 0x24, 0x2b])),
            ("good-wash", Rgb([0x12, 0x30, 0x1f])),
            ("bad-wash", Rgb([0x3b, 0x15, 0x12])),
            ("warn-wash", Rgb([0x35, 0x27, 0x08])),
        ],
        button_ink: Rgb([0x0b, 0x1a, 0x30]),
        towards: 255,
    },
];

/// A colour that cannot be told well enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TooFaint {
    /// The ground against which it is worst.
    pub(super) against: Rgb,
    pub(super) against_name: &'static str,
    /// Contrast found and needed, to one.
    pub(super) found: f64,
    pub(super) needed: f64,
    /// The nearest colour of the same hue that does.
    pub(super) nearest: Rgb,
}

impl Grounds {
    /// Judges a colour that is written in, and written on.
    pub(super) fn of_text(&self, colour: Rgb) -> Result<(), TooFaint> {
        let [a, b, c, d, e] = self.papers;
        self.judge(colour, &[a, b, c, d, e, ("the ink of buttons", self.button_ink)], OF_TEXT)
    }

    /// Judges a colour of a part of the page.
    pub(super) fn of_part(&self, colour: Rgb) -> Result<(), TooFaint> {
        let [paper, ..] = self.papers;
        self.judge(colour, &[paper], OF_PARTS)
    }

    fn judge(&self, colour: Rgb, against: &[(&'static str, Rgb)], needed: f64) -> Result<(), TooFaint> {
        let worst = |colour: Rgb| {
            let ratios = against.iter().map(|(name, ground)| (contrast(colour, *ground), *name, *ground));
            ratios.min_by(|(a, ..), (b, ..)| a.total_cmp(b))
        };
        let does = |colour: Rgb| worst(colour).is_none_or(|(ratio, ..)| ratio >= needed);
        match worst(colour) {
            Some((found, against_name, against)) if found < needed => {
                let nearer = (1..=255_u8).map(|step| mixed(colour, self.towards, step));
                let nearest = nearer.into_iter().find(|colour| does(*colour)).unwrap_or(Rgb([self.towards; 3]));
                Err(TooFaint { against, against_name, found, needed, nearest })
            }
            _ => Ok(()),
        }
    }
}

/// The colour, gone `step` of 255 on its way to black or white.
fn mixed(Rgb(colour): Rgb, towards: u8, step: u8) -> Rgb {
    let (step, left) = (u32::from(step), u32::from(255 - step));
    Rgb(colour.map(|part| ((u32::from(part) * left + u32::from(towards) * step) / 255).min(255) as u8))
}

/// Contrast of two colours, 1 to 21. Source: WCAG 2.2, "contrast ratio".
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Source: WCAG 2.2, "relative luminance".
fn luminance(Rgb(parts): Rgb) -> f64 {
    let [red, green, blue] = parts.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rgb(text: &str) -> Rgb {
        Rgb::parse(text).unwrap()
    }

    #[test]
    fn contrast_is_measured_as_others_measure_it() {
        let check = |a: &str, b: &str, expect: f64| {
            let found = contrast(rgb(a), rgb(b));
            assert!((found - expect).abs() < 0.005, "{a} {b}: {found}");
        };
        // Values of the WebAIM contrast checker.
        check("#000000", "#ffffff", 21.0);
        check("#777777", "#ffffff", 4.48);
        check("#767676", "#ffffff", 4.54);
        check("#0b50b0", "#0b50b0", 1.0);
        check("#ff0000", "#ffffff", 4.0);
    }

    #[test]
    fn our_own_colours_do_in_both_schemes() {
        let [light, dark] = &GROUNDS;
        for (grounds, own) in [(light, "#0b50b0"), (dark, "#9cc4ff")] {
            assert_eq!(grounds.of_text(rgb(own)), Ok(()));
            assert_eq!(grounds.of_part(rgb(own)), Ok(()));
        }
        assert!(light.of_text(rgb("#9cc4ff")).is_err() && dark.of_text(rgb("#0b50b0")).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_offered_instead_does_and_a_step_less_does_not(parts in any::<[u8; 3]>()) {
            for grounds in &GROUNDS {
                for judged in [Grounds::of_text, Grounds::of_part] {
                    if let Err(faint) = judged(grounds, Rgb(parts)) {
                        prop_assert!(faint.found < faint.needed);
                        prop_assert_eq!(judged(grounds, faint.nearest), Ok(()));
                        let step = (1..=255).find(|step| mixed(Rgb(parts), grounds.towards, *step) == faint.nearest);
                        let before = step.map(|step| mixed(Rgb(parts), grounds.towards, step - 1));
                        prop_assert!(before.is_some_and(|before| judged(grounds, before).is_err()));
                    }
                }
            }
        }
    }
}
