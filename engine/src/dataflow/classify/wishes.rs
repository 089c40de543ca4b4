//! What names and classifiers want to see of every flow.

use crate::classify::{Description, Plugins, Wish};
use crate::dataflow::RunOptions;
use crate::features::{ActivitySettings, Needs};
use crate::flows::{ColumnWish, EarlyWish, Tracking, WatchOptions};
use crate::limits::{COUNTED_PAYLOAD_BYTES, NAME_PACKETS_MAX};
use crate::profiles::{Features, Profile};

/// When the first bytes of a flow say what there is to say: its server has answered, or there are so many
/// packets.
const GROUPED: EarlyWish =
    EarlyWish { packets: 8, payload_bytes: 0, after_ns: 0, both_have_sent: true };

/// What the flow table has to keep for names and classifiers; `None`: nothing.
pub fn watch_options(options: &RunOptions) -> Option<WatchOptions> {
    let classifiers = options.plugins.classifiers();
    let wants_names = options.names
        || options.sessions.is_some()
        || classifiers.iter().any(|classifier| classifier.wish.needs.names);
    // Programs whose reading is copied label nothing.
    if options.profile.reading.is_copied() || classifiers.is_empty() && !wants_names {
        return None;
    }
    let mut watch = WatchOptions::default();
    if wants_names {
        watch.packets = NAME_PACKETS_MAX;
    }
    if wants_names || classifiers.iter().any(|classifier| classifier.wish.payload_bytes > 0) {
        // As much for everybody: how many flows there is room for depends on it, and what one
        // classifier is shown must not depend on what others want.
        watch.payload_bytes = COUNTED_PAYLOAD_BYTES;
    }
    for Wish { early, payload_bytes, packets, early_after_us, .. } in
        classifiers.iter().map(|classifier| &classifier.wish)
    {
        watch.payload_bytes = watch.payload_bytes.map(|most| most.max(*payload_bytes as usize));
        watch.packets = watch.packets.max(*packets as usize);
        if *early {
            let after_ns = early_after_us.saturating_mul(1_000).min(i64::MAX as u64) as i64;
            let (packets, payload_bytes) = (*packets, *payload_bytes);
            watch.early.push(EarlyWish { packets, payload_bytes, after_ns, both_have_sent: false });
        }
    }
    if options.sessions.is_some() {
        watch.early.push(GROUPED);
        watch.groups = true;
    }
    watch.columns = column_wishes(&options.plugins);
    Some(watch)
}

pub fn features_of(wish: &Wish) -> Option<Features> {
    wish.columns.as_deref().and_then(|columns| Features::named(columns).ok())
}

/// What the columns of classifiers are of: the whole flow, windows, or one of each.
pub fn column_wishes(plugins: &Plugins) -> Vec<ColumnWish> {
    let mut wishes = Vec::new();
    for (classifier, Description { wish, .. }) in plugins.classifiers().iter().enumerate() {
        let features = features_of(wish);
        // Of a window without columns only the packets are counted.
        let profile = features.map_or(&Profile::all()[0], |features| features.profile);
        let needs = features.map_or(Needs::Times, |_| profile.needs);
        let activity =
            ActivitySettings { rule: profile.activity_rule, gap_ns: profile.activity_gap_ns };
        if features.is_some() && (wish.early || wish.closed) {
            let tracking = Tracking { needs, activity, window_ns: None };
            wishes.push(ColumnWish { classifier, tracking });
        }
        if wish.windows && wish.window_us > 0 {
            let window_ns = Some(wish.window_us.saturating_mul(1_000).min(i64::MAX as u64) as i64);
            let tracking = Tracking { needs, activity, window_ns };
            wishes.push(ColumnWish { classifier, tracking });
        }
    }
    wishes
}
