//! What a classifier says.

use std::borrow::Cow;

use crate::abi::TAKE_BACK;

/// A label and the group it is in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    group: Cow<'static, str>,
    name: Cow<'static, str>,
}

impl Label {
    /// Such as `Label::new("social", "facebook")`: a-z, 0-9, `_`, `-` and `.`, at most 63 bytes each;
    /// classes of models may have capitals.
    pub const fn new(group: &'static str, name: &'static str) -> Self {
        Label { group: Cow::Borrowed(group), name: Cow::Borrowed(name) }
    }

    /// A label that is known only at run time, for [`Declaration`](crate::Declaration).
    pub fn of(group: impl Into<String>, name: impl Into<String>) -> Self {
        Label { group: Cow::Owned(group.into()), name: Cow::Owned(name.into()) }
    }

    // `Deref` of a `Cow` cannot be asked at compile time.
    pub const fn group(&self) -> &str {
        match &self.group {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => text.as_str(),
        }
    }

    pub const fn name(&self) -> &str {
        match &self.name {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => text.as_str(),
        }
    }
}

/// What a classifier says of a flow.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Verdict {
    label: u32,
    confidence: f32,
    evidence: Cow<'static, str>,
}

impl Verdict {
    /// The label's place in the classifier's labels, and a confidence from 0 to 1; a NaN counts as
    /// the plugin's error and the verdict is dropped.
    pub const fn new(label: u32, confidence: f32) -> Self {
        Verdict { label, confidence, evidence: Cow::Borrowed("") }
    }

    /// Takes back what an earlier call said of the flow. (Saying nothing leaves it.)
    pub const fn take_back() -> Self {
        Verdict::new(TAKE_BACK, 0.0)
    }

    /// Why, in a few words: at most 255 bytes of it are kept.
    pub fn because(mut self, evidence: impl Into<Cow<'static, str>>) -> Self {
        self.evidence = evidence.into();
        self
    }

    pub fn label(&self) -> u32 {
        self.label
    }

    pub fn confidence(&self) -> f32 {
        self.confidence
    }

    pub fn evidence(&self) -> &str {
        &self.evidence
    }
}
