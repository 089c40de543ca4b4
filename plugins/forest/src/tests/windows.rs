//! Models that learned from windows, or from flows that were cut at an age.

use super::{Folder, Forest, Tag, flow, forest, made, said, windows_of};
use tractor_learning::file::FlowLife;
use tractor_plugin::testing::{Border, FlowBuilder, TestFlow};
use tractor_plugin::{ClosedBy, Direction, Label, Verdict};

/// The same flow, as old as so many packets are, a millisecond apart.
fn lasting(flow: FlowBuilder, milliseconds: usize) -> FlowBuilder {
    (0..=milliseconds).fold(flow, |flow, _| flow.packet(Direction::ClientToServer, 10))
}

#[test]
fn the_length_of_windows_is_the_models_or_the_options() {
    let folder = Folder::new();
    let mut model = forest();
    let window_us = |more: &[(&str, &str)], model: &tractor_learning::ModelFile| {
        let path = folder.write(&format!("{more:?}"), &model.to_bytes().unwrap());
        made(&path, more).unwrap().declared().unwrap().window_us
    };
    assert_eq!(window_us(&[], &model), 0);
    model.header.flow_life = windows_of(15);
    assert_eq!(window_us(&[("window_us", "0")], &model), 0);
    assert_eq!(window_us(&[("window_us", "7")], &model), 7);
    let life = FlowLife { window_us: Some(2), active_timeout_us: Some(3), idle_timeout_us: None };
    model.header.flow_life = Some(life);
    assert_eq!(window_us(&[("window_us", "5")], &model), 5);
    model.header.label_group = "voip".to_owned();
    let path = folder.write("windows", &model.to_bytes().unwrap());
    assert_eq!(made(&path, &[]).unwrap().declared().unwrap().window_us, 2);
}

/// A forest that has learned from windows of 50 ms.
fn of_windows() -> Border<Forest> {
    let folder = Folder::new();
    let mut model = forest();
    model.header.flow_life =
        Some(FlowLife { window_us: Some(50_000), active_timeout_us: None, idle_timeout_us: None });
    let path = folder.write("a.tractor", &model.to_bytes().unwrap());
    made(&path, &[]).unwrap()
}

#[test]
fn a_window_is_judged_and_the_close_has_the_last_word_on_flows_as_short_as_learned() {
    let mut border = of_windows();
    let declared = border.declared().unwrap();
    let voip = flow(&[1e6, 1_400.0, 0.0, 0.25]);
    let mail = flow(&[1e6, 400.0, -1.0, 0.25]);
    let flows = [
        lasting(voip, 500).window_start_us(1_500_000_000_000_000).build(),
        lasting(mail.clone(), 90).build(),
        lasting(mail, 110).build(),
    ];
    let all: Vec<&TestFlow> = flows.iter().collect();
    let tags = said(&mut border, &all);
    let labels: Vec<_> =
        tags.iter().map(|tag| (tag.flow, &declared.labels[tag.verdict.label() as usize])).collect();
    let label = |name: &str| Label::of("traffic_class", name);
    // The third went on over more than two windows: what was said of its last one stays.
    assert_eq!(labels, [(0, &label("VOIP")), (1, &label("MAIL"))]);
}

/// A window that goes on behind a long flow's last packet, or ends with it.
#[test]
fn the_begin_of_a_window_that_the_end_of_the_flow_has_cut_counts_for_nothing() {
    let mut border = of_windows();
    let begin_us = 1_500_000_000_000_000;
    let flow = lasting(flow(&[1e6, 1_400.0, 0.0, 0.25]).start_us(begin_us), 220);
    let end_us = begin_us + 220_000;
    let window = |gone_us: i64| flow.clone().window_start_us(end_us - gone_us);
    let flows = [
        window(24_000).build(),
        window(24_000).closed_by(ClosedBy::Fin).build(),
        window(26_000).closed_by(ClosedBy::Fin).build(),
    ];
    let all: Vec<&TestFlow> = flows.iter().collect();
    let tags = said(&mut border, &all);
    assert_eq!(tags.iter().map(|tag| tag.flow).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn a_close_that_is_sure_of_nothing_takes_back_what_a_window_said() {
    let folder = Folder::new();
    let mut model = forest();
    let all_sure = [("min_confidence", "1")];
    let unsure = flow(&[1e6, 950.0, -0.5, 0.25]);
    let window = unsure.clone().window_start_us(1_500_000_000_000_000).build();
    let flows = [&window, &unsure.build()];
    let path = folder.write("flows", &model.to_bytes().unwrap());
    assert_eq!(said(&mut made(&path, &all_sure).unwrap(), &flows), []);
    model.header.flow_life = windows_of(15);
    let path = folder.write("windows", &model.to_bytes().unwrap());
    let tags = said(&mut made(&path, &all_sure).unwrap(), &flows);
    assert_eq!(tags, [Tag { flow: 1, verdict: Verdict::take_back() }]);
}

#[test]
fn without_windows_the_close_alone_counts_however_long_a_flow_was() {
    let folder = Folder::new();
    let path = folder.write("a.tractor", &forest().to_bytes().unwrap());
    let mut border = made(&path, &[]).unwrap();
    let voip = flow(&[1e6, 1_400.0, 0.0, 0.25]);
    let window = voip.clone().window_start_us(1_500_000_000_000_000).build();
    let tags = said(&mut border, &[&window, &lasting(voip, 500).build()]);
    assert_eq!(tags.iter().map(|tag| tag.flow).collect::<Vec<_>>(), [1]);
}
