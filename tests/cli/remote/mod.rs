//! Commands that ask a server: what they send, and what they make of what it says.

mod python;
mod scripted;
mod watching;

use super::run::{Finished, program, start_command, tractor};
use scripted::{Scripted, refuses, says};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::time::Duration;
use tempfile::tempdir;

const PATIENCE: Duration = Duration::from_secs(60);

/// A command in an empty folder that asks that server.
fn ask(server: &Scripted, arguments: &[&str]) -> Finished {
    let folder = tempdir().unwrap();
    tractor(folder.path(), &[arguments, &["--server", &server.url]].concat())
}

fn parsed(finished: &Finished) -> Value {
    serde_json::from_str(&finished.output).unwrap_or_else(|wrong| panic!("{wrong}: {finished:?}"))
}

/// A file or a folder in a list.
fn file(name: &str, extension: &str, status: Value) -> Value {
    json!({
        "name": name, "extension": extension, "time_start": 1, "time_end": 2, "size": 3,
        "status": status,
    })
}

/// The list of a folder with jobs in every state.
fn files() -> Value {
    let mut finished = file(
        "old",
        "pcap",
        json!({
            "state": "finished", "job_id": 3, "started_at": 1_530_878_325, "finished_at": 1_530_878_333,
        }),
    );
    finished["flows_count"] = 30_000.into();
    json!([
        finished,
        file("new", "pcap", json!({ "state": "new" })),
        file(
            "evil\u{1b}[31m\u{9b}2J",
            "",
            json!({
                "state": "failed", "job_id": 12, "started_at": 1_530_878_325,
                "message": "no\nline \u{1b}]0;title\u{7}",
            })
        ),
        file(
            "run",
            "pcap.gz",
            json!({
                "state": "in_progress", "job_id": 5, "started_at": 1_530_878_325, "waiting": "disk",
                "progress": { "packets": 1_000, "bytes": 9, "flows": 77, "share": 0.379 },
                "without_plugins": [{ "id": "a.b", "why": "it crashed" }],
            })
        ),
    ])
}

#[test]
fn jobs_are_a_table_with_the_newest_first() {
    let folders = json!([
        file(".", "", json!({ "state": "new" })),
        file(
            "sensor",
            "",
            json!({
                "state": "in_progress", "job_id": 7, "started_at": 1_530_878_325, "waiting": "input",
                "progress": { "packets": 1_000, "bytes": 9, "flows": 78, "share": 0.0 },
                "stream": {
                    "lag_bytes": 1_572_864, "lag_s": 2.04, "packets_per_s": 1_234.9, "open_flows": 1,
                    "files": 3, "late_files": 0, "memory_bytes": 52_428_800,
                },
            })
        ),
    ]);
    let (captures, folders) = (files().to_string(), folders.to_string());
    let server = Scripted::new(move |request| match request.line.ends_with("/directories") {
        true => Some(says(200, &folders)),
        false => Some(says(200, &captures)),
    });
    let finished = ask(&server, &["jobs"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let expected = r"job  file                      state        progress   flows  started               finished              message
 12  evil\u{1b}[31m\u{9b}2J    failed              -       -  2018-07-06T11:58:45Z  -                     no\nline \u{1b}]0;title\u{7}
  7  sensor                    in_progress         -      78  2018-07-06T11:58:45Z  -                     waits for input; 2.0 s and 1.5 MiB behind, 1,234 packets/s, 1 open flow, 50.0 MiB of memory
  5  run.pcap.gz               in_progress      37 %      77  2018-07-06T11:58:45Z  -                     waits for disk; without a.b: it crashed
  3  old.pcap                  finished        100 %  30,000  2018-07-06T11:58:45Z  2018-07-06T11:58:53Z
";
    assert_eq!(squeezed(&finished.output), squeezed(expected), "{}", finished.output);
    assert_eq!(finished.messages, "1 file without a job (tractor process FILE)\n");
    let asked = server.seen();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].line, "GET /files/list");
    assert_eq!(asked[0].header("authorization"), None);

    let json = ask(&server, &["jobs", "--json"]);
    assert!(!json.output.contains(['\u{1b}', '\u{9b}']), "{json:?}");
    let jobs = parsed(&json);
    let numbers: Vec<_> =
        jobs.as_array().unwrap().iter().map(|one| &one["status"]["job_id"]).collect();
    assert_eq!(numbers, [12, 7, 5, 3]);
    assert_eq!(jobs[0]["name"], "evil\u{1b}[31m\u{9b}2J");
    assert_eq!(jobs[3], files()[0]);

    let none = ask(&Scripted::saying(200, "[]"), &["jobs"]);
    let said = (none.code, none.output.as_str(), none.messages.as_str());
    assert_eq!(said, (Some(0), "", "there are no jobs\n"));
}

/// With one space for several, so that widths of columns do not matter.
fn squeezed(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn columns_of_the_table_stand_below_one_another() {
    let finished = ask(&Scripted::saying(200, &files().to_string()), &["jobs"]);
    let lines: Vec<&str> = finished.output.lines().collect();
    let place = lines[0].find("started").unwrap();
    for line in &lines[1..] {
        assert_eq!(line.find("2018-"), Some(place), "{}", finished.output);
        assert_eq!(line.trim_end(), *line);
    }
}

#[test]
fn a_status_is_told_with_all_that_is_known() {
    let running = &files()[3]["status"];
    let finished = ask(&Scripted::saying(200, &running.to_string()), &["status", "5"]);
    let expected = "job 5: in_progress
progress: 37 %, 1,000 packets, 9 bytes, 77 flows
started: 2018-07-06T11:58:45Z
waits for disk; without a.b: it crashed
";
    assert_eq!((finished.code, finished.output.as_str()), (Some(0), expected));
    for (state, code) in
        [("queued", 0), ("in_progress", 0), ("finished", 0), ("failed", 1), ("cancelled", 1)]
    {
        let server = Scripted::saying(200, &json!({ "state": state, "job_id": 7 }).to_string());
        let finished = ask(&server, &["status", "7"]);
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert_eq!(finished.output, format!("job 7: {state}\n"));
        assert_eq!(server.seen()[0].line, "GET /file/7/status");
        let json = ask(&server, &["status", "7", "--json"]);
        assert_eq!(parsed(&json), json!({ "state": state, "job_id": 7 }));
        assert_eq!(json.code, Some(code));
    }
}

#[test]
fn files_are_asked_for_by_their_base_names() {
    let server = Scripted::new(|request| {
        let name: Value = serde_json::from_str(&request.body).unwrap();
        Some(match name["file_name"].as_str().unwrap() {
            "none.pcap" => refuses(404, "Not found"),
            _ => says(200, r#"{"state":"queued","job_id":9,"message":"a\u001bb"}"#),
        })
    });
    let folder = tempdir().unwrap();
    let odd = OsStr::from_bytes(b"captures/odd\xff%.pcap");
    let mut command = program(folder.path(), &["process", "captures/a.pcap", "b.pcap"]);
    command.arg(odd).args(["--server", &server.url]);
    let finished = start_command(&mut command, Stdio::null()).finish(PATIENCE);
    assert_eq!((finished.code, finished.messages.as_str()), (Some(0), ""), "{finished:?}");
    let expected = ["a.pcap", "b.pcap", "odd%FF%25.pcap"]
        .map(|name| format!("9 queued {name}: a\\u{{1b}}b\n"));
    assert_eq!(finished.output, expected.concat());
    let bodies: Vec<Value> =
        server.seen().iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect();
    assert_eq!(bodies[0], json!({ "file_name": "a.pcap" }));
    assert_eq!(bodies[2], json!({ "file_name": "odd%FF%25.pcap" }));
    let first = &server.seen()[0];
    assert_eq!(first.line, "POST /files/process");
    assert_eq!(first.header("content-type"), Some("application/json"));

    let some = ask(&server, &["process", "a.pcap", "x/none.pcap", "--profile", "cic"]);
    assert_eq!(some.code, Some(3), "{some:?}");
    assert_eq!(some.output, "9 queued a.pcap: a\\u{1b}b\n");
    assert_eq!(some.messages, "error: none.pcap: Not found (404)\n");
    let last = server.seen().pop().unwrap();
    let last: Value = serde_json::from_str(&last.body).unwrap();
    assert_eq!(last, json!({ "file_name": "none.pcap", "profile": "cic" }));
    let json = ask(&server, &["process", "none.pcap", "a.pcap", "--json"]);
    let status = json!({ "state": "queued", "job_id": 9, "message": "a\u{1b}b" });
    let expected = json!([
        { "file_name": "none.pcap", "error": "Not found (404)" },
        { "file_name": "a.pcap", "status": status },
    ]);
    assert_eq!((json.code, parsed(&json)), (Some(3), expected));
    let none = ask(&server, &["process", "none.pcap"]);
    assert_eq!((none.code, none.output.as_str()), (Some(1), ""));
}

#[test]
fn a_token_is_shown_and_nothing_else_is_sent() {
    let server = Scripted::saying(200, "[]");
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "s3cret/+=\n").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = program(folder.path(), arguments);
        command.env("TRACTOR_SERVER", &server.url);
        start_command(&mut command, Stdio::null()).finish(PATIENCE)
    };
    assert_eq!(run(&["jobs", "--token-file", "token"]).code, Some(0));
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer s3cret/+="));
    for (text, said) in [
        ("", "cannot read token: a token is one word of visible ASCII characters"),
        ("two words", "cannot read token: a token is one word of visible ASCII characters"),
        ("a\nb", "cannot read token: a token is one word of visible ASCII characters"),
    ] {
        std::fs::write(folder.path().join("token"), text).unwrap();
        let finished = run(&["jobs", "--token-file", "token"]);
        assert_eq!(finished.messages, format!("error: {said}\n"), "{text}");
        assert_eq!(finished.code, Some(2), "{text}");
    }
    let absent = run(&["status", "1", "--token-file", "absent"]);
    assert_eq!(absent.code, Some(2), "{absent:?}");
    assert_eq!(server.seen().len(), 2);
    // What is typed wins over the environment, and that over the file.
    std::fs::write(folder.path().join("tractor.toml"), "server = 'http://127.0.0.1:1'").unwrap();
    assert_eq!(run(&["jobs"]).code, Some(0));
    assert_eq!(run(&["jobs", "--server", "127.0.0.1:1"]).code, Some(1));
    assert_eq!(tractor(folder.path(), &["jobs"]).code, Some(1));
}

#[test]
fn what_goes_wrong_is_a_sentence() {
    let nobody = "error: nobody answers at http://127.0.0.1:1: is tractor serve running there?\n";
    let folder = tempdir().unwrap();
    for arguments in
        [&["jobs"][..], &["status", "1"], &["status", "1", "--watch"], &["process", "a", "b"]]
    {
        let finished = tractor(folder.path(), &[arguments, &["--server", "127.0.0.1:1"]].concat());
        assert_eq!((finished.code, finished.messages.as_str()), (Some(1), nobody), "{arguments:?}");
        assert_eq!(finished.output, "");
    }
    let server = |status, body: &str| Scripted::saying(status, body);
    let wrong = |status: u16, message: &str| {
        json!({ "status": status, "code": status, "message": message }).to_string()
    };
    let cases = [
        (
            server(404, &wrong(404, "there is no job 1.")),
            "error: there is no job 1 (404)\n".to_owned(),
        ),
        (server(500, &wrong(500, "a\u{1b}[2J")), "error: a\\u{1b}[2J (500)\n".to_owned()),
        (
            server(401, &wrong(401, "Unauthorized")),
            "error: Unauthorized (401); show a token with --token-file\n".to_owned(),
        ),
    ];
    for (server, said) in cases {
        let finished = ask(&server, &["status", "1"]);
        assert_eq!((finished.code, finished.messages), (Some(1), said));
    }
    for (answer, said) in [
        (Some(says(502, "<html>")), " answered 502 Bad Gateway\n"),
        (
            Some(says(200, "<html>")),
            " does not answer as tractor serve does: expected value at line 1 column 1\n",
        ),
        (Some(says(200, "{\"state\":\"odd\"}")), "unknown variant `odd`"),
        (Some(says(302, "")), " answered 302 Found\n"),
        (None, " cannot be asked: "),
    ] {
        let mut answer = Some(answer);
        let server = Scripted::new(move |_| answer.take().flatten());
        let finished = ask(&server, &["status", "1"]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.messages.starts_with(&format!("error: {}", server.url)), "{finished:?}");
        assert!(finished.messages.contains(said), "{finished:?}");
        assert_eq!(finished.messages.lines().count(), 1, "{finished:?}");
    }
    let wrong_usage: [&[&str]; 7] = [
        &["status"],
        &["status", "x"],
        &["status", "-1"],
        &["process"],
        &["process", "captures/.."],
        &["jobs", "--server", "https://127.0.0.1"],
        &["process", "a", "--profile", "nosuch"],
    ];
    for arguments in wrong_usage {
        let finished = tractor(folder.path(), arguments);
        assert_eq!(finished.code, Some(2), "{arguments:?}: {finished:?}");
    }
}
