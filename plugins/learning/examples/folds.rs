//! Cross-validation on the published ISCX files, by the folds that baselines were measured on.
//!
//! `cargo run --release -p tractor-learning --example folds -- TASK [KIND] [COLUMN]`, where TASK is A1, A2N,
//! A2V, B14 or B7 with its time-out (`B14-15s`), KIND forest, boosting, nearest or logistic, COLUMN
//! `random10` or `block10`, or `none` for no cross-validation. The folder is that of TRACTOR_LABELLED,
//! `../shared/labelled` unless set. Parameters may be given as JSON in TRACTOR_PARAMETERS.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;
use tractor_learning::evaluate::{Split, cross_validate, read_folds};
use tractor_learning::table::{ReadOptions, read};
use tractor_learning::{Model, Parameters, fit, threads};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_else(|| "B14-15s".to_owned());
    let kind = arguments.next().unwrap_or_else(|| "forest".to_owned());
    let column = arguments.next().unwrap_or_else(|| "random10".to_owned());
    let folder = std::env::var("TRACTOR_LABELLED");
    let folder = PathBuf::from(folder.unwrap_or_else(|_| "../shared/labelled".to_owned()));
    let (scenario, seconds) = task.split_once('-').ok_or("a task is one such as B14-15s")?;
    let file = |place: &str, ending: &str| {
        folder.join(format!("iscx-vpn-2016/{place}/TimeBasedFeatures-Dataset-{seconds}-{ending}"))
    };
    let files = match scenario {
        "A1" => vec![file("A1", "VPN.arff")],
        "A2N" => vec![file("A2", "NO-VPN.csv")],
        "A2V" => vec![file("A2", "VPN.csv")],
        _ => vec![file("A2", "NO-VPN.csv"), file("A2", "VPN.csv")],
    };
    let table = read(&files, &ReadOptions::default())?;
    let parameters = match std::env::var("TRACTOR_PARAMETERS") {
        Ok(text) => serde_json::from_str(&text)?,
        Err(_) => Parameters::of_kind(&kind).ok_or("no such kind")?,
    };
    let threads = threads::available();
    if column != "none" {
        let folds = read_folds(&folder.join(format!("folds/{task}.csv")), &column, table.rows())?;
        let begun = Instant::now();
        let evaluation = cross_validate(&table, &parameters, (Split::Given, &folds), 1, threads)?;
        let calibration = &evaluation.calibration;
        println!(
            "{task} {kind} {column}: accuracy {:.4}, macro-F1 {:.4}, calibration error {:.4}, Brier {:.4}, {:.1} s",
            evaluation.accuracy,
            evaluation.macro_f1,
            calibration.expected_error(),
            calibration.brier(),
            begun.elapsed().as_secs_f64(),
        );
    }
    let (begun, busy) = (Instant::now(), processor_seconds());
    let fitted = fit(&table, &parameters, 1, threads)?;
    let (trained, busy) = (begun.elapsed().as_secs_f64(), processor_seconds() - busy);
    println!("  trained on all rows in {trained:.2} s, {busy:.2} s of processor time");
    println!(
        "  {:.0} rows/s of processor time",
        rows_per_second(&fitted.model, &table.values_f32())
    );
    Ok(())
}

/// The best of some times: what other work on the machine takes is, but for its caches, no part of it.
fn rows_per_second(model: &Model, rows: &[f32]) -> f64 {
    let count = rows.len() / model.features();
    let mut probabilities = vec![0.0; count * model.classes()];
    let mut once = || {
        let busy = processor_seconds();
        model.predict_probabilities(rows, &mut probabilities);
        count as f64 / (processor_seconds() - busy).max(0.01)
    };
    (0..10).map(|_| once()).fold(0.0, f64::max)
}

/// What this process used so far, in steps of 10 ms (proc(5), `stat`).
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let times = behind_name.split_whitespace().skip(11).take(2);
    times.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}
