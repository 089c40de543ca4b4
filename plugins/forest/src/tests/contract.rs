//! What the model says, and that a flow is told the same whatever stands beside it.

use super::{CLASSES, Folder, all_kinds, flow, flows, forest, made, said};
use tractor_plugin::testing::{Border, FlowBuilder, TestFlow};
use tractor_plugin::{Label, State};

use crate::plugin::Forest;

#[test]
fn classes_of_traffic_are_told_with_probability_and_evidence() {
    let folder = Folder::new();
    let path = folder.write("a.tractor", &forest().to_bytes().unwrap());
    let mut border = made(&path, &[]).unwrap();
    let declared = border.declared().unwrap();
    let labels = CLASSES.map(|class| Label::of("traffic_class", class));
    assert_eq!(declared.labels, labels);
    assert_eq!((declared.columns.as_deref(), declared.window_us), (Some("invented/1"), 0));
    let flow = flow(&[1e6, 1_400.5, 0.0, 0.25]).build();
    let verdict = said(&mut border, &[&flow]).remove(0).verdict;
    assert_eq!((verdict.label(), verdict.confidence() > 0.9), (1, true), "{verdict:?}");
    let evidence = verdict.evidence();
    let (features, classes) = evidence.split_once(": ").unwrap();
    assert!(features.contains("mean_flowiat 1400.500, ") && features.contains("max_idle 0, "));
    let first = format!("VOIP {:.2}, ", verdict.confidence());
    assert!(classes.starts_with(&first), "{evidence}");
}

#[test]
fn batches_orders_and_repetition_change_nothing() {
    let folder = Folder::new();
    for model in all_kinds() {
        let path = folder.write(&model.header.kind, &model.to_bytes().unwrap());
        let flows = flows(600);
        let all: Vec<&TestFlow> = flows.iter().collect();
        let whole = said(&mut made(&path, &[]).unwrap(), &all);
        assert!(whole.len() > 300, "{}", model.header.kind);
        let mut border = made(&path, &[]).unwrap();
        for size in [1, 7, 100, 600] {
            let mut again = Vec::new();
            for (number, batch) in all.chunks(size).enumerate() {
                for mut tag in said(&mut border, batch) {
                    tag.flow += number * size;
                    again.push(tag);
                }
            }
            assert_eq!(again, whole, "{} in batches of {size}", model.header.kind);
        }
        let backward: Vec<&TestFlow> = all.iter().rev().copied().collect();
        let mut again = said(&mut border, &backward);
        again.iter_mut().for_each(|tag| tag.flow = 599 - tag.flow);
        again.reverse();
        assert_eq!(again, whole, "{} backward", model.header.kind);
        assert_eq!(said(&mut border, &[]), []);
        assert!(border.destroy().is_empty());
    }
}

#[test]
fn below_the_least_confidence_nothing_is_said() {
    let folder = Folder::new();
    let path = folder.write("a.tractor", &forest().to_bytes().unwrap());
    let flows = flows(300);
    let all: Vec<&TestFlow> = flows.iter().collect();
    let of = |least: &str| said(&mut made(&path, &[("min_confidence", least)]).unwrap(), &all);
    let every = of("0");
    assert_eq!(every.len(), 300);
    let expected: Vec<_> =
        every.iter().filter(|tag| tag.verdict.confidence() >= 0.99).cloned().collect();
    assert!((1..300).contains(&expected.len()));
    assert_eq!(of("0.99"), expected);
}

#[test]
fn of_an_application_a_model_is_no_surer_than_its_kind() {
    let folder = Folder::new();
    let mut model = forest();
    model.header.label_group = "voip".to_owned();
    model.header.classes = ["mail", "call", "call-in-vpn"].map(str::to_owned).to_vec();
    let path = folder.write("a.tractor", &model.to_bytes().unwrap());
    let mut border = made(&path, &[]).unwrap();
    assert_eq!(border.declared().unwrap().labels[1], Label::of("voip", "call"));
    let flow = flow(&[1e6, 1_400.0, 0.0, 0.25]).build();
    let verdict = said(&mut border, &[&flow]).remove(0).verdict;
    assert!((0.59..=0.6).contains(&verdict.confidence()), "{verdict:?}");
    assert!(verdict.evidence().contains(": call "), "{verdict:?}");
}

#[test]
fn evidence_is_short_whatever_names_and_values_are() {
    let folder = Folder::new();
    let mut model = forest();
    let long = |name: &str| format!("{name}{}", "ö".repeat(200));
    model.header.features.iter_mut().for_each(|name| *name = long(name));
    model.header.classes.iter_mut().for_each(|name| *name = format!("{name:-<63}"));
    let columns = model.header.features.clone();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let path = folder.write("a.tractor", &model.to_bytes().unwrap());
    let options = [("model", path.as_str()), ("min_confidence", "0")];
    let mut border = Border::<Forest>::create_with_columns(&options, &columns).unwrap();
    for value in
        [f64::MIN, f64::NAN, -1.234_567e-300, f64::NEG_INFINITY, -999_999.999_9, -1e15 + 1.0]
    {
        let flow = flow(&[value; 4]).build();
        let verdict = said(&mut border, &[&flow]).remove(0).verdict;
        let evidence = verdict.evidence();
        // The host keeps 255 bytes: the end is there.
        assert!((100..255).contains(&evidence.len()), "{evidence}");
        assert!(evidence[evidence.len() - 4..].parse::<f32>().is_ok(), "{evidence}");
    }
}

#[test]
fn flows_that_are_early_or_have_no_columns_are_not_judged() {
    let folder = Folder::new();
    let path = folder.write("a.tractor", &forest().to_bytes().unwrap());
    let mut border = made(&path, &[("min_confidence", "0")]).unwrap();
    let early = flow(&[1.0; 4]).state(State::Early).build();
    let without = FlowBuilder::udp("10.0.0.1:40000", "10.0.0.2:5000").build();
    let closed = flow(&[1.0; 4]).build();
    let tags = said(&mut border, &[&early, &without, &closed]);
    assert_eq!(tags.iter().map(|tag| tag.flow).collect::<Vec<_>>(), [2]);
}
