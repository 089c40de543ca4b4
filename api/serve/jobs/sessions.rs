//! Answers about the sessions of a job that are over: from its segments, and from its child while it runs.

use super::answers::must_have_ended;
use super::start::Jobs;
use crate::serve::service::{Answer, FlowFilter, Refusal, SessionPage};
use std::time::Duration;
use tractor_engine::jobs::{Down, Stopwatch, Up};
use tractor_engine::store::{Filter, JobState, SessionFilter, SessionRow, session_rows};

impl Jobs {
    /// A page of the sessions of a job.
    pub fn matching_sessions(
        &self,
        id: u64,
        filter: &FlowFilter,
        limit: usize,
    ) -> Answer<SessionPage> {
        let rows = SessionFilter {
            rows: self.wanted(filter)?,
            after: filter.after.unwrap_or(0),
            // One more tells whether another page follows.
            limit: limit.saturating_add(1),
        };
        let mut found = self.found_sessions(id, &rows)?;
        let goes_on = found.len() > limit;
        found.truncate(limit);
        let next = found.last().map(|(number, _)| *number).filter(|_| goes_on);
        Ok(SessionPage { sessions: found.into_iter().map(|(_, object)| object).collect(), next })
    }

    /// One session.
    pub fn session_of(&self, id: u64, session: u64) -> Answer<String> {
        let rows = Filter { id: Some(session), ..Filter::default() };
        let filter = SessionFilter { rows, after: 0, limit: 1 };
        let found = self.found_sessions(id, &filter)?.into_iter().next();
        let found = found.map(|(_, object)| object);
        found.ok_or_else(|| {
            Refusal::NotFound(format!("Job {id} has no session {session} that is over."))
        })
    }

    fn found_sessions(&self, id: u64, filter: &SessionFilter) -> Answer<Vec<SessionRow>> {
        let (record, running) = self.job(id)?;
        let (reader, pending) = match running {
            _ if record.state == JobState::Queued => return Ok(Vec::new()),
            None => {
                must_have_ended(&record)?;
                (self.stored(&record)?, Vec::new())
            }
            Some(running) => {
                let ask = |question| Down::AskSessions { question, filter: filter.clone() };
                match running.ask(ask) {
                    Some(Up::Sessions { found: Some((committed, pending)), .. }) => {
                        let reader = self.reader(id, Some(committed));
                        (reader.map_err(|error| self.refused(id, &error))?, pending)
                    }
                    Some(Up::Sessions { found: None, .. }) => return Ok(Vec::new()),
                    answer => {
                        self.must_be_over(id, answer.as_ref())?;
                        return self.found_sessions(id, filter);
                    }
                }
            }
        };
        let (since, most) = (Stopwatch::start(), self.settings.finding_ms_max);
        let is_awaited = || since.passed() < Duration::from_millis(most);
        let found = session_rows(&reader.sessions(), filter, is_awaited);
        let mut found = found.map_err(|error| self.refused(id, &error))?;
        found.extend(pending);
        found.truncate(filter.limit);
        Ok(found)
    }
}
