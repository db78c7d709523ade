//! Room: rehearsal/load. Closed loop: each connection asks again as soon as it was answered. For what a request costs
//! and how many there can be; its latencies say nothing about people, who do not wait for one another.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinSet, LocalSet};

use super::bounds::{GRACE, check_connections, check_requests, check_time};
use super::target::source_address;
use super::{Asking, Connection, LoadFailure, Measured, RequestText, Target, stopwatch};

/// Connections from one loopback address; servers limit these.
pub(crate) const PER_ADDRESS: usize = 256;

/// So many requests over so many connections.
#[derive(Clone, Copy, Debug)]
pub struct ClosedLoop {
    pub connections: usize,
    pub requests: u64,
    /// After this no request begins, so that a slow server does not hold us.
    pub time: Duration,
}

impl ClosedLoop {
    /// Runs on this thread until the last answer.
    ///
    /// # Errors
    /// `OverBound` before anything is sent; otherwise the first thing that went wrong with a connection, or `Overdue`.
    pub fn run(self, target: Target, asking: Rc<dyn Asking>) -> Result<Measured, LoadFailure> {
        check_connections(self.connections)?;
        check_requests(self.requests)?;
        check_time(self.time)?;
        block_on(self.time + GRACE, async move {
            let next = Rc::new(Cell::new(0));
            let measured = Rc::new(RefCell::new(Measured::new()));
            let connections = open_all(target, self.connections).await?;
            let began = stopwatch::now();
            let mut workers = JoinSet::new();
            for connection in connections {
                let worker = Worker { connection, next: next.clone(), measured: measured.clone() };
                workers.spawn_local(worker.run(self, began, asking.clone()));
            }
            join_all(workers).await?;
            let mut measured = measured.replace(Measured::new());
            measured.wall = began.elapsed();
            Ok(measured)
        })
    }
}

struct Worker {
    connection: Connection,
    next: Rc<Cell<u64>>,
    measured: Rc<RefCell<Measured>>,
}

impl Worker {
    async fn run(
        mut self,
        plan: ClosedLoop,
        began: std::time::Instant,
        asking: Rc<dyn Asking>,
    ) -> Result<(), LoadFailure> {
        let mut request = RequestText::default();
        loop {
            let number = self.next.get();
            let asked_at = stopwatch::now();
            if number >= plan.requests || asked_at.duration_since(began) > plan.time {
                return Ok(());
            }
            self.next.set(number + 1);
            asking.write(number, &mut request);
            let answer = self.connection.ask(&request).await?;
            let latency = asked_at.elapsed();
            let wanted = asking.hear(number, &answer);
            self.measured.borrow_mut().answered(latency, wanted);
        }
    }
}

/// Runs `load` on a runtime of its own on this thread, for `limit` at most.
pub(super) fn block_on<T>(
    limit: Duration,
    load: impl Future<Output = Result<T, LoadFailure>>,
) -> Result<T, LoadFailure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(LoadFailure::Runtime)?;
    let bounded = async { tokio::time::timeout(limit, load).await.unwrap_or(Err(LoadFailure::Overdue { limit })) };
    LocalSet::new().block_on(&runtime, bounded)
}

/// Opens connections, spread over loopback addresses.
pub(super) async fn open_all(target: Target, count: usize) -> Result<Vec<Connection>, LoadFailure> {
    let mut connections = Vec::with_capacity(count);
    for index in 0..count {
        connections.push(Connection::open(target, Some(source_address(index, PER_ADDRESS))).await?);
    }
    Ok(connections)
}

/// Waits for every worker; the first failure ends the others.
pub(super) async fn join_all(mut workers: JoinSet<Result<(), LoadFailure>>) -> Result<(), LoadFailure> {
    while let Some(ended) = workers.join_next().await {
        ended.map_err(|panicked| LoadFailure::Runtime(panicked.into()))??;
    }
    Ok(())
}
