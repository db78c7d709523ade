//! Room: simulator. Citizens' errands: use cases of the engine in flight, each waiting for its answer, on the world's one
//! thread. Errands whose answer is there are finished in the order in which they were answered, so that a seed plays the
//! same evening again. It must never wait for anything.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

type Errand<T> = Pin<Box<dyn Future<Output = T>>>;

/// Use cases in flight, whose answers are of one type.
pub struct Errands<T> {
    running: BTreeMap<u64, Errand<T>>,
    answered: Arc<Answered>,
    sent: u64,
}

/// Numbers of errands that can go on.
#[derive(Default)]
struct Answered(Mutex<VecDeque<u64>>);

/// Wakes one errand.
struct Knock {
    errand: u64,
    answered: Arc<Answered>,
}

impl Wake for Knock {
    fn wake(self: Arc<Self>) {
        self.answered.locked(|waiting| waiting.push_back(self.errand));
    }
}

impl Answered {
    fn locked<R>(&self, look: impl FnOnce(&mut VecDeque<u64>) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> Default for Errands<T> {
    fn default() -> Self {
        Self { running: BTreeMap::new(), answered: Arc::default(), sent: 0 }
    }
}

impl<T> Errands<T> {
    /// Sets out. Its question is put when [`Errands::next_done`] is asked the next time.
    pub fn send(&mut self, errand: impl Future<Output = T> + 'static) {
        self.answered.locked(|waiting| waiting.push_back(self.sent));
        self.running.insert(self.sent, Box::pin(errand));
        self.sent += 1;
    }

    /// The next errand that is over, if one is. Those that have set out or been answered go on as far as they can.
    pub fn next_done(&mut self) -> Option<T> {
        while let Some(errand) = self.answered.locked(VecDeque::pop_front) {
            let Some(running) = self.running.get_mut(&errand) else { continue };
            let waker = Waker::from(Arc::new(Knock { errand, answered: Arc::clone(&self.answered) }));
            if let Poll::Ready(told) = running.as_mut().poll(&mut Context::from_waker(&waker)) {
                self.running.remove(&errand);
                return Some(told);
            }
        }
        None
    }

    /// Errands under way.
    pub fn len(&self) -> usize {
        self.running.len()
    }

    /// Whether nobody is under way.
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Every connection breaks: nobody learns what became of their errand.
    pub fn break_off(&mut self) {
        self.running.clear();
        self.answered.locked(VecDeque::clear);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn errands_end_in_the_order_of_their_answers() {
        let mut errands = Errands::default();
        let mut senders: Vec<_> = (0..3)
            .map(|number| {
                let (sender, receiver) = oneshot::channel::<u32>();
                errands.send(async move { (number, receiver.await.ok()) });
                Some(sender)
            })
            .collect();
        assert_eq!(errands.next_done(), None);
        for (number, answer) in [(2, 20), (0, 10)] {
            senders[number].take().unwrap().send(answer).unwrap();
        }
        drop(senders[1].take());
        let told: Vec<_> = std::iter::from_fn(|| errands.next_done()).collect();
        assert_eq!(told, [(2, Some(20)), (0, Some(10)), (1, None)]);
        assert!(errands.is_empty());
    }

    #[test]
    fn nobody_learns_what_became_of_an_errand_whose_connection_broke() {
        let mut errands = Errands::default();
        let (sender, receiver) = oneshot::channel::<u32>();
        errands.send(receiver);
        assert!(errands.next_done().is_none());
        errands.break_off();
        assert!(sender.send(1).is_err());
        assert!(errands.next_done().is_none());
    }
}
