//! Room: ledger/journal/codec. Layout of clinics and clinic sessions, as imports stage them. Called by `event`.

use charye_domain::campaign::Bilingual;
use charye_domain::clinic::{Clinic, ClinicKind, Point};
use charye_domain::ids::ProductId;
use charye_domain::slot::{ClinicSession, Weekdays};
use charye_domain::time::MinuteOfDay;
use charye_domain::vaccine::DoseNumber;
use jiff::civil::Date;

use crate::journal::codec::CodecFailure;
use crate::journal::codec::bytes::{Source, put_i64, put_text, put_u64};

/// Fewest bytes a clinic can take: eight one-byte fields.
pub(super) const CLINIC_BYTES_MIN: usize = 8;
/// Fewest bytes a clinic session can take.
pub(super) const SESSION_BYTES_MIN: usize = 14;

pub(super) fn put_clinic(out: &mut Vec<u8>, clinic: &Clinic) {
    let Clinic { code, kind, name, district, address, phone, point } = clinic;
    put_text(out, code);
    out.push(match kind {
        ClinicKind::Contracted => 0,
        ClinicKind::Centre => 1,
        ClinicKind::HealthCentre => 2,
    });
    put_text(out, &name.ko);
    put_text(out, &name.en);
    put_u64(out, u64::from(*district));
    put_text(out, address);
    put_text(out, phone);
    match point {
        None => out.push(0),
        Some(Point { lat_e6, lon_e6 }) => {
            out.push(1);
            put_i64(out, i64::from(*lat_e6));
            put_i64(out, i64::from(*lon_e6));
        }
    }
}

pub(super) fn read_clinic(source: &mut Source<'_>) -> Result<Clinic, CodecFailure> {
    Ok(Clinic {
        code: source.text()?.to_owned(),
        kind: match source.u8()? {
            0 => ClinicKind::Contracted,
            1 => ClinicKind::Centre,
            2 => ClinicKind::HealthCentre,
            _ => return Err(CodecFailure::Malformed("kind of a clinic")),
        },
        name: Bilingual { ko: source.text()?.to_owned(), en: source.text()?.to_owned() },
        district: source.number("district")?,
        address: source.text()?.to_owned(),
        phone: source.text()?.to_owned(),
        point: match source.u8()? {
            0 => None,
            1 => Some(Point { lat_e6: read_degrees(source)?, lon_e6: read_degrees(source)? }),
            _ => return Err(CodecFailure::Malformed("presence of a point")),
        },
    })
}

pub(super) fn put_session(out: &mut Vec<u8>, session: &ClinicSession) {
    let ClinicSession { clinic, product, dose, first_day, last_day, weekdays, start, end, slot_minutes, capacity } =
        session;
    put_text(out, clinic);
    out.push(product.0);
    put_dose(out, *dose);
    put_date(out, *first_day);
    put_date(out, *last_day);
    out.push(weekdays.0);
    put_u64(out, u64::from(start.0));
    put_u64(out, u64::from(end.0));
    put_u64(out, u64::from(*slot_minutes));
    put_u64(out, u64::from(*capacity));
}

pub(super) fn read_session(source: &mut Source<'_>) -> Result<ClinicSession, CodecFailure> {
    Ok(ClinicSession {
        clinic: source.text()?.to_owned(),
        product: ProductId(source.u8()?),
        dose: read_dose(source)?,
        first_day: read_date(source)?,
        last_day: read_date(source)?,
        weekdays: Weekdays(source.u8()?),
        start: MinuteOfDay(source.number("start of a clinic session")?),
        end: MinuteOfDay(source.number("end of a clinic session")?),
        slot_minutes: source.number("minutes of a slot")?,
        capacity: source.number("capacity of a slot")?,
    })
}

pub(super) fn put_dose(out: &mut Vec<u8>, dose: DoseNumber) {
    out.push(dose.value());
}

pub(super) fn read_dose(source: &mut Source<'_>) -> Result<DoseNumber, CodecFailure> {
    DoseNumber::new(source.u8()?).ok_or(CodecFailure::Malformed("number of a dose"))
}

/// A civil date: year as a signed varint, month and day a byte each.
fn put_date(out: &mut Vec<u8>, date: Date) {
    put_i64(out, i64::from(date.year()));
    out.push(date.month().unsigned_abs());
    out.push(date.day().unsigned_abs());
}

fn read_date(source: &mut Source<'_>) -> Result<Date, CodecFailure> {
    const NOT_A_DATE: CodecFailure = CodecFailure::Malformed("date");
    let year = i16::try_from(source.i64()?).map_err(|_| NOT_A_DATE)?;
    let month = i8::try_from(source.u8()?).map_err(|_| NOT_A_DATE)?;
    let day = i8::try_from(source.u8()?).map_err(|_| NOT_A_DATE)?;
    Date::new(year, month, day).map_err(|_| NOT_A_DATE)
}

fn read_degrees(source: &mut Source<'_>) -> Result<i32, CodecFailure> {
    i32::try_from(source.i64()?).map_err(|_| CodecFailure::Malformed("degrees of a point"))
}
