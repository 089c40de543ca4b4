//! Models of scikit-learn and LightGBM answer here as they do in ONNX Runtime. Needs a Python with scikit-learn,
//! skl2onnx, lightgbm, onnxmltools and onnxruntime, named by TRACTOR_PYTHON.

use std::path::Path;
use std::process::Command;
use tractor_learning::model::most_likely;
use tractor_learning::onnx;

const MODELS: [&str; 6] =
    ["tree", "forest", "extra_trees", "forest_of_two", "lightgbm", "lightgbm_of_two"];

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

#[test]
fn models_of_others_answer_as_in_onnx_runtime() {
    let Some(python) = std::env::var_os("TRACTOR_PYTHON") else {
        println!("skipped: TRACTOR_PYTHON names no Python");
        return;
    };
    let modules = "import lightgbm, onnxmltools, onnxruntime, skl2onnx, sklearn";
    let imported = Command::new(&python).args(["-c", modules]).output().unwrap();
    if !imported.status.success() {
        println!("skipped: {python:?} has not all of: {modules}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_models.py");
    let status = Command::new(python).arg(script).arg(folder.path()).status().unwrap();
    assert!(status.success(), "{status}");
    let rows = floats(&std::fs::read(folder.path().join("rows.f32")).unwrap());
    for name in MODELS {
        let file = |ending: &str| folder.path().join(format!("{name}.{ending}"));
        let imported = onnx::read(&std::fs::read(file("onnx")).unwrap()).unwrap();
        let classes = imported.classes.len();
        let expected = floats(&std::fs::read(file("f32")).unwrap());
        let mut answers = vec![0.0; expected.len()];
        imported.model.predict_probabilities(&rows, &mut answers);
        let far = answers.iter().zip(&expected).map(|(ours, theirs)| (ours - theirs).abs());
        let farthest = far.fold(0.0, f32::max);
        let labels = std::fs::read(file("i64")).unwrap();
        let labels = labels.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
        let ours = answers.chunks_exact(classes).map(|row| &imported.classes[most_likely(row)]);
        let different = ours.zip(labels).filter(|(ours, label)| **ours != label.to_string());
        let different = different.count();
        println!("{name}: probabilities differ by {farthest:e} at most, {different} labels differ");
        assert!(farthest <= 1e-6, "{name}: {farthest}");
        assert_eq!(different, 0, "{name}");
    }
}
