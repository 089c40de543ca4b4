#![cfg(feature = "tables")]

use super::{
    Format, LabelLine, Profile, ReadOptions, Table, TableBuilder, iscx, read, read_labels,
};
use crate::file::{FlowLife, Input};
use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use std::path::PathBuf;
use std::sync::Arc;

/// Reads one file of this text.
fn reading(name: &str, text: &str, options: &ReadOptions) -> Result<Table, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, text).unwrap();
    let place = folder.path().display().to_string() + "/";
    read(&[file], options).map_err(|error| error.to_string().replace(&place, ""))
}

fn plain(name: &str, text: &str) -> Result<Table, String> {
    reading(name, text, &ReadOptions::default())
}

#[test]
fn csv_is_read_whatever_its_line_ends_and_quotes() {
    let text = "a,flow_id,\"b\",text,label\r\n1,9,?,x,\"one, two\"\r\n,9,2.5,y,b\r\n3,9,inf,,\r\n4,9,inf,z,b\r\n";
    let table = plain("flows.csv", text).unwrap();
    assert_eq!(table.features, ["a", "b"]);
    assert_eq!(table.classes, ["b", "one, two"]);
    assert_eq!(table.class_of(), [1, 0, 0]);
    assert_eq!(table.row(0)[0], 1.0);
    assert!(table.row(0)[1].is_nan() && table.row(1)[0].is_nan() && table.row(2)[1].is_nan());
    let notes = [
        "1 rows without a class are left out",
        "1 infinite values are taken as missing",
        "2 columns of text or identity are left out",
    ];
    assert_eq!(table.notes, notes);
}

#[test]
fn what_the_user_said_comes_before_a_verdict() {
    let table = plain("flows.csv", "a,class,label\n1,truth,verdict\n").unwrap();
    assert_eq!(table.classes, ["truth"]);
}

#[test]
fn columns_may_be_chosen() {
    let options = ReadOptions {
        features: Some(vec!["b".to_owned(), "a".to_owned()]),
        class_column: Some("kind".to_owned()),
        capture_column: Some("from".to_owned()),
        profile: Profile { name: "native".to_owned(), version: 4 },
    };
    let table =
        reading("flows.csv", "a,b,kind,from\n1,2,x,one\n3,4,y,two\n5,6,x,one\n", &options).unwrap();
    assert_eq!((table.row(0), table.row(2)), ([2.0, 1.0].as_slice(), [6.0, 5.0].as_slice()));
    assert_eq!(table.captures, ["one", "two"]);
    assert_eq!(table.capture_of(), [0, 1, 0]);
    assert_eq!(table.profile.to_string(), "native/4");
}

#[test]
fn every_bad_file_is_refused_with_its_place_and_cause() {
    let wrong = [
        ("a.csv", "a,b\n1,2\n", "a.csv: there is no column class, class1, Class, Label or label"),
        ("a.csv", "a,label\n1,x\nmany,x\n", "a.csv, line 3: \"many\" in column a is no number"),
        ("a.csv", "a,label\n1,x\n2\n", "a.csv, line 3: 1 cells, and the header has 2"),
        ("a.csv", "a,a,label\n1,2,x\n", "a.csv: the table has the feature \"a\" twice"),
        ("a.csv", "label\nx\n", "a.csv: the table has 0 features, and 1 to 4096 may be"),
        ("a.csv", "a,label\n1,\n", "the table has no row with a class"),
        ("a.csv", "a,label\n", "the table has no row"),
        ("a.arff", "@relation r\n@attribute a numeric\n", "a.arff: there is no line @DATA"),
        ("a.arff", "hello\n", "a.arff, line 1: neither an attribute nor @DATA"),
        ("a.arff", "@attribute a\n", "a.arff, line 1: an attribute without a name or a type"),
        (
            "a.arff",
            "@attribute a real\n@attribute class {x}\n@data\n1\n",
            "a.arff, line 4: 1 values, and there are 2 attributes",
        ),
        (
            "a.arff",
            "@attribute a real\n@attribute class {x}\n@data\nz,x\n",
            "a.arff, line 4: \"z\" of attribute a is no number",
        ),
        (
            "a.arff",
            "@attribute a real\n@attribute class {x}\n@data\n{0 1}\n",
            "a.arff, line 4: a sparse row",
        ),
    ];
    for (name, text, why) in wrong {
        assert_eq!(plain(name, text).unwrap_err(), why, "{text}");
    }
    let missing = read(&[PathBuf::from("nowhere.csv")], &ReadOptions::default());
    assert!(missing.unwrap_err().to_string().starts_with("cannot open nowhere.csv: "));
}

#[test]
fn arff_is_read_with_comments_quotes_and_missing_values() {
    let text = "% a comment\n@RELATION x\n\n@ATTRIBUTE 'a b' NUMERIC\n@attribute c integer\n\
                @ATTRIBUTE class1 {'x y',z}\n@DATA\n1, ?,'x y'\n% no row\n2,3,z\n";
    let table = plain("flows.arff", text).unwrap();
    assert_eq!(table.features, ["a b", "c"]);
    assert_eq!(table.classes, ["x y", "z"]);
    assert!(table.row(0)[1].is_nan());
    assert_eq!(table.row(1), [2.0, 3.0]);
}

#[test]
fn parquet_is_read_with_nulls() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flows.parquet");
    let columns: [(&str, arrow_array::ArrayRef); 4] = [
        ("a", Arc::new(Float64Array::from(vec![Some(1.5), None]))),
        ("b", Arc::new(Int64Array::from(vec![7, 8]))),
        ("server_name", Arc::new(StringArray::from(vec!["x", "y"]))),
        ("class", Arc::new(StringArray::from(vec!["p", "q"]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let opened = std::fs::File::create(&file).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(opened, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let table = read(&[file], &ReadOptions::default()).unwrap();
    assert_eq!(table.features, ["a", "b"]);
    assert_eq!(table.row(0), [1.5, 7.0]);
    assert!(table.row(1)[0].is_nan());
    assert_eq!(table.classes, ["p", "q"]);
}

/// The end says where everything stands: a decoder that believes it reads beyond what there is.
#[test]
fn a_parquet_file_whose_end_is_damaged_gives_a_table_or_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flows.parquet");
    invented().write(Format::Parquet, Box::new(std::fs::File::create(&file).unwrap())).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let length = bytes[bytes.len() - 8..].first_chunk().map(|four| u32::from_le_bytes(*four));
    let begin = bytes.len() - 8 - length.unwrap() as usize;
    let mut broke_down = 0;
    for place in begin..bytes.len() {
        let mut damaged = bytes.clone();
        // Of a number that is its sign, which decoders look at least.
        damaged[place] ^= 1;
        std::fs::write(&file, &damaged).unwrap();
        if let Err(error) = read(&[&file], &ReadOptions::default()) {
            let why = error.to_string();
            broke_down += usize::from(why.ends_with(": the decoder of Parquet broke down"));
        }
    }
    assert!(broke_down > 0, "some bits are such as the decoder panics at");
}

fn iscx_csv(classes: [&str; 2]) -> String {
    let row = |class: &str| format!("{}{class}\n", "1,".repeat(23));
    format!("{},class1\n{}{}", iscx::PUBLISHED.join(","), row(classes[0]), row(classes[1]))
}

#[test]
fn the_shifted_names_of_a1_are_put_right_and_those_of_a2_left() {
    let a1 = plain("a1.csv", &iscx_csv(["VPN", "Non-VPN"])).unwrap();
    let right = [
        "min_fiat",
        "min_biat",
        "max_fiat",
        "max_biat",
        "mean_fiat",
        "mean_biat",
        "std_fiat",
        "std_biat",
    ];
    assert_eq!(a1.features[1..9], right);
    assert_eq!(
        (a1.features[0].as_str(), a1.profile.to_string()),
        ("duration", "iscx/1".to_owned())
    );
    let a2 = plain("a2.csv", &iscx_csv(["VPN-MAIL", "MAIL"])).unwrap();
    assert_eq!(a2.features, iscx::PUBLISHED);
    assert_eq!(a2.profile.name, "iscx-a2");
    let said = ReadOptions {
        profile: Profile { name: "iscx".to_owned(), version: 1 },
        ..ReadOptions::default()
    };
    let own = reading("own.csv", &iscx_csv(["MAIL", "P2P"]), &said).unwrap();
    assert_eq!(own.features, a1.features);
}

#[test]
fn duplicates_and_conflicts_are_counted() {
    let text = "a,b,label\n1,2,x\n1,2,x\n1,2,y\n1,?,x\n1,?,x\n3,4,x\n";
    let warnings = plain("flows.csv", text).unwrap().warnings();
    assert_eq!((warnings.duplicate_rows, warnings.conflicting_rows), (2, 3));
}

/// Counted by a script, on the texts of the values.
#[test]
fn the_published_files_have_the_duplicates_that_were_counted() {
    let Some(folder) = std::env::var_os("TRACTOR_LABELLED").map(PathBuf::from) else {
        println!("skipped: TRACTOR_LABELLED names no folder");
        return;
    };
    let file = folder.join("iscx-vpn-2016/A1/TimeBasedFeatures-Dataset-15s-VPN.arff");
    let table = read(&[file], &ReadOptions::default()).unwrap();
    assert_eq!((table.rows(), table.class_counts()), (18_758, vec![8_965, 9_793]));
    let warnings = table.warnings();
    assert_eq!((warnings.duplicate_rows, warnings.conflicting_rows), (720, 594));
}

/// Two features, two classes, two captures, something missing, and names that want quotes.
fn invented() -> Table {
    let profile = Profile { name: "native".to_owned(), version: 5 };
    let mut builder = TableBuilder::new(profile, vec!["a b".to_owned(), "c".to_owned()]).unwrap();
    for (values, class, capture) in [
        ([0.1, f64::NAN], "it's, so", "one"),
        ([1e300, -3.0], "plain", "two \"x\""),
        ([f64::NAN, 1.0 / 3.0], "it's, so", "one"),
    ] {
        builder.push(&values, class, Some(capture)).unwrap();
    }
    builder.finish().unwrap()
}

#[test]
fn what_is_written_is_read_again_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = invented();
    let life = |active_s: u64| FlowLife {
        idle_timeout_us: Some(120_000_000),
        active_timeout_us: Some(active_s * 1_000_000),
        window_us: None,
    };
    table.flow_life = Some(life(15));
    table.inputs = vec![Input { name: "one".to_owned(), hash: "sha256:00".to_owned() }];
    let write = |table: &Table, name: &str| {
        let file = folder.path().join(name);
        let format = Format::of(&file).unwrap();
        table.write(format, Box::new(std::fs::File::create(&file).unwrap())).unwrap();
        file
    };
    for name in ["t.parquet", "t.csv", "t.arff"] {
        let said = ReadOptions { profile: table.profile.clone(), ..ReadOptions::default() };
        let back = read(&[write(&table, name)], &said).unwrap();
        let bits =
            |table: &Table| table.values().iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!((bits(&back), &back.features), (bits(&table), &table.features), "{name}");
        assert_eq!((&back.classes, back.class_of()), (&table.classes, table.class_of()), "{name}");
        assert_eq!((&back.captures, back.capture_of()), (&table.captures, table.capture_of()));
    }
    let file = write(&table, "t.parquet");
    let back = read(&[&file], &ReadOptions::default()).unwrap();
    assert_eq!((&back.profile, back.flow_life), (&table.profile, table.flow_life));
    assert_eq!(back.inputs, table.inputs);
    let wrong = |files: &[&PathBuf], profile: Profile| {
        let options = ReadOptions { profile, ..ReadOptions::default() };
        let place = folder.path().display().to_string() + "/";
        read(files, &options).unwrap_err().to_string().replace(&place, "")
    };
    let iscx = Profile { name: "iscx".to_owned(), version: 1 };
    assert_eq!(wrong(&[&file], iscx), "t.parquet: it is of profile native/5, and not of iscx/1");
    let mut other = invented();
    other.flow_life = Some(life(30));
    let why = "u.parquet: its flows have idle timeout 120 s, active timeout 30 s, window none, and those of \
               the file before idle timeout 120 s, active timeout 15 s, window none";
    assert_eq!(wrong(&[&file, &write(&other, "u.parquet")], Profile::default()), why);
    let why = "t.csv: its flows have an unknown life, and those of the file before idle timeout 120 s, \
               active timeout 15 s, window none";
    assert_eq!(wrong(&[&file, &write(&other, "t.csv")], Profile::default()), why);
    assert_eq!(Format::of(&folder.path().join("t.xlsx")), None);
}

#[test]
fn labels_are_read_and_bad_ones_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("labels.csv");
    let reading = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let place = folder.path().display().to_string() + "/";
        read_labels(&file).map_err(|error| error.to_string().replace(&place, ""))
    };
    let lines = reading("label,file,note\nmail,\"a, b.pcap\",x\nchat, c.pcap ,y\n").unwrap();
    let line = |line, file: &str, label: &str| LabelLine {
        line,
        file: file.to_owned(),
        label: label.to_owned(),
    };
    assert_eq!(lines, [line(2, "a, b.pcap", "mail"), line(3, "c.pcap", "chat")]);
    for (text, why) in [
        ("name,label\na,b\n", "labels.csv: there is no column file"),
        ("file,class\na,b\n", "labels.csv: there is no column label"),
        ("file,label\na,b\nc,\n", "labels.csv, line 3: an empty label"),
        ("file,label\n,b\n", "labels.csv, line 2: an empty file"),
        ("file,label\na\n", "labels.csv, line 2: 1 cells, and the header has 2"),
    ] {
        assert_eq!(reading(text).unwrap_err(), why);
    }
}

#[test]
fn classes_of_one_capture_are_told() {
    let mut builder = TableBuilder::new(Profile::default(), vec!["a".to_owned()]).unwrap();
    for (class, capture) in [("x", "1"), ("y", "1"), ("y", "2"), ("z", "2"), ("z", "2")] {
        builder.push(&[1.0], class, Some(capture)).unwrap();
    }
    assert_eq!(builder.finish().unwrap().classes_of_one_capture(), ["x", "z"]);
}
