//! The whole way on live traffic: real applications are captured, their captures become a table, the table a
//! model, and a server tells with it what new captures are of.

use std::path::Path;

use serde_json::Value;

use super::applications::{Application, serve};
use super::stage::Stage;
use crate::cli::run::{tractor, until};
use crate::serve::server::{Place, Server};

/// Captures of each application that the model learns from.
const ROUNDS: usize = 2;
const FLOWS: usize = 10;
/// Flows of each capture that is judged.
const NEW_FLOWS: usize = 6;

/// One capture of an application into a folder, under a label.
fn capture(
    stage: &Stage,
    folder: &Path,
    label: &str,
    application: Application,
    load: (usize, usize),
) {
    let script = application.load(stage, load.0, load.1);
    let output = folder.to_str().unwrap();
    let finished = stage.run(&["-o", output, "--label", label, "--", "sh", "-c", &script]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

/// What learned from captures of all applications, as `model.tractor` in a folder.
fn learn(stage: &Stage, folder: &Path) {
    std::fs::create_dir(folder.join("learned")).unwrap();
    for round in 0..ROUNDS {
        for application in Application::ALL {
            let label = application.label();
            capture(stage, &folder.join("learned"), label, application, (round, FLOWS));
        }
    }
    // Of times alone: ports and addresses tell the model nothing.
    let build = "dataset build learned -o data.parquet --profile iscx-fixed --active-timeout 15";
    let train = "train data.parquet --model forest --trees 50 --cv 2 --json -o model.tractor";
    let [_, report] = [build, train].map(|line| {
        let finished = tractor(folder, &line.split_whitespace().collect::<Vec<_>>());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished.output
    });
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["rows"], ROUNDS * Application::ALL.len() * FLOWS, "{report:#}");
    assert_eq!(report["classes"], serde_json::json!(["dns", "http", "ssh"]));
    for evaluation in report["evaluations"].as_array().unwrap() {
        assert!(evaluation["accuracy"].as_f64() > Some(0.9), "{report:#}");
    }
}

/// The flows of a capture, once the server has done with it.
fn judged(server: &Server, name: &str) -> Vec<Value> {
    let job = || {
        let files = server.ask("/files/list");
        let is_it = |file: &&Value| file["name"].as_str().unwrap().starts_with(name);
        let status = files.as_array().unwrap().iter().find(is_it)?["status"].clone();
        (status["state"] == "finished").then(|| status["job_id"].as_u64()).flatten()
    };
    until("the capture is processed", || job().is_some());
    let rows = server.export(job().unwrap(), "jsonl");
    let rows = String::from_utf8(rows).unwrap();
    rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn new_captures_of_applications_are_told_by_a_model_of_earlier_ones() {
    let Some(stage) = Stage::new() else { return };
    if serve(&stage).is_none() {
        return;
    }
    let place = Place::new();
    learn(&stage, place.root.path());
    let model = "org.tractor.forest.model=model.tractor";
    let options = ["--process", "new", "--active-timeout", "15", "--plugin-option", model];
    let server = place.serve(&options);
    // Neither names nor comments tell what they are.
    let new = [("one", Application::Dns), ("two", Application::Http), ("three", Application::Ssh)];
    for (name, application) in new {
        capture(&stage, &place.captures(), name, application, (ROUNDS, NEW_FLOWS));
    }
    for (name, application) in new {
        let rows = judged(&server, name);
        assert_eq!(rows.len(), NEW_FLOWS, "{name}: {rows:?}");
        for row in &rows {
            assert_eq!(row["server_port"], application.port(), "only what was asked for: {row}");
            assert_eq!(row["traffic_class"], application.label(), "{row}");
        }
    }
    stage.assert_nothing_is_left();
}
