//! ONNX as others write it (onnx.proto; protobuf.dev, "Encoding"), as far as tests need it: here, and those of
//! the plugin that applies models.

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

pub fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn integers(name: &str, numbers: &[i64]) -> Vec<u8> {
    let each = numbers.iter().flat_map(|number| [varint(8 << 3), varint(*number as u64)].concat());
    field(5, &[field(1, name.as_bytes()), each.collect()].concat())
}

fn floats(name: &str, numbers: &[f32]) -> Vec<u8> {
    let packed: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    field(5, &[field(1, name.as_bytes()), field(7, &packed)].concat())
}

fn texts(name: &str, texts: &[&str]) -> Vec<u8> {
    let each: Vec<u8> = texts.iter().flat_map(|text| field(9, text.as_bytes())).collect();
    field(5, &[field(1, name.as_bytes()), each].concat())
}

fn integer(name: &str, number: i64) -> Vec<u8> {
    let number = [varint(3 << 3), varint(number as u64)].concat();
    field(5, &[field(1, name.as_bytes()), number].concat())
}

pub fn operator(name: &str) -> Vec<u8> {
    field(1, &field(4, name.as_bytes()))
}

/// One that writes what the next one reads; its attribute `to` has a meaning for `Cast` alone.
fn step(name: &str, input: &str, output: &str, to: i64) -> Vec<u8> {
    let ends = [field(1, input.as_bytes()), field(2, output.as_bytes())].concat();
    field(1, &[ends, field(4, name.as_bytes()), integer("to", to)].concat())
}

/// The modes of its nodes.
pub const MODES: [&str; 3] = ["BRANCH_LEQ", "LEAF", "LEAF"];

/// A file with one tree of two features: the second at most 2.5 (or missing) is the first class, else 3
/// of 4 for the other; `yes` is the node that the first answer leads to, and `beside` another operator.
pub fn model(classes: [&str; 2], modes: [&str; 3], yes: i64, beside: &str) -> Vec<u8> {
    let graph = [classifier(classes, modes, yes, "rows"), operator(beside), input("rows")];
    field(7, &graph.concat())
}

/// The same, with rows that go through these operators on their way to the tree, each with its `to`.
pub fn model_behind(steps: &[(&str, i64)]) -> Vec<u8> {
    let place = |number: usize| format!("step {number}");
    let each = steps.iter().enumerate();
    let each =
        each.flat_map(|(number, (name, to))| step(name, &place(number), &place(number + 1), *to));
    let tree = classifier(["a", "b"], MODES, 1, &place(steps.len()));
    field(7, &[each.collect(), tree, input(&place(0))].concat())
}

fn input(name: &str) -> Vec<u8> {
    field(11, &field(1, name.as_bytes()))
}

fn classifier(classes: [&str; 2], modes: [&str; 3], yes: i64, input: &str) -> Vec<u8> {
    let classifier = [
        field(1, input.as_bytes()),
        field(2, b"label"),
        field(2, b"probabilities"),
        field(4, b"TreeEnsembleClassifier"),
        integers("nodes_treeids", &[0, 0, 0]),
        integers("nodes_nodeids", &[0, 1, 2]),
        integers("nodes_featureids", &[1, 0, 0]),
        integers("nodes_truenodeids", &[yes, 0, 0]),
        integers("nodes_falsenodeids", &[2, 0, 0]),
        integers("nodes_missing_value_tracks_true", &[1, 0, 0]),
        floats("nodes_values", &[2.5, 0.0, 0.0]),
        texts("nodes_modes", &modes),
        integers("class_treeids", &[0, 0, 0]),
        integers("class_nodeids", &[1, 2, 2]),
        integers("class_ids", &[0, 0, 1]),
        floats("class_weights", &[1.0, 0.25, 0.75]),
        texts("classlabels_strings", &classes),
    ];
    field(1, &classifier.concat())
}
