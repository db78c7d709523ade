//! Room: domain. How a campaign presents itself: colours, logo and texts of its own. Carried with the campaign, because it
//! is published with it and changes with it. No rule looks at it, and nothing here checks it: `charye-engine/campaign` does.

use super::Bilingual;

/// What a campaign sets of its pages. What it leaves out is as it is without a look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignLook {
    /// Stands at the head of every page, in place of the service's own name.
    pub service: Option<Bilingual>,
    pub logo: Option<Logo>,
    /// Links, buttons, focus.
    pub accent: Option<Colours>,
    /// The stripe above every page.
    pub stripe: Option<Colours>,
    /// Stands under the campaign's name on the first page.
    pub welcome: Option<Bilingual>,
    /// One more line of what to bring.
    pub bring: Option<Bilingual>,
    /// Stands at the foot of every page: whom to ask.
    pub contact: Option<Bilingual>,
}

/// A small picture, as SVG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Without script, foreign addresses and line breaks: checked before it is published.
    pub svg: String,
    /// What somebody who does not see it is told.
    pub words: Bilingual,
}

/// One colour for light pages, one for dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colours {
    pub light: Rgb,
    pub dark: Rgb,
}

/// A colour of a screen (sRGB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    /// Reads `#0b50b0`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok();
        let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hexadecimal.then_some(Self([part(0)?, part(2)?, part(4)?]))
    }
}

impl std::fmt::Display for Rgb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self([red, green, blue]) = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_digits_and_reads_back_as_it_is_shown() {
        let check = |text: &str, expect: Option<[u8; 3]>| assert_eq!(Rgb::parse(text), expect.map(Rgb), "{text}");
        check("#0b50b0", Some([0x0b, 0x50, 0xb0]));
        check("#0B50B0", Some([0x0b, 0x50, 0xb0]));
        check("0b50b0", None);
        check("#fff", None);
        check("#+b50b0", None);
        check("#0b50b0 ", None);
        check("#é50b0", None);
        assert_eq!(Rgb([1, 2, 255]).to_string(), "#0102ff");
    }
}
