//! A real server on a free port, in folders of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::run::program;

/// The longest that something small may take on a machine that has others to serve, too.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Folders of captures and of results.
pub struct Place {
    pub root: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(root.path().join("captures")).expect("a folder");
        Self { root }
    }

    pub fn captures(&self) -> PathBuf {
        self.root.path().join("captures")
    }

    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// A capture, written under another name and renamed into place.
    pub fn capture(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.root.path().join("part"), bytes).expect("a file written");
        std::fs::rename(self.root.path().join("part"), self.captures().join(name))
            .expect("renamed");
    }

    /// A server that answers.
    pub fn serve(&self, more: &[&str]) -> Server {
        Server::start(self.root.path(), more)
    }

    pub fn messages(&self) -> String {
        std::fs::read_to_string(self.root.path().join("log")).unwrap_or_default()
    }
}

/// A process; ended when it is dropped.
pub struct Server {
    pub child: Child,
    /// `http://address:port`.
    pub url: String,
    agent: ureq::Agent,
    pub token: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|cause| {
            panic!("{cause}: {}", String::from_utf8_lossy(&self.body));
        })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Server {
    /// In folders of `root`.
    pub fn start(root: &Path, more: &[&str]) -> Self {
        let usual =
            ["serve", "--captures", "captures", "--data", "data", "--listen", "127.0.0.1:0"];
        let log = File::options().create(true).append(true).open(root.join("log")).expect("a log");
        let mut command = program(root, &[&usual, more].concat());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let output = child.stdout.take().expect("its output");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let Some(url) = url else {
            let _ = child.kill();
            let _ = child.wait();
            let log = std::fs::read_to_string(root.join("log")).unwrap_or_default();
            panic!("it says {line:?}: {log}");
        };
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .new_agent();
        Self { child, url, agent, token: None }
    }

    /// Where no token is asked for none is looked at.
    fn authorization(&self) -> String {
        format!("Bearer {}", self.token.as_deref().unwrap_or("none"))
    }

    pub fn get(&self, path: &str) -> Reply {
        self.try_get(path).unwrap_or_else(|| panic!("GET {path}: no whole answer"))
    }

    /// `None`: the connection was cut.
    pub fn try_get(&self, path: &str) -> Option<Reply> {
        let request = self.agent.get(format!("{}{path}", self.url));
        reply(request.header("Authorization", self.authorization()).call().ok()?)
    }

    /// As who has an answer with that tag asks.
    pub fn get_unless(&self, path: &str, tag: &str) -> Reply {
        let request = self.agent.get(format!("{}{path}", self.url)).header("If-None-Match", tag);
        reply(request.call().expect("an answer")).expect("a whole answer")
    }

    /// The body of a good answer.
    pub fn ask(&self, path: &str) -> Value {
        let reply = self.get(path);
        let body = String::from_utf8_lossy(&reply.body);
        assert_eq!(reply.status, 200, "GET {path}: {body}");
        reply.json()
    }

    pub fn post(&self, body: &Value) -> Reply {
        self.post_to("/files/process", body)
    }

    pub fn post_to(&self, path: &str, body: &Value) -> Reply {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.header("Content-Type", "application/json");
        let request = request.header("Authorization", self.authorization());
        let sent = request.send(body.to_string()).unwrap_or_else(|cause| panic!("POST: {cause}"));
        reply(sent).expect("a whole answer")
    }

    pub fn delete(&self, path: &str) -> Reply {
        let request = self.agent.delete(format!("{}{path}", self.url));
        let request = request.header("Authorization", self.authorization());
        let sent = request.call().unwrap_or_else(|cause| panic!("DELETE {path}: {cause}"));
        reply(sent).expect("a whole answer")
    }

    /// Begins a job.
    pub fn process(&self, file_name: &str) -> u64 {
        let reply = self.post(&serde_json::json!({ "file_name": file_name }));
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        reply.json()["job_id"].as_u64().expect("a job")
    }

    pub fn status(&self, job: u64) -> Value {
        self.ask(&format!("/file/{job}/status"))
    }

    /// Waits until a job is over; gives its status.
    pub fn wait(&self, job: u64) -> Value {
        let limit = Instant::now() + PATIENCE;
        loop {
            let status = self.status(job);
            let state = status["state"].as_str().expect("a state").to_owned();
            if !matches!(state.as_str(), "queued" | "in_progress") {
                return status;
            }
            assert!(Instant::now() < limit, "job {job} is still {status}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Processes a file to its end.
    pub fn finished(&self, file_name: &str) -> u64 {
        let job = self.process(file_name);
        let status = self.wait(job);
        assert_eq!(status["state"], "finished", "{status}");
        job
    }

    pub fn export(&self, job: u64, format: &str) -> Vec<u8> {
        let reply = self.get(&format!("/file/{job}/flows?format={format}"));
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        reply.body
    }

    /// The same, however long it is, line by line.
    pub fn export_lines(&self, job: u64, format: &str) -> impl BufRead + use<> {
        let request = self.agent.get(format!("{}/file/{job}/flows?format={format}", self.url));
        let request = request.header("Authorization", self.authorization());
        let request = request.config().timeout_global(None).build();
        let response = request.call().expect("an export");
        assert_eq!(response.status(), 200);
        BufReader::new(response.into_body().into_reader())
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill is there").success());
    }

    /// Ends it without a warning.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn reply(response: ureq::http::Response<ureq::Body>) -> Option<Reply> {
    let (parts, mut body) = response.into_parts();
    let text =
        |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    let body = body.with_config().limit(1 << 30).read_to_vec().ok()?;
    Some(Reply { status: parts.status.as_u16(), headers: headers.collect(), body })
}

/// Counts of an item of statistics, by label.
pub fn counts(statistics: &Value, title: &str) -> Vec<(String, u64)> {
    let items = statistics.as_array().expect("items");
    let item = items.iter().find(|item| item["title"] == title);
    let content = item.map(|item| item["content"].as_array().expect("content"));
    let entry = |entry: &Value| {
        let label = entry["label"].as_str().expect("a label").to_owned();
        (label, entry["count"].as_u64().expect("a count"))
    };
    content.into_iter().flatten().map(entry).collect()
}

pub fn total(statistics: &Value, title: &str) -> u64 {
    counts(statistics, title).iter().map(|(_, count)| count).sum()
}
