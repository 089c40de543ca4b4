//! Questions of the server, which come on standard input while the job runs.

use super::sink::Tell;
use std::io::{BufReader, stdin};
use std::sync::{Arc, Mutex, PoisonError};
use tractor_engine::classify::Plugins;
use tractor_engine::dataflow::{Feed, Progress};
use tractor_engine::flows::{About, Question};
use tractor_engine::jobs::{Down, Up, read_frame};
use tractor_engine::statistics::{Entry, Item, Tables};
use tractor_engine::store::Filter;

/// Bytes of a question.
const QUESTION_BYTES_MAX: u64 = 64 << 10;

/// What answers them.
pub struct Answers {
    pub progress: Arc<Progress>,
    pub tables: Arc<Mutex<Tables>>,
    pub plugins: Arc<Plugins>,
    pub tell: Tell,
    /// Of a folder that is followed.
    pub feed: Option<Arc<Feed>>,
}

/// A thread that hears questions until the server is gone.
pub fn hear(answers: Answers) {
    std::thread::spawn(move || {
        let mut from = BufReader::new(stdin());
        while let Ok(Some(question)) = read_frame::<Down>(&mut from, QUESTION_BYTES_MAX) {
            answers.answer(question);
        }
    });
}

impl Answers {
    fn answer(&self, question: Down) {
        match question {
            Down::End => self.feed.iter().for_each(|feed| feed.end()),
            Down::AskStatistics { question, limit } => {
                let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
                let items = tables.items(limit, self.plugins.labels());
                drop(tables);
                let entry =
                    |entry: Entry| (entry.label, u64::try_from(entry.count.flows).unwrap_or(0));
                let item = |item: Item| {
                    (item.title.to_owned(), item.entries.into_iter().map(entry).collect())
                };
                let items = items.into_iter().map(item).collect();
                self.tell.pipe.send(Up::Statistics { question, items });
            }
            Down::AskClosed { question, filter } => {
                self.tell.flows(question, &filter, Vec::new(), 0);
            }
            Down::AskWindows { question, filter, windows_max } => {
                let answer = self.tell.pending.windows(&filter, windows_max);
                self.tell.pipe.send(match answer {
                    Ok(Some((ended, windows))) => Up::Windows { question, ended, windows },
                    _ => Up::NoAnswer { question },
                });
            }
            Down::AskWindowRows { question, filter, format } => {
                let answer = self.tell.pending.window_lines(&filter, format);
                let lines = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                self.tell.pipe.send(match answer {
                    Ok(Some((ended, bytes))) => {
                        Up::WindowRows { question, ended, lines: lines(bytes) }
                    }
                    _ => Up::NoAnswer { question },
                });
            }
            Down::AskSessions { question, filter } => {
                self.tell.pipe.send(match self.tell.pending.sessions(&filter) {
                    Ok(found) => Up::Sessions { question, found },
                    Err(_) => Up::NoAnswer { question },
                });
            }
            Down::AskLabel { question, label } => match self.plugins.labels().named(&label) {
                Some(label) => self.ask(Question { id: question, about: About::Label(label) }),
                // Of an older job, or of a plugin that was left out: nothing that is open has it.
                None => {
                    let filter = Filter { label: Some(label), ..Filter::default() };
                    self.tell.flows(question, &filter, Vec::new(), 0);
                }
            },
            Down::AskAddress { question, address } => {
                self.ask(Question { id: question, about: About::Address(address) });
            }
        }
    }

    /// The dataflow answers, at the end of an epoch.
    fn ask(&self, question: Question) {
        let id = question.id;
        if !self.progress.questions.ask(question) {
            self.tell.pipe.send(Up::NoAnswer { question: id });
        }
        self.feed.iter().for_each(|feed| feed.wake());
    }
}
