//! Room: web. Pages and assets in fewer bytes, for whoever takes gzip: assets once at the start, pages as they go out.
//! Called by `routes` and by `citizen/assets`.
//!
//! Must never compress a secret beside text that another site chose: the length would tell the secret, letter by letter
//! (BREACH). Which answers that leaves: docs/adr/0009-compressed-pages.md.

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};
use hyper::HeaderMap;
use hyper::header::{ACCEPT_ENCODING, COOKIE};

/// What is shorter goes out as it is: a packet holds it. Unit: bytes.
const WORTH_BYTES: usize = 1_500;
/// Larger answers are not ours; what packing may cost is bounded. Unit: bytes.
const PACKED_BYTES_MAX: usize = 256 * 1024;
/// The history a browser can always look back on, as gzip defines it. Unit: bits.
const WINDOW_BITS: u8 = 15;

/// Packs one text after the other, with memory that is made once. One a thread.
pub(crate) struct Packer(Compress);

impl Packer {
    /// Spends little time: for what is made for one reader.
    pub(crate) fn quick() -> Self {
        Self(Compress::new_gzip(Compression::new(1), WINDOW_BITS))
    }

    /// Spends as much as it takes: for what is packed once.
    pub(crate) fn thorough() -> Self {
        Self(Compress::new_gzip(Compression::best(), WINDOW_BITS))
    }

    /// The text in gzip's format, or nothing if that is not worth it.
    pub(crate) fn pack(&mut self, plain: &[u8]) -> Option<Bytes> {
        if !(WORTH_BYTES..=PACKED_BYTES_MAX).contains(&plain.len()) {
            return None;
        }
        self.0.reset();
        // What does not get smaller than it was is sent as it was.
        let mut packed = Vec::with_capacity(plain.len());
        let status = self.0.compress_vec(plain, &mut packed, FlushCompress::Finish);
        matches!(status, Ok(Status::StreamEnd)).then(|| {
            // Its memory is given back with the answer; the spare half of it now.
            packed.shrink_to_fit();
            packed.into()
        })
    }
}

/// Whether whoever asks takes gzip.
pub(crate) fn is_taken(headers: &HeaderMap) -> bool {
    let sent = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|list| list.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
        let refused = |part: &str| part.strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0_f32));
        named && !parts.any(refused)
    })
}

/// Whether the length of a page may tell what is in it. To somebody without a cookie a page says nothing secret. To others
/// it may, and then only a page that no other site had asked for: browsers say so, and one that does not is not believed.
pub(crate) fn may_tell_its_length(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    !headers.contains_key(COOKIE) || matches!(site, Some("same-origin" | "none"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Decompress, FlushDecompress};
    use hyper::header::{HeaderName, HeaderValue};

    fn unpacked(packed: &[u8]) -> String {
        let mut plain = Vec::with_capacity(PACKED_BYTES_MAX);
        let status = Decompress::new_gzip(WINDOW_BITS).decompress_vec(packed, &mut plain, FlushDecompress::Finish);
        assert_eq!(status.unwrap(), Status::StreamEnd);
        String::from_utf8(plain).unwrap()
    }

    #[test]
    fn what_is_packed_unpacks_to_the_same_one_text_after_the_other() {
        let texts = ["차례 <b>\"예약\"</b> & more. ".repeat(80), "a".repeat(WORTH_BYTES), "b".repeat(PACKED_BYTES_MAX)];
        for mut packer in [Packer::quick(), Packer::thorough()] {
            for text in texts.iter().chain(&texts) {
                let packed = packer.pack(text.as_bytes()).unwrap();
                assert!(packed.len() < text.len() / 2, "{} of {}", packed.len(), text.len());
                assert_eq!(unpacked(&packed), *text);
            }
        }
    }

    #[test]
    fn what_would_not_get_smaller_is_left_as_it_is_and_harms_nothing_after_it() {
        let mut packer = Packer::quick();
        // Digests look like chance to a packer.
        let noise: Vec<u8> = (0..100_u64).flat_map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes()).collect();
        let text = "calm ".repeat(1_000);
        assert_eq!(packer.pack(&noise), None);
        assert_eq!(unpacked(&packer.pack(text.as_bytes()).unwrap()), text);
        assert_eq!(packer.pack(&text.as_bytes()[..WORTH_BYTES - 1]), None, "too short to be worth it");
        assert_eq!(packer.pack(&vec![b'a'; PACKED_BYTES_MAX + 1]), None, "too long to be ours");
    }

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_who_takes_gzip_gets_it() {
        let check = |value, expect| assert_eq!(is_taken(&headers(&[(ACCEPT_ENCODING, value)])), expect, "{value}");
        check("gzip, deflate, br, zstd", true);
        check("br, GZIP;q=0.5", true);
        check("*", true);
        check("gzip;q=0", false);
        check("gzip; q=0.000, br", false);
        check("identity", false);
        check("x-gzipped", false);
        check("", false);
        assert!(!is_taken(&headers(&[])));
    }

    #[test]
    fn a_page_with_secrets_is_only_packed_for_somebody_whom_no_other_site_sent() {
        let site = HeaderName::from_static("sec-fetch-site");
        let check = |pairs: &[_], expect| assert_eq!(may_tell_its_length(&headers(pairs)), expect, "{pairs:?}");
        check(&[], true);
        check(&[(site.clone(), "cross-site")], true);
        let cookie = (COOKIE, "charye_login=x");
        check(std::slice::from_ref(&cookie), false);
        for (value, expect) in [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false)] {
            check(&[cookie.clone(), (site.clone(), value)], expect);
        }
    }
}
