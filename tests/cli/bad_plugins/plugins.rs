//! Plugins in C, made for a test: good ones, and some that are bad in one way each.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a bad plugin does, instead of what it should, at some flow in the middle of a run.
#[derive(Clone, Copy, Debug)]
pub struct Bad {
    pub name: &'static str,
    /// At the top of the file.
    pub top: &'static str,
    /// In create().
    pub create: &'static str,
    /// In classify(), for each flow; `bad` is whether it is one of some.
    pub classify: &'static str,
    /// What TrActor says of it in a run, beside its name; empty: nothing.
    pub said: &'static str,
    /// What the check says of it.
    pub checked: &'static str,
}

pub const GOOD: Bad =
    Bad { name: "good", top: "", create: "", classify: "", said: "", checked: "" };

/// Those that build and load.
pub const LOADABLE: [Bad; 12] = [
    Bad {
        name: "panics",
        classify: r#"if (bad) { host->fail(host, "panicked at 'oh'"); return TRACTOR_PANIC; }"#,
        said: "panicked: panicked at 'oh'",
        checked: "panicked",
        ..GOOD
    },
    Bad {
        name: "segfaults",
        classify: "if (bad) { *(volatile int *)8 = 1; }",
        said: "crashed (signal 11)",
        checked: "crashed (signal 11)",
        ..GOOD
    },
    Bad {
        name: "aborts",
        classify: "if (bad) { abort(); }",
        said: "crashed (signal 6)",
        checked: "crashed (signal 6)",
        ..GOOD
    },
    Bad {
        name: "exits",
        classify: "if (bad) { exit(0); }",
        said: "ended the process (exit code 0)",
        checked: "ended the process (exit code 0)",
        ..GOOD
    },
    Bad {
        name: "exits_at_once",
        classify: "if (bad) { _exit(3); }",
        said: "ended the process (exit code 3)",
        checked: "ended the process (exit code 3)",
        ..GOOD
    },
    Bad {
        name: "loops",
        classify: "while (bad) { static volatile int turns; turns++; }",
        said: "did not return within",
        checked: "did not return within",
        ..GOOD
    },
    Bad {
        name: "allocates",
        classify: "while (bad) { *(volatile char *)malloc(1 << 24) = 1; }",
        said: "crashed (signal",
        checked: "crashed (signal",
        ..GOOD
    },
    Bad {
        name: "nan",
        classify: r#"if (bad) { host->tag(tags, at, 0, (float)NAN, "no number"); continue; }"#,
        checked: "with a confidence that is no number",
        ..GOOD
    },
    Bad {
        name: "out_of_range",
        classify: r#"if (bad) { host->tag(tags, at, 7, 0.9f, "no label"); continue; }"#,
        checked: "with a label that it does not have",
        ..GOOD
    },
    Bad {
        name: "crashes_in_create",
        create: "*(volatile int *)8 = 1;",
        said: "crashed (signal 11) while it was loaded",
        checked: "crashed (signal 11)",
        ..GOOD
    },
    Bad {
        name: "hangs_when_opened",
        top: "__attribute__((constructor)) static void hang(void) { for (;;) { sleep(1); } }",
        said: "while it was loaded",
        checked: "did not return within",
        ..GOOD
    },
    Bad {
        name: "wrong_abi",
        top: "#undef TRACTOR_ABI_MAJOR\n#define TRACTOR_ABI_MAJOR 2u",
        said: "it is built for ABI 2, this host speaks 1",
        checked: "it is built for ABI 2, this host speaks 1",
        ..GOOD
    },
];

/// Leaves a process behind that does nothing, and its number in the file `helpers`.
pub const FORKS: Bad = Bad {
    name: "forks",
    top: "static int forked;",
    classify: r#"if (bad && !__sync_fetch_and_add(&forked, 1) && fork() == 0) {
            FILE *file = fopen("helpers", "a");
            fprintf(file, "%d\n", (int)getpid());
            fclose(file);
            for (;;) { sleep(1); }
        }"#,
    ..GOOD
};

/// Thinks for a while about some flow in the middle, well below the usual deadline.
pub const THINKS: Bad = Bad {
    name: "thinks",
    top: "static int thought;",
    classify: "if (bad && !__sync_fetch_and_add(&thought, 1)) { sleep(3); }",
    ..GOOD
};

/// Whether there is a compiler; says what is skipped if not.
pub fn can_be_made() -> bool {
    let is_there = Command::new("cc").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("skipped: there is no cc");
    }
    is_there
}

/// Makes a plugin that labels flows by port, as `other/NAME_even` and so on.
pub fn good(folder: &Path, name: &'static str) -> PathBuf {
    make(folder, &Bad { name, ..GOOD })
}

pub fn make(folder: &Path, bad: &Bad) -> PathBuf {
    let source = include_str!("plugin.c")
        .replace("/*TOP*/", bad.top)
        .replace("/*CREATE*/", bad.create)
        .replace("/*CLASSIFY*/", bad.classify)
        .replace("NAME", bad.name);
    compile(folder, bad.name, &source)
}

/// Compiles a plugin in C with the header of today.
pub fn compile(folder: &Path, name: &str, source: &str) -> PathBuf {
    let (path, library) = (folder.join(format!("{name}.c")), folder.join(format!("lib{name}.so")));
    std::fs::write(&path, source).expect("a source");
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/sdk/include");
    let mut command = Command::new("cc");
    command.args(["-std=gnu99", "-O1", "-fPIC", "-shared", "-fvisibility=hidden", "-w", "-I"]);
    let output = command.arg(include).arg(&path).arg("-o").arg(&library).arg("-lpthread");
    let output = output.output().expect("a compiler");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {error}");
    std::fs::remove_file(path).expect("a source to remove");
    library
}

/// Whether there is a compiler for Rust; says what is skipped if not.
pub fn can_be_made_in_rust() -> bool {
    let is_there = Command::new("rustc").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("skipped: there is no rustc");
    }
    is_there
}

/// Makes a plugin in Rust that panics, through the crate for plugins.
pub fn in_rust(folder: &Path) {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/sdk/src/lib.rs");
    let source = folder.join("panicking.rs");
    std::fs::write(&source, include_str!("panicking.txt")).expect("a source");
    let rustc = |kind: &str, name: &str, source: &Path| {
        let mut command = Command::new("rustc");
        command.current_dir(folder).args(["--edition", "2024", "--crate-type", kind]);
        command.args(["--cap-lints", "allow", "-L", ".", "--crate-name", name]).arg(source);
        let output = command.output().expect("a compiler");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {error}");
    };
    rustc("rlib", "tractor_plugin", &crate_root);
    rustc("cdylib", "panicking", &source);
}
