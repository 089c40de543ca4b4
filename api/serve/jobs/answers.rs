//! Answers about a job's flows: from its child while it runs, and from its segments.

use super::counting::{OfAddress, OfLabel, shown, stored};
use super::running::Running;
use super::start::Jobs;
use super::stored::io_error;
use crate::serve::limits::{KNOWN_ENTRIES_MAX, KNOWN_STATISTICS_MAX, PAGE_FLOWS_MAX};
use crate::serve::service::{Answer, FlowFilter, FlowPage, Refusal};
use crate::serve::views::{DetailsIp, DetailsLabelItem, Label, StatisticItem};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tractor_engine::jobs::{Down, Stopwatch, Up};
use tractor_engine::store::{Facts, Filter, JobRecord, JobState, StoreError};
use tractor_engine::time::SECOND_NS;

/// When a client that had no answer may ask again, in seconds.
const COME_AGAIN_S: u64 = 1;
/// The same of a job that is taken up again at the server's next start.
const STOPPING_S: u64 = 10;
/// The same when the answer had no room in a frame.
const TOO_LONG_S: u64 = 30;

/// The reference writes one label in two ways.
const ALIAS: (&str, &str) = ("sokcs5", "socks5");

/// Flows in order, those of segments first.
type Rows = Box<dyn Iterator<Item = Result<Facts, StoreError>> + Send>;

struct Found {
    rows: Rows,
    /// Open flows for which the answer of a job that runs had no room.
    not_told: u64,
}

impl Found {
    fn all(rows: impl Iterator<Item = Result<Facts, StoreError>> + Send + 'static) -> Self {
        Self { rows: Box::new(rows), not_told: 0 }
    }
}

impl Jobs {
    /// A job as it is now.
    pub fn job(&self, id: u64) -> Answer<(JobRecord, Option<Arc<Running>>)> {
        let state = self.state();
        let job = state.jobs().get(&id).ok_or_else(|| no_job(id))?;
        Ok((job.record.clone(), job.running.clone()))
    }

    pub fn all_statistics(&self, id: u64, limit: usize) -> Answer<Vec<StatisticItem>> {
        let (record, running) = self.job(id)?;
        if let Some(running) = running {
            let answer = running.ask(|question| Down::AskStatistics { question, limit });
            if let Some(Up::Statistics { items, .. }) = answer {
                return Ok(shown(items));
            }
            self.must_be_over(id, answer.as_ref())?;
            return self.all_statistics(id, limit);
        }
        if record.state == JobState::Queued {
            return Ok(Vec::new());
        }
        must_have_ended(&record)?;
        if let Some(known) = self.known_statistics().get(&(id, limit)) {
            return Ok(known.clone());
        }
        let rows = self.stored(&record)?.statistics().map_err(|error| self.refused(id, &error))?;
        let items = stored(&rows, limit);
        if limit > KNOWN_ENTRIES_MAX {
            return Ok(items);
        }
        let mut known = self.known_statistics();
        if known.len() >= KNOWN_STATISTICS_MAX {
            known.clear();
        }
        known.insert((id, limit), items.clone());
        Ok(items)
    }

    pub fn label_statistics(
        &self,
        id: u64,
        label: &str,
        limit: usize,
    ) -> Answer<Vec<StatisticItem>> {
        let label = self.known_label(label)?;
        let mut counts = OfLabel::default();
        let filter = Filter { label: Some(label), ..Filter::default() };
        let found = self.found(id, filter, 0, Some(Stopwatch::start()))?;
        for facts in found.rows {
            counts.add(&facts.map_err(|error| self.refused(id, &error))?);
        }
        Ok(with_not_told(counts.items(limit), found.not_told))
    }

    pub fn address_statistics(&self, id: u64, ip: IpAddr, limit: usize) -> Answer<DetailsIp> {
        let mut counts = OfAddress::default();
        let filter = Filter { address: Some(ip), ..Filter::default() };
        let found = self.found(id, filter, 0, Some(Stopwatch::start()))?;
        for facts in found.rows {
            counts.add(ip, &facts.map_err(|error| self.refused(id, &error))?);
        }
        let place = self.places.place(ip);
        let details = counts.details(place.country, place.city, limit);
        let statistics = with_not_told(details.statistics, found.not_told);
        Ok(DetailsIp { statistics, ..details })
    }

    /// The store's filter.
    pub fn wanted(&self, filter: &FlowFilter) -> Answer<Filter> {
        let label = filter.label.as_deref().map(|label| self.known_label(label)).transpose()?;
        Ok(Filter {
            label,
            address: filter.ip,
            port: filter.port,
            protocol: filter.protocol,
            server_name: filter.domain.clone(),
            from: filter.from.map(|from| from.saturating_mul(SECOND_NS)),
            to: filter.to.map(|to| to.saturating_mul(SECOND_NS)),
            session: filter.session,
            id: None,
        })
    }

    /// All flows that match, or a page of them.
    pub fn matching_flows(&self, id: u64, filter: &FlowFilter) -> Answer<FlowPage> {
        let wanted = self.wanted(filter)?;
        // Who takes all of them takes them at their own pace.
        let since = filter.limit.map(|_| Stopwatch::start());
        let after = filter.after.unwrap_or(0);
        let Found { rows, not_told } = self.found(id, wanted, after, since)?;
        let Some(limit) = filter.limit else {
            let rows = rows.map(move |facts| facts.map(item).map_err(|error| io_error(id, &error)));
            return Ok(FlowPage { rows: Box::new(rows), next: None, not_told });
        };
        let limit = limit.min(PAGE_FLOWS_MAX);
        let (mut page, mut next) = (Vec::new(), None);
        for facts in rows.take(limit) {
            match facts {
                Ok(facts) => page.push(facts),
                // Few flows match, and are far apart: the next page looks on from there.
                Err(StoreError::GivenUp { looked_to }) if looked_to > after => {
                    next = Some(looked_to);
                    break;
                }
                Err(error) => return Err(self.refused(id, &error)),
            }
        }
        if page.len() == limit {
            next = page.last().map(place_of);
        }
        let rows = page.into_iter().map(|facts| Ok(item(facts)));
        Ok(FlowPage { rows: Box::new(rows), next, not_told })
    }

    /// The flows of a job that match, closed and open, of one moment. Where that is looked at, whoever
    /// waits does so for a bounded time.
    fn found(
        &self,
        id: u64,
        filter: Filter,
        after: u64,
        since: Option<Stopwatch>,
    ) -> Answer<Found> {
        let (record, running) = self.job(id)?;
        if record.state == JobState::Queued {
            return Ok(Found::all(std::iter::empty()));
        }
        let finding_max = Duration::from_millis(self.settings.finding_ms_max);
        let is_awaited = move || since.as_ref().is_none_or(|since| since.passed() < finding_max);
        let Some(running) = running else {
            must_have_ended(&record)?;
            let rows = self.stored(&record)?.facts(filter, after);
            return Ok(Found::all(rows.as_long_as(is_awaited)));
        };
        let answer = running.ask(|question| match (&filter.label, filter.address) {
            (_, Some(address)) => Down::AskAddress { question, address },
            (Some(label), None) => Down::AskLabel { question, label: label.clone() },

            (None, None) => Down::AskClosed { question, filter: filter.clone() },
        });
        let Some(Up::Flows { committed, flows, not_told, .. }) = answer else {
            self.must_be_over(id, answer.as_ref())?;
            return self.found(id, filter, after, since);
        };
        // What is open comes last.
        let rest = flows.into_iter();
        let rest = rest.filter(|facts| place_of(facts) > after && filter.holds(facts));
        let mut rest: Vec<Facts> = rest.collect();
        rest.sort_by_key(place_of);
        let closed = self.reader(id, Some(committed)).map_err(|error| self.refused(id, &error))?;
        let closed = closed.facts(filter, after).as_long_as(is_awaited);
        let rows = closed.chain(rest.into_iter().map(Ok));
        Ok(Found { not_told, ..Found::all(rows) })
    }

    /// A child that does not answer because it has ended is no reason to wait.
    pub(super) fn must_be_over(&self, id: u64, answer: Option<&Up>) -> Answer<()> {
        let (message, retry_after_s) = match answer {
            Some(Up::TooLong { .. }) => {
                ("the answer is too long while the job runs: ask for less, or later", TOO_LONG_S)
            }
            _ => ("the job does not answer yet", COME_AGAIN_S),
        };
        match self.job(id)?.1 {
            None => Ok(()),
            Some(_) => Err(Refusal::Busy { message: message.to_owned(), retry_after_s }),
        }
    }

    /// Labels by group: those of the loaded plugins and those of stored jobs.
    pub fn labels_by_group(&self) -> BTreeMap<String, Vec<String>> {
        let mut groups = self.plugins().labels.clone();
        let of_jobs: Vec<(String, String)> = self.state().labels().cloned().collect();
        for (group, label) in of_jobs {
            let labels = groups.entry(group).or_default();
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        groups
    }

    pub fn label_list(&self) -> Vec<Label> {
        let groups = self.labels_by_group().into_iter();
        groups.map(|(group_name, labels)| Label { group_name, labels }).collect()
    }

    fn known_label(&self, label: &str) -> Answer<String> {
        let label = if label == ALIAS.0 { ALIAS.1 } else { label };
        let has_plugin = self.plugins().labels.values().flatten().any(|known| known == label);
        let is_known = has_plugin || self.state().labels().any(|(_, known)| known == label);
        match is_known {
            true => Ok(label.to_owned()),
            false => Err(Refusal::NotFound(format!("there is no label {label:?}"))),
        }
    }
}

/// What an unfinished job has stored is a part of nobody knows what.
pub(super) fn must_have_ended(record: &JobRecord) -> Answer<()> {
    match record.state.is_over() {
        true => Ok(()),
        false => Err(Refusal::Busy {
            message: "the server stops: the job is taken up again at its next start".to_owned(),
            retry_after_s: STOPPING_S,
        }),
    }
}

fn with_not_told(mut items: Vec<StatisticItem>, not_told: u64) -> Vec<StatisticItem> {
    items.iter_mut().for_each(|item| item.not_told = not_told);
    items
}

/// Where pages of open flows begin: behind all rows.
const OPEN_FLOWS: u64 = 1 << 62;

/// A flow's place among pages: its row, or behind all rows in the order in which flows began.
fn place_of(facts: &Facts) -> u64 {
    if facts.row > 0 { facts.row } else { OPEN_FLOWS + facts.flow_id }
}

pub fn no_job(id: u64) -> Refusal {
    Refusal::NotFound(format!("there is no job {id}"))
}

fn item(facts: Facts) -> DetailsLabelItem {
    DetailsLabelItem {
        client_ip: facts.client.to_string(),
        client_port: facts.client_port.unwrap_or(0),
        server_ip: facts.server.to_string(),
        server_port: facts.server_port.unwrap_or(0),
        time_start: facts.start.div_euclid(SECOND_NS),
        time_end: facts.end.div_euclid(SECOND_NS),
        comment: facts.comment.unwrap_or_default(),
        flow_id: Some(facts.flow_id),
        protocol: Some(facts.protocol),
        label: facts.label,
        server_name: facts.server_name,
        session_id: facts.session_id,
        open: facts.row == 0,
    }
}
