//! What plugins say to whoever runs the host.

use crate::limits::PLUGIN_MESSAGES_MAX;
use std::sync::{Mutex, PoisonError};

/// A message of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginMessage {
    pub id: String,
    pub level: Level,
    pub text: String,
}

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error,
    Warning,
    Info,
}

/// Messages of all plugins, from any thread. Each is kept once, since every instance may say it.
#[derive(Default)]
pub struct Messages {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    all: Vec<PluginMessage>,
    /// How many of them were taken.
    taken: usize,
}

impl Messages {
    pub fn add(&self, message: PluginMessage) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.all.len() < PLUGIN_MESSAGES_MAX && !kept.all.contains(&message) {
            kept.all.push(message);
        }
    }

    /// Those that came since the last time.
    pub fn take(&self) -> Vec<PluginMessage> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let news = kept.all[kept.taken..].to_vec();
        kept.taken = kept.all.len();
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_kept_once_and_there_are_not_too_many() {
        let messages = Messages::default();
        let message = |text: String| PluginMessage { id: "a".to_owned(), level: Level::Info, text };
        messages.add(message("one".to_owned()));
        assert_eq!(messages.take().len(), 1);
        messages.add(message("one".to_owned()));
        assert_eq!(messages.take(), []);
        for number in 0..2 * PLUGIN_MESSAGES_MAX {
            messages.add(message(number.to_string()));
        }
        assert_eq!(messages.take().len(), PLUGIN_MESSAGES_MAX - 1);
    }
}
