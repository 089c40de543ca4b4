//! Commands that stay until jobs are over.

use super::scripted::{Answer, Request, Scripted, refuses, says};
use super::{ask, parsed};
use serde_json::{Value, json};

fn status(state: &str, share: f64) -> String {
    json!({
        "state": state, "job_id": 4,
        "progress": { "packets": 10, "bytes": 1_000, "flows": 1, "share": share },
    })
    .to_string()
}

/// Says one after the other, each with a mark; who shows the mark that still holds is told so. The
/// last is said for ever.
fn one_by_one(answers: Vec<Option<Answer>>) -> impl FnMut(&Request) -> Option<Answer> + Send {
    let mut left = answers.into_iter();
    move |request| {
        let mut answer = left.next().expect("an answer is left")?;
        if answer.status == 200 {
            answer.etag = Some(format!("\"{:x}\"", answer.body.len()));
        }
        if request.header("if-none-match").is_some_and(|mark| answer.etag.as_deref() == Some(mark))
        {
            return Some(Answer { status: 304, body: String::new(), ..answer });
        }
        Some(answer)
    }
}

#[test]
fn a_job_is_watched_until_it_is_over() {
    let running = || Some(says(200, &status("in_progress", 0.25)));
    // A server that is started again is waited for.
    let answers = vec![
        Some(refuses(503, "the store opens")),
        Some(says(200, &status("queued", 0.0))),
        running(),
        running(),
        None,
        Some(refuses(503, "the store opens")),
        Some(says(200, &status("finished", 1.0))),
    ];
    let server = Scripted::new(one_by_one(answers));
    let finished = ask(&server, &["status", "4", "--watch"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let expected = "queued, 10 packets, 1 flow\nin_progress, 25 %, 10 packets, 1 flow\n";
    assert_eq!(finished.messages, expected);
    let expected = "job 4: finished\nprogress: 100 %, 10 packets, 1,000 bytes, 1 flow\n";
    assert_eq!(finished.output, expected);
    let asked = server.seen();
    assert!(asked.len() >= 7, "{asked:?}");
    assert!(asked.iter().all(|one| one.line == "GET /file/4/status"), "{asked:?}");
    assert!(asked[2].header("if-none-match").is_some(), "{asked:?}");
    assert_eq!(asked[1].header("if-none-match"), None);
}

#[test]
fn a_job_that_does_not_finish_is_exit_1_and_json_is_an_object_a_line() {
    for state in ["failed", "cancelled"] {
        let answers = vec![
            Some(says(200, &status("in_progress", 0.5))),
            Some(says(200, &status(state, 0.5))),
        ];
        let finished =
            ask(&Scripted::new(one_by_one(answers)), &["status", "4", "--watch", "--json"]);
        assert_eq!((finished.code, finished.messages.as_str()), (Some(1), ""), "{finished:?}");
        let states: Vec<Value> = finished
            .output
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["state"].clone())
            .collect();
        assert_eq!(states, ["in_progress", state]);
    }
    let answers =
        vec![Some(says(200, &status("in_progress", 0.5))), Some(refuses(404, "there is no job 4"))];
    let gone = ask(&Scripted::new(one_by_one(answers)), &["-q", "status", "4", "--watch"]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert_eq!(gone.messages, "error: there is no job 4 (404)\n");
}

/// Jobs by the number in their file's name: each is asked after twice until it is over.
fn jobs(ends: &'static [(&'static str, &'static str)]) -> Scripted {
    let mut times = vec![0; ends.len()];
    Scripted::new(move |request| {
        if request.line.starts_with("POST") {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            let name = body["file_name"].as_str().unwrap();
            let Some(job) = ends.iter().position(|(file, _)| *file == name) else {
                return Some(refuses(404, "Not found"));
            };
            return Some(says(200, &json!({ "state": "queued", "job_id": job }).to_string()));
        }
        let job: usize = request.line.split('/').nth(2).unwrap().parse().unwrap();
        times[job] += 1;
        let state = if times[job] == 1 { "in_progress" } else { ends[job].1 };
        Some(says(200, &json!({ "state": state, "job_id": job }).to_string()))
    })
}

#[test]
fn all_jobs_are_waited_for_and_those_that_failed_are_told() {
    let well = jobs(&[("a", "finished"), ("b", "finished")]);
    let finished = ask(&well, &["process", "x/a", "b", "--wait"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.output, "0 finished a\n1 finished b\n");
    let said = "a: queued\nb: queued\na: in_progress\nb: in_progress\na: finished\nb: finished\n";
    assert_eq!(finished.messages, said);

    let some = jobs(&[("a", "finished"), ("b", "failed")]);
    let finished = ask(&some, &["-q", "process", "a", "b", "none", "--wait"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert_eq!(finished.output, "0 finished a\n1 failed b\n");
    assert_eq!(finished.messages, "error: none: Not found (404)\n");

    let none = jobs(&[("a", "cancelled")]);
    let finished = ask(&none, &["process", "a", "--wait", "--json"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let status = json!({ "state": "cancelled", "job_id": 0 });
    assert_eq!(parsed(&finished), json!([{ "file_name": "a", "status": status }]));
}
