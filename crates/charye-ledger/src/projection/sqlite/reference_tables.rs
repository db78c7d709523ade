//! Room: ledger/projection. Campaigns, clinics and what clinics give: small tables that are written whole when one of them changes. Called by
//! `transaction`. Never removes a row: what was published stays.

use charye_domain::clinic::ClinicKind;
use rusqlite::Connection;

use super::row_sums::{Cell, RowSums, Table, write_row};
use crate::projection::layout::Layout;

pub(super) fn write_campaigns(sql: &Connection, layout: &Layout, sums: &mut RowSums) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO campaigns VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    sums.begin_anew(Table::Campaigns);
    for campaign in layout.campaigns() {
        let (first_day, last_day) = (campaign.first_day.to_string(), campaign.last_day.to_string());
        let cells = [
            campaign.id.0.into(),
            campaign.version.0.into(),
            Cell::Text(&campaign.code),
            Cell::Text(&campaign.name.ko),
            Cell::Text(&campaign.name.en),
            Cell::Text(&first_day),
            Cell::Text(&last_day),
        ];
        let hash = write_row(sql, Table::Campaigns, PUT, &cells)?;
        sums.replace(Table::Campaigns, campaign.id.0.into(), None, Some(hash));
    }
    Ok(())
}

pub(super) fn write_clinics(sql: &Connection, layout: &Layout, sums: &mut RowSums) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO clinics VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    sums.begin_anew(Table::Clinics);
    for (id, clinic) in (0_i64..).zip(layout.clinics()) {
        let kind = match clinic.kind {
            ClinicKind::Contracted => "contracted",
            ClinicKind::Centre => "centre",
            ClinicKind::HealthCentre => "health_centre",
        };
        let coordinate = |of: Option<i32>| of.map_or(Cell::Null, Cell::from);
        let cells = [
            id.into(),
            Cell::Text(&clinic.code),
            Cell::Text(kind),
            Cell::Text(&clinic.name.ko),
            Cell::Text(&clinic.name.en),
            clinic.district.into(),
            Cell::Text(&clinic.address),
            Cell::Text(&clinic.phone),
            coordinate(clinic.point.map(|point| point.lat_e6)),
            coordinate(clinic.point.map(|point| point.lon_e6)),
        ];
        let hash = write_row(sql, Table::Clinics, PUT, &cells)?;
        sums.replace(Table::Clinics, id, None, Some(hash));
    }
    Ok(())
}

pub(super) fn write_clinic_rows(sql: &Connection, layout: &Layout, sums: &mut RowSums) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO clinic_rows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    sums.begin_anew(Table::ClinicRows);
    for (position, row, (first_slot, last_slot)) in layout.clinic_rows() {
        let cells = [
            position.into(),
            row.campaign.0.into(),
            row.clinic.0.into(),
            row.product.0.into(),
            row.dose.value().into(),
            first_slot.0.into(),
            last_slot.0.into(),
        ];
        let hash = write_row(sql, Table::ClinicRows, PUT, &cells)?;
        sums.replace(Table::ClinicRows, position.into(), None, Some(hash));
    }
    Ok(())
}
