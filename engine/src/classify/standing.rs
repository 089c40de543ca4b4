//! The verdicts about a flow that stand.

use super::Tag;
use serde::{Deserialize, Serialize};

/// What each classifier said last of one flow, in plugin order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    tags: Vec<Tag>,
}

impl Standing {
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    pub fn into_tags(self) -> Vec<Tag> {
        self.tags
    }

    /// Takes what a classifier said of the flow in one call: it replaces what that one said before.
    /// Nothing said leaves it; a take-back alone removes it. Tells whether anything changed.
    pub fn update(&mut self, classifier: u16, said: impl IntoIterator<Item = Tag>) -> bool {
        let mut said = said.into_iter().peekable();
        if said.peek().is_none() {
            return false;
        }
        let verdicts: Vec<Tag> =
            said.filter(|tag| tag.label.is_some()).map(|tag| Tag { subject: 0, ..tag }).collect();
        if self.tags.is_empty() {
            self.tags = verdicts;
            return !self.tags.is_empty();
        }
        let begin = self.tags.partition_point(|tag| tag.classifier < classifier);
        let end = self.tags.partition_point(|tag| tag.classifier <= classifier);
        if self.tags[begin..end] == verdicts {
            return false;
        }
        self.tags.splice(begin..end, verdicts);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(classifier: u16, label: Option<u16>) -> Tag {
        Tag { subject: 5, classifier, label, own_index: 0, confidence: 0.5, evidence: None }
    }

    fn seen(standing: &Standing) -> Vec<(u16, Option<u16>)> {
        standing.tags().iter().map(|tag| (tag.classifier, tag.label)).collect()
    }

    #[test]
    fn what_was_said_last_stands() {
        let mut standing = Standing::default();
        assert!(standing.update(2, [tag(2, Some(1)), tag(2, Some(3))]));
        assert!(standing.update(0, [tag(0, Some(9))]));
        assert!(!standing.update(2, []));
        assert_eq!(seen(&standing), [(0, Some(9)), (2, Some(1)), (2, Some(3))]);
        assert!(standing.update(2, [tag(2, Some(4))]));
        assert!(!standing.update(2, [tag(2, Some(4))]), "the same again");
        assert_eq!(seen(&standing), [(0, Some(9)), (2, Some(4))]);
        assert!(standing.update(2, [tag(2, None)]));
        assert!(!standing.update(2, [tag(2, None)]));
        assert!(standing.update(0, [tag(0, None), tag(0, Some(8))]));
        assert_eq!(seen(&standing), [(0, Some(8))]);
    }
}
