//! What classifiers say of flows, and what of it is taken.

use super::LabelId;
use super::text::printable;
use crate::limits::{EVIDENCE_BYTES_MAX, TAGS_PER_FLOW_MAX};
use serde::{Deserialize, Serialize};
use tractor_plugin::abi::TAKE_BACK;

/// A verdict of a classifier about a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    /// The place of the flow among those shown.
    pub subject: u32,
    pub classifier: u16,
    /// None: it takes its verdict back.
    pub label: Option<LabelId>,
    /// The label's place in the classifier's own table: among equals the lower one counts, whatever
    /// other plugins are loaded.
    pub own_index: u16,
    /// 0 to 1.
    pub confidence: f32,
    /// Why, in a few printable words.
    pub evidence: Option<Box<str>>,
}

/// Where the tags of one call go.
#[derive(Default)]
pub struct Collector {
    classifier: u16,
    labels: Vec<LabelId>,
    /// How many tags each flow of the call has.
    of_flows: Vec<usize>,
    tags: Vec<Tag>,
    dropped: u64,
    /// The first tag that was dropped: its flow, and what is wrong with it.
    wrong: Option<(u32, &'static str)>,
}

impl Collector {
    pub fn new(classifier: u16, labels: Vec<LabelId>) -> Self {
        Self { classifier, labels, ..Self::default() }
    }

    /// Forgets what is there, for a call about so many flows.
    pub fn begin(&mut self, flows: usize) {
        self.tags.clear();
        (self.dropped, self.wrong) = (0, None);
        self.of_flows.clear();
        self.of_flows.resize(flows, 0);
    }

    /// Takes a tag and tells so; a wrong one (no such flow or label, no number, too many) is
    /// dropped.
    pub fn add(&mut self, flow: u32, label: u32, confidence: f32, evidence: Option<&[u8]>) -> bool {
        let tag = self.tag(flow, label, confidence, evidence);
        let is_taken = tag.is_ok();
        match tag {
            Ok(tag) => self.tags.push(tag),
            Err(why) => {
                self.dropped += 1;
                self.wrong.get_or_insert((flow, why));
            }
        }
        is_taken
    }

    fn tag(
        &mut self,
        flow: u32,
        label: u32,
        confidence: f32,
        evidence: Option<&[u8]>,
    ) -> Result<Tag, &'static str> {
        let takes_back = label == TAKE_BACK;
        if confidence.is_nan() && !takes_back {
            return Err("with a confidence that is no number");
        }
        let label_of = |label: u32| self.labels.get(label as usize).copied();
        let known = match takes_back {
            true => None,
            false => Some(label_of(label).ok_or("with a label that it does not have")?),
        };
        let given = self.of_flows.get_mut(flow as usize);
        let given = given.ok_or("which is none of the batch")?;
        if *given == TAGS_PER_FLOW_MAX {
            return Err("more often than is taken");
        }
        *given += 1;
        Ok(Tag {
            subject: flow,
            classifier: self.classifier,
            label: known,
            // There are fewer labels than that.
            own_index: if takes_back { 0 } else { label as u16 },
            confidence: if takes_back { 0.0 } else { confidence.clamp(0.0, 1.0) },
            evidence: evidence
                .map(|text| printable(text, EVIDENCE_BYTES_MAX))
                .filter(|text| !text.is_empty())
                .map(String::into_boxed_str),
        })
    }

    /// The first tag of this call that was dropped: its flow, and what is wrong, to be read after
    /// the flow.
    pub fn wrong(&self) -> Option<(u32, &'static str)> {
        self.wrong
    }

    /// The tags of a call that went well, flow by flow, each in the order in which they came; and
    /// how many were dropped.
    pub fn take(&mut self, first_subject: u32, to: &mut Vec<Tag>) -> u64 {
        self.tags.sort_by_key(|tag| tag.subject);
        to.extend(
            self.tags.drain(..).map(|tag| Tag { subject: first_subject + tag.subject, ..tag }),
        );
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_tags_are_dropped_and_counted() {
        let mut collector = Collector::new(3, vec![7, 8]);
        collector.begin(2);
        assert!(collector.add(1, 1, 4.0, Some(b"a\nb")));
        assert!(collector.add(0, 0, f32::NEG_INFINITY, Some(b"")));
        assert!(collector.add(0, TAKE_BACK, f32::NAN, None));
        assert!(!collector.add(0, 2, 0.5, None), "no such label");
        assert!(!collector.add(2, 0, 0.5, None), "no such flow");
        assert!(!collector.add(0, 0, f32::NAN, None), "no number");
        let mut tags = Vec::new();
        assert_eq!(collector.take(10, &mut tags), 3);
        let seen: Vec<_> =
            tags.iter().map(|tag| (tag.subject, tag.label, tag.confidence)).collect();
        assert_eq!(seen, [(10, Some(7), 0.0), (10, None, 0.0), (11, Some(8), 1.0)]);
        assert_eq!(tags[2].evidence.as_deref(), Some("a\\nb"));
        assert_eq!(tags[0].evidence, None);
    }

    #[test]
    fn a_flow_has_so_many_tags_and_no_more() {
        let mut collector = Collector::new(0, vec![0]);
        collector.begin(2);
        for _ in 0..TAGS_PER_FLOW_MAX {
            assert!(collector.add(0, 0, 0.5, None));
        }
        assert!(!collector.add(0, 0, 0.5, None));
        assert!(collector.add(1, 0, 0.5, None));
    }
}
