use super::super::{
    Facts, Filter, FoundSessions, Index, JobLayout, JobReader, SessionFilter, StoreError,
    session_rows,
};
use super::*;
use crate::output::EncodedTable;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::tempdir;

/// More than two blocks.
const FLOWS: u64 = 33_768;

fn found(reader: &Arc<JobReader>, filter: &Filter) -> Vec<Facts> {
    reader.facts(filter.clone(), 0).map(Result::unwrap).collect()
}

/// Compares what is found with what there is.
fn assert_found(reader: &Arc<JobReader>, filter: &Filter, wanted: impl Fn(&Made) -> bool) {
    let numbers: Vec<u64> = (0..FLOWS).filter(|&number| wanted(&Made { number })).collect();
    assert!(!numbers.is_empty() || filter.address.is_some());
    let rows: Vec<u64> = found(reader, filter).iter().map(|facts| facts.row - 1).collect();
    assert_eq!(rows, numbers, "{filter:?}");
}

#[test]
fn flows_are_found_by_all_that_can_be_asked_with_and_without_an_index() {
    let data = tempdir().unwrap();
    let folder = data.path().join("jobs/7");
    write_job(&folder, 7, FLOWS);
    let plain = Arc::new(JobReader::open(&folder).unwrap());
    let index = Arc::new(Index::open(data.path()).unwrap());
    let indexed = Arc::new(JobReader::open(&folder).unwrap().with_index(index, 7));
    let default = Filter::default;
    for reader in [&plain, &indexed] {
        let label = |label: &str| Filter { label: Some(label.to_owned()), ..default() };
        assert_found(reader, &label("vk"), |made| made.label() == Some("vk"));
        assert_found(reader, &label(""), |made| made.label().is_none());
        assert!(found(reader, &label("ssh")).is_empty());
        for number in [0, 99, 20_000, FLOWS - 1] {
            let address = Made { number }.client();
            let filter = Filter { address: Some(address), ..default() };
            assert_found(reader, &filter, |made| made.client() == address);
            let address = Made { number }.server();
            let filter = Filter { address: Some(address), ..default() };
            assert_found(reader, &filter, |made| made.server() == address);
        }
        let filter = Filter { address: Some("8.8.8.8".parse().unwrap()), ..default() };
        assert_found(reader, &filter, |_| false);
        let filter = Filter { port: Some(53), protocol: Some(17), ..default() };
        assert_found(reader, &filter, |made| made.number % 2 == 0);
        let filter = Filter { port: Some(40_010), ..default() };
        assert_found(reader, &filter, |made| made.number % 1_000 == 10);
        let name = |name: &str| Filter { server_name: Some(name.to_owned()), ..default() };
        assert_found(reader, &name("dns.example"), |made| made.label() == Some("dns"));
        assert_found(reader, &name("www2.VK.example."), |made| {
            made.label() == Some("vk") && made.number % 10 == 2
        });
        let (from, to) = (Made { number: 30_000 }.start(), Made { number: 30_100 }.start());
        let times = Filter { from: Some(from), to: Some(to), ..default() };
        assert_found(reader, &times, |made| (30_000..=30_100).contains(&made.number));
        let both = Filter { label: Some("dns".to_owned()), ..times };
        assert_found(reader, &both, |made| {
            (30_000..=30_100).contains(&made.number) && made.label() == Some("dns")
        });
    }
}

#[test]
fn pages_put_together_are_the_whole() {
    let folder = tempdir().unwrap();
    write_job(folder.path(), 7, FLOWS);
    let reader = Arc::new(JobReader::open(folder.path()).unwrap());
    let filter = Filter { label: Some("bittorrent".to_owned()), ..Filter::default() };
    let whole = found(&reader, &filter);
    let (mut paged, mut after_row) = (Vec::new(), 0);
    loop {
        let page = reader.facts(filter.clone(), after_row).take(777).map(Result::unwrap);
        let page: Vec<Facts> = page.collect();
        let Some(last) = page.last() else { break };
        after_row = last.row;
        paged.extend(page);
    }
    assert_eq!(paged, whole);
}

#[test]
fn who_gives_up_looks_on_where_that_was() {
    let folder = tempdir().unwrap();
    write_job(folder.path(), 7, FLOWS);
    let reader = Arc::new(JobReader::open(folder.path()).unwrap());
    let filter = Filter { label: Some("bittorrent".to_owned()), ..Filter::default() };
    let (mut rows, mut after_row, mut times) = (Vec::new(), 0, 0);
    loop {
        // Patience for one block.
        let looks = AtomicUsize::new(0);
        let is_awaited = move || looks.fetch_add(1, Ordering::Relaxed) < 1;
        let mut looked_to = None;
        for facts in reader.facts(filter.clone(), after_row).as_long_as(is_awaited) {
            match facts {
                Ok(facts) => rows.push(facts),
                Err(StoreError::GivenUp { looked_to: row }) => looked_to = Some(row),
                Err(error) => panic!("{error}"),
            }
        }
        let Some(row) = looked_to else { break };
        assert!(row > after_row && rows.last().is_none_or(|last| last.row <= row));
        (after_row, times) = (row, times + 1);
    }
    assert!(times >= 2, "{times}");
    assert_eq!(rows, found(&reader, &filter));
}

/// A job with so many sessions, of which the made-up flows are the first.
fn write_sessions(folder: &Path, sessions: u64) -> JobReader {
    let layout = Layout::of_sessions(&Profile::all()[0], false);
    let layouts = JobLayout { sessions: Some(layout), ..native().into() };
    let begun = record(7, JobState::InProgress);
    let writer = JobWriter::create(folder, layouts, &begun, Heard::default()).unwrap();
    let mut rows = writer.cells(RowsOf::Sessions);
    append(layout, 0..sessions, &mut rows);
    rows.finish().unwrap();
    writer.end(items(), &record(7, JobState::Finished)).unwrap();
    JobReader::open(folder).unwrap().sessions()
}

#[test]
fn sessions_are_found_by_all_that_can_be_asked() {
    let folder = tempdir().unwrap();
    let reader = write_sessions(folder.path(), FLOWS);
    let found = |rows: &Filter, limit| {
        let filter = SessionFilter { rows: rows.clone(), after: 0, limit };
        session_rows(&reader, &filter, || true).unwrap().rows
    };
    let all = found(&Filter::default(), usize::MAX);
    assert_eq!(all.len() as u64, FLOWS);
    assert!(all[1].1.contains("\"client_ip\":\"10.0.0.1\"") && !all[1].1.contains("tractor."));
    let filters = [
        Filter { label: Some("dns".to_owned()), ..Filter::default() },
        Filter { address: Some(Made { number: 20_000 }.client()), ..Filter::default() },
        Filter { server_name: Some("www7.bittorrent.example".to_owned()), ..Filter::default() },
        Filter { id: Some(20_000 * 3 + 1), ..Filter::default() },
    ];
    let wanted: [&dyn Fn(u64) -> bool; 4] = [
        &|number| Made { number }.label() == Some("dns"),
        &|number| number == 20_000,
        &|number| Made { number }.server_name().as_deref() == Some("www7.bittorrent.example"),
        &|number| number == 20_000,
    ];
    for (filter, wanted) in filters.iter().zip(wanted) {
        let mut expected = all.clone();
        expected.retain(|(row, _)| wanted(row - 1));
        assert!(found(filter, usize::MAX) == expected, "{filter:?}");
        expected.truncate(5);
        assert_eq!(found(filter, 5), expected, "{filter:?}");
    }
}

#[test]
fn who_gives_up_on_sessions_looks_on_where_that_was() {
    let folder = tempdir().unwrap();
    let reader = write_sessions(folder.path(), FLOWS);
    // In the first block, and in one of the last.
    for number in [0, 33_000] {
        let rows = Filter { id: Some(number * 3 + 1), ..Filter::default() };
        let mut filter = SessionFilter { rows, after: 0, limit: 2 };
        let (mut found, mut times) = (Vec::new(), 0);
        loop {
            // Patience for one block.
            let looks = AtomicUsize::new(0);
            let is_awaited = || looks.fetch_add(1, Ordering::Relaxed) < 1;
            let FoundSessions { rows, looked_to } =
                session_rows(&reader, &filter, is_awaited).unwrap();
            found.extend(rows.into_iter().map(|(row, _)| row - 1));
            let Some(row) = looked_to else { break };
            assert!(row > filter.after);
            (filter.after, times) = (row, times + 1);
        }
        assert!(times >= 2, "{times}");
        assert_eq!(found, [number]);
        filter.after = 9_000;
        let refused = session_rows(&reader, &filter, || false).unwrap_err();
        assert!(matches!(refused, StoreError::GivenUp { .. }), "{refused}");
    }
}

#[test]
fn facts_are_those_of_the_flow() {
    let folder = tempdir().unwrap();
    write_job(folder.path(), 7, 3);
    let reader = Arc::new(JobReader::open(folder.path()).unwrap());
    let facts = found(&reader, &Filter::default()).remove(1);
    let expected = Facts {
        row: 2,
        flow_id: 4,
        client: "10.0.0.1".parse().unwrap(),
        client_port: Some(40_001),
        server: "192.168.0.0".parse().unwrap(),
        server_port: Some(443),
        protocol: 6,
        start: BEGIN_NS + SECOND_NS,
        end: BEGIN_NS + SECOND_NS * 3 / 2,
        label: Some("dns".to_owned()),
        comment: Some("names: SNI it, \"said\" (0.95)".to_owned()),
        server_name: Some("www1.dns.example".to_owned()),
        user_agent: None,
        session_id: Some(1),
    };
    assert_eq!(facts, expected);
    let json = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
}

#[test]
fn exports_have_the_rows_that_are_asked_for() {
    use super::super::{ExportFormat, export};
    let folder = tempdir().unwrap();
    write_job(folder.path(), 7, FLOWS);
    let reader = Arc::new(JobReader::open(folder.path()).unwrap());
    let exported = |filter: &Filter, format| {
        let mut out = Vec::new();
        export(&reader, filter, format, &mut out).unwrap();
        out
    };
    let all = String::from_utf8(exported(&Filter::default(), ExportFormat::Csv)).unwrap();
    let all: Vec<&str> = all.lines().collect();
    let filters = [
        Filter { label: Some("dns".to_owned()), ..Filter::default() },
        Filter { label: Some("nobody".to_owned()), ..Filter::default() },
        Filter { port: Some(40_005), ..Filter::default() },
        Filter { protocol: Some(6), ..Filter::default() },
    ];
    for filter in filters {
        let rows: Vec<usize> =
            found(&reader, &filter).iter().map(|facts| facts.row as usize).collect();
        let wanted: Vec<&str> = [0].iter().chain(&rows).map(|&row| all[row]).collect();
        let csv = String::from_utf8(exported(&filter, ExportFormat::Csv)).unwrap();
        assert_eq!(csv.lines().collect::<Vec<_>>(), wanted, "{filter:?}");
        let table = EncodedTable::open(exported(&filter, ExportFormat::Parquet)).unwrap();
        assert_eq!(table.rows(), rows.len() as u64, "{filter:?}");
    }
}
