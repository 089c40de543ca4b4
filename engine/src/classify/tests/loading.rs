//! What is loaded, in which order, and what is refused.

use super::plugins::{compile, plugin};
use super::{files, load, option, refused};
use crate::classify::calls::Watch;
use crate::classify::{Fault, PluginOptions, Plugins, Reason};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::tempdir;

#[test]
fn plugins_are_shared_by_workers() {
    fn shared<T: Send + Sync>(_: &T) {}
    let none = Plugins::none();
    shared(&none);
    assert!(none.classifiers().is_empty() && !none.has_foreign());
    assert!(none.panel().unwrap().is_empty());
}

#[test]
fn each_wrong_library_has_its_sentence() {
    let folder = tempdir().unwrap();
    let wrong: &[(&[(&str, &str)], &str)] = &[
        (&[("MAJOR", "2")], "it is built for ABI 2, this host speaks 1"),
        (&[("LEAST_MINOR", "3")], "it needs ABI 1.3, this host has 1.0"),
        (&[("CLASSIFIERS", "")], "it has no classifiers"),
        (&[("ID", "NULL")], "its id is null"),
        (&[("ID", "\"a b\"")], "its id has other characters than"),
        (&[("VERSION", "\"\"")], "its version is empty"),
        (&[("NAME", "\"\\xff\"")], "its name is not UTF-8"),
        (&[("DESCRIPTION", "\"a\\nb\"")], "its description has control characters"),
        (&[("CLASSIFY", "NULL")], "create, destroy or classify is null"),
        (&[("SIZE", "16")], "its classifier has 16 bytes, and in ABI 1.0 at least 120"),
        (&[("WHEN", "0")], "it wants to be shown flows at no time"),
        (&[("WHEN", "TRACTOR_WHEN_WINDOW")], "it wants to be shown windows, but of no length"),
        (&[("NEEDS", "TRACTOR_NEEDS_FEATURES")], "it needs features, but names no columns"),
        (&[("COLUMNS", "\"four/1\"")], "there is no four/1"),
        (&[("LABEL_COUNT", "0")], "it has no labels"),
        (&[("LABEL_COUNT", "5000")], "it has 5000 labels, more than 4096"),
        (&[("LABELS", "{\"web\", \"HTTP\"}")], "label 0 is wrong: web/HTTP is no name"),
        (&[("LABELS", "{\"Web\", \"http\"}")], "label 0 is wrong: Web/http is no name"),
        (&[("LABELS", "{NULL, \"http\"}")], "label 0 is wrong: its group is null"),
        (
            &[("CREATE", "host->fail(host, \"no luck\"); return TRACTOR_ERROR;")],
            "it could not be created: no luck",
        ),
        (&[("CREATE", "return -77;")], "it could not be created, without a word why"),
        (&[("CREATE", "return TRACTOR_PANIC;")], "it panicked when it was created, without"),
        (
            &[("CREATE", "host->declare(host, NULL, 3, NULL, 0);")],
            "what it declares is wrong: it has 3 labels, but their table is null",
        ),
        (
            &[("CREATE", "host->declare(host, labels, 1, \"five/1\", 0);")],
            "what it declares is wrong: there is no five/1",
        ),
    ];
    for (number, (macros, sentence)) in wrong.iter().enumerate() {
        let Some(path) = plugin(folder.path(), &format!("{number}.so"), macros) else { return };
        let plugins = load(&files(std::slice::from_ref(&path)));
        let why = refused(&plugins);
        assert_eq!(why.len(), 1, "{macros:?}");
        assert!(why[0].starts_with(sentence), "{macros:?}: {}", why[0]);
        assert!(plugins.classifiers().is_empty());
        assert!(plugins.refused()[0].to_string().contains(&path.display().to_string()));
    }
}

#[test]
fn what_is_no_library_is_refused_before_or_when_it_is_opened() {
    let folder = tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("text.so"), "no library").unwrap();
    fs::create_dir(file("folder.so")).unwrap();
    let Some(other) = compile(folder.path(), "other.so", "int nothing;") else { return };
    let cases = [
        (file("absent.so"), "it cannot be read: No such file or directory"),
        (file("folder.so"), "it is not a regular file"),
        (file("text.so"), "it cannot be opened as a shared library: file too short"),
        (other, "it has no symbol tractor_plugin, so it is no plugin"),
    ];
    for (path, sentence) in cases {
        assert_eq!(refused(&load(&files(&[path]))), [sentence]);
    }
}

#[test]
fn what_others_can_write_to_is_not_opened() {
    let folder = tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let Some(path) = plugin(&inner, "a.so", &[]) else { return };
    let mode = |path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let of_file = || refused(&load(&files(std::slice::from_ref(&path))));
    let folders = PluginOptions { folders: vec![inner.clone()], ..PluginOptions::default() };
    assert_eq!(of_file(), [""; 0]);
    mode(&path, 0o757);
    assert_eq!(of_file(), ["everybody may write to it"]);
    mode(&path, 0o775);
    assert_eq!(of_file(), [""; 0], "groups have chosen members");
    mode(&inner, 0o777);
    let why = of_file();
    assert!(why[0].starts_with("everybody may write to its folder "), "{why:?}");
    assert_eq!(refused(&load(&folders)), ["everybody may write to that folder"]);
    // Nobody else can replace a file there, but anybody can put one in.
    mode(&inner, 0o1777);
    assert_eq!(of_file(), [""; 0]);
    assert_eq!(refused(&load(&folders)), ["everybody may write to that folder"]);
    // A link there names another file tomorrow.
    mode(&inner, 0o777);
    let link = inner.join("link.so");
    let safe = folder.path().join("b.so");
    fs::copy(&path, &safe).unwrap();
    symlink(&safe, &link).unwrap();
    assert_eq!(refused(&load(&files(&[link]))).len(), 1);
    assert_eq!(refused(&load(&files(&[safe]))), [""; 0]);
}

#[test]
fn the_order_is_that_of_folders_then_files_and_the_first_of_an_id_stays() {
    let folder = tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let of_id = |folder, name, id: &str| plugin(folder, name, &[("ID", &format!("\"{id}\""))]);
    let Some(file) = of_id(folder.path(), "0.so", "of.file") else { return };
    of_id(&inner, "b.so", "of.b").unwrap();
    of_id(&inner, "a.so", "of.a").unwrap();
    of_id(&inner, ".hidden.so", "of.hidden").unwrap();
    of_id(&inner, "a.so.1", "of.version").unwrap();
    let again = of_id(folder.path(), "again.so", "of.b").unwrap();
    let options = PluginOptions {
        folders: vec![inner.clone()],
        files: vec![file.clone(), again, file, inner.join("b.so")],
        ..PluginOptions::default()
    };
    let plugins = load(&options);
    let ids: Vec<_> = plugins.classifiers().iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["of.a", "of.b", "of.file"]);
    let first = inner.join("b.so");
    let sentence = format!("{} has the same id and was loaded first", first.display());
    assert_eq!(refused(&plugins), [sentence]);
    assert_eq!(plugins.refused()[0].id.as_deref(), Some("of.b"));
    assert!(plugins.has_foreign());
    assert_eq!(plugins.warnings(), [""; 0]);
}

#[test]
fn what_is_left_out_or_not_configured_is_absent() {
    let folder = tempdir().unwrap();
    // It would not survive being created.
    let create = [("ID", "\"a.left\""), ("CREATE", "abort();")];
    let Some(left_out) = plugin(folder.path(), "left.so", &create) else { return };
    let create = [("ID", "\"a.not\""), ("CREATE", "return TRACTOR_NOT_CONFIGURED;")];
    let not = plugin(folder.path(), "not.so", &create).unwrap();
    let file = compile(folder.path(), "file.so", "int nothing;").unwrap();
    let options = PluginOptions {
        without: vec!["a.left".to_owned(), file.display().to_string(), "a.nothing".to_owned()],
        ..files(&[left_out, not, file])
    };
    let plugins = load(&options);
    assert_eq!(refused(&plugins), [""; 0]);
    let absent: Vec<_> =
        plugins.absent().iter().map(|one| (one.id.as_deref(), one.reason)).collect();
    let expected = [
        (Some("a.left"), Reason::LeftOut),
        (Some("a.not"), Reason::NotConfigured),
        (None, Reason::LeftOut),
    ];
    assert_eq!(absent, expected);
    assert_eq!(plugins.warnings(), ["plugin a.nothing is to be left out, but is not there"]);
}

#[test]
fn options_reach_their_plugin_and_what_it_refuses_is_named() {
    let folder = tempdir().unwrap();
    let create = "for (uint32_t i = 0; i < option_count; i++) { \
                      if (strcmp(options[i].key, \"ssh\")) { \
                          host->fail(host, \"unknown key\"); return TRACTOR_BAD_OPTION; } \
                      host->log(host, TRACTOR_LOG_WARNING, options[i].value); }";
    let Some(path) = plugin(folder.path(), "a.so", &[("CREATE", create)]) else { return };
    let id = "org.example.test";
    let given = |options: &[(&str, &str, &str)]| {
        let options = options.iter().map(|(id, key, value)| option(id, key, value)).collect();
        load(&PluginOptions { options, ..files(std::slice::from_ref(&path)) })
    };
    let plugins = given(&[(id, "ssh", "22"), (id, "ssh", "2222")]);
    let said: Vec<_> = plugins.take_messages().into_iter().map(|one| one.text).collect();
    assert_eq!(said, ["2222"]);
    let plugins = given(&[(id, "ssh", "22"), (id, "telnet", "23")]);
    assert_eq!(refused(&plugins), ["it refuses its options (ssh=22, telnet=23): unknown key"]);
    assert_eq!(plugins.errors(), [""; 0]);
    let plugins = given(&[("org.example", "a", "b"), ("org.example", "c", "d")]);
    assert_eq!(plugins.errors(), ["there is no plugin org.example, for which there are options"]);
    assert_eq!(plugins.classifiers().len(), 1);
}

#[test]
fn what_is_declared_replaces_what_the_library_says() {
    let folder = tempdir().unwrap();
    let create = "static const tractor_label models[] = {{\"traffic_class\", \"VPN-VOIP\"}}; \
                  if (host->feature_count != 2) return TRACTOR_ERROR; \
                  if (host->declare(host, models, 1, \"three/1\", 7)) return TRACTOR_ERROR; \
                  if (host->feature_count != 3) return TRACTOR_ERROR; \
                  if (strcmp(host->feature_names[2], \"three\")) return TRACTOR_ERROR; \
                  if (!host->declare(host, models, 1, NULL, 0)) return TRACTOR_ERROR;";
    let macros =
        [("CREATE", create), ("COLUMNS", "\"two/1\""), ("NEEDS", "TRACTOR_NEEDS_FEATURES")];
    let Some(path) = plugin(folder.path(), "a.so", &macros) else { return };
    let plugins = load(&files(&[path]));
    assert_eq!(refused(&plugins), [""; 0]);
    let one = &plugins.classifiers()[0];
    assert_eq!(plugins.labels().get(one.labels[0]).name, "VPN-VOIP");
    assert!(plugins.labels().is_traffic_class(one.labels[0]));
    assert_eq!((one.wish.columns.as_deref(), one.wish.window_us), (Some("three/1"), 7));
    assert_eq!(one.wish.column_names, ["one", "two", "three"]);
    assert!(plugins.panel().is_ok());
}

#[test]
fn whoever_declares_no_windows_is_shown_none() {
    let folder = tempdir().unwrap();
    let create = "static const tractor_label models[] = {{\"traffic_class\", \"VOIP\"}}; \
                  if (host->declare(host, models, 1, \"three/1\", 0)) return TRACTOR_ERROR;";
    let of = |name: &str, when: &str| {
        let macros = [("CREATE", create), ("WINDOW_US", "7"), ("WHEN", when)];
        Some(load(&files(&[plugin(folder.path(), name, &macros)?])))
    };
    let Some(plugins) = of("a.so", "TRACTOR_WHEN_WINDOW | TRACTOR_WHEN_CLOSED") else { return };
    assert_eq!(refused(&plugins), [""; 0]);
    let wish = &plugins.classifiers()[0].wish;
    assert_eq!((wish.windows, wish.closed, wish.window_us), (false, true, 0));
    assert!(plugins.panel().is_ok());
    let plugins = of("b.so", "TRACTOR_WHEN_WINDOW").unwrap();
    assert_eq!(refused(&plugins), ["it wants to be shown windows, but of no length"]);
}

#[test]
fn what_is_declared_wrongly_with_options_is_the_fault_of_these() {
    let folder = tempdir().unwrap();
    let create = "host->declare(host, NULL, 0, \"five/1\", 0);";
    let Some(path) = plugin(folder.path(), "a.so", &[("CREATE", create)]) else { return };
    let options = vec![option("org.example.test", "model", "a.model")];
    let plugins = load(&PluginOptions { options, ..files(&[path]) });
    let sentence = "what it declares by its options (model=a.model) is wrong: there is no five/1";
    assert_eq!(refused(&plugins), [sentence]);
    assert_eq!(plugins.refused()[0].fault, Fault::Options);
}

#[test]
fn a_label_stays_in_the_group_that_had_it_first() {
    let folder = tempdir().unwrap();
    let macros = [("ID", "\"a.first\""), ("LABELS", "{\"social\", \"vk\"}")];
    let Some(first) = plugin(folder.path(), "1.so", &macros) else { return };
    let macros =
        [("ID", "\"a.second\""), ("LABELS", "{\"web\", \"http\"}, {\"messaging\", \"vk\"}")];
    let second = plugin(folder.path(), "2.so", &macros).unwrap();
    let plugins = load(&files(&[first, second]));
    assert_eq!(plugins.classifiers()[0].labels, [0]);
    assert_eq!(plugins.classifiers()[1].labels, [1, 0]);
    assert_eq!(plugins.labels().get(0).group, "social");
    let sentence = "plugin a.second has the label vk in the group messaging; it stays in social, \
                    where a plugin before had it";
    assert_eq!(plugins.warnings(), [sentence]);
    assert!(plugins.panel().is_ok());
}

#[test]
fn a_plugin_that_is_inside_while_it_is_loaded_is_known_outside() {
    let folder = tempdir().unwrap();
    let calls = folder.path().join("calls");
    fs::write(&calls, "").unwrap();
    // It reads the file as its supervisor would, and says what is there.
    let create = "FILE *calls = fopen(getenv(\"TRACTOR_TEST_CALLS\"), \"rb\"); \
                  unsigned char slot[16]; if (fread(slot, 16, 1, calls) != 1) return TRACTOR_ERROR; \
                  fclose(calls); if (slot[0] != 2 || slot[8] != 2) return TRACTOR_ERROR;";
    let create =
        create.replace("getenv(\"TRACTOR_TEST_CALLS\")", &format!("\"{}\"", calls.display()));
    let Some(path) = plugin(folder.path(), "a.so", &[("CREATE", &create)]) else { return };
    let plugins = load(&PluginOptions { calls: Some(calls.clone()), ..files(&[path]) });
    assert_eq!(refused(&plugins), [""; 0]);
    assert_eq!(Watch::open(&calls).unwrap().inside().unwrap(), []);
}
