//! Room: rehearsal/load. Open loop: arrivals come when they are meant to, however late the answers to others are.
//!
//! Latency counts from the intended moment, not from when a connection was free to send (coordinated omission): a server
//! that stops for a second is charged for everybody who came in that second.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::bounds::{GRACE, check_connections, check_rate, check_requests, check_time};
use super::closed_loop::{block_on, join_all, open_all};
use super::pacer::{Pacer, Schedule};
use super::{Asking, Connection, LoadFailure, Measured, RequestText, Target, stopwatch};

/// So many arrivals a second for so long.
#[derive(Clone, Copy, Debug)]
pub struct OpenLoop {
    /// Who finds none free waits for one, on the server's account.
    pub connections: usize,
    pub rate_per_sec: u32,
    pub time: Duration,
}

impl OpenLoop {
    /// Runs on this thread, with the pacer beside it, until the last answer.
    ///
    /// # Errors
    /// `OverBound` before anything is sent; otherwise the first thing that went wrong with a connection, or `Overdue`.
    pub fn run(self, target: Target, asking: Rc<dyn Asking>) -> Result<Measured, LoadFailure> {
        let arrivals = (f64::from(self.rate_per_sec) * self.time.as_secs_f64()) as u64;
        check_connections(self.connections)?;
        check_rate(self.rate_per_sec)?;
        check_time(self.time)?;
        check_requests(arrivals)?;
        block_on(self.time + GRACE, async move {
            let connections = open_all(target, self.connections).await?;
            let permits = Arc::new(Semaphore::new(0));
            let schedule = Schedule { began: stopwatch::now(), rate_per_sec: self.rate_per_sec, arrivals };
            let arrived = Rc::new(Cell::new(0));
            let measured = Rc::new(RefCell::new(Measured::new()));
            let mut workers = JoinSet::new();
            for connection in connections {
                let worker = Worker {
                    connection,
                    permits: permits.clone(),
                    arrived: arrived.clone(),
                    measured: measured.clone(),
                };
                workers.spawn_local(worker.run(schedule, asking.clone()));
            }
            let pacer = Pacer::start(schedule, permits).map_err(LoadFailure::Runtime)?;
            join_all(workers).await?;
            drop(pacer);
            let mut measured = measured.replace(Measured::new());
            measured.wall = schedule.began.elapsed();
            Ok(measured)
        })
    }
}

struct Worker {
    connection: Connection,
    permits: Arc<Semaphore>,
    /// Arrivals taken by a worker so far.
    arrived: Rc<Cell<u64>>,
    measured: Rc<RefCell<Measured>>,
}

impl Worker {
    async fn run(mut self, schedule: Schedule, asking: Rc<dyn Asking>) -> Result<(), LoadFailure> {
        let mut request = RequestText::default();
        loop {
            let Ok(permit) = self.permits.acquire().await else { return Ok(()) };
            permit.forget();
            let number = self.arrived.get();
            self.arrived.set(number + 1);
            self.measured.borrow_mut().asked(schedule.intended(number).elapsed());
            asking.write(number, &mut request);
            let answer = self.connection.ask(&request).await?;
            let latency = schedule.intended(number).elapsed();
            let wanted = asking.hear(number, &answer);
            self.measured.borrow_mut().answered(latency, wanted);
            if self.measured.borrow().answers() == schedule.arrivals {
                // That was the last answer: the others, who wait for an arrival, go home.
                self.permits.close();
            }
        }
    }
}
