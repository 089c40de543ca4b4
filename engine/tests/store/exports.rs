use super::support::random::Random;
use super::support::traffic::{Mood, adversarial, sample};
use super::*;
use tractor_engine::output::{CsvWriter, EncodedTable, JsonLinesWriter, ParquetWriter};
use tractor_engine::profiles::Profile;
use tractor_engine::store::{ExportFormat, Filter, export};

fn exported(reader: &JobReader, format: ExportFormat) -> Vec<u8> {
    let mut out = Vec::new();
    export(reader, &Filter::default(), format, &mut out).expect("an export");
    out
}

/// All rows of a Parquet file as text, with its schema's names and what it says of itself.
fn told(bytes: Vec<u8>) -> (Vec<String>, String) {
    let encoded = EncodedTable::open(bytes).expect("a Parquet file");
    let columns: Vec<usize> = (0..encoded.names().count()).collect();
    let table = encoded.read(&columns).expect("its rows");
    let view = table.view().expect("its columns");
    let rows = (0..table.rows()).map(|row| {
        let mut cells = Vec::new();
        view.cells(row, &mut cells);
        format!("{cells:?}")
    });
    (rows.collect(), format!("{:?} {:?}", encoded.about(), table.names()))
}

fn assert_exports(what: &str, layout: Layout, capture: &Path, options: &RunOptions) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let reader = store(folder.path(), layout, capture, options);
    let written = Written::default();
    let as_written = |writer: Box<dyn RowWriter>| {
        run_with(capture, options, writer);
        written.take()
    };
    let csv = as_written(Box::new(CsvWriter::new(layout, written.clone())));
    let jsonl = as_written(Box::new(JsonLinesWriter::new(layout, written.clone())));
    let parquet = ParquetWriter::new(layout, written.clone()).expect("a writer");
    let parquet = as_written(Box::new(parquet));
    assert!(csv == exported(&reader, ExportFormat::Csv), "{what}: csv");
    assert!(jsonl == exported(&reader, ExportFormat::Jsonl), "{what}: jsonl");
    let (rows, about) = told(parquet);
    let (exported_rows, exported_about) = told(exported(&reader, ExportFormat::Parquet));
    assert_eq!(about, exported_about, "{what}");
    assert!(rows == exported_rows, "{what}: parquet");
    assert_eq!(reader.rows(), rows.len() as u64, "{what}");
}

fn options(profile: &'static Profile) -> RunOptions {
    RunOptions { names: profile.has_labels(), ..RunOptions::new(profile) }
}

#[test]
fn exports_of_every_profile_are_what_the_formats_write() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut captures = vec![("sample", sample())];
    for seed in [3, 4] {
        let mut random = Random::seeded(seed);
        let mood = Mood::of(&mut random);
        captures.push(("adversarial", adversarial(&mut random, &mood, 3_000)));
    }
    for (number, (kind, packets)) in captures.iter().enumerate() {
        let path = folder.path().join(format!("{number}.pcapng"));
        write_capture(&path, packets);
        for profile in Profile::all() {
            let layout = Layout::of_flows(profile, false, false);
            let what = format!("{} of {kind} {number}", profile.name);
            assert_exports(&what, layout, &path, &options(profile));
        }
    }
}

#[test]
fn exports_of_other_layouts_are_what_the_formats_write() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("sample.pcapng");
    write_capture(&path, &sample());
    let profiles =
        ["native", "iscx-fixed", "nfstream"].map(|name| Profile::named(name).expect("a profile"));
    for profile in profiles {
        let mut options = options(profile);
        options.classes = vec![Some("a class, with \"quotes\"".to_owned())];
        options.table.early_packets = 20;
        let layout = Layout::of_flows(profile, true, true);
        assert_exports(profile.name, layout, &path, &options);
    }
    let native = profiles[0];
    let mut options = options(native);
    options.table.window_ns = Some(1_000_000_000);
    assert_exports("windows", Layout::of_windows(native), &path, &options);
}
