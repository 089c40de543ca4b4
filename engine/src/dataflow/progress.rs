//! What a run and whoever watches it share while it goes on.

use super::failure::lock;
use crate::flows::Question;
use crate::limits::QUESTIONS_MAX;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Mutex, OnceLock};

/// How far a run is, for whoever watches, how to ask it, and how to stop it.
#[derive(Default)]
pub struct Progress {
    /// Of the files, as they are on disk.
    pub bytes_read: AtomicU64,
    pub packets: AtomicU64,
    pub flows: AtomicU64,
    /// Those that have not ended.
    pub open_flows: AtomicI64,
    /// Set it to end the run early; its results are then incomplete.
    pub stop: AtomicBool,
    /// Set it to have live statistics brought up to the next chunk; the run takes it back. Results
    /// do not depend on it.
    pub tick: AtomicBool,
    pub questions: Questions,
    /// Set when the workers have ended: live statistics are final, though rows may be on their way.
    pub counted: OnceLock<()>,
}

/// Questions that the next chunk takes along. A run that ends first answers none.
#[derive(Default)]
pub struct Questions {
    waiting: Mutex<Vec<Question>>,
}

impl Questions {
    /// Asks; `false` when [`QUESTIONS_MAX`] wait already. The answer goes to the run's
    /// [`RowWriter`](crate::output::RowWriter): without one nobody answers.
    #[must_use]
    pub fn ask(&self, question: Question) -> bool {
        let mut waiting = lock(&self.waiting);
        let has_room = waiting.len() < QUESTIONS_MAX;
        if has_room {
            waiting.push(question);
        }
        has_room
    }

    /// Whether there are any.
    pub(super) fn wait(&self) -> bool {
        !lock(&self.waiting).is_empty()
    }

    pub(super) fn take(&self) -> Vec<Question> {
        std::mem::take(&mut *lock(&self.waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::About;

    #[test]
    fn a_full_queue_refuses() {
        let questions = Questions::default();
        let question = |id| Question { id, about: About::Label(0) };
        let max = QUESTIONS_MAX as u64;
        assert!((0..max).all(|id| questions.ask(question(id))));
        assert!(!questions.ask(question(max)));
        assert_eq!(questions.take().len(), QUESTIONS_MAX);
        assert!(questions.ask(question(max)) && questions.take() == [question(max)]);
    }
}
