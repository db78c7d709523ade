//! Room: domain/book/image. Clinics and clinic sessions as bytes: in the clinic table and in open imports.

use jiff::civil::Date;

use crate::book::image::ImageError;
use crate::book::image::bytes::{Reader, Writer};
use crate::campaign::Bilingual;
use crate::clinic::{Clinic, ClinicKind, Point};
use crate::ids::ProductId;
use crate::slot::{ClinicSession, Weekdays};
use crate::time::MinuteOfDay;
use crate::vaccine::DoseNumber;

pub(super) fn write_clinic(to: &mut Writer<'_>, clinic: &Clinic) {
    to.text(&clinic.code);
    to.u8(match clinic.kind {
        ClinicKind::Contracted => 0,
        ClinicKind::Centre => 1,
        ClinicKind::HealthCentre => 2,
    });
    to.text(&clinic.name.ko);
    to.text(&clinic.name.en);
    to.u32(clinic.district);
    to.text(&clinic.address);
    to.text(&clinic.phone);
    to.u8(u8::from(clinic.point.is_some()));
    if let Some(point) = clinic.point {
        to.bytes(&point.lat_e6.to_le_bytes());
        to.bytes(&point.lon_e6.to_le_bytes());
    }
}

pub(super) fn read_clinic(from: &mut Reader<'_>) -> Result<Clinic, ImageError> {
    Ok(Clinic {
        code: from.text()?,
        kind: match from.u8()? {
            0 => ClinicKind::Contracted,
            1 => ClinicKind::Centre,
            2 => ClinicKind::HealthCentre,
            _ => return Err(ImageError::Invalid("a clinic's kind")),
        },
        name: Bilingual { ko: from.text()?, en: from.text()? },
        district: from.u32()?,
        address: from.text()?,
        phone: from.text()?,
        point: match from.u8()? {
            0 => None,
            1 => Some(Point { lat_e6: i32::from_le_bytes(from.array()?), lon_e6: i32::from_le_bytes(from.array()?) }),
            _ => return Err(ImageError::Invalid("a clinic's point")),
        },
    })
}

pub(super) fn write_session(to: &mut Writer<'_>, session: &ClinicSession) {
    to.text(&session.clinic);
    to.u8(session.product.0);
    to.u8(session.dose.value());
    write_date(to, session.first_day);
    write_date(to, session.last_day);
    to.u8(session.weekdays.0);
    to.u16(session.start.0);
    to.u16(session.end.0);
    to.u16(session.slot_minutes);
    to.u16(session.capacity);
}

pub(super) fn read_session(from: &mut Reader<'_>) -> Result<ClinicSession, ImageError> {
    Ok(ClinicSession {
        clinic: from.text()?,
        product: ProductId(from.u8()?),
        dose: DoseNumber::new(from.u8()?).ok_or(ImageError::Invalid("a session's dose"))?,
        first_day: read_date(from)?,
        last_day: read_date(from)?,
        weekdays: Weekdays(from.u8()?),
        start: MinuteOfDay(from.u16()?),
        end: MinuteOfDay(from.u16()?),
        slot_minutes: from.u16()?,
        capacity: from.u16()?,
    })
}

fn write_date(to: &mut Writer<'_>, date: Date) {
    to.bytes(&date.year().to_le_bytes());
    to.bytes(&date.month().to_le_bytes());
    to.bytes(&date.day().to_le_bytes());
}

fn read_date(from: &mut Reader<'_>) -> Result<Date, ImageError> {
    let year = i16::from_le_bytes(from.array()?);
    let month = i8::from_le_bytes(from.array()?);
    let day = i8::from_le_bytes(from.array()?);
    Date::new(year, month, day).map_err(|_| ImageError::Invalid("a session's date"))
}
