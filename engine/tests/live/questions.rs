//! Questions about flows that are open.

use super::{common, options, plain, plugins, run_on, strange, talks, write};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tempfile::tempdir;
use tractor_engine::dataflow::{Progress, RunOptions};
use tractor_engine::flows::{About, Question};
use tractor_engine::output::{JsonLinesWriter, RowWriter};
use tractor_engine::profiles::{Layout, Row};

/// What is known of a flow while it is open: ends, first and last packet, packets, bytes.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    client: (IpAddr, Option<u16>),
    server: (IpAddr, Option<u16>),
    times: (i64, i64),
    packets: [u64; 2],
    ip_bytes: [u64; 2],
}

/// By flow id.
type Flows = BTreeMap<u64, Known>;

fn known(row: &Row<'_>) -> (u64, Known) {
    let flow = row.flow;
    let known = Known {
        client: flow.client(),
        server: flow.server(),
        times: (flow.start.0, flow.end.0),
        packets: flow.packets,
        ip_bytes: flow.ip_bytes,
    };
    (flow.id, known)
}

/// An answer with all that was known then.
#[derive(Clone, Default)]
struct Answered {
    rows: Flows,
    open: Flows,
    /// Label and server name of each.
    labels: BTreeMap<u64, (Option<u16>, Option<String>)>,
}

#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Default)]
struct Seen {
    rows: Flows,
    answers: Vec<(Question, Answered)>,
}

/// Writes rows and asks on after each answer.
struct Asking {
    inner: JsonLinesWriter<Bytes>,
    seen: Arc<Mutex<Seen>>,
    asks: Option<(Arc<Progress>, Vec<About>)>,
}

/// Asks everything at once: so it is answered at one step.
fn ask(progress: &Progress, all: &[About], round: u64) {
    for about in all {
        assert!(progress.questions.ask(Question { id: round, about: *about }));
    }
}

impl RowWriter for Asking {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        let (id, known) = known(row);
        self.seen.lock().unwrap().rows.insert(id, known);
        if self.asks.is_some() {
            // The run waits for a slow writer, and so there is more to be asked.
            thread::sleep(Duration::from_millis(1));
        }
        self.inner.write(row)
    }

    fn answer(
        &mut self,
        question: &Question,
        open: &mut dyn Iterator<Item = Row<'_>>,
        left_out: u64,
    ) -> io::Result<()> {
        assert_eq!(left_out, 0);
        let mut seen = self.seen.lock().unwrap();
        let mut answered = Answered { rows: seen.rows.clone(), ..Answered::default() };
        let mut last = 0;
        for row in open {
            let (id, known) = known(&row);
            assert!(id > last, "in the order in which they began");
            last = id;
            let names = row.flow.labelled.as_ref().map(|labelled| &labelled.names);
            let name = names.and_then(|names| names.server_name.as_deref().map(str::to_owned));
            answered.labels.insert(id, (row.label().map(|choice| choice.label), name));
            answered.open.insert(id, known);
        }
        seen.answers.push((*question, answered));
        if let Some((progress, all)) = &self.asks
            && Some(&question.about) == all.last()
        {
            ask(progress, all, question.id + 1);
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.inner.finish()
    }
}

/// The rows as bytes, and what was seen.
fn run_asking(capture: &Path, options: &RunOptions, all: &[About]) -> (Vec<u8>, Seen) {
    let progress = Arc::new(Progress::default());
    let (bytes, seen) = (Bytes::default(), Arc::<Mutex<Seen>>::default());
    let asks = (!all.is_empty()).then(|| (Arc::clone(&progress), all.to_vec()));
    ask(&progress, all, 0);
    let layout = Layout::of_flows(options.profile, true, false);
    let inner = JsonLinesWriter::new(layout, bytes.clone());
    let writer = Asking { inner, seen: Arc::clone(&seen), asks };
    run_on(capture, options, Box::new(writer), &progress);
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let bytes = std::mem::take(&mut *bytes.0.lock().unwrap());
    (bytes, seen)
}

#[test]
fn rows_and_open_flows_are_what_the_packets_so_far_say() {
    let folder = tempdir().unwrap();
    let packets = talks(11, 600);
    let capture = write(folder.path(), "a.pcap", &plain(&packets));
    let plugins = plugins(folder.path());
    for (workers, chunk_bytes) in [(1, 1_500), (2, 700), (4, 1_500), (2, 2_000)] {
        let options = options("native", workers, chunk_bytes, &plugins);
        let (_, seen) = run_asking(&capture, &options, &[About::Address(common())]);
        assert!(seen.answers.len() > 2, "{}", seen.answers.len());
        let is_open = |(_, answered): &(_, Answered)| !answered.open.is_empty();
        assert!(seen.answers.iter().any(is_open));
        // Some of many answers, spread over the run.
        for (question, answered) in seen.answers.iter().step_by(1 + seen.answers.len() / 8) {
            let Answered { mut rows, open, .. } = answered.clone();
            assert!(rows.iter().all(|(id, row)| seen.rows.get(id) == Some(row)));
            assert!(open.keys().all(|id| !rows.contains_key(id)), "{question:?}");
            rows.extend(open);
            let so_far: u64 = rows.values().flat_map(|flow| flow.packets).sum();
            let prefix = plain(&packets[..so_far as usize]);
            let prefix = write(folder.path(), "prefix.pcap", &prefix);
            let (_, expected) = run_asking(&prefix, &options, &[]);
            assert_eq!(rows, expected.rows, "{question:?}");
        }
    }
}

#[test]
fn open_flows_have_the_labels_and_names_that_they_have_so_far() {
    let folder = tempdir().unwrap();
    let capture = write(folder.path(), "a.pcap", &plain(&talks(12, 500)));
    let plugins = plugins(folder.path());
    if plugins.classifiers().is_empty() {
        return;
    }
    let all = [About::Label(0), About::Label(1), About::Label(77), About::Address(common())];
    for workers in [1, 2, 4] {
        let options = options("native", workers, 2_000, &plugins);
        let (_, seen) = run_asking(&capture, &options, &all);
        let (mut labelled, mut named) = (0, 0);
        for answers in seen.answers.chunks_exact(all.len()) {
            let [early, udp, other, everything] = answers else { panic!("four answers") };
            assert!(answers.iter().all(|(question, _)| question.id == early.0.id));
            assert!(answers.iter().zip(all).all(|((question, _), about)| question.about == about));
            for (of_label, label) in [(&early.1, 0), (&udp.1, 1)] {
                let expected = everything.1.labels.iter().filter(|(_, (of, _))| *of == Some(label));
                let expected: Vec<_> = expected.map(|(id, _)| *id).collect();
                assert_eq!(of_label.open.keys().copied().collect::<Vec<_>>(), expected);
                labelled += expected.len();
            }
            assert!(other.1.open.is_empty());
            named += everything.1.labels.values().filter(|(_, name)| name.is_some()).count();
        }
        assert!(labelled > 10 && named > 10, "{labelled} {named}");
    }
}

#[test]
fn asking_changes_no_result() {
    let folder = tempdir().unwrap();
    let plugins = plugins(folder.path());
    let address = IpAddr::from([192, 0, 2, 1]);
    let all = [About::Label(0), About::Address(common()), About::Address(address)];
    for capture in [talks(13, 150), strange(14, 800)] {
        let capture = write(folder.path(), "a.pcap", &plain(&capture));
        let (expected, _) = run_asking(&capture, &options("native", 1, 1 << 20, &plugins), &[]);
        for workers in [1, 2, 4] {
            for chunk_bytes in [500, 4_000] {
                let mut options = options("native", workers, chunk_bytes, &plugins);
                options.live = Some(Arc::default());
                let (bytes, seen) = run_asking(&capture, &options, &all);
                assert!(!seen.answers.is_empty());
                assert!(bytes == expected, "{workers} workers, chunks of {chunk_bytes}");
            }
        }
    }
}
