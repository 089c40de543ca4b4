//! Classifiers that say what they see, and those that stand beside them.

use std::path::{Path, PathBuf};

use crate::oracle::shown::Wish;
use crate::support::plugins::compile;
use crate::support::random::Random;

const WATCHER: &str = include_str!("watcher.c");

const MILLISECOND_NS: i128 = 1_000_000;
pub const PAYLOAD: &str = "TRACTOR_NEEDS_PAYLOAD";
const PACKETS: &str = "TRACTOR_NEEDS_PACKETS";
const BOTH: &str = "TRACTOR_NEEDS_PAYLOAD | TRACTOR_NEEDS_PACKETS";
pub const NAMES: &str = "TRACTOR_NEEDS_PAYLOAD | TRACTOR_NEEDS_PACKETS | TRACTOR_NEEDS_NAMES";
pub const FEATURES: &str = "TRACTOR_NEEDS_FEATURES";

/// A watcher, compiled.
pub struct Watcher {
    pub name: &'static str,
    pub library: PathBuf,
    pub wish: Wish,
}

/// Compiles a watcher with that id; `None` where there is no compiler.
pub fn watcher(folder: &Path, name: &'static str, needs: &str, wish: Wish) -> Option<Watcher> {
    watcher_of("", folder, name, needs, wish)
}

/// The same, which wants columns, such as `iscx/1`; none of no name.
pub fn watcher_of(
    columns: &str,
    folder: &Path,
    name: &'static str,
    needs: &str,
    wish: Wish,
) -> Option<Watcher> {
    let columns = if columns.is_empty() { "NULL".to_owned() } else { format!("\"{columns}\"") };
    let when = [
        (wish.early, "TRACTOR_WHEN_EARLY"),
        (wish.window > 0, "TRACTOR_WHEN_WINDOW"),
        (wish.closed, "TRACTOR_WHEN_CLOSED"),
    ];
    let when: Vec<&str> = when.iter().filter(|(is_so, _)| *is_so).map(|(_, when)| *when).collect();
    let macros = [
        ("ID", format!("\"{name}\"")),
        ("NEEDS", needs.to_owned()),
        ("COLUMNS", columns),
        ("WHEN", when.join(" | ")),
        ("PAYLOAD_BYTES", wish.payload_bytes.to_string()),
        ("PACKETS", wish.packets.to_string()),
        ("EARLY_AFTER_US", (wish.early_after / 1_000).to_string()),
        ("WINDOW_US", (wish.window / 1_000).to_string()),
    ];
    let defined = macros.iter().map(|(name, value)| format!("#define {name} {value}\n"));
    let source = defined.collect::<String>() + WATCHER;
    let library = compile(folder, &format!("{name}.so"), &source)?;
    let wish = Wish {
        // The host's bounds.
        payload_bytes: wish.payload_bytes.min(4_096),
        packets: wish.packets.min(255),
        needs_payload: needs.contains(PAYLOAD),
        needs_packets: needs.contains(PACKETS),
        ..wish
    };
    Some(Watcher { name, library, wish })
}

/// Those that are watched with: each asks for something else, and is asked at other times.
pub fn watchers(folder: &Path) -> Option<Vec<Watcher>> {
    let early = Wish { early: true, closed: true, ..Wish::default() };
    let second = 1_000 * MILLISECOND_NS;
    Some(vec![
        watcher(folder, "w.bytes", PAYLOAD, Wish { payload_bytes: 40, ..early })?,
        watcher(folder, "w.packets", PACKETS, Wish { packets: 7, ..early })?,
        watcher(
            folder,
            "w.all",
            BOTH,
            Wish {
                payload_bytes: 500,
                packets: 40,
                early_after: 300 * MILLISECOND_NS,
                window: second,
                ..early
            },
        )?,
        watcher(
            folder,
            "w.time",
            "0",
            Wish { closed: false, early_after: second, window: 100 * MILLISECOND_NS, ..early },
        )?,
        watcher(folder, "w.most", BOTH, Wish { payload_bytes: 9_999, packets: 999, ..early })?,
    ])
}

/// Those that stand beside: what they ask for is of no matter to others.
pub struct Beside {
    pub greedy: PathBuf,
    modest: PathBuf,
    pub columns: PathBuf,
}

impl Beside {
    pub fn new(folder: &Path) -> Option<Self> {
        let closed = Wish { closed: true, ..Wish::default() };
        let early = Wish { early: true, ..closed };
        let greedy = Wish { payload_bytes: 4_096, packets: 255, early_after: 1_000, ..early };
        let modest = Wish { payload_bytes: 1, packets: 1, ..early };
        let windows = Wish { early: true, window: 10 * MILLISECOND_NS, ..Wish::default() };
        let columns = watcher_of("iscx-fixed/1", folder, "b.columns", FEATURES, windows)?;
        Some(Self {
            greedy: watcher(folder, "b.greedy", NAMES, greedy)?.library,
            modest: watcher(folder, "b.modest", PAYLOAD, modest)?.library,
            columns: columns.library,
        })
    }

    /// Some of them; the bundled one is another.
    pub fn some(&self, random: &mut Random) -> (Vec<&Path>, bool) {
        let all = [&self.greedy, &self.modest, &self.columns];
        let chosen = random.below(8);
        let some = all.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1);
        (some.map(|(_, library)| library.as_path()).collect(), random.chance(40))
    }
}

/// FNV-1a, 64 bits: what the watcher has as evidence.
pub fn hash(line: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    format!("{:016x}", line.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}
