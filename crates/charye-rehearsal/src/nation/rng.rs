//! Room: rehearsal. The only chance in the demo nation: xoshiro256++ streams, each opened from the plan's seed.
//!
//! Called by every file of `nation`, and for the habits of people on an evening. Never asks the operating system for anything, and never uses a function whose last
//! bit differs between machines (`ln`, `sin`, `exp`): only `+ - * /` and `sqrt`, which IEEE 754 fixes, so a seed makes
//! the same bytes everywhere. Not for secrets: whoever knows the seed knows the nation.
//!
//! Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2021); the state is filled by
//! SplitMix64, as they advise.

/// What a stream is for. A stream of its own each, so that drawing more in one place moves nothing in another.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Clinics of a district: index is the district code.
    Clinics = 1,
    /// Clinic sessions of a district: index is the district code.
    ClinicSessions = 2,
    /// The test citizens.
    Citizens = 3,
    /// What citizens do on an evening.
    Habits = 4,
    /// People made on demand: index is their place.
    MadePeople = 5,
}

/// A deterministic random stream.
pub(crate) struct Stream {
    state: [u64; 4],
}

impl Stream {
    /// The stream of `seed` for one purpose and index.
    pub(crate) fn open(seed: u64, purpose: Purpose, index: u32) -> Self {
        let mut mixer = SplitMix64 { state: seed };
        let salt = mixer.next() ^ (((purpose as u64) << 32) | u64::from(index));
        let mut mixer = SplitMix64 { state: salt };
        Self { state: [mixer.next(), mixer.next(), mixer.next(), mixer.next()] }
    }

    /// The next 64 bits.
    pub(crate) fn next_u64(&mut self) -> u64 {
        let [s0, s1, s2, s3] = self.state;
        let result = s0.wrapping_add(s3).rotate_left(23).wrapping_add(s0);
        let s2 = s2 ^ s0;
        let s3 = s3 ^ s1;
        self.state = [s0 ^ s3, s1 ^ s2, s2 ^ (s1 << 17), s3.rotate_left(45)];
        result
    }

    /// A number in `0..end`; 0 if `end` is 0. The bias of the multiplication is below `end / 2^64`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        ((u128::from(self.next_u64()) * u128::from(end)) >> 64) as u32
    }

    /// A number in `0.0..1.0`, in steps of 2^-53.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `low..high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True in `permille` of a thousand cases.
    pub(crate) fn chance(&mut self, permille: u32) -> bool {
        self.below(1_000) < permille
    }

    /// Roughly normal, mean 0 and deviation 1, within -6..6: the sum of twelve uniform numbers (Irwin-Hall).
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// Long-tailed, at least 1: Pareto with exponent 4 (median 1.19, one in a hundred above 3.1), at most 10.
    pub(crate) fn long_tailed(&mut self) -> f64 {
        (1.0 / (1.0 - self.unit()).sqrt().sqrt()).min(10.0)
    }

    /// `value` rounded down or up so that the mean over many draws is `value`.
    pub(crate) fn round(&mut self, value: f64) -> f64 {
        let whole = value.floor();
        if self.unit() < value - whole { whole + 1.0 } else { whole }
    }

    /// One of a table, each as likely.
    pub(crate) fn pick<T: Copy, const N: usize>(&mut self, table: &[T; N]) -> T {
        const { assert!(N > 0 && N < u32::MAX as usize, "a table to pick from has rows") };
        table[self.below(N as u32) as usize]
    }

    /// One of a table, each as likely as its weight says.
    pub(crate) fn weighted<T: Copy, const N: usize>(&mut self, table: &[(u32, T); N]) -> T {
        const { assert!(N > 0, "a table to pick from has rows") };
        let mut left = self.below(table.iter().map(|(weight, _)| *weight).sum());
        for (weight, choice) in table {
            if left < *weight {
                return *choice;
            }
            left -= *weight;
        }
        table[N - 1].1
    }
}

/// Fills a state from one number. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generators_give_the_published_numbers() {
        // Outputs of the authors' C code, as the tests of the crate rand_xoshiro 0.7 carry them.
        let mut mixer = SplitMix64 { state: 1_477_776_061_723_855_037 };
        assert_eq!([mixer.next(), mixer.next()], [1_985_237_415_132_408_290, 2_979_275_885_539_914_483]);
        let mut stream = Stream { state: [1, 2, 3, 4] };
        let drawn = [(); 4].map(|()| stream.next_u64());
        assert_eq!(drawn, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let first = |seed, purpose, index| Stream::open(seed, purpose, index).next_u64();
        let base = first(1, Purpose::Clinics, 11110);
        assert_eq!(base, first(1, Purpose::Clinics, 11110));
        assert_ne!(base, first(2, Purpose::Clinics, 11110));
        assert_ne!(base, first(1, Purpose::Citizens, 11110));
        assert_ne!(base, first(1, Purpose::Clinics, 11140));
    }

    #[test]
    fn draws_have_the_stated_ranges_and_means() {
        let mut stream = Stream::open(7, Purpose::Citizens, 0);
        let count = 20_000;
        let mean = |draw: &mut dyn FnMut() -> f64| (0..count).map(|_| draw()).sum::<f64>() / f64::from(count);
        assert!((mean(&mut || f64::from(stream.below(10))) - 4.5).abs() < 0.1);
        assert!(mean(&mut || stream.normal()).abs() < 0.05);
        assert!((mean(&mut || stream.round(2.3)) - 2.3).abs() < 0.02);
        assert!((mean(&mut || f64::from(stream.chance(250))) - 0.25).abs() < 0.02);
        assert!((mean(&mut || f64::from(stream.weighted(&[(1, 0_u8), (3, 1_u8)]))) - 0.75).abs() < 0.02);
        assert!((0..count).all(|_| (1.0..=10.0).contains(&stream.long_tailed())));
        assert_eq!(stream.below(0), 0);
    }
}
