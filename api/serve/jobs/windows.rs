//! Answers about the windows of a job that have ended: from its segments, and from its child while it
//! runs.

use super::answers::must_have_ended;
use super::service::stored_as;
use super::start::Jobs;
use super::stored::io_error;
use crate::serve::service::{Answer, Export, ExportFormat, Refusal, WindowFilter, WindowPage};
use crate::serve::views::{StatisticEntry, Window};
use std::time::Duration;
use tractor_engine::jobs::{Down, Stopwatch, Up};
use tractor_engine::store::{
    Filter, JobReader, JobRecord, JobState, TextFormat, WindowCount, WindowCounts, export,
};
use tractor_engine::time::{SECOND_NS, Timestamp};

impl Jobs {
    /// A page of the windows of a job.
    pub fn matching_windows(&self, id: u64, filter: &WindowFilter) -> Answer<WindowPage> {
        let (record, running) = self.job(id)?;
        let window_ns = window_of(&record)?;
        let wanted = wanted(filter, window_ns);
        // One more tells whether another page follows.
        let windows_max = filter.limit.saturating_add(1);
        let mut counts = WindowCounts::of_first(windows_max);
        let (reader, wanted) = match running {
            _ if record.state == JobState::Queued => return Ok(page(Vec::new(), 0, window_ns)),
            None => {
                must_have_ended(&record)?;
                (self.stored(&record)?.windows(), wanted)
            }
            Some(running) => {
                let ask =
                    |question| Down::AskWindows { question, filter: wanted.clone(), windows_max };
                let answer = running.ask(ask);
                let Some(Up::Windows { ended, windows, .. }) = answer else {
                    self.must_be_over(id, answer.as_ref())?;
                    return self.matching_windows(id, filter);
                };
                windows.into_iter().for_each(|window| counts.merge(window));
                let reader = self.reader(id, Some(ended.committed));
                let reader = reader.map_err(|error| self.refused(id, &error))?;
                (reader.windows(), ended.of(&wanted))
            }
        };
        let (since, most) = (Stopwatch::start(), self.settings.finding_ms_max);
        let is_awaited = || since.passed() < Duration::from_millis(most);
        counts.read(&reader, &wanted, is_awaited).map_err(|error| self.refused(id, &error))?;
        Ok(page(counts.into_counts(), filter.limit, window_ns))
    }

    /// The rows of windows; of a job that runs, those that have ended.
    pub fn exported_windows(
        &self,
        id: u64,
        filter: &WindowFilter,
        format: ExportFormat,
    ) -> Answer<Export> {
        let (record, running) = self.job(id)?;
        let wanted = wanted(filter, window_of(&record)?);
        let Some(running) = running else {
            if record.state != JobState::Finished {
                let why = format!("job {id} is not finished: its windows cannot be exported");
                return Err(Refusal::Conflict(why));
            }
            let reader = self.stored(&record)?.windows();
            return Ok(Box::new(move |to| {
                let exported = export(&reader, &wanted, stored_as(format), to);
                exported.map_err(|error| io_error(id, &error))
            }));
        };
        let lines_as = match format {
            ExportFormat::Csv => TextFormat::Csv,
            ExportFormat::Jsonl => TextFormat::Jsonl,
            ExportFormat::Parquet => {
                let why = format!("job {id} runs, and parquet is a whole: take csv or jsonl");
                return Err(Refusal::Conflict(why));
            }
        };
        let ask =
            |question| Down::AskWindowRows { question, filter: wanted.clone(), format: lines_as };
        let answer = running.ask(ask);
        let Some(Up::WindowRows { ended, lines, .. }) = answer else {
            self.must_be_over(id, answer.as_ref())?;
            return self.exported_windows(id, filter, format);
        };
        let reader = self.reader(id, Some(ended.committed));
        let reader = reader.map_err(|error| self.refused(id, &error))?.windows();
        let wanted = ended.of(&wanted);
        Ok(Box::new(move |mut to| {
            let stored = exported(&reader, &wanted, format, &mut to);
            let names_are_told = stored.map_err(|error| io_error(id, &error))?;
            let lines = match lines.split_once('\n') {
                Some((_, lines)) if names_are_told && lines_as == TextFormat::Csv => lines,
                _ => lines.as_str(),
            };
            to.write_all(lines.as_bytes())
        }))
    }
}

/// What is in blocks; tells whether there was any, and so a line of names.
fn exported(
    reader: &JobReader,
    filter: &Filter,
    format: ExportFormat,
    to: impl std::io::Write + Send,
) -> Result<bool, tractor_engine::store::StoreError> {
    if reader.blocks().is_empty() {
        return Ok(false);
    }
    export(reader, filter, stored_as(format), to).map(|()| true)
}

fn window_of(record: &JobRecord) -> Answer<i64> {
    record.window_ns.ok_or_else(|| {
        let why = "the server was begun without --window then, or its profile has none";
        Refusal::NotFound(format!("job {} has no windows: {why}", record.id))
    })
}

/// The rows of whole windows: of a window all rows are asked for, or none.
fn wanted(filter: &WindowFilter, window_ns: i64) -> Filter {
    let begin_of =
        |seconds: i64| Timestamp(seconds.saturating_mul(SECOND_NS)).floor_to(window_ns).0;
    let after = filter.after.map(|after| i64::try_from(after).unwrap_or(i64::MAX));
    let after = after.map(|after| after.saturating_add(window_ns));
    let from = filter.from.map(begin_of);
    // The last that begins before.
    let last = filter.to.map(|to| {
        let before = Timestamp(to.saturating_mul(SECOND_NS).saturating_sub(1));
        before.floor_to(window_ns).0.saturating_add(window_ns - 1)
    });
    Filter { from: from.max(after), to: last, ..Filter::default() }
}

/// As many as a page has, of one more.
fn page(counts: Vec<WindowCount>, limit: usize, window_ns: i64) -> WindowPage {
    let goes_on = counts.len() > limit;
    let told = &counts[..counts.len().min(limit)];
    let last = told.last().map(|last| u64::try_from(last.start_ns).unwrap_or(0));
    let windows = told.iter().map(|count| window(count, window_ns)).collect();
    WindowPage { windows, last, goes_on }
}

fn window(count: &WindowCount, window_ns: i64) -> Window {
    let seconds = |ns: i64| ns as f64 / SECOND_NS as f64;
    let entry =
        |(label, count): (&String, &u64)| StatisticEntry { label: label.clone(), count: *count };
    let mut labels: Vec<StatisticEntry> = count.labels.iter().map(entry).collect();
    labels.sort_by_key(|entry| std::cmp::Reverse(entry.count));
    Window {
        time_start: seconds(count.start_ns),
        time_end: seconds(count.start_ns.saturating_add(window_ns)),
        flows: count.flows,
        packets: count.packets,
        bytes: count.bytes,
        labels,
    }
}
