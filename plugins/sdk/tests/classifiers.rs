//! What an author writes, behind the functions that a host calls.
#![deny(unsafe_code)]

use std::panic::panic_any;

use tractor_plugin::abi::{BAD_OPTION, ERROR, NOT_CONFIGURED, PANIC, TAKE_BACK};
use tractor_plugin::testing::{Border, FlowBuilder, Tag, TestFlow, classify, create};
use tractor_plugin::{
    Classifier, Declaration, Error, Flow, Flows, Label, Log, Options, Result, Tags, Verdict,
};

/// Labels ports; ports below 10 make it fail in the ways there are.
struct Ports {
    ssh: u16,
    log: Log,
}

impl Classifier for Ports {
    const ID: &'static str = "org.example.ports";
    const LABELS: &'static [Label] = &[Label::new("other", "ssh"), Label::new("other", "telnet")];

    fn create(options: &Options) -> Result<Self> {
        match options.get("mode") {
            Some("absent") => return Err(Error::not_configured("no mode")),
            Some("panic") => panic!("at {}", "birth"),
            _ => {}
        }
        Ok(Ports { ssh: options.get_or("ssh", 22)?, log: options.log().clone() })
    }

    fn classify(&mut self, flow: &Flow) -> Option<Verdict> {
        match flow.server_port() {
            1 => panic!("a constant text"),
            2 => panic_any(7),
            3 => panic_any(Bomb),
            4 => Some(Verdict::take_back()),
            5 => Some(Verdict::new(0, 1.0).because("\u{e9}".repeat(200))),
            port if port == self.ssh => Some(Verdict::new(0, 0.3).because("port")),
            23 => Some(Verdict::new(1, 0.3).because("po\0rt")),
            _ => None,
        }
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        self.log.info("gone");
        assert_ne!(self.ssh, 666, "in drop");
    }
}

/// A panic whose payload panics when it is dropped, twice.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(SecondBomb);
    }
}

struct SecondBomb;

impl Drop for SecondBomb {
    fn drop(&mut self) {
        panic!("too late");
    }
}

fn to_port(port: u16) -> TestFlow {
    FlowBuilder::tcp("10.0.0.1:40000", &format!("10.0.0.2:{port}")).build()
}

#[test]
fn verdicts_cross_the_border_with_their_place_in_the_batch() {
    let mut border = Border::<Ports>::create(&[("ssh", "2222")]).unwrap();
    let flows = [23, 80, 2222, 4, 5].map(to_port);
    let tags = border.classify(&flows.each_ref()).unwrap();
    let tag = |flow, verdict| Tag { flow, verdict };
    assert_eq!(tags[0], tag(0, Verdict::new(1, 0.3).because("port")), "NULs are left out");
    assert_eq!(tags[1], tag(2, Verdict::new(0, 0.3).because("port")));
    assert_eq!((tags[2].flow, tags[2].verdict.label()), (3, TAKE_BACK));
    let evidence = tags[3].verdict.evidence();
    assert_eq!((tags[3].flow, evidence.len()), (4, 254), "cut between letters");
    assert_eq!(border.classify(&[]).unwrap(), [], "a batch may be empty");
    assert_eq!(border.declared(), None, "constants are not declared again");
    assert_eq!(border.destroy(), ["3: gone"]);
}

#[test]
fn options_that_are_wrong_are_refused_by_name() {
    let refusal = |options| Border::<Ports>::create(options).err().map(|it| (it.status, it.text));
    let text = "option ssh = \"many\": invalid digit found in string".to_owned();
    assert_eq!(refusal(&[("ssh", "many")]), Some((BAD_OPTION, text)));
    let text = "there is no option shh".to_owned();
    assert_eq!(refusal(&[("shh", "22")]), Some((BAD_OPTION, text)));
    let text = "no mode".to_owned();
    assert_eq!(refusal(&[("mode", "absent")]), Some((NOT_CONFIGURED, text)));
    let text = "panic: at birth".to_owned();
    assert_eq!(refusal(&[("mode", "panic")]), Some((PANIC, text)));
    assert_eq!(refusal(&[("ssh", "1"), ("ssh", "2")]), None);
}

#[test]
fn without_a_host_unknown_options_are_refused_too() {
    assert!(create::<Ports>(&[("shh", "22")]).is_err());
    let mut ports = create::<Ports>(&[("ssh", "1022")]).unwrap();
    let verdict = Verdict::new(0, 0.3).because("port");
    assert_eq!(classify(&mut ports, &to_port(1022)), Some(verdict));
    assert_eq!(classify(&mut ports, &to_port(22)), None);
}

#[test]
fn an_instance_that_panicked_is_not_entered_again() {
    for (port, text) in
        [(1, "panic: a constant text"), (2, "panic: without a text"), (3, "panic: without a text")]
    {
        let mut border = Border::<Ports>::create(&[]).unwrap();
        let failure = border.classify(&[&to_port(port)]).unwrap_err();
        assert_eq!((failure.status, failure.text.as_str()), (PANIC, text));
        let failure = border.classify(&[&to_port(22)]).unwrap_err();
        let text = "it panicked before, and is not entered again";
        assert_eq!((failure.status, failure.text.as_str()), (PANIC, text));
        assert_eq!(border.destroy(), ["3: gone"], "it is freed all the same");
    }
}

#[test]
fn a_panic_in_drop_is_caught_and_logged() {
    let border = Border::<Ports>::create(&[("ssh", "666")]).unwrap();
    let messages = border.destroy();
    assert_eq!(messages[0], "3: gone");
    assert!(messages[1].starts_with("1: while it was destroyed: panic: "), "{messages:?}");
}

#[test]
fn a_log_that_outlives_its_instance_says_nothing() {
    let border = Border::<Keeper>::create(&[]).unwrap();
    let log = KEPT.lock().unwrap().take().unwrap();
    let other = log.clone();
    std::thread::spawn(move || other.warning("from another thread")).join().unwrap();
    assert_eq!(border.destroy(), ["2: from another thread"]);
    log.error("to nobody");
}

static KEPT: std::sync::Mutex<Option<Log>> = std::sync::Mutex::new(None);

struct Keeper;

impl Classifier for Keeper {
    const ID: &'static str = "org.example.keeper";

    fn create(options: &Options) -> Result<Self> {
        *KEPT.lock().expect("a lock") = Some(options.log().clone());
        Ok(Keeper)
    }
}

/// Labels and columns from its options; several labels a flow.
struct Declared {
    bytes: usize,
}

impl Classifier for Declared {
    const ID: &'static str = "org.example.declared";

    fn declare(options: &Options) -> Result<Declaration> {
        let names = options.get("labels").ok_or_else(|| Error::not_configured("no labels"))?;
        let labels = names.split(',').map(|name| Label::of("model", name)).collect();
        Ok(Declaration { labels, columns: Some("iscx-a2/1".to_owned()), window_us: 15_000_000 })
    }

    fn create(options: &Options) -> Result<Self> {
        let bytes = options.columns().place("bytes");
        Ok(Declared { bytes: bytes.ok_or_else(|| Error::new("there is no column bytes"))? })
    }

    fn classify_batch(&mut self, flows: Flows, tags: &mut Tags) -> Result<()> {
        for (place, flow) in flows.iter().enumerate() {
            let bytes = *flow.features().get(self.bytes).ok_or_else(|| Error::new("no bytes"))?;
            assert_eq!(flow.feature("bytes"), Some(bytes));
            tags.add(place, Verdict::new(0, 0.5));
            tags.add(place, Verdict::new(u32::from(bytes > 1000.0), 0.9));
        }
        tags.add(flows.len(), Verdict::new(0, 1.0)); // No such flow: dropped by the host.
        Ok(())
    }
}

#[test]
fn labels_and_columns_are_declared_from_options() {
    let columns = ["packets", "bytes"];
    let options = [("labels", "small,large")];
    let mut border = Border::<Declared>::create_with_columns(&options, &columns).unwrap();
    let declared = border.declared().unwrap();
    assert_eq!(declared.labels, [Label::new("model", "small"), Label::new("model", "large")]);
    assert_eq!(declared.columns.as_deref(), Some("iscx-a2/1"));
    assert_eq!(declared.window_us, 15_000_000);

    let flow = |bytes| {
        let flow = FlowBuilder::udp("[2001:db8::1]:1", "[2001:db8::2]:2");
        flow.feature("packets", f64::NAN).feature("bytes", bytes).build()
    };
    let tags = border.classify(&[&flow(10.0), &flow(2000.0)]).unwrap();
    let tags: Vec<_> = tags.iter().map(|tag| (tag.flow, tag.verdict.label())).collect();
    assert_eq!(tags, [(0, 0), (0, 0), (1, 0), (1, 1)]);

    let failure = border.classify(&[&to_port(1)]).unwrap_err();
    assert_eq!((failure.status, failure.text.as_str()), (ERROR, "no bytes"));
    assert!(border.classify(&[&flow(10.0)]).is_ok(), "an error breaks nothing");

    let failure = Border::<Declared>::create(&options).err().unwrap();
    assert_eq!(failure.text, "there is no column bytes");
    let failure = Border::<Declared>::create(&[]).err().unwrap();
    assert_eq!(failure.status, NOT_CONFIGURED);
}
