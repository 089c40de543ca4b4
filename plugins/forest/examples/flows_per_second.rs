//! What a flow costs, the border included: `cargo run --release -p tractor-forest --example flows_per_second
//! [MODEL COLUMNS]`, where COLUMNS are the names of the profile's numeric columns, joined by commas.
//! Without a model a forest is trained on invented flows whose classes overlap, so that its trees are deep.

use std::error::Error;
use std::time::Instant;

use tractor_forest::plugin::Forest;
use tractor_learning::random::Random;
use tractor_learning::table::{Profile, TableBuilder};
use tractor_learning::{Options, train};
use tractor_plugin::testing::{Border, FlowBuilder, TestFlow};

const FEATURES: usize = 23;
const CLASSES: usize = 14;
const ROWS: usize = 18_000;
const FLOWS: usize = 16_384;
const ROUNDS: usize = 5;

/// Half of the features tell a class a little, the others are noise.
fn values(class: usize, columns: usize, random: &mut Random) -> Vec<f64> {
    let told = |feature: usize| {
        if feature % 2 == 0 { (class * (feature + 1) % CLASSES) as f64 } else { 0.0 }
    };
    (0..columns).map(|feature| told(feature) + random.unit() * 20.0).collect()
}

fn train_one(path: &str, names: &[String]) -> Result<(), Box<dyn Error>> {
    let profile = Profile { name: "invented".to_owned(), version: 1 };
    let mut table = TableBuilder::new(profile, names.to_vec())?;
    let mut random = Random::new(1, 1);
    for row in 0..ROWS {
        let class = row % CLASSES;
        table.push(&values(class, FEATURES, &mut random), &format!("class-{class}"), None)?;
    }
    let options = Options { folds: 0, ..Options::default() };
    std::fs::write(path, train(&table.finish()?, &options)?.file.to_bytes()?)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = tempfile::tempdir()?;
    let own = folder.path().join("invented.tractor").display().to_string();
    let (path, names) = match (arguments.next(), arguments.next()) {
        (Some(path), Some(columns)) => (path, columns.split(',').map(str::to_owned).collect()),
        _ => {
            let names: Vec<String> =
                (0..FEATURES).map(|number| format!("feature-{number}")).collect();
            train_one(&own, &names)?;
            (own, names)
        }
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let options = [("model", path.as_str()), ("min_confidence", "0")];
    let mut border =
        Border::<Forest>::create_with_columns(&options, &names).map_err(|failure| failure.text)?;
    let mut random = Random::new(2, 2);
    let flow = |number: usize| {
        let flow = FlowBuilder::udp("10.0.0.1:40000", "10.0.0.2:5000");
        let values = values(number % CLASSES, names.len(), &mut random);
        names.iter().zip(values).fold(flow, |flow, (name, value)| flow.feature(name, value)).build()
    };
    let flows: Vec<TestFlow> = (0..FLOWS).map(flow).collect();
    let all: Vec<&TestFlow> = flows.iter().collect();
    for batch in [1, 64, 1_024, FLOWS] {
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            for flows in all.chunks(batch) {
                border.classify(flows).map_err(|failure| failure.text)?;
            }
            best = best.min(begin.elapsed().as_secs_f64());
        }
        println!("{:>7.0} flows/s in batches of {batch}", FLOWS as f64 / best);
    }
    Ok(())
}
