//! Room: engine/availability. Clinics by where they are: a flat grid of cells over the country, and distances.
//!
//! Built with the directory, read by searches around a point. Never knows what is free.

use std::ops::Range;

use charye_domain::clinic::Point;

/// Metres of a degree of latitude, and of longitude at the equator: mean earth radius 6,371,008.8 m (IUGG) x pi / 180.
const METRES_PER_DEGREE: f64 = 111_195.08;

/// Clinics sorted into square cells of a grid, row by row from the south-west.
#[derive(Debug)]
pub(super) struct CellGrid {
    south_e6: i32,
    west_e6: i32,
    side_e6: i32,
    columns: i32,
    rows: i32,
    /// `starts[cell]..starts[cell + 1]` of `entries` lie in the cell.
    starts: Box<[u32]>,
    entries: Box<[CellEntry]>,
}

/// A clinic in a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellEntry {
    pub(super) rank: u32,
    pub(super) point: Point,
}

impl CellGrid {
    /// Sides tried, doubling from about a kilometre: the first at which the grid has no more cells than this.
    const CELLS_MAX: i64 = 1 << 19;
    const SIDE_E6: i32 = 10_000;

    /// Sorts clinics into cells.
    pub(super) fn new(mut entries: Vec<CellEntry>) -> Self {
        let bounds = |axis: fn(&Point) -> i32| {
            let values = entries.iter().map(|entry| axis(&entry.point));
            (values.clone().min().unwrap_or(0), values.max().unwrap_or(0))
        };
        let (south_e6, north_e6) = bounds(|point| point.lat_e6);
        let (west_e6, east_e6) = bounds(|point| point.lon_e6);
        let count = |from: i32, to: i32, side: i32| (i64::from(to) - i64::from(from)) / i64::from(side) + 1;
        let mut side_e6 = Self::SIDE_E6;
        while count(south_e6, north_e6, side_e6) * count(west_e6, east_e6, side_e6) > Self::CELLS_MAX {
            side_e6 *= 2;
        }
        let rows = count(south_e6, north_e6, side_e6) as i32;
        let columns = count(west_e6, east_e6, side_e6) as i32;
        let mut grid =
            Self { south_e6, west_e6, side_e6, columns, rows, starts: Box::default(), entries: Box::default() };
        let cell = |entry: &CellEntry| {
            let (row, column) = grid.cell_of(entry.point);
            (row * columns + column) as usize
        };
        entries.sort_by_key(|entry| (cell(entry), entry.rank));
        let mut starts = vec![0_u32; (rows * columns) as usize + 1];
        for entry in &entries {
            starts[cell(entry) + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        grid.starts = starts.into();
        grid.entries = entries.into();
        grid
    }

    /// Visits every clinic that may lie within `radius_m` of the origin, and others of the same cells.
    pub(super) fn visit_within(&self, origin: &Origin, radius_m: u32, mut visit: impl FnMut(&CellEntry)) {
        let degrees = f64::from(radius_m) / METRES_PER_DEGREE;
        let reach_lat = (degrees * 1e6).ceil();
        let reach_lon = (degrees * 1e6 / origin.cos_least).ceil().min(360e6);
        let (lat, lon) = (f64::from(origin.point.lat_e6), f64::from(origin.point.lon_e6));
        let south = self.line(lat - reach_lat, self.south_e6);
        let north = self.line(lat + reach_lat, self.south_e6);
        let (west, east) = (self.line(lon - reach_lon, self.west_e6), self.line(lon + reach_lon, self.west_e6));
        for row in south.max(0)..=north.min(self.rows - 1) {
            self.span(row, west, east).iter().for_each(&mut visit);
        }
    }

    /// Visits clinics ring by ring of cells around the origin, out to `radius_m` at least. Before each ring `go_on` is
    /// told a distance that no clinic of this ring or any after it can undercut, and may end the visit.
    pub(super) fn visit_rings(
        &self,
        origin: &Origin,
        radius_m: u32,
        mut go_on: impl FnMut(u32) -> bool,
        mut visit: impl FnMut(&CellEntry),
    ) {
        let (row, column) = self.cell_of(origin.point);
        let last_ring = [row, self.rows - 1 - row, column, self.columns - 1 - column].into_iter().max().unwrap_or(0);
        // From far outside the grid, the first rings would be empty.
        let first_ring = self.gap(row, self.rows).max(self.gap(column, self.columns));
        for ring in first_ring..=last_ring {
            let nearest_m = self.nearest_of_ring_m(origin, row, column, ring);
            if nearest_m > radius_m || !go_on(nearest_m) {
                return;
            }
            let (south, north, west, east) = (row - ring, row + ring, column - ring, column + ring);
            self.span(south, west, east).iter().for_each(&mut visit);
            if ring == 0 {
                continue;
            }
            self.span(north, west, east).iter().for_each(&mut visit);
            for row in (south + 1).max(0)..north.min(self.rows) {
                self.span(row, west, west).iter().for_each(&mut visit);
                self.span(row, east, east).iter().for_each(&mut visit);
            }
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.entries)
    }

    /// How many cells an index lies outside `0..count`.
    fn gap(&self, index: i32, count: i32) -> i32 {
        (-index).max(index - (count - 1)).max(0)
    }

    /// Row and column of a point; outside the grid for points outside the country.
    fn cell_of(&self, point: Point) -> (i32, i32) {
        let index = |value: i32, from: i32| (i64::from(value) - i64::from(from)).div_euclid(i64::from(self.side_e6));
        (index(point.lat_e6, self.south_e6) as i32, index(point.lon_e6, self.west_e6) as i32)
    }

    fn line(&self, value_e6: f64, from_e6: i32) -> i32 {
        ((value_e6 - f64::from(from_e6)) / f64::from(self.side_e6)).floor() as i32
    }

    /// The clinics in the cells of a row from one column to another, both included; none outside the grid.
    fn span(&self, row: i32, west: i32, east: i32) -> &[CellEntry] {
        let columns = west.max(0)..east.min(self.columns - 1) + 1;
        if row < 0 || row >= self.rows || columns.is_empty() {
            return &[];
        }
        let cell = |column: i32| (row * self.columns + column) as usize;
        let Range { start, end } = columns;
        &self.entries[self.starts[cell(start)] as usize..self.starts[cell(end)] as usize]
    }

    /// No clinic in this ring of cells, or outside it, is nearer than this.
    fn nearest_of_ring_m(&self, origin: &Origin, row: i32, column: i32, ring: i32) -> u32 {
        if ring == 0 {
            return 0;
        }
        let side = f64::from(self.side_e6);
        let within = |value: i32, from: i32, index: i32| {
            let offset = f64::from(value) - f64::from(from) - f64::from(index) * side;
            offset.min(side - offset).max(0.0) + f64::from(ring - 1) * side
        };
        let lat_e6 = within(origin.point.lat_e6, self.south_e6, row);
        let lon_e6 = within(origin.point.lon_e6, self.west_e6, column) * origin.cos_least;
        (lat_e6.min(lon_e6) * 1e-6 * METRES_PER_DEGREE) as u32
    }
}

/// A point from which distances are measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    point: Point,
    cos: f64,
    /// Change of the cosine half-way to another latitude, per millionth of a degree.
    cos_slope_half_e6: f64,
    /// Not more than the cosine half-way to any place in reach.
    cos_least: f64,
}

impl Origin {
    /// Farthest any search reaches. Unit: degrees; 100 km are less.
    const REACH_DEGREES: f64 = 0.92;

    pub(super) fn new(point: Point) -> Self {
        let latitude = (f64::from(point.lat_e6) * 1e-6).clamp(-89.0, 89.0);
        let (sin, cos) = latitude.to_radians().sin_cos();
        let farthest = (latitude.abs() + Self::REACH_DEGREES / 2.0).min(89.5).to_radians();
        // The straight line below the cosine's curve is what `distance_m` uses: stay under it.
        let cos_least = (farthest.cos() - 0.001).max(0.005);
        Self { point, cos, cos_slope_half_e6: -sin * 1e-6_f64.to_radians() / 2.0, cos_least }
    }

    /// Metres to a point, within 0.1 % for distances up to 100 km below 70 degrees of latitude: an equal-area strip
    /// around the parallel half-way.
    pub(super) fn distance_m(&self, to: Point) -> u32 {
        let north_e6 = f64::from(to.lat_e6) - f64::from(self.point.lat_e6);
        let cos = (self.cos_slope_half_e6 * north_e6 + self.cos).max(0.0);
        let east_e6 = (f64::from(to.lon_e6) - f64::from(self.point.lon_e6)) * cos;
        ((north_e6 * north_e6 + east_e6 * east_e6).sqrt() * (1e-6 * METRES_PER_DEGREE)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The great-circle distance by the haversine formula.
    fn haversine_m(a: Point, b: Point) -> f64 {
        let radians = |e6: i32| (f64::from(e6) * 1e-6).to_radians();
        let (north, east) = (radians(b.lat_e6 - a.lat_e6), radians(b.lon_e6 - a.lon_e6));
        let h = (north / 2.0).sin().powi(2)
            + radians(a.lat_e6).cos() * radians(b.lat_e6).cos() * (east / 2.0).sin().powi(2);
        2.0 * 6_371_008.8 * h.sqrt().asin()
    }

    fn point() -> impl Strategy<Value = Point> {
        (33_000_000..38_600_000, 124_600_000..131_900_000).prop_map(|(lat_e6, lon_e6)| Point { lat_e6, lon_e6 })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn distances_agree_with_the_great_circle(from in point(), north in -890_000..890_000, east in -1_000_000..1_000_000) {
            let to = Point { lat_e6: from.lat_e6 + north, lon_e6: from.lon_e6 + east };
            let exact = haversine_m(from, to);
            prop_assume!(exact <= 100_000.0);
            let ours = f64::from(Origin::new(from).distance_m(to));
            prop_assert!((ours - exact).abs() <= exact * 0.001 + 1.0, "{ours} for {exact}");
        }

        #[test]
        fn every_way_through_the_grid_finds_the_same_clinics(
            points in proptest::collection::vec(point(), 0..200), at in point(), outside: bool, radius_m in 1_u32..100_000,
        ) {
            let at = if outside { Point { lat_e6: at.lat_e6 - 6_000_000, lon_e6: at.lon_e6 + 300_000 } } else { at };
            let entries = points.iter().enumerate().map(|(rank, point)| CellEntry { rank: rank as u32, point: *point });
            let grid = CellGrid::new(entries.collect());
            let origin = Origin::new(at);
            let near = |entry: &CellEntry| origin.distance_m(entry.point) <= radius_m;
            let mut expect: Vec<u32> = (0..points.len() as u32).collect();
            expect.retain(|rank| origin.distance_m(points[*rank as usize]) <= radius_m);

            let mut within = Vec::new();
            grid.visit_within(&origin, radius_m, |entry| if near(entry) { within.push(entry.rank) });
            within.sort_unstable();
            prop_assert_eq!(&within, &expect);

            let mut in_rings = Vec::new();
            let bound = std::cell::Cell::new(0);
            let mut undercut = None;
            grid.visit_rings(&origin, radius_m, |nearest| { bound.set(nearest); true }, |entry| {
                let distance = origin.distance_m(entry.point);
                if distance <= radius_m {
                    in_rings.push(entry.rank);
                }
                if distance < bound.get() {
                    undercut = Some((distance, bound.get()));
                }
            });
            in_rings.sort_unstable();
            prop_assert_eq!(&in_rings, &expect);
            prop_assert_eq!(undercut, None, "a ring held a clinic nearer than it said");
        }
    }

    #[test]
    fn a_clinic_at_the_wrong_end_of_the_world_costs_no_memory() {
        let at = |rank, lat_e6, lon_e6| CellEntry { rank, point: Point { lat_e6, lon_e6 } };
        let grid = CellGrid::new(vec![at(0, 37_500_000, 127_000_000), at(1, -90_000_000, -180_000_000)]);
        assert!(grid.memory_bytes() <= 4 * ((1 << 19) + 1) + 24);
        let mut seen = Vec::new();
        let origin = Origin::new(Point { lat_e6: 37_500_100, lon_e6: 127_000_000 });
        grid.visit_rings(&origin, 1_000, |_| true, |entry| seen.push(entry.rank));
        assert_eq!(seen, [0]);
    }
}
