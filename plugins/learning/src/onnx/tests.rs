use super::read;
use crate::random::Random;

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
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

fn operator(name: &str) -> Vec<u8> {
    field(1, &field(4, name.as_bytes()))
}

/// One tree: feature 1 at most 2.5 (or missing) is "a", else 3 of 4 for "b".
fn model(modes: [&str; 3], yes: i64, beside: &str) -> Vec<u8> {
    let classifier = [
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
        texts("classlabels_strings", &["a", "b"]),
    ];
    let graph = [field(1, &classifier.concat()), operator(beside)].concat();
    field(7, &graph)
}

const MODES: [&str; 3] = ["BRANCH_LEQ", "LEAF", "LEAF"];

#[test]
fn a_tree_answers_as_it_is_written() {
    let imported = read(&model(MODES, 1, "ZipMap")).unwrap();
    assert_eq!(imported.classes, ["a", "b"]);
    assert_eq!(imported.model.features(), 2);
    let mut answers = [0.0; 6];
    imported.model.predict_probabilities(&[9.0, 2.5, 9.0, 2.6, 9.0, f32::NAN], &mut answers);
    assert_eq!(answers, [1.0, 0.0, 0.25, 0.75, 1.0, 0.0]);
}

#[test]
fn what_cannot_be_applied_is_refused() {
    let error = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    let names = "the parameter onnx names a model that ";
    assert_eq!(error(b""), "the model is damaged at byte 0: it has no graph");
    assert_eq!(
        error(&field(7, &operator("Scaler"))),
        format!("{names}has no TreeEnsembleClassifier")
    );
    assert_eq!(error(&model(MODES, 1, "Scaler")), format!("{names}has the operator \"Scaler\""));
    assert_eq!(error(&model(MODES, 7, "Cast")), format!("{names}has no node 7 in tree 0"));
    assert_eq!(error(&model(MODES, 0, "Cast")), format!("{names}has a ring in tree 0"));
    let modes = ["BRANCH_MEMBER", "LEAF", "LEAF"];
    let mode = format!("{names}has a node of mode \"BRANCH_MEMBER\"");
    assert_eq!(error(&model(modes, 1, "Cast")), mode);
}

#[test]
fn any_bytes_give_a_model_or_a_sentence() {
    let mut random = Random::new(1, 1);
    let bytes = model(MODES, 1, "Cast");
    for _ in 0..20_000 {
        let mut flipped = bytes.clone();
        for _ in 0..=random.below(3) {
            let place = random.below(bytes.len());
            flipped[place] = random.below(256) as u8;
        }
        flipped.truncate(bytes.len() - random.below(20) * random.below(2));
        if let Ok(imported) = read(&flipped) {
            let rows = vec![1.0; imported.model.features()];
            let mut answers = vec![0.0; imported.model.classes()];
            imported.model.predict_probabilities(&rows, &mut answers);
        }
    }
}
