mod contract;
mod files;
mod onnx;
mod windows;
#[path = "../../../learning/src/onnx/written.rs"]
mod written;

use std::path::PathBuf;

use tempfile::TempDir;
use tractor_learning::boosting::BoostingParameters;
use tractor_learning::file::{FlowLife, Header};
use tractor_learning::forest::ForestParameters;
use tractor_learning::random::Random;
use tractor_learning::table::{Profile, TableBuilder};
use tractor_learning::{ModelFile, Parameters, fit};
use tractor_plugin::testing::{Border, Failure, FlowBuilder, Tag, TestFlow};

use crate::plugin::Forest;

const COLUMNS: [&str; 4] = ["duration", "mean_flowiat", "max_idle", "noise"];
const CLASSES: [&str; 3] = ["MAIL", "VOIP", "VPN-VOIP"];

/// A folder with model files, gone at the end of the test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and gives its path.
    fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }
}

/// Numbers of a class that no other has: what tells classes apart is `mean_flowiat`, and `max_idle`.
fn values(class: usize, random: &mut Random) -> [f64; 4] {
    let centre = class as f64 * 1_000.0;
    [random.unit() * 15e6, centre + random.unit() * 900.0, -1.0 + class as f64, random.unit()]
}

/// A model of invented flows of `invented/1`.
fn model(parameters: Parameters) -> ModelFile {
    let profile = Profile { name: "invented".to_owned(), version: 1 };
    let mut table = TableBuilder::new(profile, COLUMNS.map(str::to_owned).to_vec()).unwrap();
    let mut random = Random::new(1, 1);
    for row in 0..300 {
        table.push(&values(row % 3, &mut random), CLASSES[row % 3], None).unwrap();
    }
    let table = table.finish().unwrap();
    let fitted = fit(&table, &parameters, 1, 1).unwrap();
    let header = Header {
        kind: parameters.kind().to_owned(),
        profile: table.profile,
        flow_life: None,
        label_group: "traffic_class".to_owned(),
        classes: table.classes,
        features: table.features,
        importances: fitted.importances,
        manifest: None,
    };
    ModelFile { header, model: fitted.model }
}

fn forest() -> ModelFile {
    model(Parameters::Forest(ForestParameters { trees: 20, ..Default::default() }))
}

/// One of each kind.
fn all_kinds() -> [ModelFile; 4] {
    let boosting = BoostingParameters { rounds: 10, ..Default::default() };
    [
        forest(),
        model(Parameters::Boosting(boosting)),
        model(Parameters::of_kind("nearest").unwrap()),
        model(Parameters::of_kind("logistic").unwrap()),
    ]
}

fn windows_of(seconds: u64) -> Option<FlowLife> {
    let active_timeout_us = Some(seconds * 1_000_000);
    Some(FlowLife { idle_timeout_us: None, active_timeout_us, window_us: None })
}

fn flow(values: &[f64; 4]) -> FlowBuilder {
    let flow = FlowBuilder::udp("10.0.0.1:40000", "10.0.0.2:5000");
    COLUMNS.iter().zip(values).fold(flow, |flow, (name, value)| flow.feature(name, *value))
}

/// Flows of all classes, with what is missing or infinite among them.
fn flows(count: usize) -> Vec<TestFlow> {
    let mut random = Random::new(2, 2);
    let odd = [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, 1e-300];
    let flows = (0..count).map(|number| {
        let mut values = values(number % 3, &mut random);
        if number % 7 == 0 {
            values[number % 4] = odd[number % 5];
        }
        flow(&values).build()
    });
    flows.collect()
}

fn made(model: &str, more: &[(&str, &str)]) -> Result<Border<Forest>, Failure> {
    let options = [&[("model", model)], more].concat();
    Border::create_with_columns(&options, &COLUMNS)
}

/// The text of a refusal, which is the options' fault.
fn refusal(model: &str, more: &[(&str, &str)]) -> String {
    let failure = made(model, more).err().expect("no instance");
    assert_eq!(failure.status, tractor_plugin::abi::BAD_OPTION, "{failure:?}");
    failure.text.replace(model, "FILE")
}

/// What is said of flows, in their order.
fn said(border: &mut Border<Forest>, flows: &[&TestFlow]) -> Vec<Tag> {
    border.classify(flows).unwrap()
}
