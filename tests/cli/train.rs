//! `tractor train`: models, and reports whose numbers follow from one another.

use super::comforts::with_file;
use super::dataset::{build, built, recorded};
use super::run::{Finished, TRACTOR, in_folder, names, program, start_command, tractor};
use super::traffic::write;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::tempdir;

const MODEL: &str = "model.tractor";

/// A training that takes little time.
fn train(folder: &Path, arguments: &[&str]) -> Finished {
    let mut command = program(folder, &["train", "--cv", "3", "-o", MODEL]);
    command.args(arguments).env("SOURCE_DATE_EPOCH", "1700000000");
    start_command(&mut command, Stdio::null()).finish(Duration::from_secs(120))
}

/// The header of a model file, which is JSON behind 28 bytes.
fn header(file: &Path) -> Value {
    let bytes = std::fs::read(file).unwrap();
    assert_eq!(&bytes[..8], b"TRACTORM");
    let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    serde_json::from_slice(&bytes[28..28 + length]).unwrap()
}

#[test]
fn every_kind_learns_and_tells_how_well() {
    let folder = recorded();
    built(folder.path(), "data.parquet");
    for (model, kind, more) in [
        ("forest", "forest", &["--trees", "8"][..]),
        ("boosting", "boosting", &["--trees", "8", "--leaves", "7", "--shrinkage", "0.3"]),
        ("knn", "nearest", &["--neighbours", "3"]),
        ("logistic", "logistic", &[]),
    ] {
        let arguments =
            [&["data.parquet", "--model", model, "--report", "report.html"], more].concat();
        let finished = train(folder.path(), &arguments);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_numbers_agree(&finished.output);
        let html = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
        assert!(html.contains("<svg") && html.contains("Split: capture"), "{model}");
        let header = header(&folder.path().join(MODEL));
        assert_eq!(header["kind"], kind);
        assert_eq!(header["classes"], serde_json::json!(["loader", "talker", "ticker"]));
        assert_eq!(header["profile"]["name"], "iscx-a2");
        assert_eq!(header["flow_life"]["active_timeout_us"], 15_000_000);
        let manifest = &header["manifest"];
        assert_eq!(manifest["date"], "2023-11-14T22:13:20Z");
        let inputs = manifest["inputs"].as_array().unwrap();
        assert_eq!(inputs[0]["name"], "data.parquet");
        assert_eq!(inputs.len(), 10);
    }
}

/// Recomputes what stands in a report from its confusion matrices.
fn assert_numbers_agree(text: &str) {
    let first = text.lines().find(|line| line.starts_with("capture ")).unwrap();
    let told: f64 = first.split_whitespace().nth(2).unwrap().parse().unwrap();
    assert!(told > 0.9, "their timing tells them apart: {text}");
    for split in ["capture", "random"] {
        let begin = format!("\n{split}: rows are what is, columns what was said\n");
        let behind = text.split_once(&begin).unwrap_or_else(|| panic!("{text}")).1;
        let matrix: Vec<Vec<f64>> = (behind.lines().skip(1).take(3))
            .map(|line| line.split_whitespace().skip(2).map(|cell| cell.parse().unwrap()).collect())
            .collect();
        let rows: f64 = matrix.iter().flatten().sum();
        assert_eq!(rows, 108.0, "{text}");
        let right: f64 = (0..3).map(|class| matrix[class][class]).sum();
        let mut f1_sum = 0.0;
        let table = text.split_once(&format!("\n{split:<32} precision")).unwrap().1;
        for (class, line) in table.lines().skip(1).take(3).enumerate() {
            let told: Vec<f64> =
                line.split_whitespace().skip(1).map(|cell| cell.parse().unwrap()).collect();
            let predicted: f64 = matrix.iter().map(|row| row[class]).sum();
            let support: f64 = matrix[class].iter().sum();
            let precision = if predicted > 0.0 { matrix[class][class] / predicted } else { 0.0 };
            let recall = matrix[class][class] / support;
            let f1 = 2.0 * matrix[class][class] / (support + predicted);
            f1_sum += f1;
            for (told, expected) in told.iter().zip([precision, recall, f1, support]) {
                assert!((told - expected).abs() < 5.1e-5, "{split} {line}: {expected}");
            }
        }
        let (accuracy, macro_f1) = (right / rows, f1_sum / 3.0);
        let whole = format!(
            "{split}: of all folds together accuracy {accuracy:.4}, macro F1 {macro_f1:.4}"
        );
        assert!(text.contains(&whole), "{whole}: {text}");
    }
}

#[test]
fn results_depend_on_the_seed_and_not_on_threads() {
    let folder = recorded();
    built(folder.path(), "data.parquet");
    let run = |more: &[&str]| {
        let finished = train(folder.path(), &[&["data.parquet", "--trees", "5"], more].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        (finished.output, std::fs::read(folder.path().join(MODEL)).unwrap())
    };
    let one = run(&["--threads", "1"]);
    assert!(run(&["--threads", "4"]) == one);
    assert!(run(&["--seed", "2"]).1 != one.1);
}

#[test]
fn both_kinds_of_split_are_shown_and_leakage_is_told() {
    let folder = recorded();
    built(folder.path(), "data.parquet");
    let leaks = "warning: the random split has 9 captures, of 108 rows, on both sides";
    for (split, first, second) in [
        ("random", "random", "capture"),
        ("block", "block", "random"),
        ("capture", "capture", "random"),
    ] {
        let finished =
            train(folder.path(), &["data.parquet", "--trees", "3", "--split", split, "--json"]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let report: Value = serde_json::from_str(&finished.output).unwrap();
        let splits = [0, 1].map(|place| report["evaluations"][place]["split"].as_str().unwrap());
        assert_eq!(splits, [first, second]);
    }
    let finished = train(folder.path(), &["data.parquet", "--trees", "3"]);
    assert!(finished.output.contains(leaks), "{}", finished.output);
    let csv = (0..108).map(|row| format!("{}\n", row % 2)).collect::<String>();
    write(folder.path(), "folds.csv", format!("mine\n{csv}").as_bytes());
    let arguments =
        ["data.parquet", "--trees", "3", "--folds", "folds.csv", "--folds-column", "mine"];
    let given = train(folder.path(), &arguments);
    assert!(given.output.contains("\ngiven           2 "), "{given:?}");
    assert!(given.output.contains("\nrandom          3 "), "{given:?}");
}

#[test]
fn what_cannot_be_learned_is_refused_with_a_sentence() {
    let folder = recorded();
    built(folder.path(), "data.parquet");
    write(folder.path(), "plain.csv", b"a,label\n1,x\n2,y\n3,x\n");
    write(folder.path(), "one.csv", b"duration,class1\n1,x\n2,x\n");
    write(folder.path(), "none.csv", b"duration,kind\n1,x\n");
    write(folder.path(), "flows.csv", b"duration,class1\n1,x\n2,y\n3,x\n4,y\n");
    write(folder.path(), "folds.csv", b"mine\n0\n1\n");
    let before = names(folder.path());
    let iscx = "--profile=iscx-a2/1";
    for (arguments, code, why) in [
        (
            &["plain.csv"][..],
            2,
            "plain.csv does not say its profile: say it with --profile NAME/VERSION",
        ),
        (
            &["plain.csv", "--profile", "iscx"],
            2,
            "--profile is iscx: give name and version, such as iscx-a2/1",
        ),
        (&["plain.csv", "--profile", "iscx/9"], 2, "the columns of iscx are of version 1, not 9"),
        (
            &["plain.csv", "--profile", "iscy/1"],
            2,
            "there is no profile iscy; tractor profiles lists them",
        ),
        (&["plain.csv", iscx], 1, "the data have a column a, and iscx-a2/1 has none"),
        (&["one.csv", iscx], 1, "the table has one class alone"),
        (
            &["none.csv", iscx],
            1,
            "none.csv: there is no column class, class1, Class, Label or label",
        ),
        (
            &["data.parquet", "--profile", "native/5"],
            1,
            "data.parquet: it is of profile iscx-a2/1, and not of native/5",
        ),
        (
            &["data.parquet", "--active-timeout", "30s"],
            2,
            "the flows of the data have idle timeout 3600 s, active timeout 15 s, window none, and not idle \
             timeout 3600 s, active timeout 30 s, window none",
        ),
        (
            &["data.parquet", "--model", "knn", "--trees", "3"],
            2,
            "--trees is of forest and boosting, and the model is knn",
        ),
        (
            &["flows.csv", iscx, "--split", "capture", "--cv", "2"],
            2,
            "the parameter split is capture, and the table does not say its captures",
        ),
        (
            &["flows.csv", iscx, "--cv", "5"],
            2,
            "the parameter folds (--cv) is 5: 0, or 2 to 1000 and no more than the 4 rows, may be",
        ),
        (
            &["data.parquet", "--model", "boosting", "--trees", "33334"],
            2,
            "the parameter rounds (--trees) is 33334: with 3 classes no more than 33333 may be",
        ),
        (
            &["flows.csv", iscx, "--folds", "folds.csv", "--folds-column", "mine"],
            1,
            "folds.csv: there are not as many rows as in the table, 4",
        ),
        (
            &["flows.csv", iscx, "--folds", "folds.csv", "--folds-column", "other"],
            1,
            "folds.csv: there is no column \"other\"",
        ),
        (
            &["data.parquet", "-o", "data.parquet"],
            2,
            "data.parquet is one of the inputs, and cannot be the output too",
        ),
        (
            &["flows.csv", iscx, "--report", "flows.csv"],
            2,
            "flows.csv is one of the inputs, and cannot be the output too",
        ),
        (&["data.parquet", "--report", MODEL], 2, "model.tractor cannot be model and report"),
        (&["data.parquet", "--group", "a b"], 2, "--group \"a b\" is no label: a-z, A-Z, 0-9, "),
        (
            &["captures"],
            2,
            "captures is a folder and no table: tractor dataset build makes tables of captures",
        ),
        (&["no.pcap"], 2, "no.pcap is a capture and no table: tractor dataset build makes"),
        (&["no.parquet"], 1, "cannot open no.parquet: No such file or directory"),
        (
            &["data.parquet", "-o", "nowhere/m.tractor", "--trees", "1"],
            1,
            "cannot write nowhere/m.tractor: No such file",
        ),
    ] {
        let mut words = vec!["train"];
        if !arguments.contains(&"-o") {
            words.extend(["-o", MODEL]);
        }
        let finished = tractor(folder.path(), &[&words, arguments].concat());
        assert_eq!(finished.code, Some(code), "{arguments:?}: {finished:?}");
        assert!(
            finished.messages.contains(&format!("error: {why}")),
            "{arguments:?}: {finished:?}"
        );
    }
    assert_eq!(names(folder.path()), before, "nothing is left behind");
}

#[test]
fn a_model_that_flows_cannot_be_judged_by_is_learned_with_a_warning() {
    let folder = recorded();
    std::fs::rename(folder.path().join("captures"), folder.path().join("all")).unwrap();
    let labels = names(&folder.path().join("all")).into_iter();
    let lines: String = labels.map(|name| format!("{name},{} a\n", &name[..4])).collect();
    write(folder.path(), "all/labels.csv", format!("file,label\n{lines}").as_bytes());
    let built = |arguments: &[&str]| {
        let finished =
            build(folder.path(), &[&["all/*.pcap", "-o", "a.parquet"], arguments].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let finished = train(folder.path(), &["a.parquet", "--trees", "2"]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished.messages
    };
    let said = built(&["--labels", "all/labels.csv"]);
    let warning =
        "warning: the class load a is no label, so flows cannot be judged by this model: a-z, ";
    assert!(said.contains(warning), "{said}");
    let said = built(&["--profile", "nfstream"]);
    assert!(
        said.contains("warning: no plugin sees columns of nfstream, so flows cannot"),
        "{said}"
    );
    assert_eq!(built(&["--profile", "iscx-fixed"]), "");
}

#[test]
fn what_a_table_does_not_say_may_stand_in_the_configuration() {
    let folder = tempdir().unwrap();
    let rows: String =
        (0..40).map(|row| format!("{},{}\n", row, if row < 20 { "x" } else { "y" })).collect();
    write(folder.path(), "flows.csv", format!("duration,class1\n{rows}").as_bytes());
    let file = "profile = 'native'\nactive-timeout = 15\n[train]\nprofile = 'iscx-a2/1'\ntrees = 2\nneighbours = 9\n";
    let finished =
        with_file(folder.path(), file, &["train", "flows.csv", "--cv", "2", "-o", MODEL]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let header = header(&folder.path().join(MODEL));
    assert_eq!(header["profile"]["name"], "iscx-a2");
    assert_eq!(header["flow_life"]["active_timeout_us"], 15_000_000);
    assert_eq!(header["flow_life"]["idle_timeout_us"], 3_600_000_000_u64);
    assert_eq!(header["manifest"]["parameters"]["trees"], 2);
}

#[test]
fn an_interrupted_training_leaves_no_file() {
    let folder = recorded();
    built(folder.path(), "data.parquet");
    let before = names(folder.path());
    let mut command =
        program(folder.path(), &["train", "data.parquet", "--trees", "50000", "-o", MODEL]);
    command.args(["--report", "report.html"]);
    let running = start_command(&mut command, Stdio::null());
    super::run::until("it has begun", || names(folder.path()).len() > before.len() + 1);
    let process = running.child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &process]).status().unwrap();
    assert!(sent.success());
    let finished = running.finish(Duration::from_secs(60));
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert_eq!(names(folder.path()), before);
}

/// The example goes the whole way, with captures that it makes itself.
#[test]
fn the_example_runs_from_captures_to_a_model() {
    let folder = tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/train/train.py");
    let mut command = in_folder(folder.path(), "python3");
    command.arg(script).args(["--tractor", TRACTOR, "--folder", "."]);
    let finished = start_command(&mut command, Stdio::null()).finish(Duration::from_secs(120));
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.output.contains("forest on "), "{finished:?}");
    assert_eq!(finished.output.matches(" flows are found").count(), 2, "{finished:?}");
    for name in ["data.parquet", "model.tractor", "report.html"] {
        assert!(folder.path().join(name).exists(), "{name}");
    }
    let notebook = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/train/train.ipynb"),
    );
    let notebook: Value = serde_json::from_str(&notebook.unwrap()).unwrap();
    for cell in notebook["cells"].as_array().unwrap() {
        assert!(cell["outputs"].as_array().is_none_or(Vec::is_empty), "outputs are cleared");
    }
}

/// On the published set, by the folds that published results are of.
#[test]
fn the_published_applications_are_told_apart() {
    let folder = std::env::var_os("TRACTOR_LABELLED").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from("../shared/labelled"));
    let data = folder.join("iscx-vpn-2016/A2/TimeBasedFeatures-Dataset-15s-VPN.csv");
    if !data.exists() {
        println!("skipped: there is no {}", data.display());
        return;
    }
    let absolute = |path: PathBuf| path.canonicalize().unwrap().display().to_string();
    let (data, folds) = (absolute(data), absolute(folder.join("folds/A2V-15s.csv")));
    let place = tempdir().unwrap();
    let arguments = [
        "train",
        &data,
        "--active-timeout",
        "15s",
        "--cv",
        "0",
        "--trees",
        "60",
        "--json",
        "-o",
        MODEL,
    ];
    let folds = ["--folds", &folds, "--folds-column", "random10"];
    let finished = tractor(place.path(), &[&arguments[..], &folds].concat());
    assert_eq!(finished.code, Some(0), "{}", finished.messages);
    let report: Value = serde_json::from_str(&finished.output).unwrap();
    let accuracy = report["evaluations"][0]["accuracy"].as_f64().unwrap();
    println!("accuracy {accuracy:.4}, {:.1} s", finished.took.as_secs_f64());
    assert!(accuracy >= 0.892, "{accuracy}");
}
