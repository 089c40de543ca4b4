//! For the tests of a plugin: flows, and a host that is not there.
//!
//! ```
//! use tractor_plugin::testing::{FlowBuilder, classify, create};
//! # use tractor_plugin::{Classifier, Flow, Label, Options, Result, Verdict};
//! # struct Ports(u16);
//! # impl Classifier for Ports {
//! #     const ID: &'static str = "org.example.ports";
//! #     const LABELS: &'static [Label] = &[Label::new("other", "ssh")];
//! #     fn create(options: &Options) -> Result<Self> { Ok(Ports(options.get_or("ssh", 22)?)) }
//! #     fn classify(&mut self, flow: &Flow) -> Option<Verdict> {
//! #         (flow.server_port() == self.0).then(|| Verdict::new(0, 0.3).because("port"))
//! #     }
//! # }
//!
//! let mut ports = create::<Ports>(&[("ssh", "2222")]).unwrap();
//! let flow = FlowBuilder::tcp("10.0.0.1:40000", "10.0.0.2:2222").build();
//! assert_eq!(classify(&mut ports, &flow), Some(Verdict::new(0, 0.3).because("port")));
//! ```

mod border;
mod fake_host;
mod flow_builder;

pub use border::{Border, Failure};
pub use fake_host::Tag;
pub use flow_builder::{FlowBuilder, TestFlow};

use crate::{Classifier, Options, Result, Verdict};
use fake_host::FakeHost;

/// An instance, made as `export!` has it made; unknown options are refused.
///
/// # Errors
/// As [`Classifier::create`] and [`Options::finish`].
pub fn create<C: Classifier>(options: &[(&str, &str)]) -> Result<C> {
    create_with_columns(options, &[])
}

/// As [`create`], where the host has columns of these names.
///
/// # Errors
/// As [`create`].
pub fn create_with_columns<C: Classifier>(options: &[(&str, &str)], columns: &[&str]) -> Result<C> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let host = FakeHost::new(columns);
    let mut options = Options::new(options.iter().map(owned).collect(), host.log());
    C::declare(&options)?;
    options.columns = host.columns();
    let classifier = C::create(&options);
    let finished = options.finish();
    // The fake host goes now; an instance that keeps the log writes to nobody.
    options.log().close();
    finished.and(classifier)
}

/// What an instance says of a flow: its last tag, if it has several.
///
/// # Panics
/// With the text of its error, and where a host would drop the tag: a label that is none of
/// [`LABELS`](Classifier::LABELS) (where there are any), or a confidence that is not from 0 to 1.
pub fn classify<C: Classifier>(classifier: &mut C, flow: &TestFlow) -> Option<Verdict> {
    let host = FakeHost::new(&[]);
    let tags = host.classify(classifier, &[flow]);
    let verdict = tags.expect("a classifier that does not fail").pop()?.verdict;
    let known = C::LABELS.is_empty() || (verdict.label() as usize) < C::LABELS.len();
    assert!(known || verdict == Verdict::take_back(), "there is no label {}", verdict.label());
    let confidence = verdict.confidence();
    assert!((0.0..=1.0).contains(&confidence), "{confidence} is no confidence");
    Some(verdict)
}
