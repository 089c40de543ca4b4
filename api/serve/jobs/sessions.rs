//! Answers about the sessions of a job that are over: from its segments, and from its child while it runs.

use super::answers::must_have_ended;
use super::start::Jobs;
use crate::serve::service::{Answer, FlowFilter, Refusal, SessionPage};
use std::time::Duration;
use tractor_engine::jobs::{Down, Stopwatch, Up};
use tractor_engine::store::{
    Filter, FoundSessions, JobState, SessionFilter, StoreError, session_rows,
};

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
        Ok(page(self.found_sessions(id, &rows)?, limit))
    }

    /// One session.
    pub fn session_of(&self, id: u64, session: u64) -> Answer<String> {
        let rows = Filter { id: Some(session), ..Filter::default() };
        let filter = SessionFilter { rows, after: 0, limit: 1 };
        let FoundSessions { rows, looked_to } = self.found_sessions(id, &filter)?;
        match (rows.into_iter().next(), looked_to) {
            (Some((_, object)), _) => Ok(object),
            // It may be behind.
            (None, Some(looked_to)) => Err(self.refused(id, &StoreError::GivenUp { looked_to })),
            (None, None) => {
                Err(Refusal::NotFound(format!("Job {id} has no session {session} that is over.")))
            }
        }
    }

    fn found_sessions(&self, id: u64, filter: &SessionFilter) -> Answer<FoundSessions> {
        let (record, running) = self.job(id)?;
        let (reader, pending) = match running {
            _ if record.state == JobState::Queued => return Ok(FoundSessions::default()),
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
                    Some(Up::Sessions { found: None, .. }) => return Ok(FoundSessions::default()),
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
        // What is in no file yet comes behind all that is.
        if found.looked_to.is_none() {
            found.rows.extend(pending);
            found.rows.truncate(filter.limit);
        }
        Ok(found)
    }
}

/// As many as a page has, of one more. Where few match, and are far apart, the next page looks on from there.
fn page(found: FoundSessions, limit: usize) -> SessionPage {
    let FoundSessions { mut rows, looked_to } = found;
    let goes_on = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().map(|(number, _)| *number);
    let next = if goes_on { last } else { looked_to };
    SessionPage { sessions: rows.into_iter().map(|(_, object)| object).collect(), next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_behind_its_last_session_or_where_nobody_waited_any_more() {
        let page_of = |rows: &[u64], looked_to| {
            let rows = rows.iter().map(|&row| (row, row.to_string())).collect();
            let SessionPage { sessions, next } = page(FoundSessions { rows, looked_to }, 2);
            (sessions.join(" "), next)
        };
        assert_eq!(page_of(&[3, 9], None), ("3 9".to_owned(), None));
        assert_eq!(page_of(&[3, 9, 20], None), ("3 9".to_owned(), Some(9)));
        assert_eq!(page_of(&[3], Some(8_192)), ("3".to_owned(), Some(8_192)));
        assert_eq!(page_of(&[], Some(8_192)), (String::new(), Some(8_192)));
        assert_eq!(page_of(&[3, 9, 20], Some(8_192)), ("3 9".to_owned(), Some(9)));
    }
}
