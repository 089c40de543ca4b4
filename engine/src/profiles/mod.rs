//! Profiles: named, versioned tables of columns, each with its way of reading packets and its
//! flow life.
//!
//! The table of a profile is the only source of CSV headers, of `tractor profiles` and of what a
//! model may ask for. One file a profile; rules and sources: FLOWS.md and the columns' meanings.

mod cic;
mod class;
mod column;
mod community_id;
mod early;
mod features;
mod iscx;
mod labels;
mod layout;
mod native;
mod nfstream;
mod row;
mod session;
mod value;

pub use class::class_from_file_name;
pub use column::{Column, Columns, Kind, emptied};
pub use community_id::CommunityId;
pub use early::List;
pub use features::Features;
pub use labels::confidence_of;
pub use layout::{Chosen, Layout, STANDARD_PREFIX};
pub use row::{Direction, Period, Row, Series, Stat, Statistic};
pub use value::{AddressText, Printed, Value};

use crate::decode::Reading;
use crate::features::{ActivityRule, Needs};
use crate::flows::Life;
use std::sync::LazyLock;

const CLASS_MEANING: &str =
    "The class given to the capture by the user, else the label that classifiers found";

/// How packets are read, how flows live, what is kept of them and what is printed.
pub struct Profile {
    pub name: &'static str,
    pub version: u32,
    /// One sentence for people.
    pub about: &'static str,
    pub reading: Reading,
    pub life: Life,
    pub needs: Needs,
    pub activity_rule: ActivityRule,
    /// A longer gap ends an active period, unless options say otherwise.
    pub activity_gap_ns: i64,
    pub columns: Columns,
    /// The class, last; empty where the program that is copied has none.
    pub class: Columns,
    /// What classifiers and names say, behind the class; empty where only the class may say it.
    pub labels: Columns,
    /// What `with_id` puts in front; empty where the columns have it already.
    pub id_columns: Columns,
}

static ALL: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    vec![
        native::profile(),
        iscx::iscx(),
        iscx::iscx_a2(),
        iscx::iscx_fixed(),
        cic::cic(),
        cic::cic_fixed(),
        nfstream::profile(),
    ]
});

impl Profile {
    /// Every profile; the first is the default.
    pub fn all() -> &'static [Profile] {
        &ALL
    }

    /// Whether rows show what classifiers and names say, beside the class.
    pub fn has_labels(&self) -> bool {
        !self.labels.is_empty()
    }

    /// Whether flows are grouped into sessions: where packets are read as we do it, and columns of timing and
    /// volume are of times and lengths alone, so that packets of several connections have them, too.
    pub fn has_sessions(&self) -> bool {
        !self.reading.is_copied() && matches!(self.needs, Needs::Times | Needs::All)
    }

    /// The profile of that name.
    pub fn named(name: &str) -> Option<&'static Profile> {
        ALL.iter().find(|profile| profile.name == name)
    }
}
