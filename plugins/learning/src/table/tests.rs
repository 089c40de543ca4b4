#![cfg(feature = "tables")]

use super::{Profile, ReadOptions, Table, iscx, read};
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
