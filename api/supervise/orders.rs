//! What a supervisor tells its child, by one variable of the environment with a line for each thing.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

/// The variable.
pub const VARIABLE: &str = "TRACTOR_SUPERVISED";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Where to note which plugin is inside.
    pub calls: PathBuf,
    /// Where to say how it ended.
    pub words: PathBuf,
    /// The process that watches.
    pub parent: u32,
    /// Part of the name of a file that is not whole yet, so that it can be removed by others.
    pub token: String,
    /// Plugins to do without, beside those of the command line.
    pub without: Vec<String>,
    /// Whether to work with one worker.
    pub one_worker: bool,
    /// Whether one before has said what is odd about plugins.
    pub is_repeated: bool,
    /// Bytes that may be allocated.
    pub memory_bytes: u64,
    /// Of a check of a plugin: trials that are over, and those of them that ended a child.
    pub first_trial: usize,
    pub broken_trials: Vec<usize>,
}

impl Orders {
    pub fn new(without: &[String], one_worker: bool, memory_bytes: u64) -> Self {
        // As random as the keys of a hash map.
        let token = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        let parent = std::process::id();
        let without = without.to_vec();
        Self { parent, token, without, one_worker, memory_bytes, ..Self::default() }
    }

    pub fn text(&self) -> String {
        let path = |path: &PathBuf| path.display().to_string();
        let mut lines = vec![
            format!("calls {}", path(&self.calls)),
            format!("words {}", path(&self.words)),
            format!("parent {}", self.parent),
            format!("token {}", self.token),
            format!("memory {}", self.memory_bytes),
            format!("trial {}", self.first_trial),
        ];
        lines.extend(self.one_worker.then(|| "one_worker 1".to_owned()));
        lines.extend(self.is_repeated.then(|| "repeated 1".to_owned()));
        lines.extend(self.without.iter().map(|name| format!("without {name}")));
        lines.extend(self.broken_trials.iter().map(|trial| format!("broken {trial}")));
        lines.join("\n")
    }

    /// None: nobody who knows how has written it.
    pub fn read(text: &str) -> Option<Self> {
        let mut orders = Self::default();
        for line in text.lines() {
            let (key, value) = line.split_once(' ')?;
            match key {
                "calls" => orders.calls = value.into(),
                "words" => orders.words = value.into(),
                "parent" => orders.parent = value.parse().ok()?,
                "token" => orders.token = value.to_owned(),
                "memory" => orders.memory_bytes = value.parse().ok()?,
                "trial" => orders.first_trial = value.parse().ok()?,
                "one_worker" => orders.one_worker = true,
                "repeated" => orders.is_repeated = true,
                "without" => orders.without.push(value.to_owned()),
                "broken" => orders.broken_trials.push(value.parse().ok()?),
                _ => return None,
            }
        }
        Some(orders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_arrive_as_they_were_given() {
        let without = ["org.example.bad".to_owned(), "a b/c.so".to_owned()];
        let mut orders = Orders::new(&without, true, 1 << 40);
        (orders.calls, orders.words) = ("/proc/1/fd/3".into(), "/proc/1/fd/4".into());
        (orders.first_trial, orders.broken_trials) = (7, vec![2, 6]);
        orders.is_repeated = true;
        assert_eq!(Orders::read(&orders.text()), Some(orders));
        assert_eq!(Orders::read("nonsense"), None);
    }
}
