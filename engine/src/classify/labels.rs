//! The one table of labels of a run.

use crate::limits::LABELS_MAX;
use std::collections::HashMap;

/// The place of a label in [`Labels`].
pub type LabelId = u16;

/// The group of classes of traffic (VOIP, MAIL and so on), which do not compete with other labels.
pub const TRAFFIC_CLASS: &str = "traffic_class";

/// A label, such as `facebook` of the group `social`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    pub group: String,
    pub name: String,
}

impl Label {
    pub fn is_traffic_class(&self) -> bool {
        self.group == TRAFFIC_CLASS
    }
}

/// Labels in the order in which plugins bring them. A name is of one group; classes of traffic have
/// names of their own.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    all: Vec<Label>,
    /// By whether it is a class of traffic, and name.
    places: HashMap<(bool, String), LabelId>,
}

impl Labels {
    /// # Panics
    /// If the id is of another run.
    pub fn get(&self, id: LabelId) -> &Label {
        &self.all[usize::from(id)]
    }

    pub fn is_traffic_class(&self, id: LabelId) -> bool {
        self.get(id).is_traffic_class()
    }

    /// An application's or protocol's label.
    pub fn named(&self, name: &str) -> Option<LabelId> {
        self.places.get(&(false, name.to_owned())).copied()
    }

    pub fn traffic_class_named(&self, name: &str) -> Option<LabelId> {
        self.places.get(&(true, name.to_owned())).copied()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (LabelId, &Label)> {
        self.all.iter().enumerate().map(|(place, label)| (place as LabelId, label))
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Labels by group and name, for tests.
    #[cfg(test)]
    pub fn of(labels: &[(&str, &str)]) -> Self {
        let mut all = Self::default();
        for (group, name) in labels {
            all.intern(&Label { group: (*group).to_owned(), name: (*name).to_owned() });
        }
        all
    }

    /// Whether so many more labels have room.
    pub(super) fn have_room_for(&self, labels: usize) -> bool {
        self.all.len() + labels <= LABELS_MAX
    }

    /// The place of a label, which is new or of the group that brought its name first. There must
    /// be room.
    pub(super) fn intern(&mut self, label: &Label) -> LabelId {
        let name = (label.is_traffic_class(), label.name.clone());
        if let Some(id) = self.places.get(&name) {
            return *id;
        }
        let id = self.all.len() as LabelId;
        self.all.push(label.clone());
        self.places.insert(name, id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(group: &str, name: &str) -> Label {
        Label { group: group.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn a_name_is_of_the_group_that_brought_it_first() {
        let mut labels = Labels::default();
        let first = labels.intern(&label("social", "vk"));
        assert_eq!(labels.intern(&label("messaging", "vk")), first);
        assert_eq!(labels.get(first).group, "social");
        assert_eq!(labels.named("vk"), Some(first));
        assert_eq!(labels.len(), 1);
    }

    #[test]
    fn classes_of_traffic_have_names_of_their_own() {
        let mut labels = Labels::default();
        let label_id = labels.intern(&label("vpn", "vpn"));
        let class_id = labels.intern(&label(TRAFFIC_CLASS, "vpn"));
        assert_ne!(label_id, class_id);
        assert!(labels.is_traffic_class(class_id) && !labels.is_traffic_class(label_id));
        assert_eq!(labels.traffic_class_named("vpn"), Some(class_id));
        assert!(!labels.have_room_for(LABELS_MAX - 1) && labels.have_room_for(LABELS_MAX - 2));
    }
}
