//! Which of several verdicts counts.

use super::{LabelId, Labels, Tag};
use crate::flows::Choice;
use std::cmp::Ordering;

/// What a flow is taken for. Classes of traffic do not compete with other labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    pub label: Option<Choice>,
    pub traffic_class: Option<Choice>,
}

/// Decides among the standing verdicts about one flow: the highest confidence, then the plugin that
/// was loaded first, then the label that stands first in that plugin's table. Their order is of no
/// matter.
pub fn decide(mut standing: Vec<Tag>, labels: &Labels) -> Decision {
    let places = [false, true].map(|of_traffic| best(&standing, of_traffic, labels));
    let [label, traffic_class] = places.map(|place| {
        let tag = &mut standing[place?];
        Some(Choice {
            label: tag.label?,
            classifier: tag.classifier,
            confidence: tag.confidence,
            evidence: tag.evidence.take(),
        })
    });
    Decision { label, traffic_class }
}

/// The label that [`decide`] takes.
pub fn decided_label(standing: &[Tag], labels: &Labels) -> Option<LabelId> {
    standing[best(standing, false, labels)?].label
}

/// Where the verdict that counts stands, among labels or among classes of traffic.
fn best(standing: &[Tag], of_traffic: bool, labels: &Labels) -> Option<usize> {
    let is_of_kind =
        |tag: &Tag| tag.label.is_some_and(|label| labels.is_traffic_class(label) == of_traffic);
    let candidates = (0..standing.len()).filter(|&place| is_of_kind(&standing[place]));
    // The first of wholly equal ones: those of one plugin and label.
    candidates.reduce(|best, place| match rank(&standing[place], &standing[best]) {
        Ordering::Greater => place,
        _ => best,
    })
}

fn rank(one: &Tag, other: &Tag) -> Ordering {
    let by_confidence = one.confidence.total_cmp(&other.confidence);
    let by_plugin = other.classifier.cmp(&one.classifier);
    by_confidence.then(by_plugin).then(other.own_index.cmp(&one.own_index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::{Label, TRAFFIC_CLASS};

    fn labels() -> Labels {
        let mut labels = Labels::default();
        for (group, name) in [("social", "vk"), ("web", "http"), (TRAFFIC_CLASS, "VOIP")] {
            labels.intern(&Label { group: group.to_owned(), name: name.to_owned() });
        }
        labels
    }

    fn tag(classifier: u16, label: LabelId, own_index: u16, confidence: f32) -> Tag {
        Tag { subject: 0, classifier, label: Some(label), own_index, confidence, evidence: None }
    }

    /// A label and whose it is.
    type Verdict = Option<(LabelId, u16)>;

    fn decided(tags: &[Tag]) -> (Verdict, Verdict) {
        let one = |choice: Option<Choice>| choice.map(|one| (one.label, one.classifier));
        let decision = decide(tags.to_vec(), &labels());
        assert_eq!(decided_label(tags, &labels()), decision.label.as_ref().map(|one| one.label));
        (one(decision.label), one(decision.traffic_class))
    }

    #[test]
    fn the_most_confident_wins_then_the_first_plugin_then_its_first_label() {
        let tags = [tag(0, 0, 0, 0.5), tag(1, 1, 0, 0.6)];
        assert_eq!(decided(&tags).0, Some((1, 1)));
        let tags = [tag(1, 1, 0, 0.5), tag(0, 0, 9, 0.5)];
        assert_eq!(decided(&tags).0, Some((0, 0)));
        let tags = [tag(0, 0, 1, 0.5), tag(0, 1, 0, 0.5)];
        assert_eq!(decided(&tags).0, Some((1, 0)));
    }

    #[test]
    fn the_order_of_verdicts_is_of_no_matter() {
        let mut tags =
            vec![tag(0, 0, 1, 0.5), tag(0, 1, 0, 0.5), tag(1, 0, 0, 0.5), tag(2, 2, 0, 0.1)];
        let expected = decided(&tags);
        for _ in 0..tags.len() {
            tags.rotate_left(1);
            assert_eq!(decided(&tags), expected);
        }
    }

    #[test]
    fn classes_of_traffic_are_decided_apart() {
        let tags = [tag(0, 2, 0, 0.9), tag(1, 0, 0, 0.2)];
        assert_eq!(decided(&tags), (Some((0, 1)), Some((2, 0))));
        assert_eq!(decided(&[]), (None, None));
        let taken_back = Tag { label: None, ..tag(0, 0, 0, 1.0) };
        assert_eq!(decided(&[taken_back]), (None, None));
    }
}
