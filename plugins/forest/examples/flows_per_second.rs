//! What a flow costs of processor time, the border included:
//! `cargo run --release -p tractor-forest --example flows_per_second [TABLE.csv ...]`. A forest is trained on
//! tables whose last column is the class, or on invented flows, and is asked about their rows.

use std::error::Error;

use tractor_forest::plugin::Forest;
use tractor_learning::random::Random;
use tractor_learning::table::{Profile, Table, TableBuilder};
use tractor_learning::{Options, train};
use tractor_plugin::testing::{Border, FlowBuilder, TestFlow};

const FEATURES: usize = 23;
const CLASSES: usize = 14;
const ROWS: usize = 18_000;
/// How far invented classes overlap.
const NOISE: f64 = 8.0;
const ROUNDS: usize = 5;
/// Of 512 at most is the program's own.
const BATCHES: [usize; 4] = [1, 64, 512, 4_096];

fn builder(features: Vec<String>) -> Result<TableBuilder, Box<dyn Error>> {
    let profile = Profile { name: "example".to_owned(), version: 1 };
    Ok(TableBuilder::new(profile, features)?)
}

/// Half of the features tell a class a little, the others are noise.
fn invented() -> Result<Table, Box<dyn Error>> {
    let mut table = builder((0..FEATURES).map(|number| format!("feature-{number}")).collect())?;
    let mut random = Random::new(1, 1);
    for row in 0..ROWS {
        let class = row % CLASSES;
        let told = |feature: usize| (feature % 2 * class * (feature + 1) % CLASSES) as f64;
        let values: Vec<f64> =
            (0..FEATURES).map(|feature| told(feature) + random.unit() * NOISE).collect();
        table.push(&values, &format!("class-{class}"), None)?;
    }
    Ok(table.finish()?)
}

/// CSV of one header, without quotes.
fn read(files: &[String]) -> Result<Table, Box<dyn Error>> {
    let text = files.iter().map(std::fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    let header = text[0].lines().next().unwrap_or_default();
    let (names, _) = header.rsplit_once(',').ok_or("a header of features and a class")?;
    let mut table = builder(names.split(',').map(str::to_owned).collect())?;
    for line in text.iter().flat_map(|text| text.lines().skip(1)) {
        let (values, class) = line.rsplit_once(',').ok_or("a row of features and a class")?;
        let values = values.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        table.push(&values, class, None)?;
    }
    Ok(table.finish()?)
}

/// Processor time of this thread, whatever else the machine does: the first number, in nanoseconds.
fn busy_seconds() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9)
}

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let table = if files.is_empty() { invented()? } else { read(&files)? };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("example.tractor");
    let options = Options { folds: 0, ..Options::default() };
    std::fs::write(&path, train(&table, &options)?.file.to_bytes()?)?;
    let path = path.display().to_string();
    let names: Vec<&str> = table.features.iter().map(String::as_str).collect();
    let options = [("model", path.as_str()), ("min_confidence", "0")];
    let mut border =
        Border::<Forest>::create_with_columns(&options, &names).map_err(|failure| failure.text)?;
    let flow = |row: usize| {
        let flow = FlowBuilder::udp("10.0.0.1:40000", "10.0.0.2:5000");
        let values = names.iter().zip(table.row(row));
        values.fold(flow, |flow, (name, value)| flow.feature(name, *value)).build()
    };
    let flows: Vec<TestFlow> = (0..table.rows()).map(flow).collect();
    let all: Vec<&TestFlow> = flows.iter().collect();
    for batch in BATCHES {
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let begin = busy_seconds()?;
            for flows in all.chunks(batch) {
                border.classify(flows).map_err(|failure| failure.text)?;
            }
            best = best.min(busy_seconds()? - begin);
        }
        println!("{:>7.0} flows/s in batches of {batch}", all.len() as f64 / best);
    }
    Ok(())
}
