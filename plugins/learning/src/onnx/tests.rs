use super::read;
use super::written::{MODES, field, model, operator};
use crate::random::Random;

const CLASSES: [&str; 2] = ["a", "b"];

#[test]
fn a_tree_answers_as_it_is_written() {
    let imported = read(&model(CLASSES, MODES, 1, "ZipMap")).unwrap();
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
    assert_eq!(
        error(&model(CLASSES, MODES, 1, "Scaler")),
        format!("{names}has the operator \"Scaler\"")
    );
    assert_eq!(error(&model(CLASSES, MODES, 7, "Cast")), format!("{names}has no node 7 in tree 0"));
    assert_eq!(error(&model(CLASSES, MODES, 0, "Cast")), format!("{names}has a ring in tree 0"));
    let modes = ["BRANCH_MEMBER", "LEAF", "LEAF"];
    let mode = format!("{names}has a node of mode \"BRANCH_MEMBER\"");
    assert_eq!(error(&model(CLASSES, modes, 1, "Cast")), mode);
}

#[test]
fn any_bytes_give_a_model_or_a_sentence() {
    let mut random = Random::new(1, 1);
    let bytes = model(CLASSES, MODES, 1, "Cast");
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
