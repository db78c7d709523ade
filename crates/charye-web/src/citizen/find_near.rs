//! Room: web/citizen. Clinics near where one is: a position becomes a district, and is forgotten. Called with a position by the
//! script of `find`; no address of ours, and nothing that is kept, ever carries one.

use charye_domain::clinic::Point;
use charye_engine::availability::{Directory, District};
use hyper::Method;

use super::find_wish::Wish;
use super::form::link;
use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::page(Method::POST, "/find/near", Access::Inside, near)]
}

/// Where the browser says it is becomes a district, and is forgotten: no address of ours carries a position.
async fn near(asked: Asked) -> Result<Answer, Problem> {
    let form = &asked.form;
    let here = form.required("lat", |text| degrees_e6(text, 90)).and_then(|lat_e6| {
        let lon_e6 = form.required("lon", |text| degrees_e6(text, 180))?;
        Ok(Point { lat_e6, lon_e6 })
    })?;
    let availability = asked.app.engine.availability();
    let change = Wish::of(form).change;
    let to = match nearest_district(availability.directory(), here) {
        Some(district) => {
            let (district, province) = (district.code.to_string(), (district.code / 1_000).to_string());
            link("/find", &[("province", &province), ("district", &district), ("change", &change)])
        }
        None => link("/find", &[("near", "nowhere"), ("change", &change)]),
    };
    Ok(Answer::see_other(&to))
}

/// Degrees with at most six decimals, as millionths.
fn degrees_e6(text: &str, degrees_max: i32) -> Option<i32> {
    let degrees: f64 = text.parse().ok()?;
    let within = degrees.is_finite() && degrees.abs() <= f64::from(degrees_max);
    within.then_some((degrees * 1e6) as i32)
}

/// The district whose centre is nearest, if one is within 100 km.
fn nearest_district(directory: &Directory, here: Point) -> Option<&District> {
    const NEAR_E6: f64 = 900_000.0;
    let squeeze = (f64::from(here.lat_e6) * 1e-6).to_radians().cos();
    let apart_e6 = |district: &&District| {
        let centre = district.centre?;
        let north = f64::from(centre.lat_e6) - f64::from(here.lat_e6);
        let east = (f64::from(centre.lon_e6) - f64::from(here.lon_e6)) * squeeze;
        Some(north.hypot(east))
    };
    let districts = directory.provinces().iter().flat_map(|province| directory.districts_of(province));
    let near = districts.filter_map(|district| Some((apart_e6(&district)?, district)));
    let (apart, nearest) = near.min_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (apart <= NEAR_E6).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_strictly() {
        let check = |text: &str, expect| assert_eq!(degrees_e6(text, 90), expect, "{text}");
        check("37.566", Some(37_566_000));
        check("-90", Some(-90_000_000));
        check("90.1", None);
        check("NaN", None);
        check("inf", None);
        check("", None);
        check("37,5", None);
    }
}
