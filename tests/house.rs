//! Rules of the house that the compiler does not know (ARCHITECTURE.md, "Invariants"). A failure names the file, the
//! line and the rule; a rule that has become wrong is changed here and there.

use crate::source_files::{SourceFile, exists, in_folders, read, rust_files};

/// Rooms of the engine from the ground up, with those that each may import.
const ROOMS: &[(&str, &str)] = &[
    ("limits", ""),
    ("saved", "limits"),
    ("prefetch", ""),
    ("time", ""),
    ("capture", "limits prefetch time"),
    ("decode", "limits saved prefetch time capture"),
    ("features", "limits saved time decode"),
    ("flows", "limits saved prefetch time decode features"),
    ("classify", "limits time decode flows"),
    ("sessions", "limits saved prefetch time decode features flows"),
    ("profiles", "limits time decode features flows classify"),
    ("statistics", "limits saved time capture decode features flows classify"),
    ("output", "limits time flows profiles"),
    (
        "dataflow",
        "limits saved prefetch time capture decode features flows classify sessions profiles statistics output",
    ),
    ("store", "limits saved time capture flows profiles statistics output"),
    ("jobs", "limits time capture statistics store"),
];

/// Rooms whose names the commands may say.
const FOR_COMMANDS: [&str; 10] = [
    "time",
    "capture",
    "flows",
    "classify",
    "profiles",
    "statistics",
    "output",
    "dataflow",
    "store",
    "jobs",
];

/// Where each dependency may be named: files and folders.
const DOORS: &[(&str, &[&str])] = &[
    ("anstream", &["api/messages.rs"]),
    ("anstyle", &["api/messages.rs"]),
    ("anyhow", &["examples"]),
    ("arrow_array", &["engine/src/output/parquet", "plugins/learning/src/table"]),
    ("arrow_buffer", &["engine/src/output/parquet"]),
    ("arrow_schema", &["engine/src/output/parquet", "plugins/learning/src/table"]),
    ("base64", &["engine/src/profiles/community_id.rs"]),
    ("bytes", &["api/serve", "engine/src/output/parquet", "plugins/learning/src/file/mod.rs"]),
    ("clap", &["api/cli", "api/config", "api/manual.rs", "api/pcap_info.rs", "api/plugins.rs"]),
    ("clap_complete", &["api/cli", "api/manual.rs"]),
    ("clap_mangen", &["api/manual.rs"]),
    (
        "crc32fast",
        &[
            "engine/src/capture/follow/growing.rs",
            "engine/src/saved.rs",
            "engine/src/store/block.rs",
            "plugins/learning/src/file",
        ],
    ),
    // In the first, and in that of bytes, a module of ours is called so.
    (
        "csv",
        &[
            "engine/src/output/mod.rs",
            "plugins/learning/src/evaluate/splits.rs",
            "plugins/learning/src/table",
        ],
    ),
    ("ctrlc", &["api/interrupt.rs"]),
    ("differential_dataflow", &["engine/src/dataflow/collections.rs"]),
    ("etherparse", &["engine/src/decode"]),
    ("flate2", &["engine/src/capture/source.rs", "engine/src/jobs/following/tests.rs"]),
    (
        "foldhash",
        &[
            "engine/src/dataflow/classify",
            "engine/src/decode",
            "engine/src/flows",
            "engine/src/sessions",
            "engine/src/statistics",
        ],
    ),
    ("futures_util", &["api/serve", "engine/src/capture/namespace/links.rs"]),
    ("glob", &["engine/src/capture/expand.rs"]),
    ("http_body_util", &["api/serve"]),
    ("hyper", &["api/serve"]),
    ("hyper_util", &["api/serve"]),
    ("indicatif", &["api/progress.rs"]),
    ("itoa", &["engine/src/decode/names", "engine/src/output"]),
    ("jiff", &["engine/src/time.rs", "api/commands/capture/name.rs", "api/duration.rs"]),
    ("libc", &["engine/src/capture/live.rs", "engine/src/capture/namespace/links.rs"]),
    ("libloading", &["engine/src/capture/live.rs", "engine/src/classify/library.rs"]),
    ("lz4_flex", &["engine/src/capture/lz4.rs"]),
    ("maxminddb", &["engine/src/statistics/places.rs"]),
    ("md5", &["engine/src/decode/names"]),
    ("mimalloc", &["api/main.rs"]),
    ("nix", &["engine/src/capture/namespace"]),
    ("notify", &["engine/src/jobs/changes.rs"]),
    ("parquet", &["engine/src/output", "plugins/learning/src/table"]),
    ("pcap_file", &["engine/src/capture"]),
    ("postcard", &["engine/src/saved.rs"]),
    ("prometheus_client", &["api/serve/metrics.rs"]),
    ("psl", &["engine/src/sessions/domain.rs"]),
    ("ring", &["api/commands/dataset/hash.rs", "engine/src/decode/names"]),
    ("rtnetlink", &["engine/src/capture/namespace/links.rs"]),
    (
        "rustix",
        &[
            "api/commands/worker",
            "api/serve",
            "api/supervise",
            "engine/src/capture/live.rs",
            "engine/src/capture/namespace",
            "engine/src/capture/recording.rs",
            "engine/src/jobs",
            "engine/src/store",
        ],
    ),
    (
        "serde",
        &[
            "api/client.rs",
            "api/serve",
            "engine/src/capture/follow",
            "engine/src/capture/namespace/register.rs",
            "engine/src/classify",
            "engine/src/dataflow",
            "engine/src/decode",
            "engine/src/features",
            "engine/src/flows",
            "engine/src/jobs",
            "engine/src/saved.rs",
            "engine/src/sessions",
            "engine/src/statistics",
            "engine/src/store",
            "engine/src/time.rs",
            "plugins/learning/src",
        ],
    ),
    (
        "serde_json",
        &[
            "api/commands",
            "api/serve",
            "engine/src/capture/namespace/register.rs",
            "engine/src/jobs",
            "engine/src/output/jsonl.rs",
            "engine/src/store",
            "plugins/learning/examples",
            "plugins/learning/src/file",
            "plugins/learning/src/table",
        ],
    ),
    ("sha1", &["engine/src/profiles/community_id.rs"]),
    ("sled", &["engine/src/store/index.rs"]),
    ("subtle", &["api/serve"]),
    (
        "tempfile",
        &[
            "api/commands/dataset/hash.rs",
            "api/output_file.rs",
            "api/interrupt.rs",
            "engine/src/jobs",
            "engine/src/store",
            "plugins/forest/examples",
        ],
    ),
    (
        "thiserror",
        &[
            "engine/src/capture/damage.rs",
            "engine/src/dataflow/summary.rs",
            "engine/src/saved.rs",
            "engine/src/store/error.rs",
            "plugins/learning/src/error.rs",
        ],
    ),
    ("timely", &["engine/src/dataflow"]),
    ("tokio", &["api/commands/serve.rs", "api/serve", "engine/src/capture/namespace/links.rs"]),
    ("tracing", &["api/serve"]),
    ("tracing_subscriber", &["api/serve"]),
    ("toml", &["api/config/mod.rs", "api/config/plugins.rs"]),
    (
        "tractor_plugin",
        &[
            "engine/src/classify",
            "examples/port_classifier",
            "plugins/forest",
            "plugins/signatures/src/plugin.rs",
        ],
    ),
    ("tractor_forest", &["plugins/forest/examples"]),
    (
        "tractor_learning",
        &[
            "api/commands/dataset",
            "api/commands/train",
            "plugins/forest",
            "plugins/learning/examples",
        ],
    ),
    ("tractor_signatures", &[]),
    ("ureq", &["api/client.rs"]),
    ("utoipa", &["api/serve"]),
    ("warp", &["api/serve"]),
    ("zmij", &["engine/src/output"]),
    ("zstd", &["engine/src/capture/source.rs", "plugins/learning/src/file"]),
];

/// The only files and folders with unsafe code.
const UNSAFE: &[&str] = &[
    "engine/src/prefetch.rs",
    "engine/src/capture/live.rs",
    "engine/src/classify/host.rs",
    "engine/src/classify/library.rs",
    "plugins/sdk/src/abi.rs",
    "plugins/sdk/src/border/",
    "plugins/sdk/src/testing/border.rs",
    "plugins/sdk/src/testing/fake_host.rs",
    "plugins/sdk/src/testing/flow_builder.rs",
    "plugins/sdk/tests/export.rs",
];

/// Fails with every line for which `wrong` has a rule to name.
fn assert_lines(files: &[SourceFile], wrong: impl Fn(&SourceFile, usize, &str) -> Option<String>) {
    assert!(!files.is_empty(), "there are files to look at");
    let violations: Vec<String> = files
        .iter()
        .flat_map(|file| file.code().map(move |(number, line)| (file, number, line)))
        .filter_map(|(file, number, line)| {
            let rule = wrong(file, number, line)?;
            Some(format!("{}:{number}: {rule}: {}", file.path, line.trim()))
        })
        .collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

/// Whether code names `path` (`timely::`, `crate::`), and what follows each time.
fn after<'a>(line: &'a str, path: &str) -> Vec<&'a str> {
    let is_word = |character: char| character.is_alphanumeric() || "_:".contains(character);
    line.match_indices(path)
        .filter(|(at, _)| !line[..*at].ends_with(is_word))
        .map(|(at, _)| &line[at + path.len()..])
        .collect()
}

fn first_word(text: &str) -> &str {
    text.split(|character: char| !character.is_alphanumeric() && character != '_')
        .next()
        .unwrap_or_default()
}

/// What a line of a room takes from the crate's root: by `crate::`, or by enough `super::`.
fn from_the_root<'a>(file: &SourceFile, line: &'a str) -> Vec<&'a str> {
    let folders = file.path.trim_start_matches("engine/src/").matches('/').count();
    let depth = folders + usize::from(!file.path.ends_with("/mod.rs"));
    let mut taken = after(line, "crate::");
    taken.extend(after(line, &"super::".repeat(depth)));
    taken
}

#[test]
fn imports_go_one_way() {
    for (place, (room, may)) in ROOMS.iter().enumerate() {
        let below: Vec<&str> = ROOMS[..place].iter().map(|(room, _)| *room).collect();
        let mut may = may.split_whitespace();
        assert!(may.all(|other| below.contains(&other)), "{room} is above what it imports");
    }
    let files = rust_files("engine/src");
    assert_lines(&files, |file, _, line| {
        let room = first_word(file.path.trim_start_matches("engine/src/"));
        let Some((_, may)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            return (room != "lib").then(|| format!("the room {room} has no place in the order"));
        };
        let names_one = |text: &&str| ROOMS.iter().any(|(name, _)| *name == first_word(text));
        let taken = from_the_root(file, line);
        if taken.iter().any(|text| text.starts_with('{')) {
            return Some("an import names one room".to_owned());
        }
        let other = taken.into_iter().filter(names_one).map(first_word);
        let mut forbidden = other.filter(|other| {
            *other != room && !may.split_whitespace().any(|allowed| allowed == *other)
        });
        forbidden.next().map(|other| format!("{room} does not import {other}"))
    });
}

#[test]
fn commands_say_only_what_the_engine_shows_and_tests_say_nothing_of_it() {
    assert_lines(&rust_files("api"), |_, _, line| {
        let mut rooms = after(line, "tractor_engine::").into_iter().map(first_word);
        let other = rooms.find(|room| !FOR_COMMANDS.contains(room))?;
        Some(format!("commands do not use {other} of the engine"))
    });
    let engine = ["tractor", "_engine"].concat();
    assert_lines(&rust_files("tests"), |file, _, line| {
        let named = !file.path.ends_with("/house.rs") && line.contains(&engine);
        named.then(|| "these tests know the program from outside".to_owned())
    });
}

#[test]
fn every_dependency_has_one_door() {
    let plugins =
        ["forest", "learning", "signatures"].map(|name| format!("plugins/{name}/Cargo.toml"));
    for manifest in ["Cargo.toml", "engine/Cargo.toml"].map(str::to_owned).iter().chain(&plugins) {
        for name in dependencies(&read(manifest)) {
            let known = name == "tractor_engine" || DOORS.iter().any(|(door, _)| *door == name);
            assert!(known, "{manifest}: {name} has no door");
        }
    }
    let folders = [
        "engine/src",
        "api",
        "examples",
        "plugins/forest",
        "plugins/learning",
        "plugins/signatures/src",
    ];
    let files: Vec<SourceFile> = folders.into_iter().flat_map(rust_files).collect();
    assert_lines(&files, |file, _, line| {
        let is_named = |name: &str| {
            !after(line, &format!("{name}::")).is_empty()
                || line.trim().starts_with(&format!("use {name};"))
        };
        let (name, doors) = DOORS.iter().find(|(name, _)| is_named(name))?;
        let allowed = doors.iter().any(|door| file.path.starts_with(door));
        // Tests make what they read.
        let is_test = file.path.contains("/tests/") || file.path.ends_with("/tests.rs");
        let allowed = allowed || is_test;
        (!allowed).then(|| format!("{name} is named only in {}", doors.join(", ")))
    });
}

/// Names in `[dependencies]` as code says them.
fn dependencies(manifest: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty())
        .map(|line| line.split(['.', ' ']).next().unwrap_or_default().replace('-', "_"))
        .collect()
}

#[test]
fn the_engine_asks_no_clock_but_for_its_timings() {
    assert_lines(&rust_files("engine/src"), |file, _, line| {
        let asks = ["SystemTime", "Zoned", "::now()"].iter().any(|word| line.contains(word));
        let has_timings = ["engine/src/dataflow/", "engine/src/classify/panel.rs"];
        let times = has_timings.iter().any(|place| file.path.starts_with(place))
            && line.contains("Instant::now()");
        let is_the_clock = file.path == "engine/src/jobs/clock.rs";
        (asks && !times && !is_the_clock).then(|| "time is the packets' time".to_owned())
    });
}

#[test]
fn unsafe_code_is_where_it_may_be_and_says_why_it_is_safe() {
    let folders = ["engine", "api", "tests", "examples", "plugins"];
    let files: Vec<SourceFile> = folders.into_iter().flat_map(rust_files).collect();
    assert_lines(&files, |file, number, line| {
        // The type of a function is no code.
        let line = line.replace("unsafe extern \"C\" fn(", "");
        let words = line.split(|character: char| !character.is_alphanumeric() && character != '_');
        if !words.into_iter().any(|word| word == "unsafe") || file.path == "tests/house.rs" {
            return None;
        }
        if !UNSAFE.iter().any(|place| file.path.starts_with(place)) {
            return Some(format!("unsafe code is only in {}", UNSAFE.join(", ")));
        }
        let before: Vec<&str> = file.text.lines().take(number - 1).collect();
        let mut comment = before.iter().rev().take_while(|line| line.trim().starts_with("//"));
        // What a function asks of its callers stands in its documentation.
        let says_why = comment
            .any(|line| line.trim().starts_with("// SAFETY: ") || line.trim() == "/// # Safety");
        (!says_why).then(|| "unsafe code says why it is safe".to_owned())
    });
}

#[test]
fn tests_start_the_program_without_the_defaults_of_whoever_runs_them() {
    // Written so that this file has none of them.
    let name = ["CARGO_BIN", "_EXE"].concat();
    assert_lines(&rust_files("tests"), |file, _, line| {
        let other = line.contains(&name) && file.path != "tests/cli/run.rs";
        other.then(|| "the program is started by tests/cli/run.rs".to_owned())
    });
}

#[test]
fn nothing_of_the_workplace_is_left_in_the_files() {
    // Written so that this file has none of them.
    let words =
        ["/wo|rk/", "/ro|ot/", "/ho|me/", "TO|DO", "FIX|ME"].map(|word| word.replace('|', ""));
    let ours = |path: &str| path.contains('/') || path.ends_with(".md") || path.ends_with(".toml");
    for file in in_folders(&["."], ours) {
        let left_over = [".orig", ".rej", ".bak"].iter().any(|ending| file.path.ends_with(ending));
        assert!(!left_over, "{} is left over", file.path);
        for (number, line) in file.text.lines().enumerate() {
            let word = words.iter().find(|word| line.contains(*word));
            assert!(word.is_none(), "{}:{}: {word:?} is of one machine", file.path, number + 1);
        }
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Names of all tests; theirs are sentences, of three words at least where the architecture names them.
fn tests() -> Vec<String> {
    let files = ["engine", "api", "tests", "plugins"].into_iter().flat_map(rust_files);
    let mut names = Vec::new();
    for file in files {
        let mut lines = file.code().map(|(_, line)| line.trim());
        while lines.any(|line| line == "#[test]") {
            let declared = lines.find_map(|line| line.strip_prefix("fn "));
            names.extend(declared.map(|line| first_word(line).to_owned()));
        }
    }
    names
}

#[test]
fn the_architecture_names_tests_and_places_that_exist() {
    let architecture = read("ARCHITECTURE.md");
    let tests = tests();
    let is_sentence = |name: &&str| name.matches('_').count() > 1 && first_word(name) == *name;
    for name in quoted(&architecture).into_iter().filter(is_sentence) {
        assert!(tests.iter().any(|test| test == name), "ARCHITECTURE.md: there is no test {name}");
    }
    let is_place = |text: &&str| text.contains('/') && !text.contains(' ');
    for place in quoted(&architecture).into_iter().filter(is_place) {
        assert!(exists(place), "ARCHITECTURE.md: there is no {place}");
    }
    let mut sections = architecture.split("\n## ");
    let invariants = sections.find(|section| section.starts_with("Invariants")).expect("a section");
    let numbered: Vec<&str> = invariants.split(". **").skip(1).collect();
    assert!(numbered.len() > 5, "{numbered:?}");
    for text in numbered {
        let first_line = text.lines().next().unwrap_or_default();
        let held = quoted(text).iter().any(|name| tests.iter().any(|test| test == name));
        assert!(held, "ARCHITECTURE.md: no test holds: {first_line}");
    }
}
