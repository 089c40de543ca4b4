use super::read;
use super::written::{MODES, field, model, model_behind, operator};
use crate::limits::{ONNX_FILE_BYTES_MAX, ONNX_OPERATORS_MAX};
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

/// As skl2onnx writes pipelines that select or scale features: the trees' numbers are not those of the rows.
#[test]
fn whatever_changes_rows_before_the_trees_is_refused() {
    let (float, double, int64) = (1, 11, 7);
    for steps in [&[][..], &[("Cast", float)], &[("Identity", 0), ("Cast", double)]] {
        assert!(read(&model_behind(steps)).is_ok(), "{steps:?}");
    }
    for (steps, named) in [
        (&[("ArrayFeatureExtractor", 0)][..], "ArrayFeatureExtractor"),
        (&[("Normalizer", 0), ("Cast", float)], "Normalizer"),
        (&[("Mul", 0)], "Mul"),
        (&[("ZipMap", 0), ("Identity", 0)], "ZipMap"),
        (&[("Cast", int64)], "Cast"),
    ] {
        let why = read(&model_behind(steps)).unwrap_err().to_string();
        let sentence = "the parameter onnx names a model that has the operator";
        assert_eq!(why, format!("{sentence} {named:?} before its trees"));
    }
}

#[test]
fn trees_that_are_given_nothing_that_comes_in_are_refused() {
    let why = "the parameter onnx names a model that does not give its trees what comes in";
    let tree = model_behind(&[("Identity", 0)]);
    for (from, to) in [("step 0", "other "), ("step 0", "step 1")] {
        // The first is the operator's input, and what comes in keeps its name.
        let place = tree.windows(6).position(|name| name == from.as_bytes()).unwrap();
        let mut other = tree.clone();
        other[place..place + 6].copy_from_slice(to.as_bytes());
        assert_eq!(read(&other).unwrap_err().to_string(), why, "{to}");
    }
}

#[test]
fn files_beyond_their_bounds_are_refused_before_they_are_read() {
    let why = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    let large = vec![0; ONNX_FILE_BYTES_MAX + 1];
    assert_eq!(why(&large), "the model is damaged at byte 0: more than 268435456 bytes");
    let many = field(7, &field(1, &[]).repeat(ONNX_OPERATORS_MAX + 1));
    assert_eq!(why(&many), "the model is damaged at byte 4: more than 65536 operators");
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
