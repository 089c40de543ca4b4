//! What is tried.

use super::super::instance::{Maker, NotMade};
use super::super::subject::State;
use super::Event;
use super::bench::{Asker, Bench};
use super::payloads::noise;
use super::samples::{Behind, Family};
use crate::limits::FLOWS_PER_CALL_MAX;
use std::sync::Arc;

/// One way of using a classifier.
pub struct Trial {
    /// After the classifier's id.
    pub what: &'static str,
    /// Whose flows it shows, where these are of one family.
    pub family: Option<Family>,
    pub run: fn(&mut Bench<'_>),
}

const fn trial(what: &'static str, run: fn(&mut Bench<'_>)) -> Trial {
    Trial { what, family: None, run }
}

const fn shown(what: &'static str, family: Family, run: fn(&mut Bench<'_>)) -> Trial {
    Trial { what, family: Some(family), run }
}

/// In this order.
pub const TRIALS: [Trial; 17] = [
    trial("is given an option that nobody knows", unknown_option),
    trial("is created and freed many times", many_instances),
    shown("is shown usual flows, one by one", Family::Usual, |bench| alone(bench, Family::Usual)),
    shown("is shown payload cut anywhere", Family::Cut, |bench| alone(bench, Family::Cut)),
    shown("is shown flows without payload, packets or names", Family::Empty, |bench| {
        alone(bench, Family::Empty);
    }),
    shown("is shown huge counters and odd names", Family::Odd, |bench| alone(bench, Family::Odd)),
    shown("is shown features that are missing", Family::Missing, |bench| {
        alone(bench, Family::Missing);
    }),
    trial("is shown flows with other bytes behind what they have", other_bytes_behind),
    trial("is shown no flow at all", no_flow),
    trial("is shown the same flows again", again),
    trial("is shown all flows at once", at_once),
    trial("is shown flows in other orders", permuted),
    trial("is shown flows in batches of other sizes", split),
    trial("is shown each flow twice in a batch", twice),
    trial("is shown flows early, and when they are closed", early_then_closed),
    trial("is asked by two instances in turn", in_turn),
    trial("is asked on two threads at once", two_threads),
];

fn unknown_option(bench: &mut Bench<'_>) {
    const KEY: &str = "tractor-check-no-such-option";
    let known = &bench.asker.maker;
    let mut options = known.options.clone();
    options.push((c"tractor-check-no-such-option".into(), c"1".into()));
    let maker = Arc::new(Maker { options, ..(**known).clone() });
    match bench.asker.make_of(&maker) {
        Ok(instance) => {
            bench.asker.free(instance);
            bench.asker.breach(format!("takes the option {KEY}, which it cannot know"));
        }
        Err(NotMade::NotConfigured | NotMade::BadOptions(_)) => {}
        Err(NotMade::Because(why)) => {
            let sentence = format!("does not say TRACTOR_BAD_OPTION of an unknown option: {why}");
            bench.asker.breach(sentence);
        }
    }
}

/// Threads of this process; none where the system does not tell.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

fn many_instances(bench: &mut Bench<'_>) {
    let before = threads();
    for _ in 0..50 {
        let Some(instance) = bench.asker.make() else { return };
        bench.asker.free(instance);
    }
    if threads() > before {
        bench.asker.breach("leaves threads behind when its instances are freed".to_owned());
    }
}

fn alone(bench: &mut Bench<'_>, family: Family) {
    let flows = bench.flows_of(family);
    bench.ask_alone(&flows);
}

/// Shows flows in batches of those sizes, over and over, and compares.
fn batches(bench: &mut Bench<'_>, when: &str, flows: &[usize], sizes: &[usize]) {
    if !bench.ask_alone(&bench.flows()) {
        return;
    }
    let Some(mut instance) = bench.asker.make() else { return };
    let (mut rest, mut sizes) = (flows, sizes.iter().cycle());
    while let Some(size) = sizes.next().filter(|_| !rest.is_empty()) {
        let (batch, behind) = rest.split_at(rest.len().min(*size));
        let Some(answers) = bench.asker.ask(&mut instance, batch) else { return };
        bench.compare(when, batch, &answers);
        rest = behind;
    }
    bench.asker.free(instance);
}

/// Who reads behind the end of what is lent sees what is none of the flow's.
fn other_bytes_behind(bench: &mut Bench<'_>) {
    let flows = bench.flows();
    if !bench.ask_alone(&flows) {
        return;
    }
    for behind in [Behind::Rest, Behind::Other] {
        let mut asker = bench.asker_with(behind);
        let Some(mut instance) = asker.make() else { return };
        for batch in flows.chunks(FLOWS_PER_CALL_MAX) {
            let Some(answers) = asker.ask(&mut instance, batch) else { return };
            bench.compare("when other bytes stand behind what it is shown", batch, &answers);
        }
        asker.free(instance);
    }
}

fn no_flow(bench: &mut Bench<'_>) {
    let Some(mut instance) = bench.asker.make() else { return };
    let before = bench.asker.events.len();
    bench.asker.ask(&mut instance, &[]);
    if let Some(Event::Note(note)) = bench.asker.events.get(before).cloned() {
        bench.asker.breach(format!("fails when there is nothing to look at: it {note}"));
    }
    bench.asker.free(instance);
}

fn again(bench: &mut Bench<'_>) {
    let flows = bench.flows();
    batches(bench, "in another instance", &flows, &[1]);
    let both = [flows.clone(), flows].concat();
    batches(bench, "when flows are shown again", &both, &[1]);
}

fn at_once(bench: &mut Bench<'_>) {
    // What is huge drowns the others where all are added up.
    let usual = [Family::Usual, Family::Cut].map(|family| bench.flows_of(family)).concat();
    for flows in [usual, bench.flows()] {
        batches(bench, "when flows come together", &flows, &[FLOWS_PER_CALL_MAX]);
    }
}

/// In an order that looks like none.
fn shuffled(flows: &[usize], seed: u64) -> Vec<usize> {
    let mut keyed: Vec<(&[u8], usize)> = Vec::new();
    let keys = noise(seed, 4 * flows.len());
    keyed.extend(keys.chunks_exact(4).zip(flows.iter().copied()));
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, flow)| flow).collect()
}

fn permuted(bench: &mut Bench<'_>) {
    let flows = bench.flows();
    let backwards: Vec<usize> = flows.iter().rev().copied().collect();
    for order in [backwards, shuffled(&flows, 1), shuffled(&flows, 2)] {
        batches(bench, "when flows come in another order", &order, &[FLOWS_PER_CALL_MAX, 1]);
        batches(bench, "when flows come in another order", &order, &[1]);
    }
}

fn split(bench: &mut Bench<'_>) {
    let flows = bench.flows();
    for sizes in [&[2][..], &[1, 7, 64], &[33]] {
        batches(bench, "in batches of other sizes", &flows, sizes);
    }
}

fn twice(bench: &mut Bench<'_>) {
    let flows: Vec<usize> = bench.flows().into_iter().flat_map(|flow| [flow, flow]).collect();
    batches(bench, "when a flow is twice in a batch", &flows, &[64]);
}

fn early_then_closed(bench: &mut Bench<'_>) {
    let is_early = |flow: &usize| bench.samples()[*flow].state == State::Early;
    let (mut flows, closed): (Vec<_>, Vec<_>) = bench.flows().into_iter().partition(is_early);
    flows.extend(closed);
    batches(bench, "of closed flows after early ones", &flows, &[16]);
    flows.reverse();
    batches(bench, "of early flows after closed ones", &flows, &[16]);
}

fn in_turn(bench: &mut Bench<'_>) {
    let flows = bench.flows();
    if !bench.ask_alone(&flows) {
        return;
    }
    let (Some(mut one), Some(mut other)) = (bench.asker.make(), bench.asker.make()) else { return };
    for batch in flows.chunks(8) {
        for instance in [&mut one, &mut other] {
            let Some(answers) = bench.asker.ask(instance, batch) else { return };
            bench.compare("when another instance is asked between", batch, &answers);
        }
    }
    bench.asker.free(one);
    bench.asker.free(other);
}

fn two_threads(bench: &mut Bench<'_>) {
    let flows = bench.flows();
    if !bench.ask_alone(&flows) {
        return;
    }
    let orders = [shuffled(&flows, 3), shuffled(&flows, 4)];
    let mut askers = [bench.asker(), bench.asker()];
    let results: Vec<Vec<_>> = std::thread::scope(|scope| {
        let started: Vec<_> = askers
            .iter_mut()
            .zip(&orders)
            .map(|(asker, order)| scope.spawn(move || rounds(asker, order)))
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
    });
    for (order, rounds) in orders.iter().zip(results) {
        for answers in rounds {
            bench.compare("when two threads ask at once", order, &answers);
        }
    }
    let events = askers.into_iter().flat_map(|asker| asker.events);
    for event in events.filter(|event| matches!(event, Event::Breach(_))) {
        bench.asker.events.push(event);
    }
}

/// What is said of flows, several times over.
fn rounds(asker: &mut Asker, order: &[usize]) -> Vec<Vec<super::bench::Answer>> {
    let mut all = Vec::new();
    for _ in 0..10 {
        let Some(mut instance) = asker.make() else { break };
        let batches = order.chunks(13).map(|batch| asker.ask(&mut instance, batch));
        let Some(answers) = batches.collect::<Option<Vec<_>>>() else { break };
        all.push(answers.concat());
        asker.free(instance);
    }
    all
}
