//! What is told of a file that cannot be read to its end.

use super::Followed;
use crate::capture::damage::Damage;
use crate::capture::problem::{Place, Problem, Severity, sentence};
use std::io;

impl Followed {
    /// What is wrong with it when nothing more comes.
    pub fn problem_at_end(&self) -> Option<Problem> {
        if self.is_compressed && !self.is_over && self.copy_of.is_none() {
            return self.unreadable.clone();
        }
        let left = self.left_bytes();
        let damage = match self.short {
            Some(_) => Damage::Shrunk,
            None => Damage::NotFinished { left },
        };
        let not_finished = || self.damage(damage);
        (left > 0).then(|| self.unreadable.clone().unwrap_or_else(not_finished))
    }

    /// Bytes that were seen and will be read.
    pub fn left_bytes(&self) -> u64 {
        let is_left = self.is_over || self.is_blocked || self.copy_of.is_some();
        match is_left || self.is_compressed {
            true => 0,
            false => self.listed.bytes.saturating_sub(self.offset),
        }
    }

    /// It cannot be opened.
    pub fn not_opened(&self, error: &io::Error) -> Problem {
        let (offset_bytes, cause) = (self.offset, sentence(error));
        if offset_bytes == 0 {
            return Problem::error(&self.listed.shown, format!("it cannot be opened ({cause})"));
        }
        let place = Place { offset_bytes, compressed: self.is_compressed };
        Problem {
            file: self.listed.shown.clone(),
            offset_bytes: Some(offset_bytes),
            severity: Severity::Warning,
            cause: format!("it cannot be opened to go on at {place} ({cause})"),
        }
    }

    pub fn shorter(&self) -> Problem {
        self.damage(Damage::Shrunk)
    }

    fn damage(&self, damage: Damage) -> Problem {
        let place = Place { offset_bytes: self.offset, compressed: self.is_compressed };
        Problem::damage(&self.listed.shown, place, damage)
    }

    /// It is not there any more, and was not read to its end.
    pub fn lost(&self, how: &str) -> Option<Problem> {
        let (left, read) = (self.left_bytes(), self.offset);
        let cause = format!("it was {how} when {read} of its {} bytes had been read", read + left);
        let severity = Severity::Warning;
        let file = self.listed.shown.clone();
        (left > 0).then_some(Problem { file, offset_bytes: Some(read), severity, cause })
    }

    /// The folder could not be listed.
    pub fn unlisted(error: &io::Error) -> Problem {
        Problem::error("the folder", format!("it cannot be listed ({})", sentence(error)))
    }
}
