//! Models of others, of which the options say what they are of.

use super::written::{MODES, model, model_behind};
use super::{COLUMNS, Folder, flow, made, refusal, said};
use tractor_plugin::Label;
use tractor_plugin::testing::Border;

use crate::plugin::Forest;

fn tree() -> Vec<u8> {
    model(["MAIL", "VOIP"], MODES, 1, "ZipMap")
}

#[test]
fn a_tree_answers_with_what_the_options_say_of_it() {
    let folder = Folder::new();
    let path = folder.write("tree.onnx", &tree());
    let options = [
        ("model", path.as_str()),
        ("columns", "invented/1"),
        ("features", "noise, mean_flowiat"),
        ("window_us", "15000000"),
    ];
    let mut border = Border::<Forest>::create_with_columns(&options, &COLUMNS).unwrap();
    let declared = border.declared().unwrap();
    assert_eq!(declared.labels, ["MAIL", "VOIP"].map(|name| Label::of("traffic_class", name)));
    assert_eq!((declared.columns.as_deref(), declared.window_us), (Some("invented/1"), 15_000_000));
    let flows = [9.0, 2.5, f64::NAN].map(|value| flow(&[0.0, value, 0.0, 0.0]).build());
    let tags = said(&mut border, &[&flows[0], &flows[1], &flows[2]]);
    let heard: Vec<_> = tags
        .iter()
        .map(|tag| (tag.verdict.label(), tag.verdict.confidence(), tag.verdict.evidence()))
        .collect();
    let expected = [
        (1, 0.75, "mean_flowiat 9: VOIP 0.75, MAIL 0.25"),
        (0, 1.0, "mean_flowiat 2.500: MAIL 1.00, VOIP 0.00"),
        (0, 1.0, "mean_flowiat missing: MAIL 1.00, VOIP 0.00"),
    ];
    assert_eq!(heard, expected);
}

#[test]
fn without_names_of_features_all_columns_are_taken_as_they_come() {
    let folder = Folder::new();
    let path = folder.write("tree.onnx", &tree());
    let options = [("model", path.as_str()), ("columns", "two/1"), ("group", "mail")];
    let mut border = Border::<Forest>::create_with_columns(&options, &["one", "two"]).unwrap();
    assert_eq!(border.declared().unwrap().labels[0], Label::of("mail", "MAIL"));
    let flow = tractor_plugin::testing::FlowBuilder::udp("10.0.0.1:4000", "10.0.0.2:5000");
    let tags = said(&mut border, &[&flow.feature("one", 1.0).feature("two", 3.0).build()]);
    assert_eq!(tags[0].verdict.label(), 1);
}

#[test]
fn what_the_options_leave_open_or_say_wrong_is_named() {
    let folder = Folder::new();
    let path = folder.write("tree.onnx", &tree());
    let columns = ("columns", "invented/1");
    let cases = [
        (
            vec![],
            "FILE: it does not say of which profile its features are: \
             give the option columns, such as iscx-a2/1",
        ),
        (
            vec![columns],
            "FILE: it takes 2 features, and invented/1 has 4 columns that are numbers: \
             name those that it takes in the option features",
        ),
        (
            vec![columns, ("features", "noise")],
            "FILE: it takes 2 features, and the option features names 1",
        ),
        (
            vec![columns, ("features", "noise,nose")],
            "FILE: its feature 2, \"nose\", is no column of invented/1",
        ),
        (
            vec![columns, ("group", "of mine")],
            "FILE: its group \"of mine\" is no label: a-z, A-Z, 0-9, _, - and ., 1 to 63 bytes",
        ),
    ];
    for (options, sentence) in cases {
        assert_eq!(refusal(&path, &options), sentence);
    }
    let selecting = folder.write("some.onnx", &model_behind(&[("ArrayFeatureExtractor", 0)]));
    let why = refusal(&selecting, &[columns]);
    assert!(why.ends_with("has the operator \"ArrayFeatureExtractor\" before its trees"), "{why}");
    let cut = folder.write("cut.onnx", &tree()[..100]);
    let why = refusal(&cut, &[columns]);
    assert!(why.starts_with("FILE: the model is damaged at byte "), "{why}");
    let named_otherwise = folder.write("tree.model", &tree());
    let why = refusal(&named_otherwise, &[columns]);
    assert_eq!(why, "FILE: the model is damaged at byte 0: it is no model of TrActor");
    assert!(made(&path, &[columns, ("features", "duration,duration")]).is_ok());
}
