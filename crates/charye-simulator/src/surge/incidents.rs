//! Room: simulator/surge. What happens to everyone: operators steer, disks fail, the process ends and begins again.

use std::cmp::Reverse;
use std::time::Duration;

use charye_domain::book::Operation;
use charye_domain::ids::OperationKey;
use charye_domain::waiting_room::admission::PauseReason;
use charye_domain::waiting_room::steering::Steering;
use charye_engine::waiting_room::{SteeringOrder, steer};

use crate::country::{CAMPAIGN, OPENING};
use crate::surge::player::{Happening, Surge, SurgeFailure, later};
use crate::surge::scenario::Incident;
use crate::surge::told::Told;
use crate::world::{OPERATOR, WorldFailure};

impl Surge<'_> {
    pub(super) fn have_incident(&mut self, number: usize) -> Result<(), SurgeFailure> {
        let incident = self.scenario.incidents[number].1.clone();
        // While the machine is down everything waits, and orders keep their order: an order that is given again goes first.
        let waits_earlier = |Reverse((_, _, happening)): &Reverse<(_, _, Happening)>| matches!(happening, Happening::Incident(other) if *other < number);
        let earlier_waits =
            || self.orders_under_way.range(..number).next().is_some() || self.agenda.iter().any(waits_earlier);
        // Disks wait for nobody: an order may be waiting for them.
        let must_wait = incident.is_of_the_line() && earlier_waits();
        if self.world.engine().is_none() || must_wait {
            let at = later(self.now(), 1_000);
            self.schedule(at, Happening::Incident(number));
            return Ok(());
        }
        match incident {
            Incident::CapCut => {
                if let Some(terms) = self.line().map(|line| line.terms) {
                    let (rate_min_per_min, rate_max_per_min) = terms.rates_per_min();
                    self.steer(
                        number,
                        Steering::Terms { hard_cap: terms.hard_cap() / 2, rate_min_per_min, rate_max_per_min },
                    );
                }
            }
            Incident::Pause => self.steer(number, Steering::Pause(PauseReason::Operator)),
            Incident::Resume => self.steer(number, Steering::Resume),
            Incident::CloseToArrivals => self.steer(number, Steering::CloseToArrivals),
            Incident::ReopenToArrivals => self.steer(number, Steering::ReopenToArrivals),
            Incident::Crash { down } => self.crash_after = Some(down),
            Incident::Restart { down } => {
                if let Some(engine) = self.world.engine() {
                    engine.stop();
                }
                self.down_after_failure = down;
            }
            Incident::AppendFails { how, down } => {
                self.world.disk.next_append(how);
                self.down_after_failure = down;
            }
            Incident::Commits(cost) => self.world.disk.set_cost(cost),
            Incident::DiskFull => self.world.disk.set_headroom_bytes(-1),
            Incident::DiskFree => self.world.disk.set_headroom_bytes(1 << 30),
            Incident::Snapshot => match self.world.snapshot() {
                Ok(true) => {}
                Ok(false) => {
                    self.history.breach("I14", || "the journal's replay is another book than the engine's".to_owned());
                }
                // Something else ended the process while the snapshot was asked for.
                Err(WorldFailure::NotRunning(_)) => self.go_down(self.down_after_failure),
                Err(failure) => return Err(failure.into()),
            },
        }
        Ok(())
    }

    /// An operator gives an order, and gives it again until it is acknowledged: under one key, so that it counts once.
    pub(super) fn steer(&mut self, incident: usize, steering: Steering) {
        let Some(engine) = self.world.engine().cloned() else { return };
        let order =
            SteeringOrder { campaign: CAMPAIGN, opening: OPENING, steering, note: "simulated".into(), rehearsal: true };
        self.orders_under_way.insert(incident);
        let operation = Operation { key: OperationKey(incident as u128 + 1), request_hash: incident as u64 };
        self.errands.send(async move {
            Told::Steered { incident, told: steer(&engine, order, OPERATOR, Some(operation)).await }
        });
    }

    /// The process is gone. Whoever was on an errand learns nothing, and asks again later.
    pub(super) fn go_down(&mut self, down: Duration) {
        self.errands.break_off();
        self.world.end();
        let down_ms = u64::try_from(down.as_millis()).unwrap_or(u64::MAX);
        for who in 0..self.citizens.len() {
            if !std::mem::take(&mut self.citizens[who].under_way) {
                continue;
            }
            // Half of them ask what became of it, the others just ask once more.
            let asks_first = self.chance.percent(50);
            let again = down_ms + self.chance.within(&(100..=8_000));
            let citizen = &mut self.citizens[who];
            citizen.outcome_unknown = citizen.pending.is_some() && asks_first;
            self.act_in(who, again);
        }
        let at = later(self.now(), down_ms.max(1));
        self.schedule(at, Happening::Starts);
        for incident in std::mem::take(&mut self.orders_under_way) {
            self.schedule(later(at, 2_000), Happening::Incident(incident));
        }
    }
}
